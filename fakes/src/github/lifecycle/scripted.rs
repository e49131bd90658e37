//! Webhooks that a scenario sends, whatever the fake believes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use crate::{
    env::Length,
    github::{
        handle::Github,
        state::hooks::{
            hook::Hooks,
            message::{Message, Payload, payload_of},
            signing::Keys,
        },
        webhooks::delivering::Dispatch,
    },
    history::{Origin, Signed},
    ids::{DeliveryId, EventId, HookId, JobId},
    settings::LogStatus,
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
    /// The payload, byte for byte. Only a hook that wants a form wraps it in one.
    pub body: Bytes,
    /// How it is signed.
    pub signed: Signed,
    /// Where it comes from, for the history.
    pub origin: Origin,
    /// The body that the fake takes for the truth before sending it, if any.
    pub learn: Option<Bytes>,
    /// How long it is on its way before it is sent: it was recorded so late after what it tells.
    pub late: Duration,
    /// What the delivery log shows of this attempt instead of sending it: it failed when it was recorded.
    pub failed: Option<LogStatus>,
    /// Whether it repeats an earlier attempt.
    pub redelivery: bool,
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
    /// Sends a webhook of the App's hook as it is, at once.
    pub fn deliver(&self, raw: RawDelivery, because: Option<EventId>) -> DeliveryId {
        self.deliver_through(Hooks::of_the_app(), raw, because)
    }

    /// The same for any hook.
    pub fn deliver_through(
        &self,
        hook: HookId,
        raw: RawDelivery,
        because: Option<EventId>,
    ) -> DeliveryId {
        if let Some(told) = &raw.learn {
            self.learn(told, because);
        }
        let peek: Peek = serde_json::from_slice(&payload_of(&raw.body)).unwrap_or_default();
        let mut state = self.state();
        let job = peek.workflow_job.and_then(|job| job.id).map(JobId);
        let job = job.map(|job| (job, state.runs.job_name(job)));
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
        let mut own_headers = HeaderMap::new();
        for (name, value) in &raw.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                own_headers.insert(name, value);
            }
        }
        let mut message = Message {
            sender: self.sender(&state, hook),
            event: raw.event,
            action: peek.action,
            guid,
            job,
            repo,
            installation_id: peek.installation.and_then(|installation| installation.id),
            repository_id,
            own_headers,
            payload: Payload::written(&*raw.body),
            signed: raw.signed,
            key: base,
        };
        let keys = state.hooks.get(hook).and_then(|hook| hook.keys.as_ref());
        message.signed = as_sent(&message, keys);
        let delay = Length::fixed(raw.late);
        let message = Arc::new(message);
        self.dispatch(
            &mut state,
            Dispatch {
                message,
                origin: raw.origin,
                redelivery: raw.redelivery,
                // No fault strikes what is not sent.
                bend: raw.failed.is_none(),
                failed: raw.failed,
                delay,
                because,
            },
        )
    }
}

/// How a message is really signed: a signature among the headers that the scenario wrote is the one that is sent.
fn as_sent(message: &Message, keys: Option<&Keys>) -> Signed {
    let Some(own) = message.own_headers.get("x-hub-signature-256") else {
        return message.signed;
    };
    let genuine = keys.map(|keys| keys.sign(&[&message.body()], false).sha256);
    match genuine {
        Some(genuine) if genuine.as_bytes() == own.as_bytes() => Signed::Lab,
        _ => Signed::Wrong,
    }
}
