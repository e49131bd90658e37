//! Installation tokens: their two forms, their limits, and how they end.

use std::time::Duration;

use fakes::{
    TokenFormat,
    history::{CredentialState, What},
};
use serde_json::{Value, json};

use crate::lab::{Lab, sign};

/// What the fake thought of the latest call's credential.
fn seen(lab: &Lab) -> CredentialState {
    lab.events()
        .into_iter()
        .rev()
        .find_map(|event| match event.event {
            What::CallReceived { credential, .. } => Some(credential.unwrap().state),
            _ => None,
        })
        .unwrap()
}

async fn mint(lab: &Lab, headers: &[(&str, &str)]) -> String {
    let installation = lab.installation("octo/app").await;
    let path = format!("/app/installations/{installation}/access_tokens");
    let jwt = lab.jwt();
    let mut all = vec![("authorization", jwt.as_str())];
    all.extend(headers);
    let made = lab.github_with(("POST", &path), &all, "").await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body["token"].as_str().unwrap().to_owned()
}

async fn status_with(lab: &Lab, token: &str) -> u16 {
    let auth = format!("token {token}");
    let path = "/installation/repositories";
    lab.github("GET", path, &auth, Value::Null).await.status
}

#[tokio::test(start_paused = true)]
async fn the_issuer_of_a_jwt_may_be_the_app_id_or_the_client_id() {
    let lab = Lab::new();
    let now = lab.clock.now().as_second();
    for (issuer, status) in [
        (json!(1234), 200),
        (json!("1234"), 200),
        (json!("Iv23li00000000001234"), 200),
        (json!("Iv23li00000000001235"), 404),
    ] {
        let claims = json!({"iat": now - 60, "exp": now + 540, "iss": issuer});
        let auth = format!("Bearer {}", sign(&claims));
        let answer = lab.github("GET", "/app", &auth, Value::Null).await;
        assert_eq!(answer.status, status, "{issuer}");
    }
    let app = lab.github("GET", "/app", &lab.jwt(), Value::Null).await;
    assert_eq!(app.body["client_id"], "Iv23li00000000001234");
}

#[tokio::test(start_paused = true)]
async fn a_request_chooses_the_form_of_its_token() {
    let lab = Lab::new();
    let header = "x-github-stateless-s2s-token";
    let stateless = mint(&lab, &[(header, "enabled")]).await;
    assert!(stateless.starts_with("ghs_1234_"), "{stateless}");
    assert_eq!(stateless.matches('.').count(), 2);
    assert!((500..560).contains(&stateless.len()), "{}", stateless.len());
    assert_eq!(status_with(&lab, &stateless).await, 200);
    for headers in [vec![], vec![(header, "disabled")], vec![(header, "yes")]] {
        let classic = mint(&lab, &headers).await;
        assert!(
            classic.starts_with("ghs_") && classic.len() == 40,
            "{classic}"
        );
        assert_ne!(classic, stateless);
    }
}

#[tokio::test(start_paused = true)]
async fn stateless_tokens_can_be_the_default_and_still_be_declined() {
    let lab = Lab::with(|settings| settings.github.app.token_format = TokenFormat::Stateless);
    let header = "x-github-stateless-s2s-token";
    assert_eq!(mint(&lab, &[]).await.matches('.').count(), 2);
    assert_eq!(
        mint(&lab, &[(header, "maybe")]).await.matches('.').count(),
        2
    );
    assert_eq!(mint(&lab, &[(header, "disabled")]).await.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_new_token_can_be_unknown_to_githubs_servers_for_a_while() {
    let lab = Lab::with(|settings| settings.github.app.token_lag = Duration::from_secs(3));
    let token = mint(&lab, &[]).await;
    assert_eq!(status_with(&lab, &token).await, 401);
    assert_eq!(seen(&lab), CredentialState::NotYetValid);
    lab.sleep(2.9).await;
    assert_eq!(status_with(&lab, &token).await, 401);
    lab.sleep(0.1).await;
    assert_eq!(status_with(&lab, &token).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_token_can_revoke_itself_and_no_other() {
    let lab = Lab::new();
    let (token, other) = (mint(&lab, &[]).await, mint(&lab, &[]).await);
    let auth = format!("Bearer {token}");
    let path = "/installation/token";
    let answer = lab.github("DELETE", path, &auth, Value::Null).await;
    assert_eq!(answer.status, 204);
    let again = lab.github("DELETE", path, &auth, Value::Null).await;
    assert_eq!((again.status, again.message()), (401, "Bad credentials"));
    assert_eq!(seen(&lab), CredentialState::Revoked);
    assert_eq!(status_with(&lab, &other).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_restricted_by_ids_or_names_and_by_at_most_500_of_them() {
    let lab = Lab::new();
    let installation = lab.installation("octo/app").await;
    let path = format!("/app/installations/{installation}/access_tokens");
    let ask = async |body: Value| lab.github("POST", &path, &lab.jwt(), body).await;
    let all = ask(json!({})).await;
    assert_eq!(all.body.get("repositories"), None);
    let repos = lab
        .github("GET", "/repos/octo/app", &lab.token().await, Value::Null)
        .await;
    let id = repos.body["id"].as_u64().unwrap();
    let one = ask(json!({"repository_ids": [id]})).await;
    assert_eq!(one.body["repositories"][0]["id"], id);
    let unknown = ask(json!({"repository_ids": [id + 1]})).await;
    assert_eq!(unknown.status, 422);
    assert!(
        unknown
            .message()
            .contains("not accessible to the parent installation")
    );
    let ids = |count: usize| json!({"repository_ids": vec![id; count]});
    assert_eq!(ask(ids(500)).await.status, 201);
    assert_eq!(ask(ids(501)).await.status, 422);
    let none = ask(json!({"repositories": [], "permissions": {}})).await;
    assert_eq!((none.status, none.body.get("repositories")), (201, None));
}

#[tokio::test(start_paused = true)]
async fn an_app_has_the_permissions_it_was_given_and_no_more() {
    let lab = Lab::with(|settings| {
        let permissions = &mut settings.github.app.permissions;
        permissions.remove("administration");
        permissions.insert("contents".to_owned(), "read".to_owned());
    });
    let app = lab.github("GET", "/app", &lab.jwt(), Value::Null).await;
    assert_eq!(app.body["permissions"]["contents"], "read");
    let refused = lab.jit("r1", &["x"]).await;
    assert_eq!(
        (refused.status, refused.message()),
        (403, "Resource not accessible by integration")
    );
    assert_eq!(
        refused.header("x-accepted-github-permissions"),
        "administration=write"
    );
    let path = format!(
        "/app/installations/{}/access_tokens",
        lab.installation("octo/app").await
    );
    let ask = async |level: &str| {
        let body = json!({"permissions": {"contents": level}});
        lab.github("POST", &path, &lab.jwt(), body).await
    };
    assert_eq!(
        ask("read").await.body["permissions"],
        json!({"contents": "read"})
    );
    let more = ask("write").await;
    assert_eq!(
        (more.status, more.message()),
        (
            422,
            "The permissions requested are not granted to this installation."
        )
    );
}
