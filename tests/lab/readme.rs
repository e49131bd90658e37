//! What the README shows is what happens: its commands are run, their output compared.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::cli::dispatchlab;

const README: &str = include_str!("../../README.md");
const LOG: &str = include_str!("../../docs/examples/delivery-log.json");

/// The commands of the README's console that begins with `import`, each with what it prints.
fn console() -> Vec<(&'static str, String)> {
    let consoles = README.split("```console\n").skip(1);
    let console = consoles
        .map(|rest| rest.split_once("```").unwrap().0)
        .find(|console| console.starts_with("$ dispatchlab import"))
        .unwrap();
    let mut shown: Vec<(&str, String)> = Vec::new();
    for line in console.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => shown.push((command, String::new())),
            None => {
                let (_, output) = shown.last_mut().unwrap();
                output.push_str(line);
                output.push('\n');
            }
        }
    }
    shown
}

/// What a command prints. It must end with this exit code.
fn printed(folder: &Path, command: &str, code: i32) -> String {
    let arguments = command.strip_prefix("dispatchlab ").unwrap().split(' ');
    let output = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .current_dir(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// How long a run took is not compared, nor blank lines at the ends.
fn comparable(text: &str) -> String {
    let lines = text
        .trim()
        .lines()
        .map(|line| match line.split_once(" of virtual time in ") {
            Some((what, _)) => format!("{what} of virtual time"),
            None => line.trim_end().to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readme_shows_what_an_import_prints_and_its_scenario_runs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("delivery-log.json"), LOG).unwrap();
    let console = console();
    for (command, output) in &console {
        let command = command.replace("docs/examples/", "");
        // The queue that was stuck is stuck again.
        let code = i32::from(command.starts_with("dispatchlab run"));
        let printed = printed(folder.path(), &command, code);
        assert_eq!(comparable(&printed), comparable(output), "{command}");
    }
    assert!(console.len() >= 2, "the README shows an import and a run");
}

/// The README's scenario.
fn scenario() -> &'static str {
    let (_, rest) = README.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// The first words of a table's row, and its verdict.
fn rows(text: &str) -> Vec<(&str, &str)> {
    let names = scenarios::corpus().iter().map(|entry| entry.name);
    let row = |name: &'static str| {
        let line = text
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name))
            .unwrap_or_else(|| panic!("{name} is missing in {text}"));
        (name, line.split_whitespace().nth(2).unwrap())
    };
    names.map(row).collect()
}

#[test]
fn the_first_command_prints_the_readmes_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let (code, printed, stderr) = dispatchlab(folder.path(), &[]);
    assert_eq!(code, 0, "{stderr}");
    let (_, shown) = README.split_once("The first prints:\n\n```\n").unwrap();
    let shown = shown.split_once("```").unwrap().0;
    assert_eq!(rows(&printed), rows(shown));
    let sum = |text: &str| {
        let line = text.lines().find(|line| line.contains(" runs held"));
        line.unwrap().split_once(':').unwrap().0.to_owned()
    };
    assert_eq!(sum(&printed), sum(shown));
    let head = |text: &str| {
        let words = text.split_whitespace().take(15);
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(head(&printed), head(shown));
}

#[test]
fn the_readmes_scenario_runs_is_swept_and_each_of_its_runs_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("my.yaml"), scenario()).unwrap();
    let run = |arguments: &[&str]| {
        let (code, stdout, stderr) = dispatchlab(folder.path(), arguments);
        assert_eq!(code, 0, "{arguments:?}: {stdout}{stderr}");
    };
    run(&["run", "my.yaml"]);
    run(&["run", "my.yaml", "--seeds", "8", "--keep"]);
    for file in ["plan.json", "history.jsonl", "verdict.json"] {
        assert!(
            folder.path().join("out/my/seed-7").join(file).exists(),
            "{file}"
        );
    }
    run(&["run", "out/my/seed-7/plan.json"]);
}

/// The commands that the README mentions in passing.
fn mentioned() -> BTreeSet<String> {
    let prose = README.split("```").step_by(2).collect::<String>();
    let spans = prose.split('`').skip(1).step_by(2);
    let commands = spans.filter(|span| {
        ["dispatchlab ", "cargo "]
            .iter()
            .any(|program| span.starts_with(program))
    });
    commands
        .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn whatever_the_readme_mentions_is_run_by_some_test() {
    let here = [
        "dispatchlab list",
        "dispatchlab list --properties",
        "dispatchlab schema",
        "dispatchlab import --help",
    ];
    for command in here {
        let arguments: Vec<&str> = command.split(' ').skip(1).collect();
        let (code, stdout, stderr) = dispatchlab(Path::new("."), &arguments);
        assert!(code == 0 && !stdout.is_empty(), "{command}: {stderr}");
    }
    let elsewhere = [
        // Above.
        "dispatchlab run my.yaml --seeds 1000",
        "dispatchlab run out/my/seed-7/plan.json",
        // `real_time`.
        "dispatchlab serve happy-path --env-file lab.env --webhook http://127.0.0.1:7860/webhook",
        // `tests/real_clients/readme.rs`.
        "dispatchlab serve",
        "dispatchlab serve --github 127.0.0.1:4010 --env-file lab.env",
        // `boot`.
        "dispatchlab boot entrypoint.sh",
        // `dispatcher/tests`.
        "cargo run --release -p dispatcher -- --help",
    ];
    let known: BTreeSet<String> = here
        .iter()
        .chain(&elsewhere)
        .map(|it| (*it).to_owned())
        .collect();
    assert_eq!(mentioned(), known);
}
