//! Concurrency groups, and the limit on parallel jobs.

use fakes::{
    Concurrency, Effect, FaultRule, NewJob, RunConclusion, RunStatus,
    history::{Conclusion, What},
    ids::RunId,
};
use serde_json::Value;

use crate::lab::{Lab, job};

fn push(lab: &Lab, name: &str, group: &str, cancel_in_progress: bool) -> RunId {
    let github = lab.world.github();
    let grouped = NewJob {
        concurrency: Some(Concurrency {
            group: group.to_owned(),
            cancel_in_progress,
        }),
        ..job(name, &["a"])
    };
    let id = github.queue(grouped, None).unwrap();
    github.run_of(id).unwrap()
}

fn status(lab: &Lab, run: RunId) -> RunStatus {
    lab.world.github().run(run).unwrap().status
}

#[tokio::test(start_paused = true)]
async fn a_second_run_of_a_group_has_no_jobs_until_the_first_has_ended() {
    let lab = Lab::new();
    let _first = push(&lab, "J1", "Deploy", false);
    let second = push(&lab, "J2", "deploy", false);
    let elsewhere = push(&lab, "J3", "other", false);
    lab.sleep(1.0).await;
    assert_eq!(lab.received_names(), ["J1.queued", "J3.queued"]);
    assert_eq!(status(&lab, second), RunStatus::Pending);
    assert_eq!(status(&lab, elsewhere), RunStatus::Queued);
    let token = lab.token().await;
    let path = "/repos/octo/app/actions/runs?status=pending";
    let pending = lab.github("GET", path, &token, Value::Null).await.body;
    assert_eq!(pending["workflow_runs"][0]["id"], second.0);
    let path = format!("/repos/octo/app/actions/runs/{}/jobs", second.0);
    let jobs = lab.github("GET", &path, &token, Value::Null).await.body;
    assert_eq!(jobs["total_count"], 0);
    lab.launch("r", &["a"]).await;
    lab.sleep(150.0).await;
    assert_eq!(status(&lab, second), RunStatus::Queued);
    let queued = lab
        .find(|what| matches!(what, What::JobQueued { name, .. } if name == "J2"))
        .unwrap();
    assert!(lab.is_caused_by(&queued, |what| matches!(what, What::JobCompleted { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_third_run_takes_the_place_of_the_one_that_waits() {
    let lab = Lab::new();
    let first = push(&lab, "J1", "g", false);
    let second = push(&lab, "J2", "g", false);
    let third = push(&lab, "J3", "g", false);
    let github = lab.world.github();
    assert_eq!(
        github.run(second).unwrap().conclusion,
        Some(RunConclusion::Jobs(Conclusion::Cancelled))
    );
    assert_eq!(status(&lab, third), RunStatus::Pending);
    github.cancel_run(first, None);
    lab.sleep(1.0).await;
    assert_eq!(status(&lab, third), RunStatus::Queued);
    assert_eq!(
        lab.received_names(),
        ["J1.queued", "J1.completed", "J3.queued"],
        "the job of the second never existed"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cancels_what_is_in_progress_waits_for_its_runner_to_stop() {
    let lab = Lab::new();
    let first = push(&lab, "J1", "g", true);
    lab.launch("r", &["a"]).await;
    lab.sleep(50.0).await;
    assert_eq!(status(&lab, first), RunStatus::InProgress);
    let second = push(&lab, "J2", "g", true);
    assert_eq!(status(&lab, second), RunStatus::Pending);
    lab.sleep(1.0).await;
    let cancelled = Some(RunConclusion::Jobs(Conclusion::Cancelled));
    assert_eq!(lab.world.github().run(first).unwrap().conclusion, cancelled);
    assert_eq!(status(&lab, second), RunStatus::Queued);
    let third = push(&lab, "J3", "g", true);
    assert_eq!(
        status(&lab, third),
        RunStatus::Queued,
        "a queued one ends at once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rerun_that_waits_for_its_group_cannot_be_cancelled_by_force() {
    let lab = Lab::new();
    let github = lab.world.github();
    let first = push(&lab, "J1", "g", false);
    github.cancel_run(first, None);
    let _second = push(&lab, "J2", "g", false);
    assert_eq!(github.rerun(first, false, None).len(), 1);
    assert_eq!(status(&lab, first), RunStatus::Pending);
    let token = lab.token().await;
    let path = format!("/repos/octo/app/actions/runs/{}", first.0);
    let forced = lab
        .github("POST", &format!("{path}/force-cancel"), &token, Value::Null)
        .await;
    assert_eq!(
        (forced.status, forced.message()),
        (
            409,
            "Cannot cancel a workflow re-run that has not yet queued."
        )
    );
    let asked = lab
        .github("POST", &format!("{path}/cancel"), &token, Value::Null)
        .await;
    assert_eq!(asked.status, 202);
    assert_eq!(status(&lab, first), RunStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn jobs_held_back_by_max_parallel_show_as_queued_and_are_told_of() {
    let lab = Lab::new();
    let github = lab.world.github();
    for number in 1..=3 {
        let of_run = NewJob {
            run: Some("R".to_owned()),
            max_parallel: Some(1),
            ..job(&format!("J{number}"), &["a"])
        };
        github.queue(of_run, None).unwrap();
    }
    lab.launch("r1", &["a"]).await;
    lab.launch("r2", &["a"]).await;
    lab.sleep(60.0).await;
    let statuses: Vec<_> = github
        .jobs()
        .iter()
        .map(|job| job.status.as_str())
        .collect();
    assert_eq!(statuses, ["in_progress", "queued", "queued"]);
    let queued = ["J1.queued", "J2.queued", "J3.queued"];
    assert_eq!(lab.received_names()[..3], queued);
}

#[tokio::test(start_paused = true)]
async fn each_matrix_of_a_run_has_a_limit_on_parallel_jobs_and_on_jobs() {
    let lab = Lab::with(|settings| settings.github.runs.jobs_max = 2);
    let github = lab.world.github();
    let of = |name: &str, matrix: &str, max_parallel| NewJob {
        run: Some("R".to_owned()),
        matrix: Some(matrix.to_owned()),
        max_parallel,
        ..job(name, &["a"])
    };
    for (name, matrix, limit) in [
        ("A1", "A", Some(1)),
        ("A2", "A", Some(1)),
        ("B1", "B", None),
        ("B2", "B", None),
    ] {
        github.queue(of(name, matrix, limit), None).unwrap();
    }
    assert!(github.queue(of("A3", "A", None), None).is_err());
    for name in ["r1", "r2", "r3", "r4"] {
        lab.launch(name, &["a"]).await;
    }
    lab.sleep(60.0).await;
    let started = lab.count(|what| matches!(what, What::JobStarted { .. }));
    assert_eq!(started, 3, "one of A, and both of B");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_over_its_jobs_leaves_them_queued_for_ever() {
    let lab = Lab::with(|settings| {
        settings.github.app.events.push("workflow_run".to_owned());
    });
    let github = lab.world.github();
    let dead = push(&lab, "J1", "g", false);
    let next = push(&lab, "J2", "g", false);
    let dies = |run| github.complete_run_over_jobs(run, RunConclusion::StartupFailure, None);
    assert!(dies(dead));
    assert!(!dies(dead), "it has ended");
    assert_eq!(status(&lab, dead), RunStatus::Completed);
    assert_eq!(
        status(&lab, next),
        RunStatus::Queued,
        "the next of its group begins"
    );
    lab.launch("r1", &["a"]).await;
    lab.launch("r2", &["a"]).await;
    lab.sleep(25.0 * 3600.0).await;
    let started = lab.count(|what| matches!(what, What::JobStarted { .. }));
    assert_eq!(started, 1, "the job of the next run");
    let jobs = github.jobs();
    let forgotten = jobs.iter().find(|job| job.run == dead).unwrap();
    assert_eq!(forgotten.status, fakes::github::Status::Queued);
    let ended = lab.received_of("workflow_run");
    let ended = ended
        .iter()
        .find(|one| one.body["workflow_run"]["id"] == dead.0 && one.action() == "completed");
    assert_eq!(
        ended.unwrap().body["workflow_run"]["conclusion"],
        "startup_failure"
    );
    github.approve(dead, None);
    assert_eq!(
        lab.received_names()
            .iter()
            .filter(|name| *name == "J1.queued")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_a_runner_never_started_is_not_queued_again_once_its_run_is_over() {
    let lab = Lab::new();
    let never = Effect::NoAnswer;
    lab.world
        .faults()
        .install(vec![FaultRule::always("runner.acquire-job", never)]);
    let github = lab.world.github();
    let dead = push(&lab, "J1", "g", false);
    lab.launch("r1", &["a"]).await;
    lab.sleep(45.0).await;
    let is_assigned = |what: &What| matches!(what, What::RunnerAssigned { .. });
    assert_eq!(lab.count(is_assigned), 1);
    assert!(github.complete_run_over_jobs(dead, RunConclusion::StartupFailure, None));
    lab.launch("r2", &["a"]).await;
    lab.sleep(600.0).await;
    assert_eq!(lab.count(is_assigned), 1, "it is given to nobody any more");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_first_job_is_skipped_keeps_its_group_until_its_other_jobs_end() {
    let lab = Lab::new();
    let github = lab.world.github();
    let first = push(&lab, "J1", "g", false);
    let of_the_second = |name: &str, conclusion| NewJob {
        run: Some("second".to_owned()),
        conclusion,
        concurrency: Some(Concurrency {
            group: "g".to_owned(),
            cancel_in_progress: false,
        }),
        ..job(name, &["a"])
    };
    let skipped = of_the_second("J2a", Conclusion::Skipped);
    let second = github.run_of(github.queue(skipped, None).unwrap()).unwrap();
    let real = of_the_second("J2b", Conclusion::Success);
    github.queue(real, None).unwrap();
    github.complete_run(first, RunConclusion::Jobs(Conclusion::Success), None);
    let begun = "one of its jobs has ended, one is queued";
    assert_eq!(status(&lab, second), RunStatus::InProgress, "{begun}");
    let third = push(&lab, "J3", "g", false);
    lab.sleep(1.0).await;
    assert_eq!(status(&lab, third), RunStatus::Pending);
    github.cancel_run(second, None);
    lab.sleep(1.0).await;
    assert_eq!(status(&lab, third), RunStatus::Queued);
}
