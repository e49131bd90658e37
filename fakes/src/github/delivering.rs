//! Webhook deliveries: what is sent, signed how, bent by which faults, and what became of it.
//!
//! Of the two signature headers only `X-Hub-Signature-256` is sent; the older SHA-1 one is left out.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use sha2::Sha256;

use super::{
    Github,
    payload::{Look, workflow_job_event},
    state::State,
};
use crate::{
    drawn_text::{HEX, guid},
    env::Span,
    history::{Origin, Signed},
    ids::{DeliveryId, EventId, JobId},
    json_path::JsonPath,
};

/// A webhook the scenario sends, whatever the fake believes.
#[derive(Clone, Debug)]
pub struct RawDelivery {
    /// `X-GitHub-Event`.
    pub event: String,
    /// `X-GitHub-Delivery`; drawn if not given.
    pub guid: Option<String>,
    /// Further headers, which win over the fake's own.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Bytes,
    /// How it is signed.
    pub signed: Signed,
    /// Where it comes from, for the history.
    pub origin: Origin,
    /// Whether the fake takes the payload for the truth before sending it.
    pub learn: bool,
}

/// Which deliveries of the log to send again.
#[derive(Clone, Debug, Default)]
pub struct Redeliver {
    /// Only those of this job.
    pub job: Option<JobId>,
    /// Only those with this action.
    pub action: Option<String>,
    /// Only those of which no attempt succeeded.
    pub failed: bool,
}

/// A webhook ready to go, shared by all attempts to deliver it.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) event: String,
    pub(super) action: Option<String>,
    pub(super) guid: String,
    pub(super) job: Option<(JobId, String)>,
    pub(super) repo: Option<String>,
    pub(super) installation_id: Option<u64>,
    pub(super) repository_id: Option<u64>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) signed: Signed,
    /// The base of its attempts' draw keys.
    pub(super) key: String,
}

impl Message {
    pub(super) fn job_id(&self) -> Option<JobId> {
        self.job.as_ref().map(|(job, _)| *job)
    }
}

/// One attempt to deliver a message.
pub(super) struct Dispatch {
    pub(super) message: Arc<Message>,
    pub(super) origin: Origin,
    pub(super) redelivery: bool,
    /// Drawn per delivery; the faults' delays come on top.
    pub(super) delay: Span,
    /// Whether faults apply. A duplicate that a fault made is spared, or it would breed.
    pub(super) bend: bool,
    pub(super) because: Option<EventId>,
}

impl Dispatch {
    /// A redelivery, at once.
    pub(super) fn again(message: Arc<Message>, origin: Origin, because: EventId) -> Self {
        let delay = Span::fixed(Duration::ZERO);
        Self {
            message,
            origin,
            redelivery: true,
            delay,
            bend: true,
            because: Some(because),
        }
    }
}

/// What the payload of a raw delivery says of itself.
#[derive(Default, Deserialize)]
struct Peek {
    action: Option<String>,
    workflow_job: Option<PeekId>,
    repository: Option<PeekRepository>,
    installation: Option<PeekId>,
}

#[derive(Deserialize)]
struct PeekId {
    id: Option<u64>,
}

#[derive(Deserialize)]
struct PeekRepository {
    id: Option<u64>,
    full_name: Option<String>,
}

impl Github {
    /// Sends a webhook as it is, at once.
    pub fn deliver(&self, raw: RawDelivery, because: Option<EventId>) -> DeliveryId {
        if raw.learn {
            self.learn(&raw, because);
        }
        let peek: Peek = serde_json::from_slice(&raw.body).unwrap_or_default();
        let mut state = self.state();
        let job = peek.workflow_job.and_then(|job| job.id).map(JobId);
        let job = job.map(|job| (job, state.job_name(job)));
        let base = match (&job, &peek.action) {
            (Some((_, name)), Some(action)) => format!("{name}.{action}"),
            _ => raw.event.clone(),
        };
        let guid = raw
            .guid
            .clone()
            .unwrap_or_else(|| self.new_guid(&mut state, &base));
        let (repository_id, repo) = peek
            .repository
            .map_or((None, None), |repo| (repo.id, repo.full_name));
        let mut headers = self.webhook_headers(&raw.event, &guid, raw.signed, &raw.body);
        for (name, value) in &raw.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        let message = Message {
            event: raw.event,
            action: peek.action,
            guid,
            job,
            repo,
            installation_id: peek.installation.and_then(|installation| installation.id),
            repository_id,
            headers,
            body: raw.body,
            signed: raw.signed,
            key: base,
        };
        let delay = Span::fixed(Duration::ZERO);
        let message = Arc::new(message);
        self.dispatch(
            &mut state,
            Dispatch {
                message,
                origin: raw.origin,
                redelivery: false,
                delay,
                bend: true,
                because,
            },
        )
    }

    /// The body of the event GitHub would send of this job for this action, whatever the fake believes.
    pub fn job_event_body(&self, job: JobId, action: &str) -> Option<Bytes> {
        let mut state = self.state();
        self.job_message(&mut state, job, action)
            .map(|message| message.body.clone())
    }

    /// Sends deliveries of the log again, as their redelivery button does: same GUID, new id.
    pub fn redeliver(&self, filter: &Redeliver, because: Option<EventId>) -> Vec<DeliveryId> {
        let mut state = self.state();
        let now = self.now();
        let mut chosen: Vec<Arc<Message>> = Vec::new();
        for (_, entry) in state.log.shown(now) {
            let message = &entry.message;
            let fits = filter.job.is_none_or(|job| message.job_id() == Some(job))
                && filter
                    .action
                    .as_ref()
                    .is_none_or(|action| message.action.as_ref() == Some(action))
                && !chosen.iter().any(|known| known.guid == message.guid);
            let succeeded = || {
                state
                    .log
                    .shown(now)
                    .any(|(_, other)| other.message.guid == message.guid && other.succeeded())
            };
            if fits && !(filter.failed && succeeded()) {
                chosen.push(message.clone());
            }
        }
        chosen
            .into_iter()
            .rev()
            .map(|message| {
                let delay = Span::fixed(Duration::ZERO);
                let origin = Origin::Repeated;
                self.dispatch(
                    &mut state,
                    Dispatch {
                        message,
                        origin,
                        redelivery: true,
                        delay,
                        bend: true,
                        because,
                    },
                )
            })
            .collect()
    }

    /// Emits the webhook of something that happened to a job. Without an installation, or while it is
    /// suspended, or if the App is not subscribed to them, there is none.
    pub(super) fn emit(&self, state: &mut State, job: JobId, action: &str, because: EventId) {
        let installation = state.jobs.get(&job).and_then(|job| job.repo.installation);
        if !state.hears(installation) || !state.app.hears_of("workflow_job") {
            return;
        }
        let Some(message) = self.job_message(state, job, action) else {
            return;
        };
        let dispatch = Dispatch {
            message,
            origin: Origin::Emitted,
            redelivery: false,
            delay: self.settings().webhook_delay,
            bend: true,
            because: Some(because),
        };
        self.dispatch(state, dispatch);
    }

    fn job_message(&self, state: &mut State, job: JobId, action: &str) -> Option<Arc<Message>> {
        let found = state.jobs.get(&job)?;
        let run = state.runs.get(&found.run)?;
        let body = workflow_job_event(
            action,
            found,
            run,
            &Look::at_action(found, action, self.now()),
        );
        let (name, repo) = (found.name.clone(), found.repo.clone());
        let base = format!("{name}.{action}");
        let guid = self.new_guid(state, &base);
        let body = Bytes::from(body);
        let headers = self.webhook_headers("workflow_job", &guid, Signed::Lab, &body);
        Some(Arc::new(Message {
            event: "workflow_job".to_owned(),
            action: Some(action.to_owned()),
            guid,
            job: Some((job, name)),
            repo: Some(repo.name.clone()),
            installation_id: repo.installation,
            repository_id: Some(repo.id),
            headers,
            body,
            signed: Signed::Lab,
            key: base,
        }))
    }

    fn new_guid(&self, state: &mut State, base: &str) -> String {
        let key = state.delivery_key(&format!("{base}.guid"));
        guid(self.env(), &key, "guid")
    }

    fn webhook_headers(&self, event: &str, guid: &str, signed: Signed, body: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(10);
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("accept", "*/*");
        set("content-type", "application/json");
        set("user-agent", "GitHub-Hookshot/044aadd");
        set("x-github-delivery", guid);
        set("x-github-event", event);
        set("x-github-hook-id", "412345678");
        set(
            "x-github-hook-installation-target-id",
            &self.settings().app_id.to_string(),
        );
        set("x-github-hook-installation-target-type", "integration");
        self.sign(&mut headers, signed, body);
        headers
    }

    /// Sets the signature of this body.
    fn sign(&self, headers: &mut HeaderMap, signed: Signed, body: &[u8]) {
        let signature = self
            .signature(signed, body)
            .and_then(|text| HeaderValue::from_str(&text).ok());
        if let Some(signature) = signature {
            headers.insert("x-hub-signature-256", signature);
        }
    }

    /// The same webhook with other values in its payload, signed anew; nothing if it says so already.
    pub(super) fn pretending(
        &self,
        message: &Message,
        values: &[(JsonPath, serde_json::Value)],
    ) -> Option<Message> {
        let honest = std::str::from_utf8(&message.body).ok()?;
        let mut bent: Option<String> = None;
        for (path, value) in values {
            let changed = path.set(bent.as_deref().unwrap_or(honest), &value.to_string());
            bent = changed.or(bent);
        }
        let body = Bytes::from(bent?);
        let mut message = message.clone();
        self.sign(&mut message.headers, message.signed, &body);
        message.body = body;
        Some(message)
    }

    fn signature(&self, signed: Signed, body: &[u8]) -> Option<String> {
        let mut mac = match signed {
            Signed::None => return None,
            Signed::Lab | Signed::Tampered => self.inner.mac.clone(),
            Signed::Wrong => Hmac::<Sha256>::new_from_slice(b"not the webhook's secret")
                .expect("HMAC takes keys of any length"),
        };
        mac.update(body);
        if signed == Signed::Tampered {
            mac.update(b" ");
        }
        let mut text = String::with_capacity(71);
        text.push_str("sha256=");
        for byte in mac.finalize().into_bytes() {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        Some(text)
    }
}
