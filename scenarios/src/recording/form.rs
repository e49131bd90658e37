//! HTML forms: a hook with GitHub's default content type sends `payload=<the JSON>` instead of the JSON itself.

use std::collections::BTreeMap;

/// The content type of such a body.
pub(crate) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// Whether headers (their names in lower case) announce a form.
pub(crate) fn announced(headers: &BTreeMap<String, String>) -> bool {
    headers.get("content-type").is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case(CONTENT_TYPE)
    })
}

/// A payload as the form that GitHub makes of it.
pub(crate) fn of(payload: &str) -> String {
    let mut form = String::from("payload=");
    form.extend(form_urlencoded::byte_serialize(payload.as_bytes()));
    form
}

/// The payload within a form.
pub(crate) fn payload_in(body: &str) -> Option<String> {
    if body.trim_start().starts_with(['{', '[', '"']) {
        return None;
    }
    form_urlencoded::parse(body.trim().as_bytes())
        .find(|(name, _)| name == "payload")
        .map(|(_, payload)| payload.into_owned())
        .filter(|payload| payload.trim_start().starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_a_form_is_what_comes_out_of_it() {
        let payload = "{\"a b\":\"ü&=+~%41\"}";
        let form = of(payload);
        assert_eq!(
            form,
            "payload=%7B%22a+b%22%3A%22%C3%BC%26%3D%2B%7E%2541%22%7D"
        );
        assert_eq!(payload_in(&form).as_deref(), Some(payload));
        assert_eq!(payload_in(payload), None);
        assert_eq!(payload_in("other=1&payload=%7B%7D").as_deref(), Some("{}"));
        for none in ["no form at all", "payload", "payload=", "payload=hello"] {
            assert_eq!(payload_in(none), None, "{none}");
        }
    }

    #[test]
    fn a_form_is_told_by_its_content_type_whatever_follows_it() {
        let with = |value: &str| BTreeMap::from([("content-type".to_owned(), value.to_owned())]);
        assert!(announced(&with("application/x-www-form-urlencoded")));
        assert!(announced(&with(
            "Application/X-WWW-Form-Urlencoded; charset=utf-8"
        )));
        assert!(!announced(&with("application/json")));
        assert!(!announced(&BTreeMap::new()));
    }
}
