//! Layouts that are not read: a file or a value is named for what it is, so that nobody looks for a mistake in it.

use super::{Fields, object_in, text_in};

/// What a file is that is no JSON, by its first bytes; `None` if it could be some.
pub(crate) fn of_file(bytes: &[u8]) -> Option<String> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"\xd4\xc3\xb2\xa1", "a pcap capture of packets"),
        (b"\xa1\xb2\xc3\xd4", "a pcap capture of packets"),
        (b"\x4d\x3c\xb2\xa1", "a pcap capture of packets"),
        (b"\xa1\xb2\x3c\x4d", "a pcap capture of packets"),
        (b"\x0a\x0d\x0d\x0a", "a pcapng capture of packets"),
        (b"PK\x03\x04", "a zip archive (such as a Fiddler session)"),
        (b"\x1f\x8b", "a gzip file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"BZh", "a bzip2 file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"WARC/", "a WARC archive"),
        (b"%PDF", "a PDF"),
    ];
    let magic = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
    if let Some((_, name)) = magic {
        return Some((*name).to_owned());
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if looks_like_json(bytes) && error.valid_up_to() > 0 => return None,
        Err(_) => return Some(binary(bytes)),
    };
    of_text(text).map(str::to_owned)
}

fn looks_like_json(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
}

fn binary(bytes: &[u8]) -> String {
    let mitmproxy = bytes.iter().take(12).any(|byte| *byte == b':')
        && bytes.first().is_some_and(u8::is_ascii_digit);
    match (mitmproxy, bytes.get(..2)) {
        (true, _) => "a flow file of mitmproxy".to_owned(),
        (false, Some(b"\xff\xfe" | b"\xfe\xff")) => "text in UTF-16".to_owned(),
        (false, _) => "a binary file".to_owned(),
    }
}

/// What a text is that does not begin as JSON does.
fn of_text(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let line = text.lines().next().unwrap_or_default();
    let methods = ["POST ", "GET ", "PUT ", "HTTP/1"];
    let quoted = text.starts_with('"') && line.contains("\",");
    if text.is_empty() || (text.starts_with(['{', '[', '"']) && !quoted) {
        return None;
    }
    if text.starts_with("#!") || text.starts_with("curl ") {
        return Some("a shell script (such as the `curl` call of a request)");
    }
    if methods.iter().any(|method| line.starts_with(method)) {
        return Some("a raw HTTP request");
    }
    if text.starts_with('<') {
        return Some("XML or HTML");
    }
    if line.matches(',').count() >= 2 && !line.contains(['{', '[']) {
        return Some("a CSV table");
    }
    if text.starts_with("---")
        || line
            .split_once(": ")
            .is_some_and(|(key, _)| !key.contains(' '))
    {
        return Some("YAML or a list of headers");
    }
    None
}

/// The name of the layout of an object that is known and not read.
pub(super) fn of_value(fields: &Fields<'_>) -> Option<&'static str> {
    let has = |key: &str| fields.contains_key(key);
    let all = |keys: &[&str]| keys.iter().all(|key| has(key));
    let within = |outer: &str, key: &str| {
        object_in(fields, outer).is_some_and(|inner| inner.contains_key(key))
    };
    let is = |key: &str, value: &str| text_in(fields, key).as_deref() == Some(value);
    let found: &[(bool, &str)] = &[
        (all(&["info", "item"]), "a Postman collection"),
        (
            is("_type", "export") && has("resources"),
            "an Insomnia export",
        ),
        (
            within("data", "headers") && within("data", "body") || all(&["pagination", "models"]),
            "a Hookdeck export",
        ),
        (
            all(&["eventType", "payload"]) && !has("headers"),
            "a message of Svix",
        ),
        (all(&["specversion", "source", "type"]), "a CloudEvent"),
        (
            all(&["type", "actor", "repo", "payload"]),
            "an event of GitHub's Events API, which is not the webhook of it",
        ),
        (
            all(&["@timestamp", "action", "actor"]) || all(&["_document_id", "action"]),
            "an entry of GitHub's audit log",
        ),
        (
            all(&["total_count", "jobs"]) || all(&["total_count", "workflow_runs"]),
            "an answer of GitHub's REST API about runs or jobs",
        ),
        (
            all(&["message", "subscription"]) && within("message", "data"),
            "a message of Google Pub/Sub",
        ),
        (
            all(&["eventType", "subject", "data"]),
            "an event of Azure Event Grid",
        ),
        (
            has("logEvents") || all(&["events", "searchedLogStreams"]) || within("awslogs", "data"),
            "logs of CloudWatch",
        ),
        (
            all(&["requests", "uri"]) || all(&["request", "remote_addr", "start"]),
            "requests of ngrok's inspector",
        ),
        (
            all(&["protocolVersion", "scheme", "request"]),
            "a session of Charles",
        ),
        (has("openapi") || has("swagger"), "an OpenAPI description"),
        (
            all(&["title", "timeline"]),
            "a scenario or a plan of this program: `dispatchlab run` takes it",
        ),
        (
            all(&["deliverySummary"]) || all(&["_source", "_index"]),
            "a hit of Elasticsearch",
        ),
    ];
    found.iter().find(|(is, _)| *is).map(|(_, name)| *name)
}

/// An object by its shape: its first keys.
pub(super) fn shape(fields: &Fields<'_>) -> String {
    const SHOWN: usize = 5;
    let mut keys: Vec<String> = fields
        .keys()
        .take(SHOWN)
        .map(|key| format!("`{}`", key.chars().take(40).collect::<String>()))
        .collect();
    if fields.is_empty() {
        return "an empty object".to_owned();
    }
    if fields.len() > SHOWN {
        keys.push(format!("{} more", fields.len() - SHOWN));
    }
    let last = keys.pop().unwrap_or_default();
    match keys.is_empty() {
        true => format!("an object with the key {last}"),
        false => format!("an object with the keys {} and {last}", keys.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_how_they_begin() {
        for (bytes, name) in [
            (&b"\xd4\xc3\xb2\xa1\x02\0"[..], "pcap"),
            (b"PK\x03\x04....", "zip"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"1234:9:\xff\xfe", "mitmproxy"),
            (b"\xff\xfe{\0", "UTF-16"),
            (b"POST /webhook HTTP/1.1\r\n", "raw HTTP"),
            (b"#!/bin/sh\ncurl", "shell"),
            (b"<html>", "XML"),
            (b"id,guid,delivered_at\n1,2,3", "CSV"),
            (b"\"id\",\"guid\",\"delivered_at\"\n1,2,3", "CSV"),
            (b"title: x\n", "YAML"),
        ] {
            let named = of_file(bytes);
            assert!(
                named.as_ref().is_some_and(|it| it.contains(name)),
                "{named:?}"
            );
        }
        for json in [&b"{}"[..], b" [1]", b"\xef\xbb\xbf{}", b"", b"12"] {
            assert_eq!(of_file(json), None, "{json:?}");
        }
    }

    #[test]
    fn objects_are_named_by_their_keys() {
        let read = |text: &'static str| serde_json::from_str::<Fields<'_>>(text).unwrap();
        for (text, name) in [
            (r#"{"info":{},"item":[]}"#, "Postman"),
            (r#"{"_type":"export","resources":[]}"#, "Insomnia"),
            (
                r#"{"id":"evt_1","data":{"headers":{},"body":{}}}"#,
                "Hookdeck",
            ),
            (
                r#"{"type":"PushEvent","actor":{},"repo":{},"payload":{}}"#,
                "Events API",
            ),
            (
                r#"{"message":{"data":"e30="},"subscription":"s"}"#,
                "Pub/Sub",
            ),
            (r#"{"title":"x","timeline":[]}"#, "dispatchlab run"),
        ] {
            let named = of_value(&read(text));
            assert!(named.is_some_and(|it| it.contains(name)), "{named:?}");
        }
        assert_eq!(of_value(&read(r#"{"weather":"fine"}"#)), None);
        assert_eq!(
            shape(&read(r#"{"weather":"fine"}"#)),
            "an object with the key `weather`"
        );
        assert_eq!(
            shape(&read(r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}"#)),
            "an object with the keys `a`, `b`, `c`, `d`, `e` and 2 more"
        );
    }
}
