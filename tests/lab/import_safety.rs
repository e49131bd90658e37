//! What an import refuses, what it says of files that hold nothing, and what of a recording gets neither to a terminal nor
//! into a bundle.

use std::fs;

use serde_json::{Value, json};

use crate::cli::dispatchlab;

const TOKEN: &str = "ghs_abcdefghijklmnopqrstuvwxyz0123456789";

fn payload(name: &str) -> Value {
    json!({
        "action": "queued",
        "workflow_job": {
            "id": 100, "run_id": 10, "run_attempt": 1, "workflow_name": "ci", "head_branch": "main", "name": name,
            "labels": ["hf-jobs-cpu-basic"], "created_at": "2026-06-03T00:57:15Z",
        },
        "repository": {"id": 5551, "full_name": "acme/tool", "private": true},
        "installation": {"id": 7},
    })
}

#[test]
fn a_name_that_is_no_plain_file_name_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log.json"), payload("build").to_string()).unwrap();
    let out = folder.path().join("out");
    for name in [
        "../x", "a/b", "", "my queue", "my.yaml", ".hidden", "a\\b", "-x", "a\nb",
    ] {
        let name = format!("--name={name}");
        let arguments = ["import", "log.json", "--out", "out", &name];
        let (code, _, stderr) = dispatchlab(folder.path(), &arguments);
        assert_eq!(code, 2, "{name:?}");
        assert!(
            stderr.contains("is no name") && stderr.contains("my-queue"),
            "{stderr}"
        );
        assert!(
            !out.exists() && !folder.path().join("x.yaml").exists(),
            "{name:?}"
        );
    }
}

#[test]
fn a_file_without_a_delivery_is_named_beside_good_ones_and_alone() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("good.json", &payload("build").to_string());
    write("empty.json", "");
    write("list.json", "[]");
    write("none.har", r#"{"log":{"entries":[]}}"#);
    let empty = ["empty.json", "list.json", "none.har"];
    let all = [&["import", "good.json"], &empty[..]].concat();
    let (code, stdout, stderr) = dispatchlab(folder.path(), &all);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("1 deliveries imported, 3 refused"),
        "{stdout}"
    );
    for file in empty {
        let said = format!("{file}:1:1: refused: it holds no delivery");
        assert!(stderr.contains(&said), "{stderr}");
        let (code, _, stderr) = dispatchlab(folder.path(), &["import", file, "--name", "alone"]);
        assert_eq!(code, 2, "{file}");
        assert!(
            stderr.contains(&said) && stderr.contains("known layouts"),
            "{stderr}"
        );
    }
}

#[test]
fn the_name_of_a_job_does_not_steer_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "a\u{1b}]0;owned\u{7}\u{202e}b\nnext: rm -rf";
    fs::write(folder.path().join("log.json"), payload(evil).to_string()).unwrap();
    let (code, stdout, stderr) = dispatchlab(
        folder.path(),
        &["import", "log.json", "--keep-names", "--name", "evil"],
    );
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains(r"a\u001b]0;owned\u0007\u202eb\u000anext: rm -rf, job 100"),
        "{stdout}"
    );
    let (_, stdout, stderr) = dispatchlab(folder.path(), &["run", "evil.yaml"]);
    for text in [stdout, stderr] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text}");
    }
}

#[test]
fn the_secrets_of_a_recording_that_was_not_imported_reach_no_plan() {
    let folder = tempfile::tempdir().unwrap();
    let mut payload = payload("build");
    payload["note"] = json!(format!("use {TOKEN}"));
    payload["api_key"] = json!("hunter2hunter2");
    let line = json!({"offset": "0s", "headers": {"x-github-event": "workflow_job", "x-api-key": TOKEN}, "payload": payload});
    fs::write(folder.path().join("raw.jsonl"), line.to_string()).unwrap();
    fs::write(
        folder.path().join("raw.yaml"),
        "title: A raw log\ntimeline:\n  - at: 0s\n    deliver: { recorded: raw.jsonl }\n",
    )
    .unwrap();
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["run", "raw.yaml", "--keep"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let bundle = folder.path().join("out/raw/seed-1");
    for file in ["plan.json", "history.jsonl", "verdict.json"] {
        let text = fs::read_to_string(bundle.join(file)).unwrap();
        assert!(
            !text.contains(TOKEN) && !text.contains("hunter2"),
            "{file}: {text}"
        );
    }
    let plan = fs::read_to_string(bundle.join("plan.json")).unwrap();
    assert!(plan.contains("acme/tool"), "names are the user's own");
}
