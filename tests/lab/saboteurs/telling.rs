//! Saboteurs that say nothing where a user must know, or what is not so.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Body;
use dispatchlab::target::Seams;
use fakes::history::{StageCause, What};
use http::{Method, Response};
use serde_json::Value;
use tokio::time::Instant;

use super::{Answer, Kept, Sent, Trial, answer, bend, told};
use crate::plans::{of_text, run, violations};

/// Retries an endless failure and never says so.
#[test]
fn served_or_told_catches_a_dispatcher_that_retries_an_endless_failure_in_silence() {
    let trial = Trial::of(
        "served-or-told",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
faults:
  - { to: hf.create, answer: { status: 402 } }
expect: { told_within: 2h, bound: 12h }
",
    );
    let github = bend(|sent| async move {
        if sent.is_cancel() {
            return answer(202, "{}");
        }
        sent.on().await
    });
    trial.catches(
        Seams {
            github,
            ..Seams::default()
        },
        "none came, and nobody was told",
    );
}

/// Cancels every run of octo/app that it knows of when an HF job is refused, for whomever.
fn cancels_all_runs() -> Seams {
    let runs = Arc::new(Mutex::new(Vec::new()));
    let heard = runs.clone();
    let webhooks = bend(move |sent| {
        let payload = sent.json();
        if sent.says("queued") && payload["repository"]["full_name"] == "octo/app" {
            let run = payload["workflow_job"]["run_id"].as_u64().unwrap();
            heard.lock().unwrap().push(run);
        }
        async move { sent.on().await }
    });
    let way = Kept::default();
    let github = way.seam(Sent::is_jit_config);
    let hf = bend(move |sent| {
        let (runs, way) = (runs.clone(), way.get());
        async move {
            let answered = sent.on().await?;
            if sent.is_create() && answered.status() == 400 {
                let runs = std::mem::take(&mut *runs.lock().unwrap());
                for run in runs {
                    let path = format!("/repos/octo/app/actions/runs/{run}/cancel");
                    way.as_ref().unwrap().ask(Method::POST, &path, "").await?;
                }
            }
            Ok(answered)
        }
    });
    Seams {
        webhooks,
        github,
        hf,
    }
}

#[test]
fn served_or_told_catches_a_dispatcher_that_cancels_five_runs_because_some_other_job_had_failed() {
    let trial = Trial::of(
        "served-or-told",
        "world:
  github: { repos: [{ name: octo/app }, { name: octo/other }] }
timeline:
  - at: 0s
    queue: { jobs: 5, as: J, repo: octo/app, labels: hf-jobs-cpu-basic }
  - at: 10s
    queue: { as: K, repo: octo/other, labels: hf-jobs-t4-small }
faults:
  - { to: hf.create, for: { flavor: t4-small }, times: 1, answer: { status: 400 } }
",
    );
    let run = trial.catches(
        cancels_all_runs(),
        "nothing of its lane had failed for good",
    );
    let found = run.outcome.verdicts.violated();
    let (_, told) = found
        .iter()
        .find(|(name, _)| *name == "served-or-told")
        .unwrap();
    assert_eq!(told.more, 4, "five runs, and each is a breach");
}

#[test]
fn never_kill_busy_catches_a_dispatcher_that_cancels_running_jobs_because_some_other_had_failed() {
    let trial = Trial::of(
        "never-kill-busy",
        "world:
  github: { repos: [{ name: octo/app }, { name: octo/other }] }
  dispatcher: { idle_timeout: 30s }
timeline:
  - at: 0s
    queue: { as: S, repo: octo/app, labels: hf-jobs-cpu-basic }
  - when: { runner: idle }
    cancel: { job: S }
  - at: 30m
    queue: { jobs: 5, as: J, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 10m }
  - at: 35m
    queue: { as: K, repo: octo/other, labels: hf-jobs-t4-small }
faults:
  - { to: hf.create, for: { flavor: t4-small }, times: 1, answer: { status: 400 } }
",
    );
    trial.catches(cancels_all_runs(), "of it was on a runner");
}

/// What a dispatcher without patience has done so far.
#[derive(Default)]
struct GivenUp {
    /// Where its last HF job is to be found, and since when it is there.
    last: Option<(String, Instant)>,
    /// When it gave one up.
    at: Vec<Instant>,
    told: bool,
}

/// Gives each HF job up so long after its creation, and cancels the run once it has done so three times in ten minutes.
fn gives_up_after(patience: Duration) -> Seams {
    let (queued, way) = (Kept::default(), Kept::default());
    let webhooks = queued.seam(|sent| sent.says("queued"));
    let github = way.seam(Sent::is_jit_config);
    let so_far: Arc<Mutex<GivenUp>> = Arc::default();
    let hf = bend(move |sent| {
        let (so_far, queued, way) = (so_far.clone(), queued.get(), way.get());
        async move {
            let overdue = {
                let mut so_far = so_far.lock().unwrap();
                let is_over = |(_, since): &mut (String, Instant)| since.elapsed() >= patience;
                so_far.last.take_if(is_over)
            };
            if let Some((hf_job, _)) = overdue {
                sent.ask(Method::POST, &format!("{hf_job}/cancel"), "")
                    .await?;
                so_far.lock().unwrap().at.push(Instant::now());
            }
            let tells = {
                let mut so_far = so_far.lock().unwrap();
                let long = so_far.at.first().zip(so_far.at.last());
                let long = long.is_some_and(|(first, last)| *last - *first >= TEN_MINUTES);
                let tells = !so_far.told && so_far.at.len() >= 3 && long;
                so_far.told |= tells;
                tells
            };
            if tells {
                let run = queued.unwrap().json()["workflow_job"]["run_id"].clone();
                let path = format!("/repos/octo/app/actions/runs/{run}/cancel");
                way.unwrap().ask(Method::POST, &path, "").await?;
            }
            if !sent.is_create() {
                return sent.on().await;
            }
            let (status, created) = told(sent.on().await).await;
            if let Some(id) = created["id"].as_str() {
                let hf_job = format!("{}/{id}", sent.path());
                so_far.lock().unwrap().last = Some((hf_job, Instant::now()));
            }
            let mut answered = Response::new(Body::from(created.to_string()));
            *answered.status_mut() = status.try_into().unwrap();
            Ok(answered)
        }
    });
    Seams {
        webhooks,
        github,
        hf,
    }
}

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// Each HF job would have served the job, had it been let boot.
#[test]
fn served_or_told_catches_a_dispatcher_that_tells_for_no_cause_but_its_own_early_cancels() {
    let trial = Trial::of(
        "served-or-told",
        "world:
  hf: { cold_start: 4m }
timeline:
  - at: 0s
    queue: { as: J1, repo: octo/app, labels: hf-jobs-cpu-basic }
",
    );
    let run = trial.catches(
        gives_up_after(Duration::from_secs(60)),
        "was told that it will not be served (its run was cancelled), though nothing of its lane had failed for good",
    );
    let given_up = |what: &What| {
        matches!(
            what,
            What::HfStage {
                cause: StageCause::Cancel,
                ..
            }
        )
    };
    let given_up = run
        .events
        .iter()
        .filter(|event| given_up(&event.event))
        .count();
    assert!(given_up >= 3, "{given_up}");
}

const ONE_JOB: &str = "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
";

/// Adds a claim to the answer to every `in_progress`.
fn claims(claim: fn(&str) -> Value) -> Seams {
    let created = Kept::default();
    let hf = created.seam_of_created();
    let webhooks = bend(move |sent| {
        let created = created.get();
        async move {
            let answered: Answer = sent.on().await;
            let id = created.map(|created| created.json()["id"].as_str().unwrap().to_owned());
            let (true, Some(id)) = (sent.says("in_progress"), id) else {
                return answered;
            };
            let (_, mut body) = told(answered).await;
            let claimed = claim(&id);
            for (key, value) in claimed.as_object().unwrap() {
                body[key] = value.clone();
            }
            Ok(Response::new(Body::from(body.to_string())))
        }
    });
    Seams {
        webhooks,
        hf,
        github: None,
    }
}

fn its_own(id: &str) -> Value {
    serde_json::json!({ "hf_job_id": id })
}

#[test]
fn truthful_catches_a_dispatcher_that_claims_an_hf_job_it_never_created() {
    let bug = claims(|_| serde_json::json!({ "hf_job_id": "0123456789abcdef01234567" }));
    Trial::of("truthful", ONE_JOB)
        .beside(claims(its_own))
        .catches(bug, "was created, and there is none");
}

#[test]
fn truthful_catches_a_dispatcher_that_claims_a_cancel_it_never_made() {
    let bug = claims(|id| serde_json::json!({ "cancelled_hf_job_id": id }));
    Trial::of("truthful", ONE_JOB)
        .beside(claims(its_own))
        .catches(bug, "and HF took no cancel of it");
}

#[test]
fn truthful_catches_a_dispatcher_that_names_another_flavor() {
    let bug = claims(|id| serde_json::json!({ "hf_job_id": id, "flavor": "h200" }));
    Trial::of("truthful", ONE_JOB)
        .beside(claims(its_own))
        .catches(bug, "is on h200, and it is on");
}

/// What was told of a run was not told of the jobs that a re-run adds to it.
#[test]
fn a_rerun_of_a_cancelled_run_is_told_of_by_itself() {
    let text = "title: A run is cancelled because nothing can be paid, and run again when it can
timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 2h
    rerun: { job: J1 }
faults:
  - { to: hf.create, until: 90m, answer: { status: 402 } }
expect: { served_within: 3h }
";
    let run = run(&of_text("rerun.yaml", text, 1, false), Seams::default());
    let none: Vec<String> = Vec::new();
    assert_eq!(violations(&run), none);
    let cancelled = |what: &What| matches!(what, What::RunCancelRequested { call: Some(_), .. });
    assert!(run.events.iter().any(|event| cancelled(&event.event)));
    assert_eq!(run.outcome.verdicts.0["served-or-told"].occasions(), 2);
    assert!(run.outcome.verdicts.exercised("attempts"));
}

/// One job follows the scenario's rules, and another but for a slip.
fn nearly_routed(rest: &str) -> Trial {
    Trial::of(
        "served-or-told",
        &format!(
            "world:
  dispatcher: {{ rules: [{{ labels: hf-jobs-cpu-basic, flavor: cpu-basic }}] }}
timeline:
  - at: 0s
    queue: {{ as: J1, labels: hf-jobs-cpu-basic }}
  - at: 0s
    queue: {{ as: J2, labels: hf-jobs-cpu-basci }}
  - at: 0s
    queue: {{ as: J3, labels: ubuntu-latest }}
{rest}"
        ),
    )
}

/// Refuses what it cannot place, so that GitHub shows the delivery as failed, with the reason.
fn says_what_it_does_not_know() -> Seams {
    let webhooks = bend(|sent| async move {
        let labels = sent.json()["workflow_job"]["labels"].to_string();
        if sent.says("queued") && labels.contains("basci") {
            return answer(422, r#"{"error":"no flavor is called cpu-basci"}"#);
        }
        sent.on().await
    });
    Seams {
        webhooks,
        ..Seams::default()
    }
}

const UNTOLD: &str = "J2 looks meant for the dispatcher, whose rules do not route [\"hf-jobs-cpu-basci\"]; it was queued at 10.000 s, its user";

/// Takes whatever it does not know for somebody else's: so does the reference dispatcher.
#[test]
fn served_or_told_catches_a_dispatcher_that_leaves_a_job_with_a_slip_in_its_label_alone() {
    let said = format!("{UNTOLD} was to be told by 3610.000 s, and nobody was");
    let trial = nearly_routed("").beside(says_what_it_does_not_know());
    let run = trial.catches(Seams::default(), &said);
    assert!(run.outcome.settled, "it waited until it was too late");
    assert_eq!(run.outcome.verdicts.0["served-or-told"].occasions(), 2);
    let told = crate::plans::run(&nearly_routed("").plan, says_what_it_does_not_know());
    assert!(told.outcome.ended_at_ms < 600_000, "nobody waits any more");
}

#[test]
fn whether_somebody_is_told_is_undecided_before_the_bound() {
    let run = run(
        &nearly_routed("expect: { bound: 30m }\n").plan,
        Seams::default(),
    );
    let undecided = run.outcome.verdicts.undecided();
    let (property, found) = undecided.first().unwrap();
    assert_eq!(*property, "served-or-told");
    let said = format!("{UNTOLD} is to be told by 3610.000 s, and the run ended at 1810.000 s");
    assert!(found.why.starts_with(&said), "{}", found.why);
}

#[test]
fn nobody_need_be_told_of_a_job_that_somebody_cancelled_meanwhile() {
    let cancelled = "  - at: 50m\n    cancel: { job: J2 }\n";
    let run = run(&nearly_routed(cancelled).plan, Seams::default());
    let none: Vec<String> = Vec::new();
    assert_eq!(violations(&run), none);
    assert!(!run.outcome.verdicts.0["served-or-told"].is_undecided());
}
