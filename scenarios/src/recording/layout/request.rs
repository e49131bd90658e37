//! Captured HTTP requests: `headers` beside a `payload` or `body`, a `request` that holds them, and messages of smee,
//! which have their headers beside the body. Recordings of this program are of this layout, too.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, value::RawValue};

use vocabulary::parse_duration;

use super::{
    Around, Fields, Findings, NotADelivery, body, headers, object_in, payload, text_in, value_in,
};
use crate::recording::{
    Failed, form,
    offsets::{Clue, clue_of_date, clue_of_offset, clue_of_time, oddity_of_time},
};

/// What the body is called.
const BODIES: &[&str] = &["payload", "body", "rawBody", "raw_body", "content"];
/// What the headers are called.
const HEADERS: &[&str] = &["headers", "multiValueHeaders", "rawHeaders", "header"];
/// When it was captured, most exact first.
const TIMES: &[&str] = &[
    "delivered_at",
    "received_at",
    "receivedAt",
    "timestamp",
    "captured_at",
    "startedDateTime",
    "time",
    "created_at",
    "loggedDate",
    // API Gateway's, of both versions.
    "requestTimeEpoch",
    "timeEpoch",
];
/// What says that the body is base64.
const BASE64: &[&str] = &[
    "isBase64Encoded",
    "is_base64_encoded",
    "base64Encoded",
    "base64",
    "bodyIsBase64",
];
/// What names the encoding of the body.
const ENCODINGS: &[&str] = &["encoding", "bodyEncoding", "body_encoding"];

/// Reads a captured request, if this is one.
pub(super) fn read(
    into: &mut Findings,
    value: &RawValue,
    fields: &Fields<'_>,
    around: &Around<'_>,
) -> Result<bool, NotADelivery> {
    let inner = object_in(fields, "request");
    let request = inner.as_ref().unwrap_or(fields);
    let Some(body) = BODIES.iter().find_map(|key| request.get(*key)) else {
        return Ok(false);
    };
    let named: Vec<_> = HEADERS.iter().filter_map(|key| request.get(*key)).collect();
    let beside = request.keys().any(|key| is_githubs(key));
    // A payload of GitHub's has none of these keys; a lone `body` is taken for one all the same.
    if inner.is_none() && named.is_empty() && !beside && fields.contains_key("action") {
        return Ok(false);
    }
    let mut all = around.headers.clone();
    if beside {
        all.extend(headers_beside(request));
    }
    named
        .iter()
        .for_each(|named| all.extend(headers::read(named)));
    let base64 = BASE64
        .iter()
        .any(|key| value_in(request, key) == Some(Value::Bool(true)))
        || ENCODINGS.iter().any(|key| {
            text_in(request, key).is_some_and(|text| text.eq_ignore_ascii_case("base64"))
        });
    let (text, in_form) = body::read(body, base64)?;
    let mut oddities = announce_form(in_form, &mut all);
    let clue = offset(fields)?
        .or_else(|| time(fields))
        .or_else(|| time(request))
        .or_else(|| object_in(fields, "requestContext").and_then(|context| time(&context)))
        .or_else(|| clue_of_date(all.get("date").map(String::as_str)));
    oddities.extend(oddity_of_times(fields, clue).or_else(|| oddity_of_times(request, clue)));
    let told = Told {
        oddities,
        clue,
        failed: failed(fields)?,
        redelivery: value_in(fields, "redelivery") == Some(Value::Bool(true)),
        late: late(fields)?,
        id: None,
        event: text_in(fields, "event"),
        guid: text_in(fields, "guid"),
    };
    let place = match value.get().contains(body.get()) {
        true => around.place_of(body.get()),
        false => around.place_of(value.get()),
    };
    finish(
        into,
        all,
        &text,
        told,
        &Around {
            place: Some(place),
            ..around.clone()
        },
    )?;
    Ok(true)
}

/// What an envelope tells of a delivery besides its request.
#[derive(Default)]
pub(super) struct Told {
    /// What was odd about it and put up with.
    pub(super) oddities: Vec<String>,
    pub(super) clue: Option<Clue>,
    pub(super) failed: Option<Failed>,
    pub(super) redelivery: bool,
    pub(super) late: Option<Duration>,
    pub(super) id: Option<u64>,
    pub(super) event: Option<String>,
    pub(super) guid: Option<String>,
}

/// A delivery of its headers, its payload and what its envelope tells. Without headers of GitHub's it may be an envelope
/// itself.
pub(super) fn finish(
    into: &mut Findings,
    mut all: BTreeMap<String, String>,
    text: &str,
    told: Told,
    around: &Around<'_>,
) -> Result<(), NotADelivery> {
    if let Some(event) = told.event.filter(|_| !all.contains_key("x-github-event")) {
        all.insert("x-github-event".to_owned(), event);
    }
    let guid = all.get("x-github-delivery").cloned().or(told.guid);
    let around = Around {
        headers: all,
        ..around.clone().sent(told.clue)
    };
    let fields: Fields<'_> = serde_json::from_str(text).unwrap_or_default();
    let mut found = payload::found(text, &around, &fields)?;
    found.clue = around.clue.unwrap_or(found.clue);
    found.oddities.splice(0..0, told.oddities);
    found.guid = guid;
    found.headers = headers::kept(around.headers);
    found.failed = told.failed;
    found.redelivery = told.redelivery;
    found.late = told.late;
    found.id = told.id;
    found.place = around.place.unwrap_or_default();
    into.found.push(found);
    Ok(())
}

/// A body that is a form is sent as one again, whatever the recorded headers say of it.
pub(super) fn announce_form(in_form: bool, all: &mut BTreeMap<String, String>) -> Vec<String> {
    if !in_form || form::announced(all) {
        return Vec::new();
    }
    let content_type = "content-type".to_owned();
    let before = all.insert(content_type, form::CONTENT_TYPE.to_owned());
    let oddity = before.map(|before| {
        format!("its body is a form, and its content type `{before}` is none; sent as a form")
    });
    oddity.into_iter().collect()
}

/// What is odd about the times that are told here: the first that is not what it seems, if there is no better one.
fn oddity_of_times(fields: &Fields<'_>, clue: Option<Clue>) -> Option<String> {
    let mut odd = TIMES.iter().filter_map(|key| {
        let value = value_in(fields, key)?;
        let reads = clue_of_time(&value);
        oddity_of_time(key, &value).filter(|_| clue.is_none() || reads == clue)
    });
    odd.next()
}

/// An `offset` of a recording.
fn offset(fields: &Fields<'_>) -> Result<Option<Clue>, NotADelivery> {
    let millis = value_in(fields, "offset_ms").and_then(|value| value.as_u64());
    let text = text_in(fields, "offset");
    let clue = clue_of_offset(text.as_deref(), millis);
    match text {
        Some(text) if clue.is_none() => Err(NotADelivery::new(
            format!("the offset `{text}` is not a time"),
            "write a time with its unit: `1.5s`, `90s`, `2h`",
        )),
        _ => Ok(clue),
    }
}

/// How long before GitHub knew what this delivery tells.
fn late(fields: &Fields<'_>) -> Result<Option<Duration>, NotADelivery> {
    let Some(value) = value_in(fields, "late") else {
        return Ok(None);
    };
    let late = value.as_str().and_then(|text| parse_duration(text).ok());
    let odd = || {
        NotADelivery::new(
            format!("`late` is {value}, which is not a length of time"),
            "write how long before GitHub knew, with its unit: `90s`, `2h`",
        )
    };
    late.map(Some).ok_or_else(odd)
}

fn time(fields: &Fields<'_>) -> Option<Clue> {
    TIMES
        .iter()
        .filter_map(|key| value_in(fields, key))
        .find_map(|value| clue_of_time(&value))
}

/// The code of an answer, as a number or as text.
pub(super) fn code_of(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// How it failed: as a recording of this program says it, or by the answer that was captured with it.
fn failed(fields: &Fields<'_>) -> Result<Option<Failed>, NotADelivery> {
    if let Some(value) = value_in(fields, "failed") {
        return serde_json::from_value(value).map(Some).map_err(|error| {
            NotADelivery::new(
                format!(
                    "`failed` does not tell how: {}",
                    error.to_string().lines().next().unwrap_or_default()
                ),
                "write `\"failed\": {\"status\": \"timed out\", \"status_code\": 504}`",
            )
        });
    }
    let Some(response) = object_in(fields, "response") else {
        return Ok(None);
    };
    let number = |key: &str| value_in(&response, key).and_then(|value| code_of(&value));
    let code = ["status_code", "statusCode", "status"]
        .iter()
        .find_map(|key| number(key));
    let text = ["statusText", "status_text", "status"]
        .iter()
        .find_map(|key| text_in(&response, key));
    Ok(code.and_then(|code| Failed::told(text.as_deref(), Some(code))))
}

/// A message of smee has the headers of the request beside its body.
fn headers_beside(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let beside = fields
        .iter()
        .filter(|(key, value)| !BODIES.contains(&key.as_str()) && value.get().starts_with('"'))
        .filter(|(key, _)| !TIMES.contains(&key.as_str()) && *key != "query");
    beside
        .filter_map(|(key, value)| Some((key.to_lowercase(), super::text_of(value)?)))
        .collect()
}

fn is_githubs(key: &str) -> bool {
    let key = key.to_lowercase();
    key == "x-github-event" || key == "x-github-delivery"
}
