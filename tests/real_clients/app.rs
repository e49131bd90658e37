//! The App's credentials as a script of ours makes them, for clients that cannot make their own.

use axum::body::Body;
use dispatchlab::target::LAB_APP_ID;
use fakes::LAB_APP_PRIVATE_KEY_PEM;
use http::Request;
use http_body_util::BodyExt as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::lab::{LABEL, Lab, REPOSITORY, now};

/// A JWT good for nine minutes.
pub(crate) fn jwt() -> String {
    let now = now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = json!({ "iat": now - 60, "exp": now + 540, "iss": LAB_APP_ID });
    let key = EncodingKey::from_rsa_pem(LAB_APP_PRIVATE_KEY_PEM.as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

/// Registers runners that no client made, so that listings have pages.
pub(crate) fn register_runners(lab: &Lab, count: usize) {
    lab.runtime.block_on(async {
        let path = format!("/repos/{REPOSITORY}/installation");
        let installation = call(lab, "GET", &path, &jwt(), &Value::Null).await;
        let path = format!("/app/installations/{}/access_tokens", installation["id"]);
        let made = call(lab, "POST", &path, &jwt(), &Value::Null).await;
        let token = made["token"].as_str().unwrap();
        let path = format!("/repos/{REPOSITORY}/actions/runners/generate-jitconfig");
        for number in 0..count {
            let body = json!({ "name": format!("other-{number}"), "runner_group_id": 1, "labels": [LABEL] });
            call(lab, "POST", &path, token, &body).await;
        }
    });
}

async fn call(lab: &Lab, method: &str, path: &str, credential: &str, body: &Value) -> Value {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("user-agent", "dispatchlab-tests")
        .header("authorization", format!("Bearer {credential}"))
        .body(Body::from(body))
        .unwrap();
    let answer = lab.world().github_router().oneshot(request).await.unwrap();
    assert!(
        answer.status().is_success(),
        "{method} {path}: {}",
        answer.status()
    );
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}
