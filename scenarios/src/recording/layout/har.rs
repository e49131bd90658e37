//! HAR, the archive of requests that browsers and proxies write: each POST with a body is taken for a delivery.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{
    Around, Fields, Findings, NotADelivery, body, headers, items, object_in, request,
    request::Told, text_in, value_in,
};
use crate::recording::{
    Failed, form,
    offsets::{clue_of_time, oddity_of_time},
};

/// Reads the entries of an archive, if this is one.
pub(super) fn read(into: &mut Findings, fields: &Fields<'_>, around: &Around<'_>) -> bool {
    let entries = match object_in(fields, "log") {
        Some(log) => log.get("entries").copied(),
        // An entry on its own.
        None if fields.contains_key("startedDateTime") => None,
        None => return false,
    };
    let Some(entries) = entries.and_then(items) else {
        return match fields.contains_key("startedDateTime") {
            true => take(into, fields, around, around.place),
            false => false,
        };
    };
    let mut others = 0_usize;
    for entry in &entries {
        let Ok(fields) = serde_json::from_str::<Fields<'_>>(entry.get()) else {
            into.read(entry, around);
            continue;
        };
        let place = around.place_of(entry.get());
        others += usize::from(!take(into, &fields, around, Some(place)));
    }
    if let (Some(first), true) = (entries.first(), others > 0) {
        let text = format!("{others} requests of the archive are no POST with a body; left out");
        into.note(around.place_of(first.get()), text);
    }
    true
}

/// Takes an entry; false if it is no POST with a body.
fn take(
    into: &mut Findings,
    entry: &Fields<'_>,
    around: &Around<'_>,
    place: Option<super::Place>,
) -> bool {
    let Some(sent) = object_in(entry, "request") else {
        return false;
    };
    let post = text_in(&sent, "method").is_none_or(|method| method.eq_ignore_ascii_case("POST"));
    let Some(data) = object_in(&sent, "postData").filter(|_| post) else {
        return false;
    };
    let around = Around {
        place,
        ..around.clone()
    };
    if let Err(error) = delivery(into, entry, &sent, &data, &around) {
        into.refuse(place.unwrap_or_default(), error);
    }
    true
}

fn delivery(
    into: &mut Findings,
    entry: &Fields<'_>,
    sent: &Fields<'_>,
    data: &Fields<'_>,
    around: &Around<'_>,
) -> Result<(), NotADelivery> {
    let mut all: BTreeMap<String, String> = around.headers.clone();
    if let Some(named) = sent.get("headers") {
        all.extend(headers::read(named));
    }
    let base64 = text_in(data, "encoding").is_some_and(|name| name.eq_ignore_ascii_case("base64"));
    let (text, in_form) = match (data.get("text"), payload_of(data)) {
        (Some(text), _) if text.get() != "\"\"" => body::read(text, base64)?,
        (_, Some(payload)) => (payload, true),
        _ => {
            return Err(NotADelivery::new(
                "the archive does not hold the body of this request",
                "export it with the bodies (`postData`)",
            ));
        }
    };
    let mut oddities = request::announce_form(in_form, &mut all);
    let time = value_in(entry, "startedDateTime");
    oddities.extend(
        time.as_ref()
            .and_then(|time| oddity_of_time("startedDateTime", time)),
    );
    let code =
        object_in(entry, "response").and_then(|response| value_in(&response, "status")?.as_u64());
    let text_of_it = object_in(entry, "response").and_then(|it| text_in(&it, "statusText"));
    let told = Told {
        oddities,
        clue: time.as_ref().and_then(clue_of_time),
        // 0 stands for an answer that never came.
        failed: code.and_then(|code| {
            Failed::told(
                text_of_it.as_deref().filter(|text| !text.is_empty()),
                Some(code),
            )
        }),
        redelivery: false,
        late: None,
        id: None,
        event: None,
        guid: None,
    };
    request::finish(into, all, &text, told, around)
}

/// The field `payload` of a form that the archive has taken apart.
fn payload_of(data: &Fields<'_>) -> Option<String> {
    let params: Vec<&RawValue> = items(data.get("params")?)?;
    params.into_iter().find_map(|param| {
        let param: Fields<'_> = serde_json::from_str(param.get()).ok()?;
        let value = text_in(&param, "value")
            .filter(|_| text_in(&param, "name").as_deref() == Some("payload"))?;
        // Some write the value as it was sent.
        match value.starts_with('{') {
            true => Some(value),
            false => form::payload_in(&format!("payload={value}")),
        }
    })
}
