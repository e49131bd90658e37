//! Runs by the API: filters, cancelling by force, approvals, time limits, deletion, and their number.

use std::time::Duration;

use fakes::{
    NewJob, NotQueued, RunConclusion, RunStatus,
    history::{Conclusion, Event, What},
    settings::WithoutRunner,
};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab, job};

const RUNS: &str = "/repos/octo/app/actions/runs";

async fn get(lab: &Lab, path: &str) -> Answer {
    lab.github("GET", path, &lab.token().await, Value::Null)
        .await
}

async fn post(lab: &Lab, path: &str, body: Value) -> Answer {
    lab.github("POST", path, &lab.token().await, body).await
}

async fn total(lab: &Lab, query: &str) -> u64 {
    let found = get(lab, &format!("{RUNS}?{query}")).await;
    assert_eq!(found.status, 200, "{query}: {found:?}");
    found.body["total_count"].as_u64().unwrap()
}

#[tokio::test(start_paused = true)]
async fn runs_are_found_by_status_conclusion_time_commit_and_suite() {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(150.0).await;
    let second = lab.queue("J2", &["a"]);
    let run = lab.world.github().run_of(second).unwrap().0;
    let shown = get(&lab, &format!("{RUNS}/{run}")).await.body;
    let sha = shown["head_sha"].as_str().unwrap();
    let expected = [
        ("status=queued".to_owned(), 1),
        ("status=completed".to_owned(), 1),
        ("status=success".to_owned(), 1),
        ("status=failure".to_owned(), 0),
        ("status=requested".to_owned(), 0),
        ("created=%3E=2026-11-03T10:02:30Z".to_owned(), 1),
        ("created=2026-11-03".to_owned(), 2),
        (
            "created=2026-11-03T10:00:00Z..2026-11-03T10:01:00Z".to_owned(),
            1,
        ),
        ("actor=OCTO&branch=main&event=push".to_owned(), 2),
        ("event=pull_request".to_owned(), 0),
        ("branch=other".to_owned(), 0),
        (format!("head_sha={sha}"), 1),
        (format!("head_sha={sha}&status=completed"), 0),
        (format!("check_suite_id={run}"), 1),
    ];
    for (query, wanted) in expected {
        assert_eq!(total(&lab, &query).await, wanted, "{query}");
    }
    for wrong in ["status=done", "created=yesterday", "check_suite_id=x"] {
        assert_eq!(get(&lab, &format!("{RUNS}?{wrong}")).await.status, 422);
    }
    assert_eq!(get(&lab, &format!("{RUNS}/1")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_filtered_listing_ends_at_its_limit_and_an_unfiltered_one_does_not() {
    let lab = Lab::with(|settings| settings.github.runs.filtered_max = 3);
    for number in 0..5 {
        lab.queue(&format!("J{number}"), &["a"]);
    }
    let first = get(&lab, &format!("{RUNS}?status=queued&per_page=2")).await;
    assert_eq!(first.body["total_count"], 5);
    let second = get(&lab, &first.next().unwrap()).await;
    assert_eq!(second.body["workflow_runs"].as_array().unwrap().len(), 1);
    assert_eq!(second.next(), None);
    let third = get(&lab, &format!("{RUNS}?per_page=2&page=3")).await;
    assert_eq!(third.body["workflow_runs"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_runs_are_listed_without_opening_them() {
    let lab = Lab::new();
    let github = lab.world.github();
    for number in 0..100_000 {
        // A fork's run has no webhooks, which are not what is looked at here.
        let from_fork = NewJob {
            from_fork: true,
            ..job(&format!("J{number}"), &["a"])
        };
        github.queue(from_fork, None).unwrap();
    }
    lab.queue("Q", &["a"]);
    let token = lab.token().await;
    // As many pages as would take minutes if each looked at every run's jobs.
    for (status, wanted) in [("action_required", 100_000), ("queued", 1)].repeat(50) {
        let path = format!("{RUNS}?status={status}&per_page=100");
        let page = lab.github("GET", &path, &token, Value::Null).await;
        assert_eq!(page.body["total_count"], wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_ended_takes_no_more_jobs_and_one_that_goes_on_does() {
    let lab = Lab::new();
    let github = lab.world.github();
    let of_run = |name: &str| NewJob {
        run: Some("matrix".to_owned()),
        ..job(name, &["a"])
    };
    let first = github.queue(of_run("J1"), None).unwrap();
    let second = github.queue(of_run("J2"), None).unwrap();
    let run = github.run_of(first).unwrap();
    assert_eq!(github.run_of(second), Some(run));
    github.cancel_run(run, None);
    let refused = github.queue(of_run("J3"), None).unwrap_err();
    assert_eq!(refused, NotQueued::RunIsOver { run });
    assert_eq!(github.job_by_name("J3"), None);
    let ends = |event: &Event| matches!(event.event, What::RunCompleted { .. });
    let events = lab.world.history().snapshot();
    assert_eq!(events.iter().filter(|event| ends(event)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_holds_256_jobs_and_refuses_the_next() {
    let lab = Lab::new();
    let github = lab.world.github();
    let of_run = |number: usize| NewJob {
        run: Some("matrix".to_owned()),
        ..job(&format!("J{number}"), &["a"])
    };
    for number in 0..256 {
        github.queue(of_run(number), None).unwrap();
    }
    let refused = github.queue(of_run(256), None).unwrap_err();
    let NotQueued::RunIsFull { run, jobs: 256 } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(github.run(run).unwrap().jobs.len(), 256);
    assert_eq!(github.job_by_name("J256"), None);
}

#[tokio::test(start_paused = true)]
async fn forcing_a_cancellation_waits_for_no_runner() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let run = lab.world.github().run_of(id).unwrap();
    lab.launch("r", &["a"]).await;
    lab.sleep(50.0).await;
    let path = format!("{RUNS}/{}/force-cancel", run.0);
    assert_eq!(post(&lab, &path, Value::Null).await.status, 202);
    let view = lab.world.github().run(run).unwrap();
    assert_eq!(view.status, RunStatus::Completed);
    let again = post(&lab, &path, Value::Null).await;
    assert_eq!(
        (again.status, again.message()),
        (409, "Cannot cancel a workflow run that is completed.")
    );
    lab.sleep(5.0).await;
    assert!(lab.world.github().runners().is_empty(), "its runner ended");
    assert_eq!(
        lab.count(|what| matches!(what, What::JobCompleted { .. })),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_rejected_job_fails_and_an_approved_one_is_queued() {
    let lab = Lab::new();
    let github = lab.world.github();
    let mut runs = Vec::new();
    for name in ["J1", "J2"] {
        let gated = NewJob {
            needs_approval: true,
            ..job(name, &["a"])
        };
        let id = github.queue(gated, None).unwrap();
        runs.push(github.run_of(id).unwrap());
    }
    for (run, state) in runs.iter().zip(["approved", "rejected"]) {
        let path = format!("{RUNS}/{}/pending_deployments", run.0);
        let pending = get(&lab, &path).await.body;
        let environment = pending[0]["environment"]["id"].clone();
        let body = json!({"environment_ids": [environment], "state": state, "comment": "ok"});
        assert_eq!(post(&lab, &path, body).await.status, 200);
        assert_eq!(get(&lab, &path).await.body, json!([]));
    }
    assert_eq!(github.run(runs[0]).unwrap().status, RunStatus::Queued);
    let failed = Some(RunConclusion::Jobs(Conclusion::Failure));
    assert_eq!(github.run(runs[1]).unwrap().conclusion, failed);
}

#[tokio::test(start_paused = true)]
async fn a_forks_run_has_no_jobs_until_a_maintainer_approves_it() {
    let lab = Lab::new();
    let github = lab.world.github();
    let from_fork = NewJob {
        from_fork: true,
        ..job("J1", &["a"])
    };
    let id = github.queue(from_fork, None).unwrap();
    let run = github.run_of(id).unwrap();
    lab.sleep(1.0).await;
    assert!(lab.received().is_empty());
    assert_eq!(total(&lab, "status=action_required").await, 1);
    let path = format!("{RUNS}/{}/approve", run.0);
    assert_eq!(post(&lab, &path, Value::Null).await.status, 201);
    lab.sleep(1.0).await;
    assert_eq!(lab.received_names(), ["J1.queued"]);
    assert_eq!(total(&lab, "status=queued&event=pull_request").await, 1);
    assert_eq!(post(&lab, &path, Value::Null).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_job_over_its_time_limit_is_cancelled_or_timed_out_as_set() {
    for conclusion in [Conclusion::Cancelled, Conclusion::TimedOut] {
        let lab = Lab::with(|settings| settings.github.runs.timeout_conclusion = conclusion);
        let slow = NewJob {
            timeout: Some(Duration::from_secs(60)),
            runs_for: Duration::from_secs(600),
            ..job("J1", &["a"])
        };
        lab.world.github().queue(slow, None).unwrap();
        lab.launch("r", &["a"]).await;
        lab.sleep(120.0).await;
        let ended = &lab.world.github().jobs()[0];
        assert_eq!(ended.conclusion, Some(conclusion));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_35_days_is_cancelled() {
    let lab = Lab::new();
    let gated = NewJob {
        needs_approval: true,
        ..job("J1", &["a"])
    };
    lab.world.github().queue(gated, None).unwrap();
    lab.sleep(35.0 * 86_400.0 - 1.0).await;
    assert_eq!(lab.world.github().jobs()[0].conclusion, None);
    lab.sleep(2.0).await;
    let ended = &lab.world.github().jobs()[0];
    assert_eq!(ended.conclusion, Some(Conclusion::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_skipped_job_is_completed_at_once_and_never_runs() {
    let lab = Lab::new();
    lab.launch("r", &["a"]).await;
    lab.sleep(60.0).await;
    let skipped = NewJob {
        conclusion: Conclusion::Skipped,
        ..job("J1", &["a"])
    };
    lab.world.github().queue(skipped, None).unwrap();
    lab.sleep(10.0).await;
    assert_eq!(lab.received_names(), ["J1.completed"]);
    assert_eq!(total(&lab, "status=skipped").await, 1);
    assert_eq!(lab.count(|what| matches!(what, What::JobStarted { .. })), 0);
}

#[tokio::test(start_paused = true)]
async fn the_runner_that_never_was_shows_as_zero_or_as_null() {
    for (without, wanted) in [
        (WithoutRunner::Zero, json!(0)),
        (WithoutRunner::Null, Value::Null),
    ] {
        let lab = Lab::with(|settings| settings.github.runs.without_runner = without);
        let id = lab.queue("J1", &["a"]);
        let github = lab.world.github();
        github.cancel_run(github.run_of(id).unwrap(), None);
        let path = format!("/repos/octo/app/actions/jobs/{}", id.0);
        assert_eq!(get(&lab, &path).await.body["runner_id"], wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_run_is_gone_and_only_a_completed_one_can_be_deleted() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let github = lab.world.github();
    let run = github.run_of(id).unwrap();
    let path = format!("{RUNS}/{}", run.0);
    let token = lab.token().await;
    let delete = async || {
        lab.github("DELETE", &path, &token, Value::Null)
            .await
            .status
    };
    assert_eq!(delete().await, 403);
    github.cancel_run(run, None);
    assert_eq!(delete().await, 204);
    assert_eq!(delete().await, 404);
    assert_eq!(total(&lab, "status=completed").await, 0);
    let path = format!("/repos/octo/app/actions/jobs/{}", id.0);
    assert_eq!(get(&lab, &path).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_run_can_end_stale_or_without_ever_starting() {
    let lab = Lab::new();
    let github = lab.world.github();
    for (name, conclusion, word) in [
        ("J1", RunConclusion::Stale, "stale"),
        ("J2", RunConclusion::StartupFailure, "startup_failure"),
    ] {
        let run = github.run_of(lab.queue(name, &["a"])).unwrap();
        github.complete_run(run, conclusion, None);
        let shown = get(&lab, &format!("{RUNS}/{}", run.0)).await.body;
        assert_eq!(shown["conclusion"], word);
    }
    assert_eq!(total(&lab, "status=stale").await, 1);
    assert_eq!(
        get(&lab, &format!("{RUNS}?status=startup_failure"))
            .await
            .status,
        422
    );
}

#[tokio::test(start_paused = true)]
async fn every_repository_has_one_workflow() {
    let lab = Lab::new();
    let all = get(&lab, "/repos/octo/app/actions/workflows").await.body;
    assert_eq!(all["total_count"], 1);
    let path = format!(
        "/repos/octo/app/actions/workflows/{}",
        all["workflows"][0]["id"]
    );
    assert_eq!(get(&lab, &path).await.body, all["workflows"][0]);
    assert_eq!(
        get(&lab, "/repos/octo/app/actions/workflows/1")
            .await
            .status,
        404
    );
}
