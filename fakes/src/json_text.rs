//! JSON and time as text, written straight into a buffer: payloads and answers are made by the thousand.

use std::fmt::Write as _;

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn push_string(out: &mut String, text: &str) {
    let plain = text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Appends a JSON array of strings.
pub(crate) fn push_strings<T: AsRef<str>>(out: &mut String, items: &[T]) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(out, item.as_ref());
    }
    out.push(']');
}

/// Appends a number or any other value whose display form is valid JSON.
pub(crate) fn push_display(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

/// `YYYY-MM-DDTHH:MM:SSZ`: GitHub's resolution of one second.
pub(crate) fn seconds(at: Timestamp) -> String {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    format!("{whole:.0}")
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`: HF's resolution.
pub(crate) fn milliseconds(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The form of the `Date` header.
pub(crate) fn http_date(at: Timestamp) -> String {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    // Only years beyond 9999 have no such form, and the world's clock never gets there.
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&whole)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_serde_json_would() {
        for text in [
            "plain",
            "a \"quote\"",
            "back\\slash",
            "line\nbreak",
            "bell\u{7}",
            "ünïcödé 🚀",
            "",
        ] {
            let mut out = String::new();
            push_string(&mut out, text);
            let back: String = serde_json::from_str(&out).unwrap();
            assert_eq!(back, text);
        }
    }

    #[test]
    fn times_are_cut_to_the_second_never_rounded_up() {
        let at: Timestamp = "2026-11-03T10:00:00.999Z".parse().unwrap();
        assert_eq!(seconds(at), "2026-11-03T10:00:00Z");
        assert_eq!(milliseconds(at), "2026-11-03T10:00:00.999Z");
        assert_eq!(http_date(at), "Tue, 03 Nov 2026 10:00:00 GMT");
    }
}
