//! A world on the paused clock, with everything a test needs to talk to it.

#[path = "hf_shape.rs"]
pub(crate) mod hf_shape;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use fakes::{
    BoxError, Clock, ConnectionReset, ContentType, Draw, Env, HttpService, LAB_APP_PRIVATE_KEY_PEM,
    NewHook, NewJob, Settings, Span, Spawner, World,
    history::{Event, History, What},
    ids::{EventId, HfJobId, HookId},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sha2::Sha256;
use tower::ServiceExt as _;

pub(crate) const START: &str = "2026-11-03T10:00:00Z";

/// Keyed randomness, good enough for tests.
pub(crate) struct SeededDraw(pub(crate) u64);

impl Draw for SeededDraw {
    fn bits(&self, entity: &str, purpose: &str) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in entity.bytes().chain([0]).chain(purpose.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 31;
        hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash ^ (hash >> 29)
    }
}

/// A webhook as the target saw it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at_ms: u64,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Vec<u8>,
    pub(crate) body: Value,
}

impl Received {
    pub(crate) fn action(&self) -> &str {
        self.body["action"].as_str().unwrap_or_default()
    }

    pub(crate) fn job_name(&self) -> &str {
        self.body["workflow_job"]["name"]
            .as_str()
            .unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// How the webhook target behaves next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Answer(u16),
    Refuse,
    Break,
    Distrust,
    Silent,
}

/// An HTTP answer with its JSON body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// The body as text, for answers that are no JSON.
    pub(crate) text: String,
    pub(crate) reset: bool,
}

impl Answer {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The address behind `rel="next"` of the `Link` header, without its host.
    pub(crate) fn next(&self) -> Option<String> {
        let link = self
            .header("link")
            .split(", ")
            .find(|link| link.contains("rel=\"next\""))?
            .to_owned();
        let url = link.strip_prefix('<')?.split('>').next()?.to_owned();
        Some(
            url[url.find("//")? + 2..]
                .split_once('/')
                .map(|(_, path)| format!("/{path}"))
                .unwrap(),
        )
    }
}

#[derive(Clone)]
pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    received: Arc<Mutex<Vec<Received>>>,
    target: Arc<Mutex<VecDeque<Target>>>,
    /// The body of the webhook target's answers.
    says: Arc<Mutex<String>>,
    github: axum::Router,
    hf: axum::Router,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A world with settings of its own, seed 1.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::seeded(1, change)
    }

    pub(crate) fn seeded(seed: u64, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        settings.github.webhook_delay = Span::fixed(Duration::ZERO);
        change(&mut settings);
        let clock = Clock::starting_at(START.parse().unwrap());
        let env = Env {
            clock,
            draw: Arc::new(SeededDraw(seed)),
            spawner: spawner(),
        };
        let world = World::new(env, settings, History::new(clock));
        let (github, hf) = (world.github_router(), world.hf_router());
        let lab = Self {
            world,
            clock,
            received: Arc::default(),
            target: Arc::default(),
            says: Arc::new(Mutex::new("{\"ok\":true}".to_owned())),
            github,
            hf,
        };
        lab.world.deliver_to(lab.webhook_target());
        lab
    }

    /// Records every webhook; answers 200 unless told otherwise.
    fn webhook_target(&self) -> HttpService {
        let (received, target, clock) = (self.received.clone(), self.target.clone(), self.clock);
        let says = self.says.clone();
        HttpService::new(tower::service_fn(move |request: Request<Body>| {
            let (received, target) = (received.clone(), target.clone());
            let says = says.clone();
            async move {
                let behaviour = target
                    .lock()
                    .unwrap()
                    .pop_front()
                    .unwrap_or(Target::Answer(200));
                if matches!(behaviour, Target::Distrust) {
                    return Err(BoxError::from("certificate not trusted"));
                }
                if matches!(behaviour, Target::Refuse) {
                    return Err(BoxError::from("connection refused (os error 111)"));
                }
                let (parts, body) = request.into_parts();
                let raw = body.collect().await?.to_bytes().to_vec();
                let body = serde_json::from_slice(&raw).unwrap_or(Value::Null);
                let at_ms = clock.elapsed_ms();
                received.lock().unwrap().push(Received {
                    at_ms,
                    path: parts.uri.path().to_owned(),
                    headers: parts.headers,
                    raw,
                    body,
                });
                match behaviour {
                    Target::Answer(status) => {
                        let says = says.lock().unwrap().clone();
                        let mut response = Response::new(Body::from(says));
                        *response.status_mut() = StatusCode::from_u16(status).unwrap();
                        Ok(response)
                    }
                    Target::Silent => std::future::pending().await,
                    Target::Break | Target::Refuse | Target::Distrust => {
                        Err(BoxError::from("connection reset by peer"))
                    }
                }
            }
        }))
    }

    /// A hook that wants JSON and signs with `secret`.
    pub(crate) fn hook(&self, on: &str, events: &[&str], secret: &str) -> HookId {
        let hook = NewHook {
            on: on.to_owned(),
            url: format!("https://hooks.example/{on}"),
            events: events.iter().map(|&event| event.to_owned()).collect(),
            content_type: ContentType::Json,
            secret: Bytes::copy_from_slice(secret.as_bytes()),
        };
        self.world.github().add_hook(&hook, None).unwrap()
    }

    /// What arrived of one event.
    pub(crate) fn received_of(&self, event: &str) -> Vec<Received> {
        let mut all = self.received();
        all.retain(|one| one.header("x-github-event") == event);
        all
    }

    /// The body of the webhook target's answers from now on.
    pub(crate) fn target_says(&self, body: &str) {
        body.clone_into(&mut self.says.lock().unwrap());
    }

    pub(crate) fn target(&self, behaviours: &[Target]) {
        self.target.lock().unwrap().extend(behaviours);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// `J1.queued`, in the order of arrival.
    pub(crate) fn received_names(&self) -> Vec<String> {
        self.received()
            .iter()
            .map(|one| format!("{}.{}", one.job_name(), one.action()))
            .collect()
    }

    pub(crate) async fn sleep(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    pub(crate) fn queue(&self, name: &str, labels: &[&str]) -> fakes::ids::JobId {
        self.world.github().queue(job(name, labels), None).unwrap()
    }

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
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "lab-test/1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
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
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer hf_lab");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
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

    pub(crate) async fn jit(&self, name: &str, labels: &[&str]) -> Answer {
        let body = json!({"name": name, "runner_group_id": 1, "labels": labels});
        let path = "/repos/octo/app/actions/runners/generate-jitconfig";
        self.github("POST", path, &self.token().await, body).await
    }

    /// A JIT runner in an HF job of its own.
    pub(crate) async fn launch(&self, name: &str, labels: &[&str]) -> HfJobId {
        let jit = self.jit(name, labels).await;
        assert_eq!(jit.status, 201, "{jit:?}");
        let config = jit.body["encoded_jit_config"].as_str().unwrap().to_owned();
        self.create(
            &json!({"ACTIONS_RUNNER_INPUT_JITCONFIG": config}),
            &json!({}),
        )
        .await
    }

    /// A runner that registers with a token.
    pub(crate) async fn launch_registering(&self, name: &str, labels: &str) -> HfJobId {
        let path = "/repos/octo/app/actions/runners/registration-token";
        let made = self
            .github("POST", path, &self.token().await, Value::Null)
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        let environment =
            json!({"RUNNER_NAME": name, "RUNNER_LABELS": labels, "GH_REPO": "octo/app"});
        self.create(&json!({"RUNNER_TOKEN": made.body["token"]}), &environment)
            .await
    }

    /// A registration token of a repository (`repos/octo/app`) or an organisation (`orgs/octo`).
    pub(crate) async fn registration_token(&self, owner: &str) -> String {
        let path = format!("/{owner}/actions/runners/registration-token");
        let made = self
            .github("POST", &path, &self.token().await, Value::Null)
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["token"].as_str().unwrap().to_owned()
    }

    /// What an HF job has written so far, but for the platform's own first line.
    pub(crate) async fn log(&self, job: &HfJobId) -> Vec<String> {
        let request = Request::get(format!("/api/jobs/lab/{}/logs", job.0))
            .header("authorization", "Bearer hf_lab")
            .body(Body::empty())
            .unwrap();
        let mut body = self.hf.clone().oneshot(request).await.unwrap().into_body();
        let mut text = String::new();
        while let Ok(Some(frame)) =
            tokio::time::timeout(Duration::from_millis(1), body.frame()).await
        {
            let bytes = frame.unwrap().into_data().unwrap();
            text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let texts = events.map(|event| {
            let event: Value = serde_json::from_str(event).unwrap();
            event["data"].as_str().unwrap().to_owned()
        });
        texts
            .filter(|line| !line.starts_with("===== Job started"))
            .collect()
    }

    pub(crate) async fn create(&self, secrets: &Value, environment: &Value) -> HfJobId {
        self.start(json!(["./run.sh"]), secrets, environment).await
    }

    /// An HF job with a command of its own.
    pub(crate) async fn start(
        &self,
        command: Value,
        secrets: &Value,
        environment: &Value,
    ) -> HfJobId {
        let body = json!({
            "flavor": "cpu-basic", "dockerImage": "ghcr.io/actions/actions-runner", "command": command,
            "timeoutSeconds": 7200, "secrets": secrets, "environment": environment,
        });
        let made = self.hf("POST", "/api/jobs/lab", body).await;
        assert_eq!(made.status, 200, "{made:?}");
        HfJobId(made.body["id"].as_str().unwrap().to_owned())
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.world.history().snapshot()
    }

    /// The first event that fits, with its id.
    pub(crate) fn find(&self, fits: impl Fn(&What) -> bool) -> Option<Event> {
        self.events().into_iter().find(|event| fits(&event.event))
    }

    pub(crate) fn count(&self, fits: impl Fn(&What) -> bool) -> usize {
        self.events()
            .iter()
            .filter(|event| fits(&event.event))
            .count()
    }

    /// Whether the chain of causes of `event` passes through one that fits.
    pub(crate) fn is_caused_by(&self, event: &Event, fits: impl Fn(&What) -> bool) -> bool {
        let mut cause: Option<EventId> = event.because;
        while let Some(id) = cause {
            let found = self.world.history().get(id).unwrap();
            if fits(&found.event) {
                return true;
            }
            cause = found.because;
        }
        false
    }

    /// The stage of an HF job, as its API shows it.
    pub(crate) async fn stage(&self, job: &HfJobId) -> String {
        let found = self
            .hf("GET", &format!("/api/jobs/lab/{}", job.0), Value::Null)
            .await;
        found.body["status"]["stage"].as_str().unwrap().to_owned()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test is the one who owns the tasks"
)]
fn spawner() -> Spawner {
    Spawner::new(|task| {
        tokio::spawn(task);
    })
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

/// `sha256=…` over these bytes with this secret, as a receiver computes it.
pub(crate) fn sha256_signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// A job of `octo/app` that runs for a minute and succeeds.
pub(crate) fn job(name: &str, labels: &[&str]) -> NewJob {
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    NewJob::new(name, "octo/app", labels)
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

/// The payload in the form that a hook with that encoding is sent.
pub(crate) fn unwrapped(form: &[u8]) -> Value {
    let text = std::str::from_utf8(form).unwrap();
    let mut bytes = Vec::new();
    let mut rest = text.strip_prefix("payload=").unwrap().bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
            }
            plain => bytes.push(plain),
        }
    }
    serde_json::from_slice(&bytes).unwrap()
}
