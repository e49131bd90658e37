//! JSON and time as text, written straight into a buffer: payloads and answers are made by the thousand.

use std::fmt::Write as _;

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter, tz::Offset};
use serde::{Deserialize, Serialize};

/// Reads JSON. That it is text is looked at once for all of it: for each string by itself that takes several times as long.
pub(crate) fn read_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    }
}

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

/// Appends these texts, one behind the other.
pub(crate) fn push_all(out: &mut String, texts: &[&str]) {
    out.reserve(texts.iter().map(|text| text.len()).sum());
    texts.iter().for_each(|text| out.push_str(text));
}

/// A value as JSON.
pub(crate) fn json(value: &impl Serialize, bytes: usize) -> String {
    let mut text = Vec::with_capacity(bytes);
    // Our own types have string keys and finite numbers, which is all that can go wrong.
    let _ = serde_json::to_writer(&mut text, value);
    String::from_utf8(text).unwrap_or_default()
}

/// Appends a number or any other value whose display form is valid JSON.
pub(crate) fn push_display(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

/// Appends a number. Formatting takes several times as long, and a call has dozens of them.
pub(crate) fn push_number(out: &mut String, number: u64) {
    push_in_base::<10>(out, number, 1, b"0123456789ABCDEF");
}

/// Appends a number in upper-case hexadecimal digits, at least so many.
pub(crate) fn push_hex(out: &mut String, number: u64, digits: usize) {
    push_in_base::<16>(out, number, digits, b"0123456789ABCDEF");
}

/// Appends a number in lower-case hexadecimal digits, at least so many.
pub(crate) fn push_lower_hex(out: &mut String, number: u64, digits: usize) {
    push_in_base::<16>(out, number, digits, b"0123456789abcdef");
}

fn push_in_base<const BASE: u64>(
    out: &mut String,
    mut number: u64,
    least: usize,
    digits: &[u8; 16],
) {
    // As many as the largest number has in the smaller of the two bases.
    let mut text = [b'0'; 20];
    let mut first = text.len();
    while number > 0 || text.len() - first < least {
        first -= 1;
        text[first] = digits[(number % BASE) as usize];
        number /= BASE;
    }
    out.push_str(std::str::from_utf8(&text[first..]).unwrap_or_default());
}

/// `YYYY-MM-DDTHH:MM:SSZ`: GitHub's resolution of one second.
pub(crate) fn seconds(at: Timestamp) -> String {
    let mut text = String::with_capacity(20);
    if push_date_and_time(&mut text, at, b'T') {
        text.push('Z');
        return text;
    }
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    format!("{whole:.0}")
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`: HF's resolution.
pub(crate) fn milliseconds(at: Timestamp) -> String {
    let mut text = String::with_capacity(24);
    if push_date_and_time(&mut text, at, b'T') {
        let mut rest = *b".000Z";
        put_digits(&mut rest[1..4], at.subsec_millisecond().unsigned_abs());
        text.push_str(std::str::from_utf8(&rest).unwrap_or_default());
        return text;
    }
    format!("{at:.3}")
}

/// Appends `YYYY-MM-DDTHH:MM:SS`, or another letter between the two: each answer and each payload has several. False if the
/// year is none of four digits, or the time lies before that of all clocks, where parts of a second count downwards.
pub(crate) fn push_date_and_time(out: &mut String, at: Timestamp, between: u8) -> bool {
    let time = Offset::UTC.to_datetime(at);
    let Some(year) = u32::try_from(time.year())
        .ok()
        .filter(|_| at >= Timestamp::UNIX_EPOCH)
    else {
        return false;
    };
    let mut text = *b"0000-00-00T00:00:00";
    text[10] = between;
    put_digits(&mut text[..4], year);
    for (place, part) in [
        (5, time.month()),
        (8, time.day()),
        (11, time.hour()),
        (14, time.minute()),
        (17, time.second()),
    ] {
        put_digits(&mut text[place..place + 2], part.unsigned_abs().into());
    }
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
    true
}

/// Fills a place with the last digits of a number.
fn put_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Appends the form of the `Date` header.
pub(crate) fn push_http_date(out: &mut String, at: Timestamp) {
    const DAYS: &[u8; 21] = b"ThuFriSatSunMonTueWed";
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let time = Offset::UTC.to_datetime(at);
    let day = usize::try_from(at.as_second() / 86_400).unwrap_or_default() % 7 * 3;
    let month = usize::from(time.month().unsigned_abs()) * 3;
    let names = (DAYS.get(day..day + 3), MONTHS.get(month - 3..month));
    if let (Ok(year), (Some(day), Some(month))) = (u32::try_from(time.year()), names)
        && at >= Timestamp::UNIX_EPOCH
    {
        let mut text = *b"Thu, 00 Jan 0000 00:00:00 GMT";
        text[..3].copy_from_slice(day);
        text[8..11].copy_from_slice(month);
        put_digits(&mut text[12..16], year);
        for (place, part) in [
            (5, time.day()),
            (17, time.hour()),
            (20, time.minute()),
            (23, time.second()),
        ] {
            put_digits(&mut text[place..place + 2], part.unsigned_abs().into());
        }
        out.push_str(std::str::from_utf8(&text).unwrap_or_default());
        return;
    }
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    // Only years beyond 9999 have no such form, and the world's clock never gets there.
    let _ = DateTimePrinter::new().print_timestamp_rfc9110(&whole, out);
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
    fn times_are_written_as_jiff_writes_them() {
        let day = 86_400_000;
        let times = (0..4_000).map(|n: i64| n * (31 * day + 7_919_131) + n % 1_000);
        for ms in times.chain([0, -1, -day, 253_402_207_200_000]) {
            let at = Timestamp::from_millisecond(ms).unwrap();
            let whole = Timestamp::from_second(at.as_second()).unwrap();
            assert_eq!(seconds(at), format!("{whole:.0}"));
            assert_eq!(milliseconds(at), format!("{at:.3}"));
            let (mut date, mut other) = (String::new(), String::new());
            push_http_date(&mut date, at);
            DateTimePrinter::new()
                .print_timestamp_rfc9110(&whole, &mut other)
                .unwrap();
            assert_eq!(date, other);
        }
    }

    #[test]
    fn times_are_cut_to_the_second_never_rounded_up() {
        let at: Timestamp = "2026-11-03T10:00:00.999Z".parse().unwrap();
        assert_eq!(seconds(at), "2026-11-03T10:00:00Z");
        assert_eq!(milliseconds(at), "2026-11-03T10:00:00.999Z");
        let mut date = String::new();
        push_http_date(&mut date, at);
        assert_eq!(date, "Tue, 03 Nov 2026 10:00:00 GMT");
    }

    #[test]
    fn numbers_are_written_as_they_are_displayed() {
        let powers = (0..64).flat_map(|power| [1_u64 << power, (1 << power) - 1]);
        for number in powers.chain([0, 9, 10, 99, 100, 1_234_567_890, u64::MAX]) {
            let (mut decimal, mut hex) = (String::new(), String::new());
            push_number(&mut decimal, number);
            assert_eq!(decimal, number.to_string());
            push_hex(&mut hex, number, 6);
            assert_eq!(hex, format!("{number:06X}"));
            let mut lower = String::new();
            push_lower_hex(&mut lower, number, 1);
            assert_eq!(lower, format!("{number:x}"));
            lower.clear();
            push_lower_hex(&mut lower, number, 8);
            assert_eq!(lower, format!("{number:08x}"));
        }
    }
}
