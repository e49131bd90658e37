//! Deliveries as GitHub's API returns them: the entries of a list, and each in full.

use serde_json::{Value, value::RawValue};

use super::{
    Around, Fields, Findings, Listed, NotADelivery, body, headers, object_in, request,
    request::Told, text_in, value_in,
};
use crate::recording::{
    Failed,
    offsets::{Clue, clue_of_time, oddity_of_time},
};

/// Reads a delivery of GitHub's API, if this is one.
pub(super) fn read(
    into: &mut Findings,
    value: &RawValue,
    fields: &Fields<'_>,
    around: &Around<'_>,
) -> Result<bool, NotADelivery> {
    let sent = object_in(fields, "request");
    let in_full = sent
        .as_ref()
        .and_then(|request| request.get("payload").copied());
    let number = |key: &str| value_in(fields, key).and_then(|value| request::code_of(&value));
    // A detail may have lost its time: the list has it.
    let its_own = fields.contains_key("guid")
        && (fields.contains_key("delivered_at") || (in_full.is_some() && number("id").is_some()));
    if !its_own && (in_full.is_none() || !fields.contains_key("status_code")) {
        return Ok(false);
    }
    let time = value_in(fields, "delivered_at");
    let clue = time.as_ref().and_then(clue_of_time);
    let odd_time = time.and_then(|time| oddity_of_time("delivered_at", &time));
    let failed = Failed::told(text_in(fields, "status").as_deref(), number("status_code"));
    let redelivery = value_in(fields, "redelivery") == Some(Value::Bool(true));
    let (id, guid) = (number("id"), text_in(fields, "guid"));
    let (Some(request), Some(payload)) = (sent, in_full.filter(|payload| payload.get() != "null"))
    else {
        let (Some(id), Some(guid)) = (id, guid) else {
            return Err(without_payload());
        };
        into.listed.push(Listed {
            place: around.place_of(value.get()),
            id,
            guid,
            clue: clue.unwrap_or(Clue::Nothing),
            failed,
            redelivery,
        });
        return Ok(true);
    };
    let mut all = around.headers.clone();
    if let Some(named) = request.get("headers") {
        all.extend(headers::read(named));
    }
    let (text, in_form) = body::read(payload, false)?;
    let mut oddities = request::announce_form(in_form, &mut all);
    oddities.extend(odd_time);
    let told = Told {
        oddities,
        clue,
        failed,
        redelivery,
        late: None,
        id,
        event: text_in(fields, "event"),
        guid,
    };
    let place = around.place_of(payload.get());
    let around = Around {
        place: Some(place),
        ..around.clone()
    };
    request::finish(into, all, &text, told, &around)?;
    Ok(true)
}

/// Why an entry of the list alone is not enough.
pub(crate) fn without_payload() -> NotADelivery {
    NotADelivery::new(
        "an entry of GitHub's list of deliveries has no payload",
        "ask for each delivery by its id (`GET /app/hook/deliveries/ID`) and import the answers, with or without the list",
    )
}
