//! What a runner that speaks HTTP is told and refused, and that its records are the runner model's.

use std::time::Duration;

use fakes::{
    NewJob,
    history::{Caller, Conclusion, CredentialKind, Removal, What},
};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab, job};

async fn token(lab: &Lab, kind: &str) -> String {
    let path = format!("/repos/octo/app/actions/runners/{kind}");
    let made = lab
        .github("POST", &path, &lab.token().await, Value::Null)
        .await;
    made.body["token"].as_str().unwrap().to_owned()
}

async fn register(lab: &Lab, token: &str, change: impl FnOnce(&mut Value)) -> Answer {
    let mut body = json!({
        "url": "https://github.com/octo/app", "name": "r1", "version": "2.336.0", "ephemeral": true,
        "labels": [{"name": "gpu", "type": "user"}],
    });
    change(&mut body);
    let auth = format!("RemoteAuth {token}");
    lab.github("POST", "/actions/runners/register", &auth, body)
        .await
}

async fn session(lab: &Lab, registered: &Answer) -> Answer {
    let body = json!({
        "runner_id": registered.body["id"], "client_id": registered.body["authorization"]["client_id"],
    });
    lab.github_with(("POST", "/_runner/sessions"), &[], &body.to_string())
        .await
}

async fn message(lab: &Lab, session: &str, wait: u64) -> String {
    let path = format!("/_runner/sessions/{session}/message?wait={wait}");
    lab.github_with(("GET", &path), &[], "")
        .await
        .text
        .trim_end()
        .to_owned()
}

async fn acquire(lab: &Lab, session: &str, job: u64) -> u16 {
    let body = json!({ "session": session }).to_string();
    let path = format!("/_runner/jobs/{job}/acquire");
    lab.github_with(("POST", &path), &[], &body).await.status
}

async fn finish(lab: &Lab, session: &str, job: u64, conclusion: &str) -> Answer {
    let body = json!({"session": session, "conclusion": conclusion}).to_string();
    let path = format!("/_runner/jobs/{job}/finish");
    lab.github_with(("POST", &path), &[], &body).await
}

#[tokio::test(start_paused = true)]
async fn a_runner_registers_takes_a_job_and_is_gone() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["gpu"]).0;
    let token = token(&lab, "registration-token").await;
    let event = json!({"url": "https://github.com/octo/app", "runner_event": "register"});
    let auth = format!("RemoteAuth {token}");
    let known = lab
        .github("POST", "/api/v3/actions/runner-registration", &auth, event)
        .await;
    assert_eq!(
        (known.status, &known.body["use_runner_admin_flow"]),
        (200, &json!(true))
    );
    let registered = register(&lab, &token, |_| {}).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let opened = session(&lab, &registered).await;
    let session = opened.text.as_str();
    assert_eq!(message(&lab, session, 50).await, format!("run {id} J1"));
    let started = |what: &What| matches!(what, What::JobStarted { .. });
    assert_eq!(lab.count(started), 0, "it is assigned, no more");
    assert_eq!(acquire(&lab, session, id).await, 200);
    assert_eq!(lab.count(started), 1);
    assert_eq!(acquire(&lab, session, id).await, 200, "asked again");
    assert_eq!(
        message(&lab, session, 50).await,
        "none",
        "it takes a minute"
    );
    assert_eq!(
        message(&lab, session, 50).await,
        format!("finish {id} success")
    );
    // Asked again, it is told again.
    assert_eq!(
        message(&lab, session, 50).await,
        format!("finish {id} success")
    );
    assert_eq!(finish(&lab, session, id, "success").await.status, 200);
    assert_eq!(
        lab.world.github().jobs()[0].conclusion,
        Some(Conclusion::Success)
    );
    assert!(lab.world.github().runners().is_empty());
    assert_eq!(message(&lab, session, 50).await, "deleted");
    // The history is that of a runner, not of a dispatcher.
    let by = lab
        .find(|what| matches!(what, What::CallReceived { name, .. } if name == "runner.register"));
    let What::CallReceived {
        by,
        credential,
        path,
        ..
    } = by.unwrap().event
    else {
        panic!()
    };
    assert_eq!(
        (by, path.as_str()),
        (Caller::Runner, "/actions/runners/register")
    );
    assert_eq!(credential.unwrap().kind, CredentialKind::RegistrationToken);
    let text = fakes::history::to_json_lines(&lab.events()).unwrap();
    assert!(!text.contains(&token), "no secret in the history");
}

#[tokio::test(start_paused = true)]
async fn a_just_in_time_configuration_opens_a_session_by_its_client_id() {
    use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
    let lab = Lab::new();
    let made = lab.jit("r1", &["gpu"]).await;
    let decode = |text: &Value| -> Value {
        serde_json::from_slice(&BASE64.decode(text.as_str().unwrap()).unwrap()).unwrap()
    };
    let files = decode(&made.body["encoded_jit_config"]);
    let client = decode(&files[".credentials"])["Data"]["ClientId"].clone();
    let open = |client: Value| {
        let body = json!({"runner_id": made.body["runner"]["id"], "client_id": client}).to_string();
        let lab = &lab;
        async move {
            lab.github_with(("POST", "/_runner/sessions"), &[], &body)
                .await
        }
    };
    assert_eq!(open(json!("somebody-else")).await.status, 401);
    assert_eq!(open(client.clone()).await.status, 200);
    assert_eq!(open(client).await.status, 409, "there is a session");
}

#[tokio::test(start_paused = true)]
async fn bad_tokens_taken_names_and_unknown_groups_are_refused() {
    let lab = Lab::new();
    let good = token(&lab, "registration-token").await;
    let removal = token(&lab, "remove-token").await;
    let event = |url: &str, what: &str| json!({"url": url, "runner_event": what});
    let ours = "https://github.com/octo/app";
    for (token, body) in [
        ("NOBODYS", event(ours, "register")),
        (
            good.as_str(),
            event("https://github.com/octo/other", "register"),
        ),
        (good.as_str(), event(ours, "remove")),
        (removal.as_str(), event(ours, "register")),
    ] {
        let auth = format!("RemoteAuth {token}");
        let refused = lab
            .github("POST", "/actions/runner-registration", &auth, body)
            .await;
        let answer = (
            refused.status,
            refused.message(),
            refused.body["status"].as_str(),
        );
        assert_eq!(answer, (404, "Not Found", Some("404")));
    }
    assert_eq!(register(&lab, &good, |_| {}).await.status, 201);
    let taken = register(&lab, &good, |_| {}).await;
    assert_eq!(
        (taken.status, taken.message()),
        (409, "A runner exists with the same name r1.")
    );
    let replaced = register(&lab, &good, |body| body["replace"] = json!(true)).await;
    assert_eq!(
        (replaced.status, &replaced.body["replaced"]),
        (201, &json!(true))
    );
    let group = register(&lab, &good, |body| {
        body["name"] = json!("r2");
        body["group"] = json!("nope");
    });
    assert_eq!(
        group.await.message(),
        "Could not find any self-hosted runner group named \"nope\"."
    );
    lab.sleep(3601.0).await;
    assert_eq!(
        register(&lab, &good, |body| body["name"] = json!("r3"))
            .await
            .status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_is_over_for_its_runner_and_a_session_that_ends_is_offline_at_once() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["gpu"]);
    let token = token(&lab, "registration-token").await;
    let registered = register(&lab, &token, |body| body["ephemeral"] = json!(false)).await;
    let opened = session(&lab, &registered).await;
    let session = opened.text.as_str();
    message(&lab, session, 50).await;
    assert_eq!(acquire(&lab, session, id.0).await, 200);
    lab.world
        .github()
        .force_cancel_run(lab.world.github().run_of(id).unwrap(), None);
    lab.sleep(1.0).await;
    let told = message(&lab, session, 50).await;
    assert!(
        told == format!("finish {} cancelled", id.0) || told.starts_with("finish"),
        "{told}"
    );
    finish(&lab, session, id.0, "cancelled").await;
    let path = format!("/_runner/sessions/{session}");
    assert_eq!(
        lab.github_with(("DELETE", &path), &[], "").await.status,
        204
    );
    assert!(!lab.world.github().runners()[0].online);
    assert_eq!(
        lab.github_with(("DELETE", &path), &[], "").await.status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_stops_asking_is_lost_like_any_other() {
    let lab = Lab::new();
    let endless = NewJob {
        runs_for: Duration::from_secs(3600),
        ..job("J1", &["gpu"])
    };
    lab.world.github().queue(endless, None).unwrap();
    let token = token(&lab, "registration-token").await;
    let registered = register(&lab, &token, |_| {}).await;
    let opened = session(&lab, &registered).await;
    let id = lab.world.github().jobs()[0].job.0;
    for _ in 0..20 {
        message(&lab, &opened.text, 50).await;
        assert_eq!(acquire(&lab, &opened.text, id).await, 200);
        lab.sleep(3.0).await;
    }
    assert!(lab.world.github().runners()[0].busy, "it asks often enough");
    lab.sleep(60.0).await;
    assert!(
        lab.world.github().runners()[0].busy,
        "GitHub has not noticed yet"
    );
    lab.sleep(12.0).await;
    assert_eq!(
        lab.world.github().jobs()[0].conclusion,
        Some(Conclusion::Failure)
    );
    assert!(lab.world.github().runners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_cancelled_meanwhile_is_not_found_and_its_runner_is_told_nothing() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["gpu"]);
    let token = token(&lab, "registration-token").await;
    let registered = register(&lab, &token, |_| {}).await;
    let opened = session(&lab, &registered).await;
    let session = opened.text.as_str();
    assert_eq!(message(&lab, session, 50).await, format!("run {} J1", id.0));
    let run = lab.world.github().run_of(id).unwrap();
    lab.world.github().cancel_run(run, None);
    assert!(lab.world.github().runners().is_empty(), "it was used up");
    assert_eq!(acquire(&lab, session, id.0).await, 404);
    assert_eq!(message(&lab, session, 50).await, "none");
    assert_eq!(message(&lab, session, 50).await, "none", "it listens on");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_not_acquired_in_time_is_somebody_elses() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["gpu"]).0;
    let token = token(&lab, "registration-token").await;
    let registered = register(&lab, &token, |_| {}).await;
    let opened = session(&lab, &registered).await;
    let session = opened.text.as_str();
    message(&lab, session, 50).await;
    message(&lab, session, 50).await;
    message(&lab, session, 30).await;
    let back = |what: &What| matches!(what, What::JobTakenBack { .. });
    assert_eq!(lab.count(back), 1);
    assert_eq!(acquire(&lab, session, id).await, 409);
}

#[tokio::test(start_paused = true)]
async fn a_remove_token_removes_the_runner_of_its_owner() {
    let lab = Lab::new();
    let good = token(&lab, "registration-token").await;
    let removal = token(&lab, "remove-token").await;
    let id = register(&lab, &good, |_| {}).await.body["id"].clone();
    let path = format!("/actions/runners/{id}");
    let remove = |token: &str| {
        let (lab, path, auth) = (&lab, &path, format!("RemoteAuth {token}"));
        async move { lab.github("DELETE", path, &auth, Value::Null).await.status }
    };
    assert_eq!(remove(&good).await, 404);
    assert_eq!(remove(&removal).await, 204);
    assert!(
        lab.find(|what| matches!(
            what,
            What::RunnerRemoved {
                why: Removal::Api,
                ..
            }
        ))
        .is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn the_archive_lies_where_downloads_and_the_latest_release_say() {
    use sha2::{Digest as _, Sha256};
    let lab = Lab::new();
    let listed = lab
        .github(
            "GET",
            "/repos/octo/app/actions/runners/downloads",
            &lab.token().await,
            Value::Null,
        )
        .await;
    let linux = |found: &&Value| found["os"] == "linux" && found["architecture"] == "x64";
    let package = listed.body.as_array().unwrap().iter().find(linux).unwrap();
    let url = package["download_url"].as_str().unwrap();
    let release = lab
        .github_with(("GET", "/repos/actions/runner/releases/latest"), &[], "")
        .await;
    assert_eq!(release.body["tag_name"], "v2.336.0");
    assert_eq!(release.body["assets"][0]["browser_download_url"], url);
    let path = url.strip_prefix("https://github.com").unwrap();
    let request = http::Request::builder()
        .uri(path)
        .body(axum::body::Body::empty())
        .unwrap();
    let response = tower::ServiceExt::oneshot(lab.world.github_router(), request)
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(package["sha256_checksum"], digest);
    for path in [
        "/actions/runner/releases/download/v2.336.0/actions-runner-osx-x64-2.336.0.tar.gz",
        "/actions/runner/releases/download/v2.335.0/actions-runner-linux-x64-2.336.0.tar.gz",
    ] {
        assert_eq!(
            lab.github_with(("GET", path), &[], "").await.status,
            404,
            "{path}"
        );
    }
}
