//! Check runs: those of workflow jobs, and those the App makes.

use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

const REPO: &str = "/repos/octo/app";

async fn call(lab: &Lab, method: &str, path: &str, body: Value) -> Answer {
    let token = lab.token().await;
    lab.github(method, &format!("{REPO}{path}"), &token, body)
        .await
}

async fn sha_of(lab: &Lab, job: u64) -> String {
    let shown = call(lab, "GET", &format!("/actions/jobs/{job}"), Value::Null).await;
    shown.body["head_sha"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_jobs_check_run_follows_the_job_and_is_not_the_apps_to_change() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]).0;
    let path = format!("/check-runs/{id}");
    let check = call(&lab, "GET", &path, Value::Null).await.body;
    assert_eq!(
        (&check["id"], &check["status"]),
        (&json!(id), &json!("queued"))
    );
    assert_eq!(check["app"]["slug"], "github-actions");
    let refused = call(&lab, "PATCH", &path, json!({"status": "in_progress"})).await;
    assert_eq!(refused.status, 403);
    lab.launch("r", &["a"]).await;
    lab.sleep(150.0).await;
    let check = call(&lab, "GET", &path, Value::Null).await.body;
    assert_eq!(check["conclusion"], "success");
}

#[tokio::test(start_paused = true)]
async fn the_app_makes_a_check_run_updates_it_and_finds_it_beside_the_jobs() {
    let lab = Lab::new();
    let job = lab.queue("J1", &["a"]).0;
    let head_sha = sha_of(&lab, job).await;
    let new = json!({"name": "capacity", "head_sha": head_sha, "status": "in_progress"});
    let made = call(&lab, "POST", "/check-runs", new).await;
    assert_eq!(
        (made.status, &made.body["status"]),
        (201, &json!("in_progress"))
    );
    let id = made.body["id"].as_u64().unwrap();
    assert_ne!(id, job);
    let annotation = json!({"path": "a.py", "start_line": 1, "end_line": 2,
        "annotation_level": "warning", "message": "hm"});
    let change = json!({"conclusion": "neutral",
        "output": {"title": "t", "summary": "s", "annotations": [annotation]}});
    let path = format!("/check-runs/{id}");
    let changed = call(&lab, "PATCH", &path, change).await.body;
    assert_eq!(
        (&changed["status"], &changed["conclusion"]),
        (&json!("completed"), &json!("neutral"))
    );
    assert_eq!(changed["output"]["annotations_count"], 1);
    let annotations = call(&lab, "GET", &format!("{path}/annotations"), Value::Null)
        .await
        .body;
    assert_eq!(annotations[0]["message"], "hm");
    for reference in [head_sha.as_str(), "main", "heads%2Fmain"] {
        let listed = call(
            &lab,
            "GET",
            &format!("/commits/{reference}/check-runs"),
            Value::Null,
        )
        .await;
        assert_eq!(listed.body["total_count"], 2, "{reference}");
    }
    let named = format!("/commits/{head_sha}/check-runs?check_name=J1&status=queued");
    let listed = call(&lab, "GET", &named, Value::Null).await.body;
    assert_eq!(listed["check_runs"][0]["id"], job);
    let suite = &changed["check_suite"]["id"];
    let listed = call(
        &lab,
        "GET",
        &format!("/check-suites/{suite}/check-runs"),
        Value::Null,
    )
    .await;
    assert_eq!(listed.body["check_runs"][0]["id"], id);
    assert_eq!(listed.body["total_count"], 1);
}

#[tokio::test(start_paused = true)]
async fn only_the_latest_check_run_of_a_name_is_listed_unless_all_are_asked_for() {
    let lab = Lab::new();
    let job = lab.queue("J1", &["a"]).0;
    let head_sha = sha_of(&lab, job).await;
    for _ in 0..2 {
        let new = json!({"name": "twice", "head_sha": head_sha});
        assert_eq!(call(&lab, "POST", "/check-runs", new).await.status, 201);
    }
    let path = format!("/commits/{head_sha}/check-runs?check_name=twice");
    let latest = call(&lab, "GET", &path, Value::Null).await.body;
    assert_eq!(latest["total_count"], 1);
    let all = call(&lab, "GET", &format!("{path}&filter=all"), Value::Null)
        .await
        .body;
    assert_eq!(all["total_count"], 2);
    assert_eq!(latest["check_runs"][0], all["check_runs"][0]);
}

#[tokio::test(start_paused = true)]
async fn a_check_run_without_a_commit_or_a_conclusion_is_refused() {
    let lab = Lab::new();
    let job = lab.queue("J1", &["a"]).0;
    let head_sha = sha_of(&lab, job).await;
    let no_commit = json!({"name": "x", "head_sha": "0".repeat(40)});
    let no_conclusion = json!({"name": "x", "head_sha": head_sha, "status": "completed"});
    let unnamed = json!({"head_sha": head_sha});
    let stale = json!({"name": "x", "head_sha": head_sha, "conclusion": "stale"});
    for wrong in [no_commit, no_conclusion, unnamed, stale] {
        let refused = call(&lab, "POST", "/check-runs", wrong.clone()).await;
        assert_eq!(refused.status, 422, "{wrong}");
    }
    assert_eq!(
        call(&lab, "GET", "/check-runs/5", Value::Null).await.status,
        404
    );
}
