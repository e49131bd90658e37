//! Headers in the shapes that captures have them in: a mapping, a list of pairs, or names and values in turn.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};

/// Headers that are made anew when a delivery is sent again, that belong to one connection, or that are secrets.
const LEFT_OUT: &[&str] = &[
    "x-hub-signature",
    "x-hub-signature-256",
    "x-github-encoded-secret",
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "content-length",
    "host",
    "connection",
    "transfer-encoding",
    "date",
    "x-github-event",
    "x-github-delivery",
];

/// The headers of a request, their names in lower case. What has no shape of headers is no headers.
pub(super) fn read(headers: &RawValue) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    match serde_json::from_str(headers.get()) {
        Ok(Value::Object(map)) => {
            for (name, value) in &map {
                add(&mut all, name, value);
            }
        }
        Ok(Value::String(block)) => block.lines().for_each(|line| add_line(&mut all, line)),
        Ok(Value::Array(list)) if are_lines(&list) => {
            let lines = list.iter().filter_map(Value::as_str);
            lines.for_each(|line| add_line(&mut all, line));
        }
        Ok(Value::Array(list)) if list.iter().all(Value::is_string) => {
            for pair in list.chunks_exact(2) {
                add(&mut all, pair[0].as_str().unwrap_or_default(), &pair[1]);
            }
        }
        Ok(Value::Array(list)) => list.iter().for_each(|pair| add_pair(&mut all, pair)),
        _ => {}
    }
    all
}

/// Whether each text of a list is a line of headers, rather than a name or a value.
fn are_lines(list: &[Value]) -> bool {
    let is_line = |text: &str| text.split_once(':').is_some_and(|(name, _)| is_name(name));
    !list.is_empty() && list.iter().all(|text| text.as_str().is_some_and(is_line))
}

fn is_name(name: &str) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(of_name)
}

/// `Name: value`, as it was sent; the line of the request itself is none.
fn add_line(all: &mut BTreeMap<String, String>, line: &str) {
    if let Some((name, value)) = line.split_once(':').filter(|(name, _)| is_name(name)) {
        add(all, name, &Value::from(value.trim()));
    }
}

/// `{"name": …, "value": …}` (or `key`), or `[name, value]`.
fn add_pair(all: &mut BTreeMap<String, String>, pair: &Value) {
    match pair {
        Value::Array(both) => {
            if let [Value::String(name), value] = both.as_slice() {
                add(all, name, value);
            }
        }
        Value::Object(map) => {
            let get = |wanted: &[&str]| {
                map.iter()
                    .find(|(key, _)| wanted.contains(&key.to_lowercase().as_str()))
                    .map(|(_, value)| value)
            };
            match (
                get(&["name", "key", "header"]).and_then(Value::as_str),
                get(&["value", "values"]),
            ) {
                (Some(name), Some(value)) => add(all, name, value),
                // A mapping of one header each.
                _ => map.iter().for_each(|(name, value)| add(all, name, value)),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Adds a header; of one that is there already, the values are joined as HTTP joins them.
fn add(all: &mut BTreeMap<String, String>, name: &str, value: &Value) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let texts: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            texts.join(", ")
        }
        // As AWS writes the attributes of a message.
        Value::Object(map) => {
            let keys = ["stringValue", "StringValue", "Value", "value"];
            let text = keys.iter().find_map(|key| map.get(*key)?.as_str());
            let Some(text) = text else { return };
            text.to_owned()
        }
        Value::Null => return,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    let name = name.trim().to_lowercase();
    match all.get_mut(&name) {
        Some(known) if *known != text => {
            known.push_str(", ");
            known.push_str(&text);
        }
        Some(_) => {}
        None => {
            all.insert(name, text);
        }
    }
}

/// Without those that do not go into a recording.
pub(super) fn kept(headers: BTreeMap<String, String>) -> BTreeMap<String, String> {
    headers
        .into_iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()) && !name.starts_with(':'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_headers_says_the_same() {
        let shapes = [
            r#"{"X-GitHub-Event":"ping","Accept":"*/*"}"#,
            r#"{"x-github-event":["ping"],"ACCEPT":["*/*"]}"#,
            r#"[{"name":"X-GitHub-Event","value":"ping"},{"name":"Accept","value":"*/*"}]"#,
            r#"[{"Key":"X-GitHub-Event","Value":"ping"},{"Key":"Accept","Value":"*/*"}]"#,
            r#"[["X-GitHub-Event","ping"],["Accept","*/*"]]"#,
            r#"["X-GitHub-Event","ping","Accept","*/*"]"#,
            r#"[{"X-GitHub-Event":"ping"},{"Accept":"*/*"}]"#,
            r#"["X-GitHub-Event: ping","Accept: */*"]"#,
            r#""POST /hook HTTP/1.1\r\nX-GitHub-Event: ping\r\nAccept:*/*\r\n""#,
            r#"{"X-GitHub-Event":{"Type":"String","Value":"ping"},"accept":{"stringValue":"*/*"}}"#,
        ];
        for shape in shapes {
            let value: &RawValue = serde_json::from_str(shape).unwrap();
            let expected = [("accept", "*/*"), ("x-github-event", "ping")];
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(read(value), BTreeMap::from(expected), "{shape}");
        }
    }

    #[test]
    fn several_values_of_one_header_are_joined() {
        let value: &RawValue =
            serde_json::from_str(r#"[["Via","a"],["via","b"],["VIA","b"]]"#).unwrap();
        assert_eq!(read(value)["via"], "a, b, b");
    }
}
