//! The command line: what a person sees, and the exit codes scripts rely on.

use std::{path::Path, process::Command};

/// Runs the binary and gives exit code, stdout and stderr.
pub(crate) fn dispatchlab(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Checks a faulty scenario and gives what the user sees.
fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.yaml"), text).unwrap();
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["check", "bad.yaml"]);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    let (code, _, run_stderr) = dispatchlab(folder.path(), &["run", "bad.yaml"]);
    assert_eq!(code, 2, "run must refuse it too");
    assert_eq!(
        run_stderr.trim(),
        stderr.trim(),
        "run and check must say the same"
    );
    stderr
}

const ONE_JOB: &str =
    "title: One job\ntimeline:\n  - at: 0s\n    queue: { as: J1, labels: hf-jobs-cpu-basic }\n";

#[test]
fn a_typo_gets_one_error_with_line_column_and_the_word_that_was_meant() {
    insta::assert_snapshot!(refused(&ONE_JOB.replace("queue:", "queu:")));
}

#[test]
fn an_unknown_fault_gets_one_error_with_the_known_ones() {
    insta::assert_snapshot!(refused(&format!(
        "{ONE_JOB}faults:\n  - {{ to: webhook, dropp: logged }}\n"
    )));
}

#[test]
fn a_negative_time_gets_one_error_at_its_place() {
    insta::assert_snapshot!(refused(&ONE_JOB.replace("at: 0s", "at: -5s")));
}

#[test]
fn a_bad_label_gets_one_error_at_its_place() {
    insta::assert_snapshot!(refused(
        &ONE_JOB.replace("hf-jobs-cpu-basic", "\"hf jobs, cpu\"")
    ));
}

#[test]
fn an_empty_timeline_gets_one_error_at_its_place() {
    insta::assert_snapshot!(refused("title: Nothing\ntimeline: []\n"));
}

#[test]
fn the_corpus_runs_without_arguments_and_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = dispatchlab(folder.path(), &[]);
    assert_eq!(code, 0, "{stderr}");
    for entry in scenarios::corpus() {
        let line = stdout
            .lines()
            .find(|line| line.trim_start().starts_with(entry.name))
            .unwrap();
        let known = scenarios::known::known();
        let is_known = known.iter().any(|known| known.is_about(entry.name, 1));
        let word = if is_known { " known " } else { " held " };
        assert!(line.contains(word), "{line}");
    }
    assert!(
        !folder.path().join("out").exists(),
        "a run that held, or broke what is known, leaves no files behind"
    );
}

#[test]
fn a_plan_written_out_runs_to_the_same_history() {
    let folder = tempfile::tempdir().unwrap();
    let run = |file: &str, out: &str| {
        let args = ["run", file, "--seed", "7", "--keep", "--out", out];
        let (code, _, stderr) = dispatchlab(folder.path(), &args);
        assert_eq!(code, 0, "{stderr}");
    };
    run("b03-batch-two-forgotten", "first");
    let first = folder.path().join("first/b03-batch-two-forgotten/seed-7");
    run(first.join("plan.json").to_str().unwrap(), "second");
    let second = folder.path().join("second/b03-batch-two-forgotten/seed-7");
    let read = |root: &Path, file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    for file in ["plan.json", "history.jsonl"] {
        assert_eq!(read(&first, file), read(&second, file), "{file}");
    }
    // A fault is shown with its line in the file that was run.
    let verdict = |root: &Path| {
        let text = read(root, "verdict.json");
        let mut verdict: serde_json::Value = serde_json::from_str(&text).unwrap();
        let faults = verdict["faults"].as_array_mut().unwrap();
        faults.iter_mut().for_each(|fault| fault["line"] = 0.into());
        verdict
    };
    assert_eq!(verdict(&first), verdict(&second));
}

#[test]
fn a_violation_exits_with_1_and_says_how_to_replay_it() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing tells the dispatcher of the job.
    let text = format!(
        "{ONE_JOB}faults:\n  - {{ to: webhook, drop: unlogged }}\n  - {{ to: [github.list-runs, github.list-deliveries], answer: {{ status: 502 }} }}\n"
    );
    std::fs::write(folder.path().join("gone.yaml"), text).unwrap();
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["run", "gone.yaml"]);
    assert_eq!(code, 1);
    assert!(stdout.contains("VIOLATED"), "{stdout}");
    assert!(stderr.contains("served-or-told is violated"), "{stderr}");
    let replay = stderr
        .lines()
        .find_map(|line| line.trim().strip_prefix("replay: dispatchlab "))
        .unwrap();
    let replay: Vec<_> = replay.split(' ').collect();
    let (code, _, again) = dispatchlab(folder.path(), &replay);
    assert_eq!(code, 1);
    assert_eq!(again, stderr, "the replay must fail in the same way");
}

#[test]
fn a_world_that_does_not_settle_exits_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        ONE_JOB.replace("cpu-basic }", "cpu-basic, runs_for: 50m }") + "expect: { bound: 30m }\n";
    std::fs::write(folder.path().join("long.yaml"), text).unwrap();
    let (code, stdout, _) = dispatchlab(folder.path(), &["run", "long.yaml"]);
    assert_eq!(code, 3, "{stdout}");
}

#[test]
fn an_empty_folder_exits_with_4_and_a_vacuous_scenario_with_5() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(dispatchlab(folder.path(), &["run", "empty"]).0, 4);
    std::fs::write(
        folder.path().join("weak.yaml"),
        format!("about: [signature]\n{ONE_JOB}"),
    )
    .unwrap();
    let (code, _, stderr) = dispatchlab(folder.path(), &["run", "weak.yaml"]);
    assert_eq!(code, 5);
    assert!(
        stderr.contains(
            "weak: signature was never put to the test: no delivery with a bad signature was answered"
        ),
        "{stderr}"
    );
}

#[test]
fn an_unknown_parameter_or_file_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, stderr) = dispatchlab(folder.path(), &["run", "happy-path", "--set", "boott=1s"]);
    assert!(
        code == 2 && stderr.contains("known parameters: boot, work"),
        "{stderr}"
    );
    let (code, _, stderr) = dispatchlab(folder.path(), &["run", "no-such-thing"]);
    assert!(code == 2 && stderr.contains("dispatchlab list"), "{stderr}");
}

#[test]
fn json_on_stdout_is_json_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, _) = dispatchlab(folder.path(), &["run", "happy-path", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &json["exit"]), (0, &serde_json::json!(0)));
    assert_eq!(
        json["scenarios"][0]["outcomes"][0]["verdicts"]["no-leak"]["verdict"],
        "held"
    );
    let (_, stdout, _) = dispatchlab(folder.path(), &["schema"]);
    assert!(
        serde_json::from_str::<serde_json::Value>(&stdout).unwrap()["properties"]["timeline"]
            .is_object()
    );
}

#[test]
fn fragments_are_listed_and_a_scenario_that_uses_one_is_well_formed() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, _) = dispatchlab(folder.path(), &["list", "--fragments"]);
    assert_eq!(code, 0);
    for fragment in scenarios::fragments() {
        assert!(stdout.contains(fragment.name), "{stdout}");
        let text = format!("use: [{}]\n{ONE_JOB}", fragment.name);
        std::fs::write(folder.path().join("using.yaml"), text).unwrap();
        let (code, _, stderr) = dispatchlab(folder.path(), &["check", "using.yaml"]);
        assert_eq!(code, 0, "{stderr}");
    }
}

#[test]
fn help_shows_examples_and_every_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, _) = dispatchlab(folder.path(), &["--help"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(stdout);
}

#[test]
fn ctrl_c_still_prints_what_is_known_and_exits_with_130() {
    let folder = tempfile::tempdir().unwrap();
    let mut sweep = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .args(["run", "happy-path", "--seeds", "1000000", "--jobs", "1"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let interrupted = Command::new("kill")
        .args(["-INT", &sweep.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    let code = sweep.wait().unwrap().code();
    let mut stdout = String::new();
    std::io::Read::read_to_string(sweep.stdout.as_mut().unwrap(), &mut stdout).unwrap();
    assert_eq!(code, Some(130), "{stdout}");
    assert!(
        stdout.contains("happy-path") && stdout.contains("interrupted; so far"),
        "{stdout}"
    );
}

const THREE_FAIL: &str = "title: Nobody waits\nabout: [served-or-told]\ntimeline:\n  - at: 0s\n    \
    queue: { jobs: 3, as: J, labels: hf-jobs-cpu-basic }\nfaults:\n  - { to: hf.create, answer: { status: 500 } }\n\
    expect: { bound: 30s }\n";

#[test]
fn failures_are_told_in_the_order_of_seeds_whichever_thread_was_first() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("fails.yaml"), THREE_FAIL).unwrap();
    let told = |jobs: &str| {
        let args = ["run", "fails.yaml", "--seeds", "6", "--jobs", jobs];
        let (code, _, stderr) = dispatchlab(folder.path(), &args);
        assert_eq!(code, 3, "{stderr}");
        stderr
    };
    let alone = told("1");
    let seeds: Vec<u64> = alone
        .lines()
        .filter_map(|line| line.strip_prefix("  replay: dispatchlab run out/fails/seed-"))
        .map(|rest| rest.split('/').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(seeds, [1, 2, 3], "of one kind, the first three");
    assert!(alone.contains(": seeds 4..6"), "{alone}");
    assert_eq!(told("4"), alone);
}

#[test]
fn a_spent_budget_is_told_everywhere_and_its_plan_replays_it() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", "happy-path", "--budget", "events=100", "--json"];
    let (code, stdout, stderr) = dispatchlab(folder.path(), &args);
    assert_eq!(code, 3, "{stderr}");
    for said in [
        "undecided: its history came to 100 events in",
        "`--budget events=200`",
        "expect: { budget: { events: 200 } }",
        "replay: dispatchlab run out/happy-path/seed-1/plan.json",
    ] {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let report = &json["scenarios"][0];
    assert_eq!(json["exit"], 3);
    assert_eq!(report["spent_seeds"], serde_json::json!([1]));
    assert_eq!(report["unsettled_seeds"], serde_json::json!([]));
    let outcome = &report["outcomes"][0];
    assert_eq!(outcome["budget"]["spent"]["budget"], "events");
    assert_eq!(outcome["budget"]["spent"]["count"], 100);
    // With the mark of the end itself.
    assert_eq!(outcome["budget"]["used"]["events"], 101);
    assert_eq!(outcome["events"], 101);
    assert_eq!(outcome["budget"]["budget"]["events"], 100);
    let bundle = folder.path().join("out/happy-path/seed-1");
    let read = |name: &str| std::fs::read_to_string(bundle.join(name)).unwrap();
    let verdict: serde_json::Value = serde_json::from_str(&read("verdict.json")).unwrap();
    assert_eq!(&verdict["budget"], &outcome["budget"]);
    let history = read("history.jsonl");
    let replayed = [
        "run",
        "out/happy-path/seed-1/plan.json",
        "--keep",
        "--out",
        "again",
    ];
    let (code, stdout, stderr) = dispatchlab(folder.path(), &replayed);
    assert_eq!(code, 3, "{stderr}");
    assert!(stdout.contains(" undecided "), "{stdout}");
    let again = std::fs::read_dir(folder.path().join("again")).unwrap();
    let again = again.map(|named| named.unwrap().path().join("seed-1/history.jsonl"));
    let again: Vec<_> = again
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    assert_eq!(again, [history]);
}

#[test]
fn a_budget_that_is_none_is_refused_with_how_to_write_it() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["run", "serve"] {
        let args = [command, "happy-path", "--budget", "wall=3m"];
        let (code, _, stderr) = dispatchlab(folder.path(), &args);
        assert_eq!(code, 2, "{stderr}");
        assert!(
            stderr.contains("there is no budget of `wall`") && stderr.contains("events=200000"),
            "{stderr}"
        );
    }
}

#[test]
fn a_served_world_without_a_scenario_ends_before_it_keeps_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, stderr) = dispatchlab(
        folder.path(),
        &[
            "serve",
            "--github",
            "127.0.0.1:0",
            "--budget",
            "events=1",
            "--out",
            "out",
        ],
    );
    assert_eq!(code, 3, "{stderr}");
    assert!(
        stderr.contains("ended: its history came to 1 events"),
        "{stderr}"
    );
    assert!(folder.path().join("out/serve/history.jsonl").exists());
}

#[test]
fn a_log_without_a_pause_is_refused() {
    let stderr = refused(&format!(
        "{ONE_JOB}faults:\n  - {{ to: hf.schedule, stuck: {{ every: 0ms }} }}\n"
    ));
    assert!(
        stderr.contains("no time ever passes") && stderr.contains("every: 11m"),
        "{stderr}"
    );
}

#[test]
fn list_shows_the_25_properties_with_a_sentence_each() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["list", "--properties"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let rows: Vec<(&str, &str)> = stdout
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .collect();
    assert_eq!(rows.len(), 25, "{stdout}");
    for ((name, sentence), property) in rows.iter().zip(dispatchlab::properties::ALL) {
        assert_eq!((*name, sentence.trim()), (property.name, property.demands));
        assert!(
            sentence.split_whitespace().count() >= 4,
            "{name}: {sentence}"
        );
    }
    let (_, json, _) = dispatchlab(folder.path(), &["list", "--properties", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 25);
    assert_eq!(json[0]["name"], "served-or-told");
}
