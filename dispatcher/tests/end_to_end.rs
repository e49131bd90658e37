//! The whole dispatcher on a paused clock, between a GitHub and a Hub that are a few lines each.
//! Method: signed webhooks into its router, and a look at the calls that come out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, response::IntoResponse};
use dispatcher::{
    Clock, Config, Dispatcher, Host, HttpService, MemoryStore, Spawner, Store, StoreError,
    store::Writable,
};
use futures_util::{FutureExt, future::BoxFuture};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, StatusCode};
use tower::{ServiceExt, util::BoxCloneSyncService};

/// A throw-away key made for these tests.
const KEY: &str = include_str!("app-key.pem");
const SECRET: &[u8] = b"lab";

type Log = Arc<Mutex<Vec<String>>>;

/// Answers every call well and notes it.
fn outside(log: &Log) -> HttpService {
    let log = Arc::clone(log);
    let router = Router::new().fallback(move |request: Request| {
        let call = format!("{} {}", request.method(), request.uri().path());
        let body = good_answer(request.method(), request.uri().path());
        log.lock().unwrap().push(call);
        let quota = [
            ("x-ratelimit-remaining", "4321"),
            ("x-ratelimit-resource", "core"),
        ];
        async move { (quota, body).into_response() }
    });
    BoxCloneSyncService::new(ServiceExt::<Request>::map_err(
        router,
        |never: std::convert::Infallible| match never {},
    ))
}

fn good_answer(method: &Method, path: &str) -> (StatusCode, &'static str) {
    let ok = StatusCode::OK;
    match (method.as_str(), path.rsplit('/').next().unwrap_or_default()) {
        ("POST", "access_tokens" | "registration-token") => (
            StatusCode::CREATED,
            r#"{"token":"t","expires_at":"2100-01-01T00:00:00Z"}"#,
        ),
        ("POST", "generate-jitconfig") => (
            StatusCode::CREATED,
            r#"{"encoded_jit_config":"e30=","runner":{"id":5,"name":"r"}}"#,
        ),
        ("GET", "installation") => (ok, r#"{"id":42}"#),
        ("POST", "alice") => (ok, r#"{"id":"h1","status":{"stage":"SCHEDULING"}}"#),
        ("GET", "alice" | "installations" | "deliveries") => (ok, "[]"),
        ("GET", "h1") => (ok, r#"{"id":"h1","status":{"stage":"RUNNING"}}"#),
        ("GET", "runners") => (ok, r#"{"total_count":0,"runners":[]}"#),
        _ => (StatusCode::NOT_FOUND, "{}"),
    }
}

fn config() -> Config {
    let lookup = |name: &str| {
        let value = match name {
            "GH_APP_ID" => "1",
            "GH_APP_PRIVATE_KEY" => KEY,
            "GH_WEBHOOK_SECRET" => "lab",
            "HF_TOKEN" => "hf_x",
            "HF_NAMESPACE" => "alice",
            "GITHUB_API_URL" => "http://github",
            "HF_ENDPOINT" => "http://hub",
            "ALLOWED_GITHUB_REPOSITORIES" => "Octo/App",
            "STATUS_PUBLIC" => "true",
            _ => return None,
        };
        Some(value.to_owned())
    };
    Config::from_lookup(lookup).unwrap()
}

fn host() -> Host {
    let epoch = "2027-01-15T08:00:00Z".parse().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test owns its runtime")]
    let spawner = Spawner::new(|task| drop(tokio::spawn(task)));
    let draw = Arc::new(|key: &str| {
        key.bytes().fold(7, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(31)
        })
    });
    Host {
        clock: Clock::virtual_at(epoch, 0),
        spawner,
        draw,
    }
}

async fn start(store: Arc<dyn Store>) -> (Router, Log) {
    let log = Log::default();
    let dispatcher = Dispatcher::start(config(), host(), store, outside(&log), outside(&log))
        .await
        .unwrap();
    (dispatcher.router(), log)
}

fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(body);
    let digits: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={digits}")
}

fn delivery(event: &str, body: &str) -> http::request::Builder {
    Request::post("/webhook")
        .header("x-github-event", event)
        .header("x-github-delivery", "guid-1")
        .header("content-type", "application/json")
        .header("x-hub-signature-256", sign(body.as_bytes()))
}

fn queued() -> String {
    payload(
        "queued",
        r#"["hf-jobs-cpu-basic"]"#,
        "octo/app",
        r#"{"id":42}"#,
    )
}

fn payload(action: &str, labels: &str, repo: &str, installation: &str) -> String {
    format!(
        r#"{{"action":"{action}","workflow_job":{{"id":2,"run_id":1,"labels":{labels},"runner_id":null}},
            "repository":{{"id":1,"full_name":"{repo}"}},"installation":{installation}}}"#
    )
}

async fn send(router: &Router, request: http::Request<Body>) -> (u16, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn deliver(router: &Router, event: &str, body: String) -> (u16, String) {
    let request = delivery(event, &body).body(Body::from(body)).unwrap();
    send(router, request).await
}

fn created(log: &Log) -> usize {
    log.lock()
        .unwrap()
        .iter()
        .filter(|call| *call == "POST /api/jobs/alice")
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_queued_job_becomes_one_hf_job() {
    let (router, log) = start(Arc::new(MemoryStore::default())).await;
    for _ in 0..3 {
        let (status, body) = deliver(&router, "workflow_job", queued()).await;
        assert_eq!(
            (status, body.contains(r#""ok":true"#)),
            (200, true),
            "{body}"
        );
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(created(&log), 1, "{:?}", log.lock().unwrap());
    let (_, status) = send(
        &router,
        Request::get("/status").body(Body::empty()).unwrap(),
    )
    .await;
    assert!(
        status.contains("booting") && status.contains("hfjobs-1-2"),
        "{status}"
    );
}

#[tokio::test(start_paused = true)]
async fn metrics_tell_of_webhooks_launches_times_and_quotas() {
    let (router, _log) = start(Arc::new(MemoryStore::default())).await;
    for body in [
        queued(),
        queued(),
        payload(
            "queued",
            r#"["hf-jobs-cpu-basci"]"#,
            "octo/app",
            r#"{"id":42}"#,
        ),
    ] {
        assert_eq!(deliver(&router, "workflow_job", body).await.0, 200);
    }
    let unsigned = Request::post("/webhook").body(Body::empty()).unwrap();
    assert_eq!(send(&router, unsigned).await.0, 401);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (_, text) = send(
        &router,
        Request::get("/metrics").body(Body::empty()).unwrap(),
    )
    .await;
    for line in [
        r#"webhooks_total{answer="accepted"} 2"#,
        r#"webhooks_total{answer="misrouted"} 1"#,
        r#"webhooks_total{answer="no-signature"} 1"#,
        r#"jobs{label="hf-jobs-cpu-basic",state="queued"} 1"#,
        r#"launches{label="hf-jobs-cpu-basic",state="booting"} 1"#,
        r#"launches_total{outcome="ok"} 1"#,
        r#"calls_total{call="create-hf-job",outcome="ok"} 1"#,
        r#"quota_left{service="github",resource="core"} 4321"#,
        "dispatch_seconds_count 1",
        r#"dispatch_seconds_bucket{le="1"} 1"#,
        "create_seconds_count 1",
        "durable_seconds_count 2",
        "retries 0",
        "journal_writable 1",
    ] {
        let line = format!("jobs_dispatcher_{line}");
        assert!(
            text.lines().any(|other| other == line),
            "{line} is not in {text}"
        );
    }
    // Each line is one that Prometheus reads, and each family is introduced once.
    let mut families = std::collections::BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert!(
                families.insert(rest.split(' ').next().unwrap().to_owned()),
                "{line}"
            );
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
            let name = name.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            let known =
                families.contains(name) || family.is_some_and(|family| families.contains(family));
            assert!(known, "{line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_answered_and_costs_nothing() {
    let (router, log) = start(Arc::new(MemoryStore::default())).await;
    let ours = r#"["hf-jobs-cpu-basic"]"#;
    let unrouted = [
        r#"["ubuntu-latest"]"#,
        "[]",
        r#"[""]"#,
        "null",
        r#"["hf-jobs-cpu-basic","gpu"]"#,
    ];
    for labels in unrouted {
        let (status, body) = deliver(
            &router,
            "workflow_job",
            payload("queued", labels, "octo/app", "null"),
        )
        .await;
        assert_eq!(
            (status, body.contains("skipped")),
            (200, true),
            "{labels}: {body}"
        );
    }
    for (action, repo, installation) in [
        ("queued", "evil/app", r#"{"id":42}"#),
        ("queued", "octo/app", r#"{"id":0}"#),
        ("new", "octo/app", "null"),
    ] {
        let (status, body) = deliver(
            &router,
            "workflow_job",
            payload(action, ours, repo, installation),
        )
        .await;
        assert_eq!((status, body.contains("skipped")), (200, true), "{body}");
    }
    assert_eq!(deliver(&router, "ping", "{}".to_owned()).await.0, 200);
    assert!(
        deliver(&router, "push", "{}".to_owned())
            .await
            .1
            .contains("event=push")
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(created(&log), 0);
}

#[tokio::test(start_paused = true)]
async fn an_unsigned_or_unreadable_delivery_has_no_effect() {
    let (router, log) = start(Arc::new(MemoryStore::default())).await;
    let body = queued();
    let signed = sign(body.as_bytes());
    let post = |signature: Option<&str>, body: &str| {
        let request = Request::post("/webhook").header("x-github-event", "workflow_job");
        let request = signature
            .into_iter()
            .fold(request, |r, value| r.header("x-hub-signature-256", value));
        request.body(Body::from(body.to_owned())).unwrap()
    };
    let sha1 = signed.replace("sha256", "sha1");
    for signature in [None, Some(""), Some(sha1.as_str()), Some(&signed[..70])] {
        assert_eq!(
            send(&router, post(signature, &body)).await.0,
            401,
            "{signature:?}"
        );
    }
    assert_eq!(
        send(&router, post(Some(&signed), &body.replace("42", "43")))
            .await
            .0,
        401
    );
    assert_eq!(
        deliver(&router, "workflow_job", "{".to_owned()).await.0,
        400
    );
    let huge = Request::post("/webhook")
        .body(Body::from(vec![b' '; 29 << 20]))
        .unwrap();
    assert_eq!(send(&router, huge).await.0, 413);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(created(&log), 0);
}

#[tokio::test(start_paused = true)]
async fn a_form_is_verified_as_sent_and_then_decoded() {
    let (router, log) = start(Arc::new(MemoryStore::default())).await;
    let encoded: String = queued()
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let body = format!("payload={encoded}");
    let mut request = delivery("workflow_job", &body)
        .body(Body::from(body))
        .unwrap();
    let form = http::HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert("content-type", form);
    let (status, told) = send(&router, request).await;
    assert_eq!((status, told.contains("accepted")), (200, true), "{told}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(created(&log), 1);
}

/// A journal that cannot be written until told otherwise.
#[derive(Default)]
struct Broken(MemoryStore, std::sync::atomic::AtomicBool);

impl Writable for Broken {}

impl Store for Broken {
    fn write(
        &self,
        writes: Vec<dispatcher::store::Write>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.1.load(std::sync::atomic::Ordering::Relaxed) {
            return self.0.write(writes);
        }
        std::future::ready(Err(StoreError("disk full".to_owned()))).boxed()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, StoreError>> {
        self.0.load()
    }
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_is_told_to_github_and_nothing_starts() {
    let store = Arc::new(Broken::default());
    let (router, log) = start(Arc::clone(&store) as Arc<dyn Store>).await;
    assert_eq!(deliver(&router, "workflow_job", queued()).await.0, 503);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(created(&log), 0);
    store.1.store(true, std::sync::atomic::Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(created(&log), 1, "it goes on by itself");
}

#[tokio::test(start_paused = true)]
async fn an_accepted_job_survives_a_crash_before_anything_was_called() {
    let store = MemoryStore::default();
    let never: HttpService = BoxCloneSyncService::new(tower::service_fn(|_| {
        std::future::pending::<Result<_, dispatcher::BoxError>>()
    }));
    let first = Dispatcher::start(
        config(),
        host(),
        Arc::new(store.clone()),
        never.clone(),
        never,
    )
    .await
    .unwrap();
    assert_eq!(
        deliver(&first.router(), "workflow_job", queued()).await.0,
        200
    );
    let (_, log) = start(Arc::new(store)).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(created(&log), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_hour_costs_few_calls() {
    let (_router, log) = start(Arc::new(MemoryStore::default())).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let calls = log.lock().unwrap().len();
    assert!(calls <= 20, "{calls} calls");
}

#[test]
fn help_lists_every_variable_of_the_configuration() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_jobs-dispatcher"))
        .arg("--help")
        .output()
        .unwrap();
    assert!(help.status.success());
    let text = String::from_utf8(help.stdout).unwrap();
    for line in dispatcher::config::ENVIRONMENT.lines() {
        let name = line.split_whitespace().next().unwrap();
        assert!(text.contains(name), "{name} is not in {text}");
    }
}
