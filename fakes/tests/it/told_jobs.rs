//! What the history tells of jobs and runs: what holds them, when they may go, how runs end, what the App says of
//! them.

use std::time::Duration;

use fakes::{
    Concurrency, NewJob, RunConclusion,
    history::{Event, HeldBy, What},
    ids::{JobId, RunId},
};
use serde_json::{Value, json};

use crate::lab::{Lab, job};

fn of_run(name: &str, max_parallel: Option<u32>) -> NewJob {
    NewJob {
        run: Some("R".to_owned()),
        max_parallel,
        ..job(name, &["a"])
    }
}

fn held(lab: &Lab) -> Vec<(String, Option<HeldBy>)> {
    let queued = |event: Event| match event.event {
        What::JobQueued { name, held_by, .. } => Some((name, held_by)),
        _ => None,
    };
    lab.events().into_iter().filter_map(queued).collect()
}

fn dispatchable(lab: &Lab) -> Vec<(JobId, u64)> {
    let free = |event: Event| match event.event {
        What::JobDispatchable { job } => Some((job, event.at_ms)),
        _ => None,
    };
    lab.events().into_iter().filter_map(free).collect()
}

fn runs(lab: &Lab) -> Vec<(RunId, String)> {
    let ended = |event: Event| match event.event {
        What::RunCompleted { run, conclusion } => Some((run, conclusion)),
        _ => None,
    };
    lab.events().into_iter().filter_map(ended).collect()
}

#[tokio::test(start_paused = true)]
async fn a_job_that_max_parallel_holds_is_announced_as_held_and_told_when_it_may_go() {
    let lab = Lab::new();
    let github = lab.world.github();
    let jobs: Vec<JobId> = ["J1", "J2", "J3", "J4"]
        .iter()
        .map(|name| github.queue(of_run(name, Some(2)), None).unwrap())
        .collect();
    let by = Some(HeldBy::MaxParallel);
    let names = |found: &[(&str, Option<HeldBy>)]| -> Vec<(String, Option<HeldBy>)> {
        found
            .iter()
            .map(|(name, by)| ((*name).to_owned(), *by))
            .collect()
    };
    assert_eq!(
        held(&lab),
        names(&[("J1", None), ("J2", None), ("J3", by), ("J4", by)])
    );
    for name in ["r1", "r2", "r3", "r4"] {
        lab.launch(name, &["a"]).await;
    }
    lab.sleep(300.0).await;
    let completed: Vec<u64> = lab
        .events()
        .into_iter()
        .filter(|event| matches!(event.event, What::JobCompleted { .. }))
        .map(|event| event.at_ms)
        .collect();
    assert_eq!(
        dispatchable(&lab),
        [(jobs[2], completed[0]), (jobs[3], completed[1])],
        "each when one before it ended"
    );
    for event in lab.events() {
        if let What::JobStarted { job, .. } = event.event
            && let Some((_, free_ms)) = dispatchable(&lab).iter().find(|(it, _)| *it == job)
        {
            assert!(event.at_ms >= *free_ms);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_lets_none_of_its_held_jobs_go() {
    let lab = Lab::new();
    let github = lab.world.github();
    let mut last = None;
    for name in ["J1", "J2", "J3"] {
        last = Some(github.queue(of_run(name, Some(1)), None).unwrap());
    }
    let run = github.run_of(last.unwrap()).unwrap();
    github.cancel_run(run, None);
    assert_eq!(dispatchable(&lab), []);
    assert_eq!(runs(&lab), [(run, "cancelled".to_owned())], "once");
    assert_eq!(
        lab.count(|what| matches!(what, What::JobCompleted { .. })),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waited_for_an_approval_is_queued_or_held_afterwards() {
    let lab = Lab::new();
    let github = lab.world.github();
    github.queue(of_run("J1", Some(1)), None).unwrap();
    let waiting = NewJob {
        needs_approval: true,
        ..of_run("J2", Some(1))
    };
    let waiting = github.queue(waiting, None).unwrap();
    let run = github.run_of(waiting).unwrap();
    github.approve(run, None);
    assert_eq!(held(&lab)[1], ("J2".to_owned(), Some(HeldBy::MaxParallel)));
    lab.launch("r1", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(dispatchable(&lab).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_with_its_last_job_and_as_the_worst_of_them() {
    let lab = Lab::new();
    let github = lab.world.github();
    let good = github.queue(of_run("J1", None), None).unwrap();
    let bad = NewJob {
        conclusion: fakes::history::Conclusion::Failure,
        ..of_run("J2", None)
    };
    github.queue(bad, None).unwrap();
    let run = github.run_of(good).unwrap();
    lab.launch("r1", &["a"]).await;
    lab.sleep(110.0).await;
    assert_eq!(runs(&lab), [], "one of two has ended");
    lab.launch("r2", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(runs(&lab), [(run, "failure".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_github_ends_or_that_never_began_is_told_to_have_ended() {
    let lab = Lab::new();
    let github = lab.world.github();
    let one = github.queue(job("J1", &["a"]), None).unwrap();
    let stale = github.run_of(one).unwrap();
    github.complete_run(stale, RunConclusion::Stale, None);
    assert_eq!(runs(&lab), [(stale, "stale".to_owned())]);
    let group = |name: &str| NewJob {
        concurrency: Some(Concurrency {
            group: "g".to_owned(),
            cancel_in_progress: false,
        }),
        ..job(name, &["a"])
    };
    github.queue(group("A1"), None).unwrap();
    let waiting = github.queue(group("B1"), None).unwrap();
    let displaced = github.run_of(waiting).unwrap();
    github.queue(group("C1"), None).unwrap();
    assert_eq!(runs(&lab)[1..], [(displaced, "cancelled".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_its_runner_never_picks_up_is_told_to_be_taken_back() {
    let lab = Lab::with(|settings| {
        settings.github.runners.staleness = Duration::from_secs(20);
        settings.github.runners.pickup_timeout = Duration::from_secs(60);
    });
    let hf_job = lab.launch("r1", &["a"]).await;
    lab.sleep(60.0).await;
    let runner = lab.world.github().runners()[0].runner;
    lab.world.runners().die(&hf_job);
    lab.sleep(1.0).await;
    let job = lab.queue("J1", &["a"]);
    lab.sleep(300.0).await;
    let back = lab
        .find(|what| matches!(what, What::JobTakenBack { .. }))
        .unwrap();
    assert!(
        matches!(back.event, What::JobTakenBack { job: it, runner: of } if it == job && of == runner)
    );
    let assigned = lab
        .find(|what| matches!(what, What::RunnerAssigned { .. }))
        .unwrap();
    assert!(assigned.id < back.id);
    lab.launch("r2", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(lab.count(|what| matches!(what, What::JobStarted { .. })), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_app_says_in_a_check_run_is_told_with_the_jobs_of_its_commit() {
    let lab = Lab::new();
    let job = lab.queue("J1", &["a"]);
    let run = lab.world.github().run_of(job).unwrap();
    let token = lab.token().await;
    let path = format!("/repos/octo/app/actions/jobs/{}", job.0);
    let shown = lab.github("GET", &path, &token, Value::Null).await;
    let new =
        json!({"name": "capacity", "head_sha": shown.body["head_sha"], "status": "in_progress"});
    let path = "/repos/octo/app/check-runs";
    let made = lab.github("POST", path, &token, new).await;
    let id = made.body["id"].as_u64().unwrap();
    let change = json!({"conclusion": "neutral"});
    lab.github("PATCH", &format!("{path}/{id}"), &token, change)
        .await;
    lab.github("PATCH", &format!("{path}/1"), &token, json!({}))
        .await;
    let mut told = Vec::new();
    for event in lab.events() {
        match event.event {
            What::CheckRunCreated {
                repo,
                check_run,
                runs,
                jobs,
                status,
                conclusion,
                ..
            }
            | What::CheckRunUpdated {
                repo,
                check_run,
                runs,
                jobs,
                status,
                conclusion,
                ..
            } => {
                assert_eq!(
                    (repo.as_str(), check_run, runs, jobs),
                    ("octo/app", id, vec![run], vec![job])
                );
                told.push((status, conclusion));
            }
            _ => {}
        }
    }
    assert_eq!(
        told,
        [
            ("in_progress".to_owned(), None),
            ("completed".to_owned(), Some("neutral".to_owned()))
        ],
        "a refused change tells nothing"
    );
}
