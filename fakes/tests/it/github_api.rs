//! The runner and run endpoints.

use fakes::history::{Removal, What};
use serde_json::{Value, json};

use crate::lab::{Lab, job};

const RUNNERS: &str = "/repos/octo/app/actions/runners";

#[tokio::test(start_paused = true)]
async fn a_jit_configuration_registers_an_offline_runner_with_exactly_its_labels() {
    let lab = Lab::new();
    let made = lab.jit("r1", &["gpu", "Linux"]).await;
    assert_eq!(made.status, 201);
    let runner = &made.body["runner"];
    assert_eq!(
        (runner["status"].as_str(), runner["busy"].as_bool()),
        (Some("offline"), Some(false))
    );
    assert_eq!(runner["os"], "unknown");
    let names: Vec<_> = runner["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label["name"].clone())
        .collect();
    assert_eq!(names, ["gpu", "Linux"]);
    let received = lab
        .find(|what| matches!(what, What::CallReceived { name, .. } if name == "github.jit-config"))
        .unwrap();
    let effect = lab
        .find(|what| matches!(what, What::CallEffect { name, .. } if name == "github.jit-config"))
        .unwrap();
    assert_eq!(effect.because, Some(received.id));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_answers_409_until_the_record_is_gone() {
    let lab = Lab::new();
    let first = lab.jit("r1", &["a"]).await;
    let again = lab.jit("R1", &["b"]).await;
    assert_eq!(again.status, 409);
    assert_eq!(
        again.message(),
        "Already exists - A runner with the name R1 already exists."
    );
    let path = format!("{RUNNERS}/{}", first.body["runner"]["id"]);
    assert_eq!(
        lab.github("DELETE", &path, &lab.token().await, Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(
        lab.github("DELETE", &path, &lab.token().await, Value::Null)
            .await
            .status,
        404
    );
    assert_eq!(
        lab.github("GET", &path, &lab.token().await, Value::Null)
            .await
            .status,
        404
    );
    assert_eq!(lab.jit("r1", &["a"]).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_bad_jit_request_is_told_what_is_wrong() {
    let lab = Lab::new();
    let token = lab.token().await;
    let path = format!("{RUNNERS}/generate-jitconfig");
    let many: Vec<String> = (0..101).map(|number| format!("l{number}")).collect();
    let cases = [
        (json!({"runner_group_id": 1, "labels": ["a"]}), 422),
        (json!({"name": "r", "labels": ["a"]}), 422),
        (
            json!({"name": "r", "runner_group_id": "1", "labels": ["a"]}),
            422,
        ),
        (
            json!({"name": "r", "runner_group_id": 1, "labels": []}),
            422,
        ),
        (
            json!({"name": "r", "runner_group_id": 1, "labels": many}),
            422,
        ),
        (
            json!({"name": "r", "runner_group_id": 1, "labels": [""]}),
            422,
        ),
        (
            json!({"name": "", "runner_group_id": 1, "labels": ["a"]}),
            422,
        ),
        (
            json!({"name": "r".repeat(65), "runner_group_id": 1, "labels": ["a"]}),
            422,
        ),
        (json!(["r"]), 400),
    ];
    for (body, status) in cases {
        let answer = lab.github("POST", &path, &token, body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
    }
    let broken = http::Request::post(&path)
        .header("user-agent", "x")
        .header("authorization", &token)
        .body(axum::body::Body::from("{"))
        .unwrap();
    assert_eq!(
        lab.github_raw(broken).await.message(),
        "Problems parsing JSON"
    );
    assert!(lab.world.github().runners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn runners_are_listed_in_pages_that_link_to_each_other() {
    let lab = Lab::with(|settings| settings.github.page_size_max = 40);
    for number in 0..90 {
        lab.jit(&format!("r{number:02}"), &["a"]).await;
    }
    let token = lab.token().await;
    let first = lab
        .github(
            "GET",
            &format!("{RUNNERS}?per_page=100"),
            &token,
            Value::Null,
        )
        .await;
    assert_eq!(first.body["total_count"], 90);
    assert_eq!(
        first.body["runners"].as_array().unwrap().len(),
        40,
        "no page is larger than the limit"
    );
    let mut names = Vec::new();
    let mut next = Some(format!("{RUNNERS}?per_page=35"));
    while let Some(path) = next {
        let page = lab.github("GET", &path, &token, Value::Null).await;
        names.extend(
            page.body["runners"]
                .as_array()
                .unwrap()
                .iter()
                .map(|runner| runner["name"].to_string()),
        );
        next = page.next();
    }
    assert_eq!(names.len(), 90);
    assert_eq!(names[89], "\"r89\"");
    let one = lab
        .github("GET", &format!("{RUNNERS}?name=r07"), &token, Value::Null)
        .await;
    assert_eq!(
        (&one.body["total_count"], &one.body["runners"][0]["name"]),
        (&json!(1), &json!("r07"))
    );
    let default = lab.github("GET", RUNNERS, &token, Value::Null).await;
    assert_eq!(default.body["runners"].as_array().unwrap().len(), 30);
    assert!(default.header("link").contains("rel=\"last\""));
}

#[tokio::test(start_paused = true)]
async fn a_busy_runner_cannot_be_deleted() {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    lab.launch("r1", &["a"]).await;
    lab.sleep(50.0).await;
    let token = lab.token().await;
    let listed = lab.github("GET", RUNNERS, &token, Value::Null).await;
    let runner = &listed.body["runners"][0];
    assert_eq!(
        (&runner["busy"], &runner["status"], &runner["os"]),
        (&json!(true), &json!("online"), &json!("Linux"))
    );
    let answer = lab
        .github(
            "DELETE",
            &format!("{RUNNERS}/{}", runner["id"]),
            &token,
            Value::Null,
        )
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.message(),
        "Runner \"r1\" is currently running a job and cannot be deleted."
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_runner_that_listens_exits_within_a_second() {
    let lab = Lab::new();
    let hf_job = lab.launch("r1", &["a"]).await;
    lab.sleep(50.0).await;
    let runner = lab.world.github().runners()[0].runner;
    let path = format!("{RUNNERS}/{}", runner.0);
    assert_eq!(
        lab.github("DELETE", &path, &lab.token().await, Value::Null)
            .await
            .status,
        204
    );
    lab.sleep(1.1).await;
    assert_eq!(lab.stage(&hf_job).await, "COMPLETED");
    let exited = lab
        .find(|what| matches!(what, What::RunnerExited { code: Some(0), .. }))
        .unwrap();
    assert!(lab.is_caused_by(&exited, |what| matches!(
        what,
        What::RunnerRemoved {
            why: Removal::Api,
            ..
        }
    )));
}

#[tokio::test(start_paused = true)]
async fn a_registration_token_is_29_characters_and_lives_an_hour() {
    let lab = Lab::new();
    let made = lab
        .github(
            "POST",
            &format!("{RUNNERS}/registration-token"),
            &lab.token().await,
            Value::Null,
        )
        .await;
    assert_eq!(made.status, 201);
    let token = made.body["token"].as_str().unwrap();
    assert!(
        token.len() == 29
            && token
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        "{token}"
    );
    assert_eq!(
        made.body["expires_at"], "2026-11-03T03:00:00.000-08:00",
        "an hour from now, with an offset"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_is_queued_until_its_first_job_starts() {
    let lab = Lab::new();
    let github = lab.world.github();
    for name in ["J1", "J2"] {
        github
            .queue(
                fakes::NewJob {
                    run: Some("R".to_owned()),
                    ..job(name, &["a"])
                },
                None,
            )
            .unwrap();
    }
    let token = lab.token().await;
    let count = async |status: &str| {
        let path = format!("/repos/octo/app/actions/runs?status={status}");
        lab.github("GET", &path, &token, Value::Null).await.body["total_count"]
            .as_u64()
            .unwrap()
    };
    assert_eq!((count("queued").await, count("in_progress").await), (1, 0));
    lab.launch("r1", &["a"]).await;
    lab.sleep(50.0).await;
    assert_eq!(
        (count("queued").await, count("in_progress").await),
        (0, 1),
        "one runs, one is queued"
    );
    lab.sleep(60.0).await;
    assert_eq!(
        (count("queued").await, count("in_progress").await),
        (0, 1),
        "one is done, one is queued"
    );
    lab.launch("r2", &["a"]).await;
    lab.sleep(150.0).await;
    assert_eq!(
        (
            count("in_progress").await,
            count("completed").await,
            count("success").await
        ),
        (0, 1, 1)
    );
    let path = "/repos/octo/app/actions/runs?status=finished";
    assert_eq!(
        lab.github("GET", path, &token, Value::Null).await.status,
        422
    );
}

#[tokio::test(start_paused = true)]
async fn job_and_run_objects_have_the_required_keys() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let token = lab.token().await;
    let job = lab
        .github(
            "GET",
            &format!("/repos/octo/app/actions/jobs/{}", id.0),
            &token,
            Value::Null,
        )
        .await
        .body;
    for key in [
        "id",
        "node_id",
        "run_id",
        "run_url",
        "head_sha",
        "workflow_name",
        "head_branch",
        "name",
        "url",
        "html_url",
        "status",
        "conclusion",
        "started_at",
        "completed_at",
        "check_run_url",
        "labels",
        "runner_id",
        "runner_name",
        "runner_group_id",
        "runner_group_name",
        "created_at",
        "run_attempt",
        "steps",
    ] {
        assert!(job.get(key).is_some(), "{key}");
    }
    let runs = lab
        .github("GET", "/repos/octo/app/actions/runs", &token, Value::Null)
        .await
        .body;
    for key in [
        "id",
        "node_id",
        "head_branch",
        "run_number",
        "display_title",
        "event",
        "status",
        "conclusion",
        "head_sha",
        "path",
        "workflow_id",
        "url",
        "html_url",
        "created_at",
        "updated_at",
        "head_commit",
        "head_repository",
        "repository",
        "jobs_url",
        "logs_url",
        "check_suite_url",
        "cancel_url",
        "rerun_url",
        "artifacts_url",
        "workflow_url",
        "pull_requests",
    ] {
        assert!(runs["workflow_runs"][0].get(key).is_some(), "{key}");
    }
    let path = format!("/repos/octo/app/actions/runs/{}/jobs", job["run_id"]);
    let jobs = lab.github("GET", &path, &token, Value::Null).await.body;
    assert_eq!(jobs["jobs"][0], job);
    let missing = lab
        .github("GET", "/repos/octo/app/actions/jobs/1", &token, Value::Null)
        .await;
    assert_eq!(missing.status, 404);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_queued_jobs_at_once_and_a_completed_run_is_409() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let run = lab.world.github().run_of(id).unwrap();
    let token = lab.token().await;
    let path = format!("/repos/octo/app/actions/runs/{}/cancel", run.0);
    assert_eq!(
        lab.github("POST", &path, &token, Value::Null).await.status,
        202
    );
    let job = lab
        .github(
            "GET",
            &format!("/repos/octo/app/actions/jobs/{}", id.0),
            &token,
            Value::Null,
        )
        .await
        .body;
    assert_eq!(
        (&job["status"], &job["conclusion"]),
        (&json!("completed"), &json!("cancelled"))
    );
    assert_eq!(
        (&job["runner_id"], &job["runner_name"], &job["steps"]),
        (&json!(0), &json!(""), &json!([]))
    );
    assert_eq!(
        lab.github("POST", &path, &token, Value::Null).await.status,
        409
    );
    let asked = lab
        .find(|what| matches!(what, What::RunCancelRequested { call: Some(_), .. }))
        .unwrap();
    let completed = lab
        .find(|what| matches!(what, What::JobCompleted { .. }))
        .unwrap();
    assert_eq!(completed.because, Some(asked.id));
}

#[tokio::test(start_paused = true)]
async fn every_answer_carries_githubs_headers_and_the_app_describes_itself() {
    let lab = Lab::new();
    let app = lab
        .github("GET", "/api/v3/app", &lab.jwt(), Value::Null)
        .await;
    assert_eq!(
        (app.status, &app.body["id"], &app.body["events"][0]),
        (200, &json!(1234), &json!("workflow_job"))
    );
    let unknown = lab.github("GET", "/app/", &lab.jwt(), Value::Null).await;
    assert_eq!((unknown.status, unknown.message()), (404, "Not Found"));
    assert!(
        lab.find(
            |what| matches!(what, What::CallReceived { name, .. } if name == "github.unknown")
        )
        .is_some()
    );
    for answer in [&app, &unknown] {
        assert_eq!(answer.header("date"), "Tue, 03 Nov 2026 10:00:00 GMT");
        for name in [
            "x-github-request-id",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
        ] {
            assert!(!answer.header(name).is_empty(), "{name}");
        }
        assert!(
            answer
                .header("content-type")
                .starts_with("application/json")
        );
    }
    assert_ne!(
        app.header("x-github-request-id"),
        unknown.header("x-github-request-id")
    );
}
