//! Credentials, judged by GitHub's clock, and its exact refusals.

use fakes::{
    RepoSettings,
    history::{CredentialKind, CredentialState, CredentialUse, What},
};
use http::Request;
use serde_json::{Value, json};

use crate::lab::{Lab, sign};

/// The credential of the latest call.
fn seen(lab: &Lab) -> Option<CredentialUse> {
    lab.events()
        .into_iter()
        .rev()
        .find_map(|event| match event.event {
            What::CallReceived { credential, .. } => Some(credential),
            _ => None,
        })?
}

#[tokio::test(start_paused = true)]
async fn each_fault_of_a_jwt_has_its_own_answer() {
    const EXP_PAST: &str = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
    const TOO_FAR: &str = "'Expiration time' claim ('exp') is too far in the future";
    const IAT: &str = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    use CredentialState::{Expired, Fresh, NotYetValid, TooLong, Unknown};
    let cases = [
        (json!({"iat": -60, "exp": 600, "iss": 1234}), 200, "", Fresh),
        (json!({"iat": 0, "exp": 1, "iss": "1234"}), 200, "", Fresh),
        (
            json!({"iat": -60, "exp": 601, "iss": 1234}),
            401,
            TOO_FAR,
            TooLong,
        ),
        (
            json!({"iat": -60, "exp": 0, "iss": 1234}),
            401,
            EXP_PAST,
            Expired,
        ),
        (json!({"iat": -60, "iss": 1234}), 401, EXP_PAST, Unknown),
        (
            json!({"iat": 1, "exp": 300, "iss": 1234}),
            401,
            IAT,
            NotYetValid,
        ),
        (json!({"exp": 300, "iss": 1234}), 401, IAT, Unknown),
        (
            json!({"iat": -60, "exp": 300, "iss": 99}),
            404,
            "Integration not found",
            Unknown,
        ),
        (
            json!({"iat": -60, "exp": 300}),
            404,
            "Integration not found",
            Unknown,
        ),
    ];
    for (relative, status, message, state) in cases {
        let lab = Lab::new();
        let now = lab.clock.now().as_second();
        let mut claims = relative.clone();
        for name in ["iat", "exp"] {
            if let Some(offset) = relative[name].as_i64() {
                claims[name] = json!(now + offset);
            }
        }
        let answer = lab
            .github(
                "GET",
                "/app",
                &format!("Bearer {}", sign(&claims)),
                Value::Null,
            )
            .await;
        assert_eq!(
            (answer.status, answer.message()),
            (status, message),
            "{relative}"
        );
        assert_eq!(
            seen(&lab).unwrap(),
            CredentialUse {
                kind: CredentialKind::AppJwt,
                state
            },
            "{relative}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_jwt_is_judged_by_githubs_clock() {
    // A dispatcher whose clock agrees with the world's is 11 s ahead of this GitHub.
    let lab = Lab::with(|settings| settings.github.clock_skew_ms = -11_000);
    let now = lab.clock.now().as_second();
    let jwt = |iat: i64, exp: i64| {
        format!(
            "Bearer {}",
            sign(&json!({"iat": now + iat, "exp": now + exp, "iss": 1234}))
        )
    };
    let too_far = lab.github("GET", "/app", &jwt(-60, 600), Value::Null).await;
    assert_eq!(
        too_far.message(),
        "'Expiration time' claim ('exp') is too far in the future"
    );
    let early = lab.github("GET", "/app", &jwt(-10, 540), Value::Null).await;
    assert!(early.message().starts_with("'Issued at' claim"));
    let good = lab.github("GET", "/app", &jwt(-60, 540), Value::Null).await;
    assert_eq!(good.status, 200);
    assert_eq!(good.header("date"), "Tue, 03 Nov 2026 09:59:49 GMT");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_valid_jwt_is_refused() {
    let lab = Lab::new();
    let mut forged = lab.jwt();
    forged.push('x');
    let answer = lab.github("GET", "/app", &forged, Value::Null).await;
    assert_eq!(
        (answer.status, answer.message()),
        (401, "A JSON web token could not be decoded")
    );
    assert_eq!(answer.body["status"], "401");
    assert_eq!(
        answer.body["documentation_url"],
        "https://docs.github.com/rest"
    );
    let answer = lab
        .github("GET", "/app", "Bearer nonsense", Value::Null)
        .await;
    assert_eq!((answer.status, answer.message()), (401, "Bad credentials"));
    // Signed with the right key, but not with RS256.
    let key = jsonwebtoken::EncodingKey::from_secret(b"x");
    let now = lab.clock.now().as_second();
    let claims = json!({"iat": now, "exp": now + 60, "iss": 1234});
    let hs256 = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    let answer = lab
        .github("GET", "/app", &format!("Bearer {hs256}"), Value::Null)
        .await;
    assert_eq!(answer.message(), "A JSON web token could not be decoded");
}

#[tokio::test(start_paused = true)]
async fn both_schemes_are_accepted_in_any_case_and_a_user_agent_is_demanded() {
    let lab = Lab::new();
    let token = lab.token().await.replace("token ", "");
    for scheme in ["token", "Token", "bearer", "BEARER"] {
        let auth = format!("{scheme} {token}");
        let answer = lab
            .github("GET", "/installation/repositories", &auth, Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
    let basic = lab
        .github(
            "GET",
            "/installation/repositories",
            &format!("Basic {token}"),
            Value::Null,
        )
        .await;
    assert_eq!(basic.status, 401);
    let anonymous = Request::builder()
        .uri("/app")
        .header("authorization", lab.jwt());
    let answer = lab
        .github_raw(anonymous.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(answer.status, 403);
}

#[tokio::test(start_paused = true)]
async fn an_installation_token_ends_after_its_hour() {
    let lab = Lab::new();
    let installation = lab.installation("octo/app").await;
    let path = format!("/app/installations/{installation}/access_tokens");
    let made = lab.github("POST", &path, &lab.jwt(), json!({})).await;
    let token = made.body["token"].as_str().unwrap();
    assert!(token.starts_with("ghs_") && token.len() == 40, "{token}");
    assert_eq!(made.body["expires_at"], "2026-11-03T11:00:00Z");
    let auth = format!("token {token}");
    lab.sleep(3599.9).await;
    assert_eq!(
        lab.github("GET", "/installation/repositories", &auth, Value::Null)
            .await
            .status,
        200
    );
    assert_eq!(seen(&lab).unwrap().state, CredentialState::Fresh);
    lab.sleep(0.1).await;
    let late = lab
        .github("GET", "/installation/repositories", &auth, Value::Null)
        .await;
    assert_eq!((late.status, late.message()), (401, "Bad credentials"));
    assert_eq!(seen(&lab).unwrap().state, CredentialState::Expired);
    lab.github(
        "GET",
        "/installation/repositories",
        "token ghs_never",
        Value::Null,
    )
    .await;
    assert_eq!(seen(&lab).unwrap().state, CredentialState::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_token_can_be_restricted_but_not_widened() {
    let lab = Lab::with(|settings| {
        settings
            .github
            .repos
            .push(RepoSettings::installed("octo/lib"));
    });
    let path = format!(
        "/app/installations/{}/access_tokens",
        lab.installation("octo/app").await
    );
    let mint = async |body: Value| lab.github("POST", &path, &lab.jwt(), body).await;
    assert_eq!(
        mint(json!({"permissions": {"contents": "write"}}))
            .await
            .status,
        422
    );
    assert_eq!(
        mint(json!({"repositories": ["elsewhere"]})).await.status,
        422
    );
    let narrow =
        mint(json!({"repositories": ["lib"], "permissions": {"administration": "read"}})).await;
    assert_eq!(narrow.status, 201);
    assert_eq!(narrow.body["repositories"][0]["full_name"], "octo/lib");
    let auth = format!("token {}", narrow.body["token"].as_str().unwrap());
    let runners = async |repo: &str| {
        lab.github(
            "GET",
            &format!("/repos/{repo}/actions/runners"),
            &auth,
            Value::Null,
        )
        .await
        .status
    };
    assert_eq!(
        (runners("octo/lib").await, runners("octo/app").await),
        (200, 403)
    );
    let mint_runner = "/repos/octo/lib/actions/runners/registration-token";
    let refused = lab.github("POST", mint_runner, &auth, Value::Null).await;
    assert_eq!(
        (refused.status, refused.message()),
        (403, "Resource not accessible by integration")
    );
    assert_eq!(
        refused.header("x-accepted-github-permissions"),
        "administration=write"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_reaches_only_repositories_of_its_installation() {
    let lab = Lab::with(|settings| {
        let public = RepoSettings::installed("other/public");
        let private = RepoSettings {
            private: true,
            ..RepoSettings::installed("other/private")
        };
        let without = RepoSettings {
            installed: false,
            ..RepoSettings::installed("octo/without")
        };
        settings.github.repos.extend([public, private, without]);
    });
    let token = lab.token().await;
    let runners = async |repo: &str| {
        lab.github(
            "GET",
            &format!("/repos/{repo}/actions/runners"),
            &token,
            Value::Null,
        )
        .await
        .status
    };
    assert_eq!(runners("octo/app").await, 200);
    assert_eq!(runners("OCTO/App").await, 200);
    assert_eq!(runners("other/public").await, 403);
    assert_eq!(runners("other/private").await, 404);
    assert_eq!(runners("octo/without").await, 403);
    assert_eq!(runners("no/where").await, 404);
    assert_ne!(
        lab.installation("octo/app").await,
        lab.installation("other/public").await
    );
    let jwt_there = lab
        .github(
            "GET",
            "/repos/octo/app/actions/runners",
            &lab.jwt(),
            Value::Null,
        )
        .await;
    assert_eq!(jwt_there.status, 403);
    let token_there = lab.github("GET", "/app", &token, Value::Null).await;
    assert_eq!(token_there.status, 401);
}

#[tokio::test(start_paused = true)]
async fn an_installation_nobody_has_gets_no_token() {
    let lab = Lab::new();
    for id in [0_u64, 1, 99_999_999] {
        let path = format!("/app/installations/{id}/access_tokens");
        let answer = lab.github("POST", &path, &lab.jwt(), Value::Null).await;
        assert_eq!((answer.status, answer.message()), (404, "Not Found"));
    }
    let received = lab.find(|what| {
        matches!(what, What::CallReceived { path, .. } if path == "/app/installations/0/access_tokens")
    });
    assert!(
        received.is_some(),
        "the history shows which id was asked for"
    );
    assert_eq!(lab.count(|what| matches!(what, What::CallEffect { .. })), 0);
    let none = lab
        .github(
            "GET",
            "/repos/no/where/installation",
            &lab.jwt(),
            Value::Null,
        )
        .await;
    assert_eq!(none.status, 404);
    let all = lab
        .github("GET", "/app/installations", &lab.jwt(), Value::Null)
        .await;
    assert_eq!(all.body.as_array().unwrap().len(), 1);
}
