//! Envelopes of AWS: records and messages of SQS, notifications of SNS, events of EventBridge. Requests to API Gateway,
//! load balancers and function URLs are requests like others.

use serde_json::value::RawValue;

use super::{
    Around, Fields, Findings, KNOWN_EVENTS, NotADelivery, headers, items, object_in, text_in,
    text_of, value_in,
};
use crate::recording::offsets::{Clue, clue_of_time};

/// Reads an envelope of AWS, if this is one.
pub(super) fn read(
    into: &mut Findings,
    fields: &Fields<'_>,
    around: &Around<'_>,
) -> Result<bool, NotADelivery> {
    for key in ["Records", "Messages", "Entries"] {
        if let Some(records) = fields.get(key).and_then(|list| items(list)) {
            let around = Around {
                depth: around.depth + 1,
                ..around.clone()
            };
            records.iter().for_each(|record| into.read(record, &around));
            return Ok(true);
        }
    }
    if let Some(notification) = object_in(fields, "Sns") {
        return sns(into, &notification, around);
    }
    if text_in(fields, "Type").as_deref() == Some("Notification") {
        return sns(into, fields, around);
    }
    Ok(sqs(into, fields, around)? || event_bridge(into, fields, around)?)
}

fn sns(
    into: &mut Findings,
    fields: &Fields<'_>,
    around: &Around<'_>,
) -> Result<bool, NotADelivery> {
    let Some(message) = fields.get("Message") else {
        return Ok(false);
    };
    let around = with_attributes(fields, &["MessageAttributes"], around);
    unpack(into, message, &around.sent(time(fields, "Timestamp")))?;
    Ok(true)
}

fn sqs(
    into: &mut Findings,
    fields: &Fields<'_>,
    around: &Around<'_>,
) -> Result<bool, NotADelivery> {
    let is_message = fields.contains_key("messageId") || fields.contains_key("MessageId");
    let body = fields.get("body").or_else(|| fields.get("Body"));
    let Some(body) = body.filter(|_| is_message) else {
        return Ok(false);
    };
    let attributes = object_in(fields, "attributes").or_else(|| object_in(fields, "Attributes"));
    let sent = attributes.and_then(|attributes| time(&attributes, "SentTimestamp"));
    let around = with_attributes(fields, &["messageAttributes", "MessageAttributes"], around);
    unpack(into, body, &around.sent(sent))?;
    Ok(true)
}

fn event_bridge(
    into: &mut Findings,
    fields: &Fields<'_>,
    around: &Around<'_>,
) -> Result<bool, NotADelivery> {
    let kind = text_in(fields, "detail-type").or_else(|| text_in(fields, "DetailType"));
    let detail = fields.get("detail").or_else(|| fields.get("Detail"));
    let (Some(kind), Some(detail)) = (kind, detail) else {
        return Ok(false);
    };
    let sent = time(fields, "time").or_else(|| time(fields, "Time"));
    let mut around = around.clone().sent(sent);
    if KNOWN_EVENTS.contains(&kind.as_str()) {
        around.headers.insert("x-github-event".to_owned(), kind);
    }
    unpack(into, detail, &around)?;
    Ok(true)
}

/// What lies in an envelope, as text or as it is.
fn unpack(into: &mut Findings, value: &RawValue, around: &Around<'_>) -> Result<(), NotADelivery> {
    match text_of(value) {
        Some(text) => into.read_text(&text, value.get(), around),
        None => into.try_to_read(
            value,
            &Around {
                depth: around.depth + 1,
                ..around.clone()
            },
        ),
    }
}

/// The attributes of a message may be the headers of the request.
fn with_attributes<'a>(fields: &Fields<'_>, keys: &[&str], around: &Around<'a>) -> Around<'a> {
    let mut around = around.clone();
    for attributes in keys.iter().filter_map(|key| fields.get(*key)) {
        let named = headers::read(attributes).into_iter();
        around.headers.extend(named.filter(|(name, _)| {
            name.starts_with("x-github-") || name == "content-type" || name == "user-agent"
        }));
    }
    around
}

fn time(fields: &Fields<'_>, key: &str) -> Option<Clue> {
    clue_of_time(&value_in(fields, key)?)
}
