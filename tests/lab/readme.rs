//! What the README shows of an import is what happens: its commands are run, their output compared.

use std::{fs, path::Path, process::Command};

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
