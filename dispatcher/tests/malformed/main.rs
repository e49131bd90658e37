//! Webhooks that are malformed, each with the answer it gets: never a 5xx, never an effect, never a silence.
//! Method: one table, through the router of a dispatcher that calls nobody, on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::body::Body;
use dispatcher::{Clock, Config, Dispatcher, Host, HttpService, MemoryStore, Spawner, Store};
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use proptest::prelude::*;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use self::cases::{Case, GOOD, INCOMPLETE, Sent, UNREADABLE, UNSIGNED, ZEROS};

const KEY: &str = include_str!("../app-key.pem");
const SECRET: &[u8] = b"It's a secret to nobody";

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

fn request(sent: &Sent) -> Request<Body> {
    let mut kind = "application/json";
    let body = match sent {
        Sent::Signature(_) | Sent::Header(..) => GOOD.as_bytes().to_vec(),
        Sent::Body(body) => body.to_vec(),
        Sent::Text(text) => text.as_bytes().to_vec(),
        Sent::Repeated(text, times) => text.repeat(*times).into_bytes(),
        Sent::Edited(from, to) => {
            assert!(GOOD.contains(from), "{from}");
            GOOD.replace(from, to).into_bytes()
        }
        Sent::Form(form) => {
            kind = "application/x-www-form-urlencoded";
            form.as_bytes().to_vec()
        }
    };
    let mut request = Request::post("/webhook")
        .header("content-type", kind)
        .header("x-github-event", "workflow_job")
        .header("x-github-delivery", "d-1")
        .header("x-hub-signature-256", signature(&body))
        .body(Body::from(body))
        .unwrap();
    let headers = request.headers_mut();
    match sent {
        Sent::Signature(values) => {
            headers.remove("x-hub-signature-256");
            for value in *values {
                headers.append(
                    "x-hub-signature-256",
                    http::HeaderValue::from_bytes(value).unwrap(),
                );
            }
        }
        Sent::Header(name, value) => {
            headers.remove(*name);
            if let Some(value) = value {
                headers.insert(*name, http::HeaderValue::from_bytes(value).unwrap());
            }
        }
        Sent::Body(_) | Sent::Text(_) | Sent::Repeated(..) | Sent::Edited(..) | Sent::Form(_) => {}
    }
    request
}

async fn dispatcher(called: &Arc<AtomicUsize>) -> Dispatcher {
    let config = Config::from_lookup(|name| {
        let value = match name {
            "GH_APP_ID" => "1",
            "GH_APP_PRIVATE_KEY" => KEY,
            "GH_WEBHOOK_SECRET" => return Some(String::from_utf8(SECRET.to_vec()).unwrap()),
            "HF_TOKEN" => "hf_x",
            "HF_NAMESPACE" => "alice",
            _ => return None,
        };
        Some(value.to_owned())
    });
    #[expect(clippy::disallowed_methods, reason = "a test owns its runtime")]
    let spawner = Spawner::new(|task| drop(tokio::spawn(task)));
    let host = Host {
        clock: Clock::virtual_at("2027-01-15T08:00:00Z".parse().unwrap(), 0),
        spawner,
        draw: Arc::new(|_: &str| 7),
    };
    let called = Arc::clone(called);
    let outside: HttpService =
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            // Looking round is what it does anyway; naming a repository or creating is not.
            let path = request.uri().path();
            let about_a_job =
                path.contains("octo") || request.method() == "POST" && path.contains("/jobs");
            called.fetch_add(usize::from(about_a_job), Ordering::Relaxed);
            std::future::pending::<Result<_, dispatcher::BoxError>>()
        }));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    Dispatcher::start(config.unwrap(), host, store, outside.clone(), outside)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_malformed_webhook_gets_its_answer_and_has_no_effect() {
    let called = Arc::new(AtomicUsize::new(0));
    let router = dispatcher(&called).await.router();
    let cases: Vec<Case> = [UNSIGNED, UNREADABLE, INCOMPLETE].concat();
    assert!(cases.len() >= 80, "{}", cases.len());
    let mut wrong = Vec::new();
    for (name, sent, status, text) in &cases {
        let answer = router.clone().oneshot(request(sent)).await.unwrap();
        let got = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 16)
            .await
            .unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let told: serde_json::Value = serde_json::from_str(&body).unwrap();
        let says_why = told["ok"] == (*status == 200)
            && (told["skipped"].is_string() || told["error"].is_string());
        if got != *status || !body.contains(text) || !says_why || body.len() > 600 {
            wrong.push(format!("{name}: {got} {body}, not {status} with {text:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(called.load(Ordering::Relaxed), 0);
    // The delivery that all of them were made from is good.
    let good = Sent::Text(GOOD);
    assert_eq!(router.oneshot(request(&good)).await.unwrap().status(), 200);
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_ne!(called.load(Ordering::Relaxed), 0);
}

/// A good delivery with some of its bytes changed, left out or put twice.
fn edited() -> impl Strategy<Value = Vec<u8>> {
    let edit = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        prop::collection::vec(any::<u8>(), 0..4),
        0_usize..4,
    );
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut body = GOOD.as_bytes().to_vec();
        for (at, from, bytes, length) in edits {
            let at = at.index(body.len() + 1);
            let end = (at + length).min(body.len());
            let piece = match bytes.first() {
                Some(byte) if byte % 2 == 0 => {
                    let from = from.index(body.len() + 1);
                    body[from..(from + 20).min(body.len())].to_vec()
                }
                _ => bytes,
            };
            body.splice(at..end, piece);
        }
        body
    })
}

/// JSON of any shape, with names that are read among its keys.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[ -~]{0,12}".prop_map(Into::into),
        Just("queued".into()),
        Just("hf-jobs-cpu-basic".into()),
        Just("octo/app".into()),
    ];
    let key = prop::sample::select(vec![
        "action",
        "workflow_job",
        "repository",
        "installation",
        "id",
        "run_id",
        "labels",
        "full_name",
        "runner_name",
        "x",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            prop::collection::btree_map(key.clone(), inner, 0..8).prop_map(|map| {
                serde_json::Value::Object(
                    map.into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        edited(),
        json().prop_map(|json| json.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..300),
    ]
}

/// Values of the headers that are read; some cannot be values at all and are left out.
fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let name = prop::sample::select(vec![
        "content-type",
        "x-github-event",
        "x-github-delivery",
        "x-hub-signature-256",
        "content-length",
        "accept",
    ]);
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..90),
        Just(b"application/x-www-form-urlencoded".to_vec()),
        Just(b"ping".to_vec()),
        Just(ZEROS.to_vec()),
    ];
    prop::collection::vec((name, value), 0..4)
}

proptest! {
    /// Of whatever is sent, signed or not, nothing makes it fail, and nothing unsigned is taken.
    #[test]
    fn no_webhook_makes_it_fail(body in body(), form: bool, signed: bool, headers in headers()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (status, told) = runtime.block_on(async {
            let router = dispatcher(&Arc::default()).await.router();
            let sent = if form { [&b"payload="[..], &body].concat() } else { body };
            let mut request = Request::post("/webhook").body(Body::from(sent.clone())).unwrap();
            let event = http::HeaderValue::from_static("workflow_job");
            request.headers_mut().insert("x-github-event", event);
            for (name, value) in headers {
                if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                    request.headers_mut().insert(name, value);
                }
            }
            if signed {
                request.headers_mut().insert("x-hub-signature-256", signature(&sent).parse().unwrap());
            }
            let answer = router.oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            let told = axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap();
            (status, serde_json::from_slice::<serde_json::Value>(&told).unwrap())
        });
        prop_assert!(if signed { [200, 400].contains(&status) } else { status == 401 }, "{} {}", status, told);
        prop_assert_eq!(&told["ok"], status == 200);
    }
}
