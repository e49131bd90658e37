//! Re-runs by the API, and what earlier attempts still show.

use std::time::Duration;

use fakes::{NewJob, history::Conclusion, ids::RunId};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab, job};

const REPO: &str = "/repos/octo/app/actions";

async fn call(lab: &Lab, method: &str, path: &str) -> Answer {
    let token = lab.token().await;
    lab.github(method, &format!("{REPO}{path}"), &token, Value::Null)
        .await
}

/// A run of a good and a bad job, both over.
async fn ended_run(lab: &Lab) -> RunId {
    let github = lab.world.github();
    let mut run = None;
    for (name, conclusion) in [("good", Conclusion::Success), ("bad", Conclusion::Failure)] {
        let of_run = NewJob {
            run: Some("R".to_owned()),
            conclusion,
            runs_for: Duration::from_secs(1),
            ..job(name, &["a"])
        };
        run = github.run_of(github.queue(of_run, None).unwrap());
        lab.launch(name, &["a"]).await;
    }
    lab.sleep(100.0).await;
    run.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_earlier_attempt_keeps_its_look() {
    let lab = Lab::new();
    let run = ended_run(&lab).await.0;
    let before = call(&lab, "GET", &format!("/runs/{run}")).await.body;
    assert_eq!(before["previous_attempt_url"], Value::Null);
    let again = call(&lab, "POST", &format!("/runs/{run}/rerun-failed-jobs")).await;
    assert_eq!((again.status, &again.body), (201, &json!({})));
    let now = call(&lab, "GET", &format!("/runs/{run}")).await.body;
    assert_eq!(
        (&now["run_attempt"], &now["status"]),
        (&json!(2), &json!("queued"))
    );
    assert_eq!(now["run_started_at"], "2026-11-03T10:01:40Z");
    let url = now["previous_attempt_url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/runs/{run}/attempts/1")), "{url}");
    let first = call(&lab, "GET", &format!("/runs/{run}/attempts/1")).await;
    assert_eq!(first.body, before);
    let second = call(&lab, "GET", &format!("/runs/{run}/attempts/2")).await;
    assert_eq!(second.body, now);
    let third = call(&lab, "GET", &format!("/runs/{run}/attempts/3")).await;
    assert_eq!(third.status, 404);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_lists_the_jobs_it_carried_over_unless_set_otherwise() {
    for (carries, second) in [(true, vec!["good", "bad/2"]), (false, vec!["bad/2"])] {
        let lab = Lab::with(|settings| settings.github.runs.attempts_carry_jobs = carries);
        let run = ended_run(&lab).await;
        lab.world.github().rerun(run, true, None);
        let run = run.0;
        for (attempt, wanted) in [(1, vec!["good", "bad"]), (2, second)] {
            let path = format!("/runs/{run}/attempts/{attempt}/jobs");
            let listed = call(&lab, "GET", &path).await.body;
            let jobs = listed["jobs"].as_array().unwrap();
            let names: Vec<_> = jobs
                .iter()
                .map(|job| job["name"].as_str().unwrap())
                .collect();
            assert_eq!(names, wanted);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_job_is_run_again_and_the_other_is_only_told_of() {
    let lab = Lab::new();
    let run = ended_run(&lab).await;
    let github = lab.world.github();
    let good = github.job_by_name("good").unwrap();
    let before = lab.received().len();
    let again = call(&lab, "POST", &format!("/jobs/{}/rerun", good.0)).await;
    assert_eq!(again.status, 201);
    lab.sleep(1.0).await;
    assert_eq!(
        lab.received_names()[before..],
        ["good/2.queued", "bad.completed"]
    );
    assert_eq!(github.run(run).unwrap().attempt, 2);
    let running = call(&lab, "POST", &format!("/jobs/{}/rerun", good.0)).await;
    assert_eq!(
        (running.status, running.message()),
        (
            403,
            "The workflow run containing this job is already running"
        )
    );
    assert_eq!(github.rerun_job(good, None), None);
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_old_or_has_not_failed_is_not_run_again() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let run = lab.world.github().run_of(id).unwrap().0;
    let path = format!("/runs/{run}/rerun");
    let running = call(&lab, "POST", &path).await;
    assert_eq!(
        (running.status, running.message()),
        (403, "This workflow is already running")
    );
    lab.launch("r", &["a"]).await;
    lab.sleep(150.0).await;
    let failed = call(&lab, "POST", &format!("/runs/{run}/rerun-failed-jobs")).await;
    assert_eq!(failed.status, 403);
    lab.sleep(30.0 * 86_400.0).await;
    let old = call(&lab, "POST", &path).await;
    assert_eq!(
        (old.status, old.message()),
        (
            403,
            "Unable to retry this workflow run because it was created over a month ago"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_body_runs_nothing_again() {
    let lab = Lab::new();
    let run = ended_run(&lab).await;
    let path = format!("{REPO}/runs/{}/rerun", run.0);
    let body = json!({"enable_debug_logging": "yes"});
    let refused = lab.github("POST", &path, &lab.token().await, body).await;
    assert_eq!(refused.status, 422);
    assert_eq!(lab.world.github().run(run).unwrap().attempt, 1);
}
