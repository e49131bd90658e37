//! What [`Tamper`] makes of a body that was signed before.

use serde_json::Value;

use super::Tamper;

impl Tamper {
    /// The body that is sent instead of the signed one; always different from it.
    #[must_use]
    pub fn apply(self, body: &str) -> String {
        match self {
            Self::FlipBit => flip_bit(body),
            Self::OtherBody => other_body(body),
            Self::Spaced => spaced(body),
        }
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

    #[test]
    fn spaces_change_the_bytes_and_not_the_meaning() {
        let spaced = Tamper::Spaced.apply(BODY);
        assert_ne!(spaced, BODY);
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(read(&spaced), read(BODY));
    }

    #[test]
    fn another_body_is_about_another_job() {
        assert!(
            Tamper::OtherBody
                .apply(BODY)
                .contains(r#""id":9007199254740994"#)
        );
    }

    #[test]
    fn every_body_is_changed() {
        for body in ["", "{}", "[]", "\u{1f600}", "a", BODY] {
            for tamper in [Tamper::FlipBit, Tamper::OtherBody, Tamper::Spaced] {
                assert_ne!(tamper.apply(body), body);
            }
        }
        assert_eq!(Tamper::FlipBit.apply("{\"a\":2}"), "{\"a\":3}");
    }
}
