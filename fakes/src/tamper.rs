//! What happens to a webhook's body between GitHub, who signed it, and the dispatcher.

use serde_json::Value;
use vocabulary::Tamper;

/// The body that is sent instead of the signed one; always different from it.
#[must_use]
pub fn tampered(body: &str, how: Tamper) -> String {
    match how {
        Tamper::FlipBit => flip_bit(body),
        Tamper::OtherBody => other_body(body),
        Tamper::SortedKeys => sorted_keys(body),
        Tamper::Spaced => spaced(body),
    }
}

/// Flips the lowest bit of the last letter or digit, so that the body stays text.
fn flip_bit(body: &str) -> String {
    match body.rfind(|c: char| c.is_ascii_alphanumeric()) {
        Some(at) => {
            let flipped = char::from(body.as_bytes()[at] ^ 1);
            format!("{}{flipped}{}", &body[..at], &body[at + 1..])
        }
        None => format!("{body}!"),
    }
}

/// The event of another job, or an empty object where the body is about none.
fn other_body(body: &str) -> String {
    let mut value: Value = serde_json::from_str(body).unwrap_or_default();
    let id = value.pointer_mut("/workflow_job/id");
    match id.and_then(|id| id.as_u64().map(|number| (id, number))) {
        Some((id, number)) => {
            *id = Value::from(number.wrapping_add(1));
            value.to_string()
        }
        None if body == "{}" => "[]".to_owned(),
        None => "{}".to_owned(),
    }
}

/// The same JSON with sorted keys; where they are sorted already, with spaces as well.
fn sorted_keys(body: &str) -> String {
    // Objects are maps in the order of their keys.
    let sorted = serde_json::from_str::<Value>(body).map(|value| value.to_string());
    match sorted {
        Ok(sorted) if sorted != body => sorted,
        _ => spaced(body),
    }
}

/// Spaces after every colon and comma that stands outside a string.
fn spaced(body: &str) -> String {
    let mut spaced = String::with_capacity(body.len() * 2);
    let (mut quoted, mut escaped) = (false, false);
    for c in body.chars() {
        spaced.push(c);
        match c {
            '"' if !escaped => quoted = !quoted,
            ':' | ',' if !quoted => spaced.push(' '),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    if spaced == body {
        spaced.push(' ');
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        r#"{"action":"queued","note":"a: \"b\", c","workflow_job":{"id":9007199254740993}}"#;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn spaces_and_sorted_keys_change_the_bytes_and_not_the_meaning() {
        for tamper in [Tamper::Spaced, Tamper::SortedKeys] {
            for body in [BODY, r#"{"b":1,"a":2}"#] {
                let changed = tampered(body, tamper);
                assert_ne!(changed, body);
                assert_eq!(read(&changed), read(body));
            }
        }
        assert_eq!(
            tampered(r#"{"b":1,"a":2}"#, Tamper::SortedKeys),
            r#"{"a":2,"b":1}"#
        );
    }

    #[test]
    fn another_body_is_about_another_job() {
        assert!(tampered(BODY, Tamper::OtherBody).contains(r#""id":9007199254740994"#));
    }

    #[test]
    fn every_body_is_changed() {
        let all = [
            Tamper::FlipBit,
            Tamper::OtherBody,
            Tamper::SortedKeys,
            Tamper::Spaced,
        ];
        for body in ["", "{}", "[]", "\u{1f600}", "a", BODY] {
            for tamper in all {
                assert_ne!(tampered(body, tamper), body);
            }
        }
        assert_eq!(tampered("{\"a\":2}", Tamper::FlipBit), "{\"a\":3}");
    }
}
