//! Webhooks that are malformed, each with the answer it gets: never a 5xx, never an effect, never a silence.
//! Method: one table, through the router of a dispatcher that calls nobody, on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

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

const KEY: &str = include_str!("app-key.pem");
const SECRET: &[u8] = b"It's a secret to nobody";

/// What is sent, made from a good delivery; and the status and a part of the text that come back.
type Case = (&'static str, Sent, u16, &'static str);

#[derive(Clone, Copy)]
enum Sent {
    /// The signature header, if any, and then others; the body is good.
    Signature(&'static [&'static [u8]]),
    /// A body, signed as it is.
    Body(&'static [u8]),
    /// The same, of a text.
    Text(&'static str),
    /// So many times this text, signed.
    Repeated(&'static str, usize),
    /// The good payload with one piece replaced, signed.
    Edited(&'static str, &'static str),
    /// A header replaced by another value, or by none.
    Header(&'static str, Option<&'static [u8]>),
    /// A form, signed as it is.
    Form(&'static str),
}

const GOOD: &str = r#"{"action":"queued","workflow_job":{"id":2,"run_id":1,"labels":["hf-jobs-cpu-basic"]},"repository":{"id":1,"full_name":"octo/app"},"installation":{"id":42}}"#;

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

const NOT_JSON: &str = "the payload is not JSON";
const NO_OBJECT: &str = "the payload is JSON, but no object";
const NO_LABEL: &str = "no hf-jobs-* label";
const ZEROS: &[u8] = b"sha256=0000000000000000000000000000000000000000000000000000000000000000";

/// Before a body is believed.
const UNSIGNED: &[Case] = &[
    ("no signature", Sent::Signature(&[]), 401, "is missing"),
    ("an empty one", Sent::Signature(&[b""]), 401, "malformed"),
    ("a word", Sent::Signature(&[b"secret"]), 401, "malformed"),
    (
        "only its prefix",
        Sent::Signature(&[b"sha256="]),
        401,
        "malformed",
    ),
    (
        "without its prefix",
        Sent::Signature(&[ZEROS.split_at(7).1]),
        401,
        "malformed",
    ),
    (
        "of SHA-1",
        Sent::Signature(&[b"sha1=0000000000000000000000000000000000000000"]),
        401,
        "malformed",
    ),
    (
        "of SHA-512",
        Sent::Signature(&[b"sha512=00"]),
        401,
        "malformed",
    ),
    (
        "a prefix in capitals",
        Sent::Signature(&[
            b"SHA256=0000000000000000000000000000000000000000000000000000000000000000",
        ]),
        401,
        "malformed",
    ),
    (
        "a digit short",
        Sent::Signature(&[ZEROS.split_at(70).0]),
        401,
        "malformed",
    ),
    (
        "a digit long",
        Sent::Signature(&[
            b"sha256=00000000000000000000000000000000000000000000000000000000000000000",
        ]),
        401,
        "malformed",
    ),
    (
        "no hex digit",
        Sent::Signature(&[
            b"sha256=g000000000000000000000000000000000000000000000000000000000000000",
        ]),
        401,
        "malformed",
    ),
    (
        "blanks inside",
        Sent::Signature(&[
            b"sha256= 000000000000000000000000000000000000000000000000000000000000000",
        ]),
        401,
        "malformed",
    ),
    (
        "in quotes",
        Sent::Signature(&[b"\"sha256=00\""]),
        401,
        "malformed",
    ),
    (
        "not even text",
        Sent::Signature(&[b"sha256=\xff\xfe"]),
        401,
        "malformed",
    ),
    ("two of them", Sent::Signature(&[ZEROS, ZEROS]), 401, "once"),
    (
        "two in one",
        Sent::Signature(&[b"sha256=00,sha256=00"]),
        401,
        "malformed",
    ),
    (
        "of something else",
        Sent::Signature(&[ZEROS]),
        401,
        "signature is wrong",
    ),
    (
        "only in the older header",
        Sent::Header("x-hub-signature-256", None),
        401,
        "is missing",
    ),
    (
        "a body beyond 28 MB",
        Sent::Repeated(" ", (28 << 20) + 1),
        413,
        "too large",
    ),
];

/// Signed, and no payload.
const UNREADABLE: &[Case] = &[
    ("nothing", Sent::Text(""), 400, NOT_JSON),
    ("blanks", Sent::Text(" \r\n"), 400, NOT_JSON),
    ("a word", Sent::Text("queued"), 400, NOT_JSON),
    ("half an object", Sent::Text("{\"action\":"), 400, NOT_JSON),
    ("an object and more", Sent::Text("{}{}"), 400, NOT_JSON),
    (
        "a trailing comma",
        Sent::Text("{\"action\":\"queued\",}"),
        400,
        NOT_JSON,
    ),
    (
        "single quotes",
        Sent::Text("{'action':'queued'}"),
        400,
        NOT_JSON,
    ),
    ("a comment", Sent::Text("{/* */}"), 400, NOT_JSON),
    ("NaN", Sent::Text("{\"action\":NaN}"), 400, NOT_JSON),
    (
        "a number that is none",
        Sent::Text("{\"action\":01}"),
        400,
        NOT_JSON,
    ),
    (
        "a control character in a text",
        Sent::Text("{\"action\":\"a\nb\"}"),
        400,
        NOT_JSON,
    ),
    (
        "half a surrogate",
        Sent::Text(r#"{"action":"\ud800"}"#),
        400,
        NOT_JSON,
    ),
    (
        "a bad escape",
        Sent::Text(r#"{"action":"\x41"}"#),
        400,
        NOT_JSON,
    ),
    (
        "not UTF-8",
        Sent::Body(b"{\"action\":\"\xff\"}"),
        400,
        NOT_JSON,
    ),
    ("UTF-16", Sent::Body(b"{\0}\0"), 400, NOT_JSON),
    ("a byte order mark", Sent::Text("\u{feff}{}"), 400, NOT_JSON),
    ("NUL bytes", Sent::Repeated("\0", 100), 400, NOT_JSON),
    (
        "compressed",
        Sent::Body(b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        400,
        NOT_JSON,
    ),
    ("too deep", Sent::Repeated("[", 100_000), 400, NOT_JSON),
    (
        "too deep in a field",
        Sent::Repeated("{\"x\":", 10_000),
        400,
        NOT_JSON,
    ),
    (
        "a field twice",
        Sent::Edited(
            r#""action":"queued""#,
            r#""action":"queued","action":"completed""#,
        ),
        400,
        "duplicate field",
    ),
    ("null", Sent::Text("null"), 400, NO_OBJECT),
    ("true", Sent::Text("true"), 400, NO_OBJECT),
    ("a number", Sent::Text("42"), 400, NO_OBJECT),
    ("a text", Sent::Text("\"queued\""), 400, NO_OBJECT),
    ("an empty list", Sent::Text("[]"), 400, NO_OBJECT),
    ("a list of payloads", Sent::Text("[{}]"), 400, NO_OBJECT),
    (
        "a payload by position",
        Sent::Text(
            r#"["queued",{"id":1,"run_id":2,"labels":["hf-jobs-cpu-basic"]},{"id":1,"full_name":"octo/app"},{"id":1}]"#,
        ),
        400,
        NO_OBJECT,
    ),
    ("a form that is JSON", Sent::Form(GOOD), 400, "no payload"),
    (
        "a form of something else",
        Sent::Form("a=1&b=2"),
        400,
        "no payload",
    ),
    (
        "a form with an empty payload",
        Sent::Form("payload="),
        400,
        NOT_JSON,
    ),
    (
        "a form with a broken code",
        Sent::Form("payload=%7B%2"),
        400,
        NOT_JSON,
    ),
    (
        "a form with a list",
        Sent::Form("payload=%5B%5D"),
        400,
        NO_OBJECT,
    ),
    (
        "JSON said to be a form",
        Sent::Header(
            "content-type",
            Some(b"application/x-www-form-urlencoded; charset=utf-8"),
        ),
        400,
        "no payload",
    ),
];

/// A payload without what a job needs, or with something else in its place.
const INCOMPLETE: &[Case] = &[
    ("an empty object", Sent::Text("{}"), 200, "action="),
    (
        "no event",
        Sent::Header("x-github-event", None),
        200,
        "event=",
    ),
    (
        "an event that is no text",
        Sent::Header("x-github-event", Some(b"\xff")),
        200,
        "event=",
    ),
    (
        "another event",
        Sent::Header("x-github-event", Some(b"check_run")),
        200,
        "event=check_run",
    ),
    (
        "an event in capitals",
        Sent::Header("x-github-event", Some(b"WORKFLOW_JOB")),
        200,
        "event=WORKFLOW_JOB",
    ),
    (
        "an action that is none",
        Sent::Edited("queued", "exploded"),
        200,
        "action=exploded",
    ),
    (
        "an action in capitals",
        Sent::Edited("queued", "QUEUED"),
        200,
        "action=QUEUED",
    ),
    (
        "an action that is a number",
        Sent::Edited("\"queued\"", "7"),
        200,
        "action=",
    ),
    (
        "an action that is an object",
        Sent::Edited("\"queued\"", "{\"queued\":{}}"),
        200,
        "action=",
    ),
    (
        "no job",
        Sent::Edited(r#""workflow_job""#, r#""job""#),
        200,
        "no workflow_job",
    ),
    (
        "a job by position",
        Sent::Edited(
            r#"{"id":2,"run_id":1,"labels":["hf-jobs-cpu-basic"]}"#,
            r#"[2,1,["hf-jobs-cpu-basic"]]"#,
        ),
        200,
        "no workflow_job",
    ),
    (
        "a job that is null",
        Sent::Edited(
            r#"{"id":2,"run_id":1,"labels":["hf-jobs-cpu-basic"]}"#,
            "null",
        ),
        200,
        "no workflow_job",
    ),
    (
        "no repository",
        Sent::Edited(r#""repository""#, r#""repo""#),
        200,
        "no repository",
    ),
    (
        "a repository by its name",
        Sent::Edited(r#"{"id":1,"full_name":"octo/app"}"#, r#""octo/app""#),
        200,
        "no repository",
    ),
    (
        "no labels",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, "[]"),
        200,
        NO_LABEL,
    ),
    (
        "labels that are null",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, "null"),
        200,
        NO_LABEL,
    ),
    (
        "labels that are a text",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, r#""hf-jobs-cpu-basic""#),
        200,
        NO_LABEL,
    ),
    (
        "labels in an object",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, r#"{"0":"hf-jobs-cpu-basic"}"#),
        200,
        NO_LABEL,
    ),
    (
        "labels in lists",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, r#"[["hf-jobs-cpu-basic"]]"#),
        200,
        NO_LABEL,
    ),
    (
        "numbers for labels",
        Sent::Edited(r#"["hf-jobs-cpu-basic"]"#, "[1,2]"),
        200,
        NO_LABEL,
    ),
    (
        "an unknown flavor",
        Sent::Edited("cpu-basic", "cpu-basci"),
        200,
        "try runs-on: hf-jobs-cpu-basic",
    ),
    (
        "an unknown image",
        Sent::Edited("cpu-basic", "cpu-basic:rust"),
        200,
        "RUNNER_IMAGE_RUST",
    ),
    (
        "a label beside ours",
        Sent::Edited("[\"hf", "[\"gpu\",\"hf"),
        200,
        "alone",
    ),
    (
        "a prefix alone",
        Sent::Edited("cpu-basic", ""),
        200,
        "unknown flavor",
    ),
    (
        "a slip in the prefix",
        Sent::Edited("hf-jobs-cpu", "hf-job-cpu"),
        200,
        "try runs-on: hf-jobs-cpu-basic",
    ),
    (
        "no number of the repository",
        Sent::Edited(r#""id":1,"full"#, r#""full"#),
        200,
        "no repository id",
    ),
    (
        "no name of the repository",
        Sent::Edited("octo/app", ""),
        200,
        "no repository name",
    ),
    (
        "a name without an owner",
        Sent::Edited("octo/app", "app"),
        200,
        "no repository name",
    ),
    (
        "a name that leaves its path",
        Sent::Edited("octo/app", "octo/.."),
        200,
        "no repository name",
    ),
    (
        "a name with a query",
        Sent::Edited("octo/app", "octo/app?x="),
        200,
        "no repository name",
    ),
    (
        "a name with a line break",
        Sent::Edited("octo/app", r"octo/app\r\nx: y"),
        200,
        "no repository name",
    ),
    (
        "no installation",
        Sent::Edited(r#""installation""#, r#""install""#),
        200,
        "missing installation id",
    ),
    (
        "an installation of 0",
        Sent::Edited("42", "0"),
        200,
        "missing installation id",
    ),
    (
        "a negative installation",
        Sent::Edited("42", "-42"),
        200,
        "missing installation id",
    ),
    (
        "half an installation",
        Sent::Edited("42", "4.2"),
        200,
        "missing installation id",
    ),
    (
        "an installation beyond 64 bits",
        Sent::Edited("42", "18446744073709551616"),
        200,
        "missing installation id",
    ),
    (
        "no number of the job",
        Sent::Edited(r#""id":2,"#, ""),
        200,
        "no job id",
    ),
    (
        "a job of 0",
        Sent::Edited(r#""id":2,"#, r#""id":0,"#),
        200,
        "no job id",
    ),
    (
        "no run",
        Sent::Edited(r#""run_id":1,"#, ""),
        200,
        "no run id",
    ),
    (
        "a run that is a word",
        Sent::Edited(r#""run_id":1"#, r#""run_id":"one""#),
        200,
        "no run id",
    ),
];

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
