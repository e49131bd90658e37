//! Calls to both fakes, and the credentials they are made with.

use axum::body::Body;
use fakes::{ConnectionReset, LAB_APP_PRIVATE_KEY_PEM};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{answer::Answer, hf_shape, world::Lab};

impl Lab {
    pub(crate) async fn call(&self, router: &axum::Router, request: Request<Body>) -> Answer {
        let response = router.clone().oneshot(request).await.unwrap();
        let reset = response.extensions().get::<ConnectionReset>().is_some();
        let (parts, body) = response.into_parts();
        let bytes = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            reset,
        }
    }

    pub(crate) async fn github(&self, method: &str, path: &str, auth: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "lab-test/1")
            .header("authorization", auth)
            .body(body_of(&body))
            .unwrap();
        self.call(&self.github, request).await
    }

    /// A call with headers of its own, and with a body that need not be JSON.
    pub(crate) async fn github_with(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let own = ("user-agent", "lab-test/1");
        let request = request_with((method, path), own, headers, body);
        self.call(&self.github, request).await
    }

    pub(crate) async fn github_raw(&self, request: Request<Body>) -> Answer {
        self.call(&self.github, request).await
    }

    pub(crate) async fn hf(&self, method: &str, path: &str, body: Value) -> Answer {
        self.hf_as("Bearer hf_lab", method, path, body).await
    }

    pub(crate) async fn hf_as(&self, auth: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", auth)
            .body(body_of(&body))
            .unwrap();
        let answer = self.call(&self.hf, request).await;
        hf_shape::check(&answer);
        answer
    }

    /// A call with headers of its own beside the token, and with a body that need not be JSON.
    pub(crate) async fn hf_with(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let own = ("authorization", "Bearer hf_lab");
        let request = request_with((method, path), own, headers, body);
        self.call(&self.hf, request).await
    }

    /// A JWT good for nine minutes.
    pub(crate) fn jwt(&self) -> String {
        let now = self.clock.now().as_second();
        format!(
            "Bearer {}",
            sign(&json!({"iat": now - 60, "exp": now + 540, "iss": 1234}))
        )
    }

    pub(crate) async fn installation(&self, repo: &str) -> u64 {
        let found = self
            .github(
                "GET",
                &format!("/repos/{repo}/installation"),
                &self.jwt(),
                Value::Null,
            )
            .await;
        found.body["id"].as_u64().unwrap()
    }

    /// An installation token for the owner of this repository, as an `Authorization` value.
    pub(crate) async fn token_for(&self, repo: &str) -> String {
        let path = format!(
            "/app/installations/{}/access_tokens",
            self.installation(repo).await
        );
        let made = self.github("POST", &path, &self.jwt(), Value::Null).await;
        assert_eq!(made.status, 201, "{made:?}");
        format!("token {}", made.body["token"].as_str().unwrap())
    }

    pub(crate) async fn token(&self) -> String {
        self.token_for("octo/app").await
    }
}

/// A request with the one header that every call to a fake has, and with others.
fn request_with(
    (method, path): (&str, &str),
    (name, value): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Body> {
    let first = Request::builder()
        .method(method)
        .uri(path)
        .header(name, value);
    let request = headers.iter().fold(first, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(Body::from(body.to_owned())).unwrap()
}

fn body_of(body: &Value) -> Body {
    if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    }
}

pub(crate) fn sign(claims: &Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(LAB_APP_PRIVATE_KEY_PEM.as_bytes()).unwrap();
    jsonwebtoken::encode(
        &jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256),
        claims,
        &key,
    )
    .unwrap()
}

/// These fields as browsers send them; every byte is escaped, which browsers may and need not do.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encoded =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    fields.join("&")
}
