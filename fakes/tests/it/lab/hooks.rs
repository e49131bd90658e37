//! The target of the world's webhooks: what it received, and how it behaves.

use axum::body::Body;
use bytes::Bytes;
use fakes::{BoxError, ContentType, HttpService, NewHook, ids::HookId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use sha2::Sha256;

use super::world::Lab;

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

impl Lab {
    /// Records every webhook; answers 200 unless told otherwise.
    pub(super) fn webhook_target(&self) -> HttpService {
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
}

/// `sha256=…` over these bytes with this secret, as a receiver computes it.
pub(crate) fn sha256_signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
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
