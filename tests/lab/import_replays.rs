//! Recordings are replayed as they happened: what failed then fails again, what was sent again comes again, and forms are forms.

mod jobs;

use std::{fs, path::Path, process::Command};

use axum::body::Body;
use dispatchlab::{
    run::Run,
    target::{Seam, Seams},
    transport::{BoxError, HttpService},
};
use fakes::history::{Lost, Origin, What};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::plans::{of_text, run, violations};

const GUID: &str = "0b989ba4-0000-11e5-81e1-000000000001";

fn payload() -> Value {
    json!({
        "action": "queued",
        "workflow_job": {
            "id": 100, "run_id": 10, "run_attempt": 1, "workflow_name": "ci", "head_branch": "main", "status": "queued",
            "conclusion": null, "name": "build", "steps": [], "labels": ["hf-jobs-cpu-basic"],
            "created_at": "2026-06-03T00:57:15Z", "started_at": "2026-06-03T00:57:15Z", "completed_at": null,
        },
        "repository": {"id": 5551, "name": "tool", "full_name": "acme/tool", "private": true, "owner": {"login": "acme", "id": 22}},
        "installation": {"id": 7},
    })
}

/// An attempt of GitHub's log.
fn attempt(
    id: u64,
    at: &str,
    redelivery: bool,
    status: &str,
    code: u64,
    content_type: &str,
) -> Value {
    json!({
        "id": id, "guid": GUID, "delivered_at": at, "redelivery": redelivery, "status": status, "status_code": code,
        "event": "workflow_job", "action": "queued",
        "request": {
            "headers": {"Content-Type": content_type, "X-GitHub-Delivery": GUID, "X-GitHub-Event": "workflow_job"},
            "payload": payload(),
        },
        "response": {"headers": {}, "payload": ""},
    })
}

fn failed_then_redelivered() -> Value {
    json!([
        attempt(
            2,
            "2026-06-03T01:37:16Z",
            true,
            "OK",
            200,
            "application/json"
        ),
        attempt(
            1,
            "2026-06-03T00:57:16Z",
            false,
            "Bad Gateway",
            502,
            "application/json"
        ),
    ])
}

fn dispatchlab(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Imports a log and gives the scenario's text with its file.
fn imported(folder: &Path, log: &Value) -> (String, String) {
    fs::write(folder.join("log.json"), log.to_string()).unwrap();
    let (code, _, stderr) = dispatchlab(folder, &["import", "log.json", "--name", "stuck"]);
    assert_eq!(code, 0, "{stderr}");
    let file = folder.join("stuck.yaml");
    let text = fs::read_to_string(&file).unwrap();
    (file.to_str().unwrap().to_owned(), text)
}

/// A seam that answers every listing with an empty one: its dispatcher has no means but webhooks.
fn no_listings() -> Option<Seam> {
    Some(Arc::new(|inner: HttpService| {
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let inner = inner.clone();
            async move {
                let path = request.uri().path().to_owned();
                let empty = match request.method() == Method::GET {
                    true if path.ends_with("/actions/runs") => {
                        Some(r#"{"total_count":0,"workflow_runs":[]}"#)
                    }
                    true if path.ends_with("/deliveries") => Some("[]"),
                    _ => None,
                };
                match empty {
                    Some(body) => Ok::<_, BoxError>(Response::new(Body::from(body))),
                    None => inner.oneshot(request).await,
                }
            }
        }))
    }))
}

fn at(run: &Run, fits: impl Fn(&What) -> bool) -> Option<u64> {
    let event = run.events.iter().find(|event| fits(&event.event))?;
    Some(event.at_ms)
}

#[test]
fn a_delivery_that_failed_then_does_not_reach_the_dispatcher_and_the_redelivery_does() {
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = imported(folder.path(), &failed_then_redelivered());
    let run = run(&of_text(&file, &text, 1, false), Seams::default());
    let lost: Vec<_> = run
        .events
        .iter()
        .filter_map(|event| match &event.event {
            What::DeliveryLost { why, logged, .. } => Some((*why, *logged)),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [(Lost::FailedThen, true)]);
    let guids: Vec<_> = run
        .events
        .iter()
        .filter_map(|event| match &event.event {
            What::DeliveryCreated {
                guid,
                origin,
                action: Some(action),
                ..
            } if action == "queued" => Some((guid.as_str(), *origin)),
            _ => None,
        })
        .collect();
    // The recorded redelivery, and before it the one that the reference asks for once it has seen the failure.
    let [(GUID, Origin::Recorded), again @ ..] = guids.as_slice() else {
        panic!("{guids:?}");
    };
    assert!(!again.is_empty());
    assert!(
        again
            .iter()
            .all(|repeated| *repeated == (GUID, Origin::Repeated))
    );
    assert_eq!(
        violations(&run),
        Vec::<String>::new(),
        "the reference finds the job by its own means"
    );
    let created = at(&run, |what| matches!(what, What::HfCreated { .. })).unwrap();
    let sent = run.events.iter().rev().find_map(|event| {
        matches!(&event.event, What::DeliverySent { job: Some(_), .. }).then_some(event.at_ms)
    });
    let queued = at(&run, |what| matches!(what, What::JobQueued { .. })).unwrap();
    assert!(created > queued + 1_000, "nobody told it at once");
    assert!(
        sent.unwrap() >= queued + 2_400_000,
        "the redelivery comes when it came"
    );
}

#[test]
fn the_stuck_queue_of_a_recording_is_stuck_again_for_a_dispatcher_that_only_listens() {
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = imported(folder.path(), &failed_then_redelivered());
    let plan = of_text(&file, &text, 1, false);
    let seams = Seams {
        github: no_listings(),
        ..Seams::default()
    };
    let run = run(&plan, seams);
    let queued = at(&run, |what| matches!(what, What::JobQueued { .. })).unwrap();
    let created = at(&run, |what| matches!(what, What::HfCreated { .. })).unwrap();
    assert!(
        created >= queued + 2_400_000,
        "40 minutes, as it was recorded"
    );
    assert!(
        violations(&run)
            .iter()
            .any(|why| why.starts_with("served-or-told")),
        "{:?}",
        violations(&run)
    );
}

#[test]
fn a_recorded_form_is_sent_as_a_form_and_its_verdict_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let log = json!([attempt(
        1,
        "2026-06-03T00:57:16Z",
        false,
        "OK",
        200,
        "application/x-www-form-urlencoded"
    )]);
    let (file, text) = imported(folder.path(), &log);
    let run = run(&of_text(&file, &text, 1, false), Seams::default());
    assert_eq!(violations(&run), Vec::<String>::new());
    let answered = run.events.iter().filter(|event| {
        matches!(
            event.event,
            What::DeliveryAnswered {
                status: 200..=299,
                ..
            }
        )
    });
    assert!(answered.count() >= 1, "the form was understood");
    assert!(at(&run, |what| matches!(what, What::HfCreated { .. })).is_some());
}

#[test]
fn a_form_body_is_learnt_and_one_that_cannot_be_is_refused() {
    let encoded: String = payload()
        .to_string()
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let scenario = |body: &str| {
        format!(
            "title: A genuine form\ntimeline:\n  - at: 0s\n    deliver:\n      event: workflow_job\n      learn: true\n      headers: {{ content-type: application/x-www-form-urlencoded }}\n      body: \"{body}\"\n"
        )
    };
    let run = run(
        &of_text(
            "form.yaml",
            &scenario(&format!("payload={encoded}")),
            1,
            false,
        ),
        Seams::default(),
    );
    assert_eq!(violations(&run), Vec::<String>::new());
    assert!(
        at(&run, |what| matches!(what, What::JobQueued { .. })).is_some(),
        "the job exists"
    );
    assert!(at(&run, |what| matches!(what, What::HfCreated { .. })).is_some());
    let refused = scenarios::Document::parse("form.yaml", &scenario("payload=%7B%7D")).unwrap_err();
    assert!(refused.to_string().contains("cannot learn"), "{refused}");
}

#[test]
fn a_written_step_fails_as_it_says_and_learns_all_the_same() {
    let body = payload().to_string();
    let scenario = format!(
        "title: An attempt that timed out\ntimeline:\n  - at: 0s\n    deliver: {{ learn: true, guid: g-1, failed: {{ status: timed out }}, payload: {body} }}\n  - at: 5m\n    deliver: {{ learn: true, guid: g-1, redelivery: true, payload: {body} }}\n"
    );
    let seams = Seams {
        github: no_listings(),
        ..Seams::default()
    };
    let run = run(&of_text("failed.yaml", &scenario, 1, false), seams);
    let queued = at(&run, |what| matches!(what, What::JobQueued { .. })).unwrap();
    let created = at(&run, |what| matches!(what, What::HfCreated { .. })).unwrap();
    assert!(
        created >= queued + 300_000,
        "only the redelivery tells of it"
    );
}

#[test]
fn an_existing_file_is_only_overwritten_by_force() {
    let folder = tempfile::tempdir().unwrap();
    imported(folder.path(), &failed_then_redelivered());
    let before = fs::read_to_string(folder.path().join("stuck.yaml")).unwrap();
    fs::write(
        folder.path().join("stuck.yaml"),
        format!("# mine\n{before}"),
    )
    .unwrap();
    let (code, _, stderr) = dispatchlab(folder.path(), &["import", "log.json", "--name", "stuck"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("stuck.yaml exists already") && stderr.contains("--force"),
        "{stderr}"
    );
    let kept = fs::read_to_string(folder.path().join("stuck.yaml")).unwrap();
    assert!(kept.starts_with("# mine"));
    let (code, ..) = dispatchlab(
        folder.path(),
        &["import", "log.json", "--name", "stuck", "--force"],
    );
    assert_eq!(code, 0);
    assert_eq!(
        fs::read_to_string(folder.path().join("stuck.yaml")).unwrap(),
        before
    );
}

#[test]
fn a_folder_names_the_event_and_what_an_import_wrote_is_not_read_twice() {
    let folder = tempfile::tempdir().unwrap();
    let payload = r#"{"action":"completed","workflow_run":{"id":10,"status":"completed"},"repository":{"id":5551,"name":"tool","full_name":"acme/tool"},"installation":{"id":7}}"#;
    fs::create_dir(folder.path().join("workflow_run")).unwrap();
    fs::write(
        folder.path().join("workflow_run/completed.payload.json"),
        payload,
    )
    .unwrap();
    let one = [
        "import",
        "workflow_run/completed.payload.json",
        "--name",
        "one",
    ];
    assert_eq!(dispatchlab(folder.path(), &one).0, 0);
    let (code, stdout, _) = dispatchlab(
        &folder.path().join("workflow_run"),
        &[
            "import",
            "completed.payload.json",
            "--json",
            "--out",
            "../inner",
        ],
    );
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, &json["imported"]),
        (0, &1.into()),
        "from within the folder"
    );
    let (code, stdout, stderr) =
        dispatchlab(folder.path(), &["import", ".", "--name", "all", "--json"]);
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &json["imported"]), (0, &1.into()), "{stderr}");
    assert!(
        stderr.contains("recordings/one.jsonl: note: left out"),
        "{stderr}"
    );
    let line = fs::read_to_string(folder.path().join("recordings/all.jsonl")).unwrap();
    assert!(
        line.contains(r#""x-github-event":"workflow_run""#),
        "{line}"
    );
}

#[test]
fn the_account_comes_in_words_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("log.json"),
        failed_then_redelivered().to_string(),
    )
    .unwrap();
    let (_, stdout, _) = dispatchlab(folder.path(), &["import", "log.json", "--name", "words"]);
    for words in [
        "1 job: 2 missing, 1 failed, 1 late",
        "`queued` at 0s failed (502 Bad Gateway), delivered 40m later",
        "no `completed`",
        "redacted: ",
        "next: dispatchlab run words.yaml",
    ] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    let (_, stdout, _) = dispatchlab(
        folder.path(),
        &["import", "log.json", "--name", "json", "--json"],
    );
    let json: Value = serde_json::from_str(&stdout).unwrap();
    let job = &json["account"]["jobs"][0];
    assert_eq!(job["job"], 100);
    assert_eq!(job["deliveries"][0]["failed"]["status_code"], 502);
    assert_eq!(job["deliveries"][1]["redelivery"], true);
    let kinds: Vec<_> = job["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["missing", "missing", "failed", "late"]);
    assert_eq!(json["redacted"]["names"]["repo"], 1);
}

#[test]
fn binary_captures_are_refused_by_their_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("x.pcap"),
        b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00\xff",
    )
    .unwrap();
    let (code, _, stderr) = dispatchlab(folder.path(), &["import", "x.pcap"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("x.pcap:1:1: refused: this looks like a pcap capture")
            && stderr.contains("known layouts"),
        "{stderr}"
    );
}
