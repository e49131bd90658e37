//! GitHub's log of webhook deliveries, as `…/hook/deliveries` shows it for three days.
//!
//! An outage fills it with thousands of entries, so a page and an entry are found without a walk.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
    time::Duration,
};

use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    message::{Message, payload_of},
    signing::Signatures,
};
use crate::{
    ids::{DeliveryId, HookId},
    json_text::seconds,
};

/// One attempt, with its outcome.
pub(in crate::github) struct Entry {
    pub(in crate::github) id: DeliveryId,
    pub(in crate::github) message: Arc<Message>,
    pub(in crate::github) url: Arc<str>,
    /// As it was signed; the rest of the request is the message's.
    pub(in crate::github) signatures: Option<Signatures>,
    pub(in crate::github) delivered_at: Timestamp,
    pub(in crate::github) throttled_at: Option<Timestamp>,
    pub(in crate::github) redelivery: bool,
    pub(in crate::github) took: Duration,
    pub(in crate::github) status: String,
    pub(in crate::github) status_code: u16,
    pub(in crate::github) response_headers: HeaderMap,
    pub(in crate::github) response_body: String,
}

impl Entry {
    pub(in crate::github) fn succeeded(&self) -> bool {
        self.status == "OK"
    }
}

/// The log, in the order of departure.
pub(in crate::github) struct DeliveryLog {
    retention: Duration,
    /// By their places.
    entries: BTreeMap<u64, Entry>,
    by_id: BTreeMap<DeliveryId, u64>,
    by_hook: BTreeSet<(HookId, u64)>,
    last: u64,
}

impl DeliveryLog {
    /// An empty log that shows an entry for so long.
    pub(in crate::github) fn new(retention: Duration) -> Self {
        Self {
            retention,
            entries: BTreeMap::new(),
            by_id: BTreeMap::new(),
            by_hook: BTreeSet::new(),
            last: 0,
        }
    }

    /// The place of an attempt that leaves now; its entry follows when its outcome is known.
    pub(in crate::github) fn place(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(in crate::github) fn add(&mut self, place: u64, entry: Entry) {
        self.by_id.insert(entry.id, place);
        self.by_hook.insert((entry.message.hook(), place));
        self.entries.insert(place, entry);
    }

    /// Lets go of what GitHub shows no more.
    pub(in crate::github) fn forget(&mut self, now: Timestamp) {
        let oldest = now - self.retention;
        while let Some(first) = self.entries.first_entry()
            && first.get().delivered_at < oldest
        {
            let (place, entry) = first.remove_entry();
            self.by_id.remove(&entry.id);
            self.by_hook.remove(&(entry.message.hook(), place));
        }
    }

    /// Everything GitHub still shows, newest first, with its place.
    pub(in crate::github) fn shown(&self, now: Timestamp) -> impl Iterator<Item = (u64, &Entry)> {
        let oldest = now - self.retention;
        self.entries
            .iter()
            .rev()
            .take_while(move |(_, entry)| entry.delivered_at >= oldest)
            .map(|(place, entry)| (*place, entry))
    }

    /// The same for one hook, from below a place.
    pub(in crate::github) fn shown_of(
        &self,
        hook: HookId,
        below: u64,
        now: Timestamp,
    ) -> impl Iterator<Item = (u64, &Entry)> {
        let oldest = now - self.retention;
        let range = (Bound::Included((hook, 0)), Bound::Excluded((hook, below)));
        self.by_hook
            .range(range)
            .rev()
            .filter_map(|(_, place)| Some((*place, self.entries.get(place)?)))
            .take_while(move |(_, entry)| entry.delivered_at >= oldest)
    }

    /// A delivery of this hook that GitHub still shows.
    pub(in crate::github) fn find(
        &self,
        hook: HookId,
        id: DeliveryId,
        now: Timestamp,
    ) -> Option<&Entry> {
        let found = self.entries.get(self.by_id.get(&id)?)?;
        let shown = found.message.hook() == hook && found.delivered_at >= now - self.retention;
        shown.then_some(found)
    }
}

/// An item of the listing.
#[derive(Serialize)]
pub(in crate::github) struct Item<'a> {
    id: u64,
    guid: &'a str,
    delivered_at: String,
    redelivery: bool,
    duration: f64,
    status: &'a str,
    status_code: u16,
    event: &'a str,
    action: Option<&'a str>,
    installation_id: Option<u64>,
    repository_id: Option<u64>,
    throttled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Side>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Side>,
}

#[derive(Serialize)]
struct Side {
    headers: BTreeMap<String, String>,
    payload: Option<Box<RawValue>>,
}

impl<'a> Item<'a> {
    pub(in crate::github) fn of(entry: &'a Entry) -> Self {
        let message = &entry.message;
        Self {
            id: entry.id.0,
            guid: &message.guid,
            delivered_at: seconds(entry.delivered_at),
            redelivery: entry.redelivery,
            duration: (entry.took.as_millis() as f64) / 1000.0,
            status: &entry.status,
            status_code: entry.status_code,
            event: &message.event,
            action: message.action.as_deref(),
            installation_id: message.installation_id,
            repository_id: message.repository_id,
            throttled_at: entry.throttled_at.map(seconds),
            url: None,
            request: None,
            response: None,
        }
    }

    /// The item of one delivery, which also shows what went over the wire.
    pub(in crate::github) fn in_full(entry: &'a Entry) -> Self {
        let message = &entry.message;
        // GitHub shows what was in a form, not the form.
        let bytes = message.payload.bytes();
        let payload_text = String::from_utf8_lossy(&payload_of(&bytes)).into_owned();
        Self {
            url: Some(&entry.url),
            request: Some(Side {
                headers: texts(&message.headers(entry.signatures.as_ref())),
                payload: payload(payload_text),
            }),
            response: Some(Side {
                headers: texts(&entry.response_headers),
                payload: quoted(&entry.response_body),
            }),
            ..Self::of(entry)
        }
    }
}

/// What was sent: JSON as it is, anything else as a string.
fn payload(text: String) -> Option<Box<RawValue>> {
    let otherwise = quoted(&text);
    RawValue::from_string(text).ok().or(otherwise)
}

/// Text as a JSON string; nothing for an empty one.
fn quoted(text: &str) -> Option<Box<RawValue>> {
    let json = serde_json::Value::from(text).to_string();
    (!text.is_empty()).then(|| RawValue::from_string(json).ok())?
}

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::{
        github::state::hooks::message::{Payload, Sender},
        history::Signed,
        settings::ContentType,
    };

    fn entry(id: u64, delivered_at: Timestamp) -> Entry {
        let message = Message {
            sender: Sender {
                hook: HookId(1),
                target_type: "integration",
                target_id: 1,
                content_type: ContentType::Json,
            },
            event: "ping".to_owned(),
            action: None,
            guid: String::new(),
            job: None,
            repo: None,
            installation_id: None,
            repository_id: None,
            own_headers: HeaderMap::new(),
            payload: Payload::written(*b"{}"),
            signed: Signed::None,
            key: String::new(),
        };
        Entry {
            id: DeliveryId(id),
            message: Arc::new(message),
            url: "".into(),
            signatures: None,
            delivered_at,
            throttled_at: None,
            redelivery: false,
            took: Duration::ZERO,
            status: "OK".to_owned(),
            status_code: 200,
            response_headers: HeaderMap::new(),
            response_body: String::new(),
        }
    }

    #[test]
    fn what_is_shown_no_more_is_let_go_of() {
        let mut log = DeliveryLog::new(Duration::from_secs(60));
        let at = |second| Timestamp::from_second(second).unwrap();
        for (id, second) in [(1, 0), (2, 30), (3, 90)] {
            let place = log.place();
            log.add(place, entry(id, at(second)));
        }
        log.forget(at(90));
        assert_eq!(
            (log.entries.len(), log.by_id.len(), log.by_hook.len()),
            (2, 2, 2)
        );
        let shown: Vec<u64> = log.shown(at(90)).map(|(_, entry)| entry.id.0).collect();
        assert_eq!(shown, [3, 2]);
    }
}
