//! Imports: what others recorded becomes a scenario that runs and is judged.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn examples() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/node/node_modules/@octokit/webhooks-examples");
    assert!(
        folder.exists(),
        "{} is missing: run `npm ci --prefix tests/node`",
        folder.display()
    );
    folder
}

fn dispatchlab(folder: &Path, args: &[&str]) -> (i32, serde_json::Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (
        output.status.code().unwrap(),
        json,
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn all_workflow_job_examples_of_octokit_import_replay_and_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let examples = examples();
    let args = [
        "import",
        examples.to_str().unwrap(),
        "--event",
        "workflow_job",
        "--name",
        "octokit",
        "--json",
    ];
    let (code, json, stderr) = dispatchlab(folder.path(), &args);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(json["imported"], 8, "{json:#}");
    let notes = json["files"][0]["notes"].to_string();
    assert!(
        notes.contains("run_attempt"),
        "the 2021 example's missing fields must be reported: {notes}"
    );
    let (code, json, stderr) =
        dispatchlab(folder.path(), &["run", "octokit.yaml", "--json", "--keep"]);
    assert_eq!(code, 0, "{stderr}");
    let outcome = &json["scenarios"][0]["outcomes"][0];
    assert_eq!(outcome["settled"], true);
    assert_eq!(
        outcome["verdicts"]["fast-ack"]["verdict"], "held",
        "{outcome:#}"
    );
    let history =
        fs::read_to_string(folder.path().join("out/octokit/seed-1/history.jsonl")).unwrap();
    let replayed = history
        .lines()
        .filter(|line| line.contains(r#""kind":"delivery.created""#));
    assert_eq!(
        replayed
            .filter(|line| line.contains(r#""origin":"recorded""#))
            .count(),
        8
    );
}

#[test]
fn what_is_no_delivery_is_refused_by_place_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let recording = scenarios::corpus()
        .iter()
        .any(|entry| entry.name == "recorded-life");
    assert!(recording, "this test reads the corpus's recording");
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios/corpus/recordings/recorded-life.jsonl");
    let good = fs::read_to_string(source).unwrap();
    let mixed =
        good.replacen('\n', "\n{\"weather\": \"fine\"}\n", 1) + "{\"headers\": {\"x-github-ev";
    fs::write(folder.path().join("mixed.jsonl"), mixed).unwrap();
    let (code, json, _) = dispatchlab(folder.path(), &["import", "mixed.jsonl", "--json"]);
    assert_eq!(
        (code, &json["imported"], &json["refused"]),
        (0, &3.into(), &2.into()),
        "{json:#}"
    );
    let refused = &json["files"][0]["refused"];
    assert!(
        refused[0]["place"].as_str().unwrap().starts_with("2:"),
        "{refused:#}"
    );
    assert!(
        refused[1]["place"].as_str().unwrap().starts_with("5:"),
        "{refused:#}"
    );
    for refusal in refused.as_array().unwrap() {
        assert!(
            !refusal["reason"].as_str().unwrap().is_empty()
                && !refusal["help"].as_str().unwrap().is_empty()
        );
    }
    let (code, json, stderr) = dispatchlab(folder.path(), &["run", "imported.yaml", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(
        json["scenarios"][0]["outcomes"][0]["verdicts"]["served-or-told"]["verdict"],
        "held"
    );
}

#[test]
fn nothing_importable_exits_with_2_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.json"), "[1, 2]").unwrap();
    let (code, _, stderr) = dispatchlab(folder.path(), &["import", "notes.json"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("nothing could be imported, 2 refused") && stderr.contains("notes.json:1:"),
        "{stderr}"
    );
    assert!(!folder.path().join("imported.yaml").exists());
}
