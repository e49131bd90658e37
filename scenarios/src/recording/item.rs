//! One JSON value of a file: which layout it has, and the delivery in it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::offsets::{Clue, clue_of_date, clue_of_offset, clue_of_payload, clue_of_timestamp};

/// Headers that are made anew when a delivery is sent again, or that belong to one connection.
const LEFT_OUT: &[&str] = &[
    "x-hub-signature",
    "x-hub-signature-256",
    "content-length",
    "host",
    "connection",
    "transfer-encoding",
    "date",
    "x-github-event",
    "x-github-delivery",
];

/// The keys that tell one layout from another; all others are ignored.
#[derive(Deserialize)]
struct Probe<'a> {
    #[serde(borrow)]
    offset: Option<&'a RawValue>,
    offset_ms: Option<u64>,
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    request: Option<&'a RawValue>,
    #[serde(borrow)]
    delivered_at: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    guid: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    examples: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    status_code: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// What a value turned out to be.
pub(super) enum Item<'a> {
    /// One delivery.
    One(Found<'a>),
    /// A named group of payloads.
    Group {
        event: String,
        payloads: Vec<&'a RawValue>,
    },
}

/// A delivery, before its time is settled.
pub(super) struct Found<'a> {
    pub(super) event: String,
    pub(super) guid: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) payload: String,
    /// The part of the file that the payload was read from.
    pub(super) part: &'a str,
    pub(super) clue: Clue,
    pub(super) oddities: Vec<String>,
}

/// Why a value is not a delivery, and how to mend it.
pub(super) struct NotADelivery {
    pub(super) reason: String,
    pub(super) hint: String,
}

impl NotADelivery {
    fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            hint: hint.into(),
        }
    }
}

/// Reads a value. `hint` is the event, if something outside the file tells it.
pub(super) fn read<'a>(value: &'a RawValue, hint: Option<&str>) -> Result<Item<'a>, NotADelivery> {
    let text = value.get();
    if !text.starts_with('{') {
        let kind = kind_of(text);
        return Err(NotADelivery::new(
            format!("{kind} is not a delivery"),
            "a delivery is an object: a payload, or `headers` with a `payload`",
        ));
    }
    let probe: Probe<'a> = serde_json::from_str(text).map_err(|error| {
        NotADelivery::new(format!("cannot be read as a delivery: {error}"), LAYOUTS)
    })?;
    if let (Some(payloads), Some(event)) = (&probe.examples, probe.name.and_then(text_of)) {
        return Ok(Item::Group {
            event,
            payloads: payloads.clone(),
        });
    }
    let request: Option<Request<'a>> = probe
        .request
        .and_then(|request| serde_json::from_str(request.get()).ok());
    let (headers, payload) = match request {
        Some(request) => (request.headers, request.payload),
        None => (probe.headers, probe.payload.or(probe.body)),
    };
    let headers = headers.map_or_else(BTreeMap::new, read_headers);
    let Some(payload) = payload else {
        return bare(value, &probe, hint).map(Item::One);
    };
    let stated = headers
        .get("x-github-event")
        .cloned()
        .or_else(|| probe.event.and_then(text_of));
    let guid = headers
        .get("x-github-delivery")
        .cloned()
        .or_else(|| probe.guid.and_then(text_of));
    let clue = clue_of_offset(probe.offset.and_then(text_of).as_deref(), probe.offset_ms)
        .or_else(|| clue_of_timestamp(probe.delivered_at.and_then(text_of).as_deref()))
        .or_else(|| clue_of_date(headers.get("date").map(String::as_str)));
    let mut found = found(payload, stated.or_else(|| hint.map(str::to_owned)))?;
    found.guid = guid;
    found.clue = clue.unwrap_or(found.clue);
    found.headers = headers
        .into_iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
        .collect();
    Ok(Item::One(found))
}

/// A payload without an envelope.
fn bare<'a>(
    value: &'a RawValue,
    probe: &Probe<'a>,
    hint: Option<&str>,
) -> Result<Found<'a>, NotADelivery> {
    if probe.status_code.is_some() && probe.guid.is_some() {
        return Err(NotADelivery::new(
            "an entry of GitHub's list of deliveries has no payload",
            "ask for each delivery by its id (`GET /app/hook/deliveries/ID`) and import the answers",
        ));
    }
    found(value, hint.map(str::to_owned))
}

const LAYOUTS: &str = "known layouts: payloads, `headers` with `payload`, GitHub's own delivery objects, and JSON Lines of these";

/// The delivery of a payload, if it is one.
pub(super) fn found(payload: &RawValue, event: Option<String>) -> Result<Found<'_>, NotADelivery> {
    let part = payload.get();
    let text = match part.starts_with('"') {
        true => text_of(payload).unwrap_or_default(),
        false => part.to_owned(),
    };
    let value: Value = serde_json::from_str(&text)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| {
            NotADelivery::new(
                "the payload is not a JSON object",
                "export the JSON body of the webhook as it was sent",
            )
        })?;
    let event = event.or_else(|| event_of(&value)).ok_or_else(|| {
        NotADelivery::new(
            "it does not say which event it is",
            "add the header `X-GitHub-Event`, or put the file into a folder with the event's name",
        )
    })?;
    let oddities = if event == "workflow_job" {
        check_workflow_job(&value)?
    } else {
        Vec::new()
    };
    let clue = clue_of_payload(&value);
    Ok(Found {
        event,
        guid: None,
        headers: BTreeMap::new(),
        payload: text,
        part,
        clue,
        oddities,
    })
}

/// The event of a payload that shows it.
fn event_of(payload: &Value) -> Option<String> {
    let has = |key: &str| payload.get(key).is_some();
    if has("workflow_job") {
        return Some("workflow_job".to_owned());
    }
    (has("zen") && has("hook_id")).then(|| "ping".to_owned())
}

/// Refuses a `workflow_job` payload that lacks what a job is told by; lists what is merely missing.
fn check_workflow_job(payload: &Value) -> Result<Vec<String>, NotADelivery> {
    let lacks = |path: &str| {
        NotADelivery::new(
            format!("the payload has no `{path}`"),
            "export the whole body of the `workflow_job` webhook",
        )
    };
    payload
        .get("action")
        .and_then(Value::as_str)
        .ok_or_else(|| lacks("action"))?;
    let job = payload
        .get("workflow_job")
        .filter(|job| job.is_object())
        .ok_or_else(|| lacks("workflow_job"))?;
    job.get("id")
        .and_then(Value::as_u64)
        .ok_or_else(|| lacks("workflow_job.id"))?;
    job.get("run_id")
        .and_then(Value::as_u64)
        .ok_or_else(|| lacks("workflow_job.run_id"))?;
    payload
        .pointer("/repository/full_name")
        .and_then(Value::as_str)
        .ok_or_else(|| lacks("repository.full_name"))?;
    let mut oddities: Vec<String> = [
        "run_attempt",
        "workflow_name",
        "head_branch",
        "created_at",
        "labels",
    ]
    .into_iter()
    .filter(|key| job.get(key).is_none())
    .map(|key| format!("`workflow_job.{key}` is missing; sent as it is"))
    .collect();
    if payload.pointer("/installation/id").is_none() {
        oddities.push(
            "`installation.id` is missing, so no App received this; sent as it is".to_owned(),
        );
    }
    Ok(oddities)
}

fn read_headers(headers: &RawValue) -> BTreeMap<String, String> {
    let headers: BTreeMap<String, Value> = serde_json::from_str(headers.get()).unwrap_or_default();
    let headers = headers.into_iter().map(|(name, value)| {
        let value = match value {
            Value::String(text) => text,
            Value::Array(values) => values
                .first()
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            other => other.to_string(),
        };
        (name.to_lowercase(), value)
    });
    headers.collect()
}

fn text_of(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn kind_of(json: &str) -> &'static str {
    match json.bytes().next() {
        Some(b'[') => "a list in a list",
        Some(b'"') => "a text",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a truth value",
        _ => "a number",
    }
}
