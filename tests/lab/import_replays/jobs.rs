//! The jobs of a recording: when they start, wait and end in the replay, and what its dispatcher is charged with.

use std::fs;

use dispatchlab::target::Seams;
use fakes::history::What;
use serde_json::{Value, json};

use super::{at, attempt, imported, no_listings};
use crate::plans::{of_text, run, violations};

/// An attempt of GitHub's log that succeeded: when it was delivered, and what it says.
fn told(id: u64, at: &str, action: &str, started: &str, completed: Option<&str>) -> Value {
    let mut attempt = attempt(id, at, false, "OK", 200, "application/json");
    attempt["guid"] = json!(format!("0b989ba4-0000-11e5-81e1-{id:012}"));
    attempt["action"] = json!(action);
    let request = &mut attempt["request"];
    request["headers"]["X-GitHub-Delivery"] = json!(format!("0b989ba4-0000-11e5-81e1-{id:012}"));
    let payload = &mut request["payload"];
    payload["action"] = json!(action);
    let job = &mut payload["workflow_job"];
    job["status"] = json!(action);
    job["started_at"] = json!(started);
    job["completed_at"] = json!(completed);
    job["conclusion"] = json!(completed.map(|_| "success"));
    attempt
}

#[test]
fn a_job_starts_when_it_did_and_the_webhook_that_was_two_hours_late_is_late_again() {
    let (queued, started, over) = (
        "2026-06-03T00:57:15Z",
        "2026-06-03T00:57:57Z",
        "2026-06-03T00:59:57Z",
    );
    let log = json!([
        told(3, "2026-06-03T02:59:58Z", "completed", started, Some(over)),
        told(2, "2026-06-03T02:57:58Z", "in_progress", started, None),
        told(1, "2026-06-03T00:57:16Z", "queued", queued, None),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = imported(folder.path(), &log);
    let recording = fs::read_to_string(folder.path().join("recordings/stuck.jsonl")).unwrap();
    assert!(recording.contains(r#""late":"2h1s""#), "{recording}");
    let run = run(&of_text(&file, &text, 1, false), Seams::default());
    let queued = at(&run, |what| matches!(what, What::JobQueued { .. })).unwrap();
    let started = at(&run, |what| matches!(what, What::JobStarted { .. })).unwrap();
    let over = at(&run, |what| matches!(what, What::JobCompleted { .. })).unwrap();
    assert_eq!((started - queued, over - queued), (41_000, 161_000));
    let sent: Vec<u64> = run
        .events
        .iter()
        .filter(|event| matches!(event.event, What::DeliverySent { job: Some(_), .. }))
        .map(|event| event.at_ms - queued)
        .collect();
    assert_eq!(sent, [0, 7_242_000, 7_362_000]);
    assert_eq!(violations(&run), Vec::<String>::new());
}

#[test]
fn what_a_dispatcher_brought_in_time_is_not_charged_however_late_the_recording_starts_the_job() {
    let (queued, started) = ("2026-06-03T00:57:15Z", "2026-06-03T01:37:15Z");
    let log = json!([
        told(1, "2026-06-03T00:57:16Z", "queued", queued, None),
        told(2, "2026-06-03T01:37:16Z", "in_progress", started, None),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = imported(folder.path(), &log);
    let run = run(&of_text(&file, &text, 1, false), Seams::default());
    assert!(at(&run, |what| matches!(what, What::RunnerOnline { .. })).is_some());
    let started = at(&run, |what| matches!(what, What::JobStarted { .. })).unwrap();
    assert!(started > 2_390_000, "longer than the bound of 30 min");
    let verdicts = &run.outcome.verdicts;
    assert!(verdicts.exercised("served-or-told"));
    assert_eq!(violations(&run), Vec::<String>::new());
}

#[test]
fn a_job_is_stuck_again_beside_one_of_its_labels_that_ran() {
    let (began, late) = ("2026-06-03T00:58:20Z", "2026-06-03T01:09:15Z");
    let (soon, over) = ("2026-06-03T00:58:30Z", "2026-06-03T01:12:15Z");
    // `build` began sooner than the lab's runners come, or later, or nothing tells when; or was over before they come.
    for (started, over) in [
        (Some(began), over),
        (Some(late), over),
        (None, over),
        (Some(began), soon),
    ] {
        let queued = "2026-06-03T00:58:15Z";
        let mut stuck = attempt(
            1,
            "2026-06-03T00:57:16Z",
            false,
            "Bad Gateway",
            502,
            "application/json",
        );
        let job = &mut stuck["request"]["payload"]["workflow_job"];
        (job["id"], job["name"]) = (json!(99), json!("train"));
        let mut log = vec![
            stuck,
            told(2, "2026-06-03T00:58:16Z", "queued", queued, None),
        ];
        if let Some(started) = started {
            log.push(told(3, started, "in_progress", started, None));
        }
        let ran = told(4, over, "completed", started.unwrap_or(queued), Some(over));
        log.push(ran);
        let folder = tempfile::tempdir().unwrap();
        let (file, text) = imported(folder.path(), &json!(log));
        for seed in 1..=5 {
            let plan = of_text(&file, &text, seed, false);
            let seams = Seams {
                github: no_listings(),
                ..Seams::default()
            };
            let run = run(&plan, seams);
            let brought = at(&run, |what| matches!(what, What::RunnerOnline { .. }));
            assert!(brought.is_some(), "for `build`");
            let worked_on = |id: u64| {
                at(
                    &run,
                    |what| matches!(what, What::RunnerAssigned { job, .. } if job.0 == id),
                )
            };
            assert_eq!(worked_on(100).is_some(), over != soon, "{started:?} {seed}");
            assert_eq!(worked_on(99), None, "{started:?} {seed}");
            let violated = violations(&run);
            assert!(
                violated.iter().any(|name| name.contains("served-or-told")),
                "{started:?} {seed}: {violated:?}"
            );
        }
    }
}

#[test]
fn a_job_that_waited_for_an_approval_is_not_in_demand_before_it() {
    let created = "2026-06-03T00:57:15Z";
    let log = json!([
        told(1, created, "waiting", created, None),
        told(2, "2026-06-03T02:57:16Z", "queued", created, None),
        told(
            3,
            "2026-06-03T02:58:40Z",
            "in_progress",
            "2026-06-03T02:58:39Z",
            None
        ),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = imported(folder.path(), &log);
    let run = run(&of_text(&file, &text, 1, false), Seams::default());
    let waits = at(&run, |what| matches!(what, What::JobWaiting { .. })).unwrap();
    let queued = at(&run, |what| matches!(what, What::JobQueued { .. })).unwrap();
    assert_eq!(queued - waits, 7_201_000);
    let created = at(&run, |what| matches!(what, What::HfCreated { .. })).unwrap();
    assert!(created > queued);
    assert_eq!(violations(&run), Vec::<String>::new());
}

#[test]
fn a_run_with_a_delivery_that_is_seven_hours_late_goes_on_until_it_came() {
    let log = json!([
        told(
            1,
            "2026-06-03T00:57:16Z",
            "queued",
            "2026-06-03T00:57:15Z",
            None
        ),
        told(
            2,
            "2026-06-03T08:00:00Z",
            "in_progress",
            "2026-06-03T00:59:00Z",
            None
        ),
        told(
            3,
            "2026-06-03T08:00:01Z",
            "completed",
            "2026-06-03T00:59:00Z",
            Some("2026-06-03T01:09:00Z")
        ),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = imported(folder.path(), &log);
    let run = run(&of_text(&file, &text, 1, false), Seams::default());
    assert!(run.outcome.settled);
    assert!(run.outcome.verdicts.undecided().is_empty());
}
