//! Saboteurs that end what works, or let live what does not.

use std::time::Duration;

use dispatchlab::target::Seams;
use http::Method;

use super::{Kept, Sent, Trial, answer, bend, told};
use crate::plans::{of_text, run};

/// One runner is told to go, because its job was cancelled, and one is worked on.
const A_SURPLUS_RUNNER: &str = "world:
  dispatcher: { idle_timeout: 30s }
timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - when: { runner: idle }
    cancel: { job: J1 }
  - at: 30m
    queue: { as: J2, labels: hf-jobs-cpu-basic, runs_for: 10m }
";

/// Cancels the HF job as soon as it hears that a job started.
#[test]
fn never_kill_busy_catches_a_dispatcher_that_cancels_on_in_progress() {
    let created = Kept::default();
    let kept = created.clone();
    let hf = bend(move |sent| {
        let kept = kept.clone();
        async move {
            let answered = sent.on().await?;
            if !sent.is_create() {
                return Ok(answered);
            }
            let (head, body) = answered.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await?;
            let id = super::json(&body)["id"].as_str().unwrap().to_owned();
            let mut cancel = sent.clone();
            cancel.body = format!("{}/{id}/cancel", sent.path()).into();
            kept.keep(&cancel);
            Ok(http::Response::from_parts(head, body.into()))
        }
    });
    let webhooks = bend(move |sent| {
        let last = created.get();
        async move {
            if let (true, Some(last)) = (sent.says("in_progress"), last) {
                let path = String::from_utf8(last.body.to_vec()).unwrap();
                last.ask(Method::POST, &path, "").await?;
            }
            sent.on().await
        }
    });
    Trial::of("never-kill-busy", A_SURPLUS_RUNNER).catches(
        Seams {
            webhooks,
            hf,
            github: None,
        },
        "an HF job was cancelled while",
    );
}

/// Takes a job that started for one that nobody wants any more, and cancels its run.
#[test]
fn never_kill_busy_catches_a_dispatcher_that_cancels_the_run_of_a_running_job() {
    let way = Kept::default();
    let github = way.seam(Sent::is_jit_config);
    let webhooks = bend(move |sent| {
        let way = way.get();
        async move {
            if let (true, Some(way)) = (sent.says("in_progress"), way) {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let run = sent.json()["workflow_job"]["run_id"].as_u64().unwrap();
                let path = format!("/repos/octo/app/actions/runs/{run}/cancel");
                let (status, _) = told(way.ask(Method::POST, &path, "").await).await;
                assert_eq!(status, 202);
            }
            sent.on().await
        }
    });
    Trial::of("never-kill-busy", A_SURPLUS_RUNNER).catches(
        Seams {
            webhooks,
            github,
            hf: None,
        },
        "a run was cancelled while",
    );
}

/// Gives the HF job the time that its job may run, though the boot counts too.
#[test]
fn never_kill_busy_catches_a_job_timeout_that_counts_the_boot() {
    let trial = Trial::of(
        "never-kill-busy",
        "world:
  hf: { cold_start: { default: { schedule: 10s, boot: 3m } } }
  dispatcher: { job_timeout: 30m }
timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 2h }
",
    );
    let timeout = |seconds: u64| {
        let hf = bend(move |sent| async move {
            if !sent.is_create() {
                return sent.on().await;
            }
            let mut asked = sent.json();
            asked["timeoutSeconds"] = seconds.into();
            sent.with(asked.to_string()).await
        });
        Seams {
            hf,
            ..Seams::default()
        }
    };
    trial
        .beside(timeout(40 * 60))
        .catches(timeout(30 * 60), "of the 1800.000 s it may run");
}

/// Believes it cancelled.
#[test]
fn no_leak_catches_a_dispatcher_whose_cancels_go_nowhere() {
    let hf = bend(|sent| async move {
        if sent.is_cancel() {
            return answer(200, "{}");
        }
        sent.on().await
    });
    Trial::built_in("no-leak", "b54-orphan-after-lost-completion").catches(
        Seams {
            hf,
            ..Seams::default()
        },
        "neither work nor a reason",
    );
}

/// Ends the HF job of a job that nobody wants any more, and leaves its runner registered.
#[test]
fn no_leak_catches_a_dispatcher_that_leaves_a_registration_behind() {
    let trial = Trial::of(
        "no-leak",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 15s
    cancel: { job: J1 }
  - at: 1h
    queue: { as: J2, labels: hf-jobs-t4-small }
",
    );
    let github = bend(|sent| async move {
        if sent.deletes_runner() {
            return answer(204, "");
        }
        sent.on().await
    });
    trial.catches(
        Seams {
            github,
            ..Seams::default()
        },
        "has been offline without a live HF job from",
    );
}

/// The same where its access was gone for an hour, after which it could have removed it.
#[test]
fn no_leak_catches_a_dispatcher_that_leaves_a_registration_behind_once_its_access_is_back() {
    let text = "title: Suspended for an hour
timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 15s, cancel: { job: J1 } }
  - { at: 10m, suspend: { repo: octo/app } }
  - { at: 1h, unsuspend: { repo: octo/app } }
  - { at: 2h, queue: { as: J2, labels: hf-jobs-t4-small } }
";
    let github = bend(|sent| async move {
        if sent.deletes_runner() {
            return answer(204, "");
        }
        sent.on().await
    });
    let bug = Seams {
        github,
        ..Seams::default()
    };
    let run = run(&of_text("suspended.yaml", text, 1, false), bug);
    let violated = run.outcome.verdicts.violated();
    let found = violated.iter().find(|(name, _)| *name == "no-leak");
    let why = &found.unwrap_or_else(|| panic!("{violated:?}")).1.why;
    let since_it_is_back = "has been offline without a live HF job from 3610.";
    assert!(why.contains(since_it_is_back), "{why}");
}
