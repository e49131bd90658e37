//! GitHub's log of webhook deliveries, as `/app/hook/deliveries` shows it for three days.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::delivering::Message;
use crate::{ids::DeliveryId, json_text::seconds};

/// How long GitHub shows a delivery and can repeat it.
pub(super) const RETENTION: Duration = Duration::from_secs(3 * 24 * 3600);

/// One attempt, with its outcome.
pub(super) struct Entry {
    pub(super) id: DeliveryId,
    pub(super) message: Arc<Message>,
    pub(super) delivered_at: Timestamp,
    pub(super) redelivery: bool,
    pub(super) took: Duration,
    pub(super) status: String,
    pub(super) status_code: u16,
    pub(super) response_headers: HeaderMap,
    pub(super) response_body: String,
}

impl Entry {
    pub(super) fn succeeded(&self) -> bool {
        self.status == "OK"
    }
}

/// The log, in the order of departure.
#[derive(Default)]
pub(super) struct DeliveryLog {
    entries: BTreeMap<u64, Entry>,
    last: u64,
}

impl DeliveryLog {
    /// The place of an attempt that leaves now; its entry follows when its outcome is known.
    pub(super) fn place(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn add(&mut self, place: u64, entry: Entry) {
        self.entries.insert(place, entry);
    }

    /// Everything GitHub still shows, newest first, with its place.
    pub(super) fn shown(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
        let oldest = now - RETENTION;
        self.entries
            .iter()
            .rev()
            .filter(move |(_, entry)| entry.delivered_at >= oldest)
            .map(|(place, entry)| (*place, entry))
    }

    pub(super) fn find(&self, id: DeliveryId, now: Timestamp) -> Option<&Entry> {
        self.shown(now)
            .map(|(_, entry)| entry)
            .find(|entry| entry.id == id)
    }
}

/// An item of the listing.
#[derive(Serialize)]
pub(super) struct Item<'a> {
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
    pub(super) fn of(entry: &'a Entry) -> Self {
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
            throttled_at: None,
            url: None,
            request: None,
            response: None,
        }
    }

    /// The item of one delivery, which also shows what went over the wire.
    pub(super) fn in_full(entry: &'a Entry) -> Self {
        let body = String::from_utf8_lossy(&entry.message.body).into_owned();
        Self {
            url: Some("/webhook"),
            request: Some(Side {
                headers: texts(&entry.message.headers),
                payload: payload(body),
            }),
            response: Some(Side {
                headers: texts(&entry.response_headers),
                payload: text_or_nothing(&entry.response_body),
            }),
            ..Self::of(entry)
        }
    }
}

/// What was sent: JSON as it is, anything else as a string.
fn payload(text: String) -> Option<Box<RawValue>> {
    let quoted = text_or_nothing(&text)?;
    Some(RawValue::from_string(text).unwrap_or(quoted))
}

/// What came back: always a string, even where it is JSON, and nothing if it was empty.
fn text_or_nothing(text: &str) -> Option<Box<RawValue>> {
    if text.is_empty() {
        return None;
    }
    RawValue::from_string(serde_json::Value::from(text).to_string()).ok()
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
