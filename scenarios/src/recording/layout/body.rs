//! The body of a captured request: JSON as it is or as text, a form, base64 of either, or a buffer of bytes.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Value, value::RawValue};

use super::{NotADelivery, text_of};
use crate::recording::form;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The JSON in a body, and whether a form is around it.
pub(super) fn read(body: &RawValue, base64: bool) -> Result<(String, bool), NotADelivery> {
    let raw = body.get();
    if raw.starts_with('"') {
        let text = text_of(body).unwrap_or_default();
        if base64 {
            let bytes = decoded(&text).ok_or_else(|| {
                NotADelivery::new(
                    "the body is said to be base64, and is not",
                    "export it as it was captured, or set `isBase64Encoded` to false",
                )
            })?;
            return of_text(&bytes);
        }
        return of_text(&text);
    }
    if let Some(bytes) = buffer(body) {
        return of_text(&bytes);
    }
    // Web frameworks hand a form on as an object of its fields.
    if let Some(payload) = sole_payload(body) {
        return Ok((payload, true));
    }
    Ok((raw.to_owned(), false))
}

/// The JSON in a text, and whether a form is around it.
pub(super) fn of_text(text: &str) -> Result<(String, bool), NotADelivery> {
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    if trimmed.starts_with(['{', '[']) {
        return Ok((text.to_owned(), false));
    }
    if let Some(payload) = form::payload_in(trimmed) {
        return Ok((payload, true));
    }
    if let Some(within) = decoded(trimmed).filter(|within| {
        within.trim_start().starts_with(['{', '[']) || form::payload_in(within).is_some()
    }) {
        return of_text(&within);
    }
    Err(NotADelivery::new(
        "the payload is not a JSON object",
        "export the JSON body of the webhook as it was sent",
    ))
}

/// Wraps a payload so that it is read as one that came in a form.
pub(super) fn as_form(payload: &RawValue) -> Result<Box<RawValue>, NotADelivery> {
    let text = format!(
        r#"{{"headers":{{"content-type":"{}"}},"payload":{}}}"#,
        form::CONTENT_TYPE,
        payload.get()
    );
    RawValue::from_string(text)
        .map_err(|error| NotADelivery::new(format!("what the form holds is not JSON: {error}"), ""))
}

/// The text in some base64, standard or safe in URLs.
pub(super) fn decoded(text: &str) -> Option<String> {
    let text: String = text.split_whitespace().collect();
    let bytes = STANDARD.decode(&text).or_else(|_| URL_SAFE.decode(&text));
    String::from_utf8(bytes.ok()?).ok()
}

/// `{"type": "Buffer", "data": [123, …]}`, as Node.js writes bytes.
fn buffer(body: &RawValue) -> Option<String> {
    let Ok(Value::Object(map)) = serde_json::from_str(body.get()) else {
        return None;
    };
    if map.get("type")?.as_str() != Some("Buffer") || map.len() != 2 {
        return None;
    }
    let bytes = map.get("data")?.as_array()?.iter();
    let bytes: Option<Vec<u8>> = bytes
        .map(|byte| u8::try_from(byte.as_u64()?).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

fn sole_payload(body: &RawValue) -> Option<String> {
    let Ok(Value::Object(map)) = serde_json::from_str(body.get()) else {
        return None;
    };
    let payload = map.get("payload").filter(|_| map.len() == 1)?.as_str()?;
    payload
        .trim_start()
        .starts_with('{')
        .then(|| payload.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_same_in_every_shape() {
        let payload = r#"{"action":"queued?>"}"#;
        let plain = STANDARD.encode(payload);
        let safe = URL_SAFE.encode(payload);
        let form = STANDARD.encode(form::of(payload));
        assert_ne!(plain, safe, "the test needs a character that differs");
        let quoted = |text: &str| Value::from(text).to_string();
        let bytes = serde_json::json!({"type": "Buffer", "data": payload.as_bytes()});
        let fields = serde_json::json!({ "payload": payload });
        for (shape, base64, in_form) in [
            (payload.to_owned(), false, false),
            (quoted(payload), false, false),
            (quoted(&plain), true, false),
            (quoted(&safe), true, false),
            (quoted(&plain), false, false),
            (quoted(&form), true, true),
            (quoted(&form::of(payload)), false, true),
            (bytes.to_string(), false, false),
            (fields.to_string(), false, true),
        ] {
            let value: &RawValue = serde_json::from_str(&shape).unwrap();
            let read = read(value, base64).unwrap();
            assert_eq!(read, (payload.to_owned(), in_form), "{shape}");
        }
    }

    #[test]
    fn what_is_no_payload_in_any_shape_is_refused() {
        for shape in [r#""hello""#, r#""payload""#, r#""aGVsbG8=""#] {
            let value: &RawValue = serde_json::from_str(shape).unwrap();
            assert!(read(value, false).is_err(), "{shape}");
        }
        let value: &RawValue = serde_json::from_str(r#""{}""#).unwrap();
        assert!(read(value, true).is_err(), "said to be base64");
    }
}
