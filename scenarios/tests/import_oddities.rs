//! What is read of recordings that are a little off, and that it is said: times, headers, codes, ids, bytes.

use scenarios::recording::{Import, import, import_bytes};
use serde_json::{Value, json};

const GUID: &str = "0b989ba4-0000-11e5-81e1-000000000001";

fn payload() -> Value {
    json!({
        "action": "queued",
        "workflow_job": {
            "id": 100, "run_id": 10, "run_attempt": 1, "workflow_name": "ci", "head_branch": "main", "name": "build",
            "labels": ["a"], "created_at": "2026-06-03T00:57:15Z",
        },
        "repository": {"full_name": "acme/tool"}, "installation": {"id": 7},
    })
}

fn entry(delivered_at: &Value) -> Value {
    json!({
        "id": 1, "guid": GUID, "delivered_at": delivered_at, "redelivery": false, "status": "OK", "status_code": 200,
        "event": "workflow_job", "request": {"headers": {}, "payload": payload()},
    })
}

/// The times that were read, and what was noted.
fn read(entries: &Value) -> (Vec<Option<String>>, String) {
    let found = import("log.json", &entries.to_string(), None);
    assert_eq!(found.refused, []);
    let sent = found.deliveries.iter();
    let sent = sent.map(|one| one.sent().map(|time| time.to_string()));
    let notes: Vec<_> = found.notes.iter().map(|note| note.text.as_str()).collect();
    (sent.collect(), notes.join("; "))
}

#[test]
fn times_are_read_as_far_as_they_can_be_and_the_rest_is_noted() {
    let expected = Some("2026-06-03T00:57:16Z".to_owned());
    for (text, note) in [
        ("2026-06-03T00:57:16Z", ""),
        ("2026-06-03T02:57:16+02:00", ""),
        ("2026-06-03 00:57:16 UTC", ""),
        ("2026-06-03T00:57:16", "without a zone; taken for UTC"),
        ("2026-06-03 00:57:16", "without a zone; taken for UTC"),
    ] {
        let (sent, notes) = read(&json!([entry(&json!(text))]));
        assert_eq!(sent, std::slice::from_ref(&expected), "{text}");
        assert!(
            notes.contains(note) && notes.is_empty() == note.is_empty(),
            "{text}: {notes}"
        );
    }
    for unreadable in [
        json!("yesterday"),
        json!("2026-13-03T00:00:00Z"),
        json!(1e300),
        json!([1]),
        json!(true),
    ] {
        let (sent, notes) = read(&json!([entry(&unreadable)]));
        assert_eq!(sent, [None], "{unreadable}");
        assert!(
            notes.contains("`delivered_at` is") && notes.contains("no time that can be read"),
            "{unreadable}: {notes}"
        );
    }
    let captured = json!({"timestamp": "soon", "headers": {"x-github-event": "workflow_job"}, "payload": payload()});
    assert!(read(&captured).1.contains("`timestamp` is \"soon\""));
    let better = json!({"timestamp": "soon", "received_at": "2026-06-03T00:57:16Z", "headers": {}, "payload": payload()});
    assert_eq!(read(&better), (vec![expected], String::new()));
}

#[test]
fn headers_are_read_as_lines_and_as_one_text() {
    for headers in [
        json!([
            format!("X-GitHub-Event: workflow_job"),
            format!("X-GitHub-Delivery: {GUID}"),
            "Accept: */*"
        ]),
        json!(format!(
            "X-GitHub-Event: workflow_job\nX-GitHub-Delivery: {GUID}\r\nAccept: */*"
        )),
    ] {
        let found = import(
            "x.json",
            &json!({"headers": headers, "body": payload()}).to_string(),
            None,
        );
        assert_eq!(found.deliveries[0].guid.as_deref(), Some(GUID), "{headers}");
        assert_eq!(found.deliveries[0].headers["accept"], "*/*");
    }
}

#[test]
fn a_form_under_the_content_type_of_json_is_noted() {
    let form: String = payload()
        .to_string()
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let captured = json!({
        "headers": {"X-GitHub-Event": "workflow_job", "Content-Type": "application/json"}, "body": format!("payload={form}"),
    });
    let (_, notes) = read(&captured);
    assert!(
        notes.contains("its content type `application/json` is none; sent as a form"),
        "{notes}"
    );
}

#[test]
fn codes_are_read_as_text_and_none_is_made_up() {
    let mut as_text = entry(&json!("2026-06-03T00:57:16Z"));
    (as_text["status"], as_text["status_code"]) = (json!("Internal Server Error"), json!("500"));
    let mut without = entry(&json!("2026-06-03T00:57:16Z"));
    without["status"] = json!("failed");
    without.as_object_mut().unwrap().remove("status_code");
    for (entry, expected) in [(as_text, "500 Internal Server Error"), (without, "failed")] {
        let found = import("log.json", &json!([entry]).to_string(), None);
        let failed = found.deliveries[0].failed.as_ref().unwrap();
        assert_eq!(failed.to_string(), expected);
    }
}

#[test]
fn what_is_wrong_with_an_id_is_said() {
    for (id, said) in [
        (json!("12"), "\"12\""),
        (json!(-5), "-5"),
        (json!(1.5), "1.5"),
        (json!(1e30), "1e+30"),
        (json!(0), "0"),
    ] {
        let mut payload = payload();
        payload["workflow_job"]["id"] = id;
        let found = import("x.json", &payload.to_string(), None);
        let reason = &found.refused[0].reason;
        assert!(
            reason.contains(&format!("`workflow_job.id` is {said}, and")),
            "{reason}"
        );
    }
}

#[test]
fn an_attempt_in_the_list_and_in_full_without_its_time_is_taken_once() {
    let mut detail = entry(&Value::Null);
    for key in ["delivered_at", "status", "status_code", "redelivery"] {
        detail.as_object_mut().unwrap().remove(key);
    }
    let listed = json!([{
        "id": 1, "guid": GUID, "delivered_at": "2026-06-03T01:37:16Z", "redelivery": true, "status": "Bad Gateway",
        "status_code": 502, "event": "workflow_job", "action": "queued",
    }]);
    for order in [[&listed, &detail], [&detail, &listed]] {
        let mut imports = order.map(|text| import("x.json", &text.to_string(), None));
        Import::explain_each_other(&mut imports);
        assert!(imports.iter().all(|import| import.refused.is_empty()));
        let all = Import::merged("all", &imports);
        let [only] = all.deliveries.as_slice() else {
            panic!("{:?}", all.deliveries);
        };
        assert!(only.redelivery && only.failed.is_some());
        assert_eq!(only.sent().unwrap().to_string(), "2026-06-03T01:37:16Z");
    }
}

#[test]
fn a_byte_that_is_no_utf_8_has_a_place() {
    let mut bytes = b"[\n {\"action\": \"".to_vec();
    bytes.extend(b"\xfcber\"}]");
    let found = import_bytes("x.json", &bytes, None);
    let refusal = &found.refused[0];
    assert_eq!(refusal.place.to_string(), "2:14");
    assert!(refusal.reason.contains("0xfc"), "{}", refusal.reason);
}

#[test]
fn a_file_that_holds_nothing_is_refused_with_the_layouts() {
    for text in ["", "  \n", "[]", "[[]]", r#"{"log":{"entries":[]}}"#] {
        let found = import("x.json", text, None);
        let refusal = found.refused.first().unwrap_or_else(|| panic!("{text:?}"));
        assert!(
            refusal.hint.contains("known layouts"),
            "{text:?}: {}",
            refusal.hint
        );
    }
    let csv = import("x.csv", "\"id\",\"guid\",\"at\"\n1,2,3\n", None);
    assert!(csv.refused[0].hint.contains("known layouts"));
}

/// Counted, not timed: what a long array on one line costs is told by its places, each found from a count nearby.
#[test]
fn a_long_array_on_one_line_is_read_with_right_places() {
    let one = payload().to_string();
    let count = 4_000;
    let all = format!("[{}]", vec![one.as_str(); count].join(","));
    let found = import("log.json", &all, None);
    assert_eq!(found.deliveries.len(), count);
    let column = |number: usize| 2 + number * (one.len() + 1);
    for number in [0, 1, count - 1] {
        assert_eq!(found.deliveries[number].place.column, column(number));
    }
}
