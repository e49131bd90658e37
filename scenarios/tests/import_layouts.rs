//! Every layout that deliveries are captured in tells the same delivery; what is none of them is refused by its name.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use base64::{Engine as _, prelude::BASE64_STANDARD};
use scenarios::recording::{Import, import, import_bytes};
use serde_json::{Value, json};

const GUID: &str = "0b989ba4-0000-11e5-81e1-000000000001";
const SENT: &str = "2026-06-03T00:57:16Z";
const SENT_MS: u64 = 1_780_448_236_000;

fn payload() -> Value {
    json!({
        "action": "queued",
        "workflow_job": {
            "id": 100, "run_id": 10, "run_attempt": 1, "workflow_name": "ci", "head_branch": "main", "name": "build",
            "created_at": "2026-06-03T00:57:15Z", "labels": ["hf-jobs-cpu-basic"],
        },
        "repository": {"id": 5551, "name": "tool", "full_name": "acme/tool"},
        "installation": {"id": 7},
    })
}

fn text() -> String {
    payload().to_string()
}

fn map() -> Value {
    json!({
        "X-GitHub-Event": "workflow_job", "X-GitHub-Delivery": GUID, "Content-Type": "application/json",
        "X-Hub-Signature-256": "sha256=00",
    })
}

fn pairs() -> Value {
    let map = map();
    let pairs = map.as_object().unwrap().iter();
    let pairs = pairs.map(|(name, value)| json!({"name": name.to_lowercase(), "value": value}));
    pairs.collect::<Vec<_>>().into()
}

fn form() -> String {
    let encoded: String = text().bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("payload={encoded}")
}

/// The one delivery of a text, without refusals.
fn one(what: &str, text: &str) -> scenarios::recording::Delivery {
    let found = import("capture.json", text, None);
    assert_eq!(found.refused, [], "{what}: {text}");
    assert_eq!(found.deliveries.len(), 1, "{what}");
    found.deliveries[0].clone()
}

/// Asserts that a layout tells the delivery, and when it was sent unless it cannot.
fn tells(what: &str, capture: &Value, time: bool) {
    for text in [
        capture.to_string(),
        format!("[{capture}]"),
        format!("{capture}\n"),
    ] {
        let delivery = one(what, &text);
        assert_eq!(delivery.event, "workflow_job", "{what}");
        assert_eq!(delivery.guid.as_deref(), Some(GUID), "{what}");
        let read: Value = serde_json::from_str(&delivery.payload).unwrap();
        assert_eq!(read, payload(), "{what}");
        assert!(
            !delivery.headers.contains_key("x-hub-signature-256"),
            "{what}"
        );
        assert_eq!(
            delivery.headers.get("content-type").map(String::as_str),
            Some("application/json"),
            "{what}"
        );
        let sent = time.then(|| SENT.parse().unwrap());
        assert_eq!(delivery.sent(), sent, "{what}");
    }
}

#[test]
fn captured_requests_are_read_whatever_shape_headers_and_body_have() {
    let base64 = BASE64_STANDARD.encode(text());
    for (what, capture) in [
        ("payload", json!({"headers": map(), "payload": payload()})),
        ("body", json!({"headers": map(), "body": payload()})),
        ("text", json!({"headers": map(), "body": text()})),
        ("pairs", json!({"headers": pairs(), "body": text()})),
        (
            "base64",
            json!({"headers": map(), "body": base64, "isBase64Encoded": true}),
        ),
        (
            "base64 by name",
            json!({"headers": pairs(), "body": base64, "encoding": "base64"}),
        ),
        ("base64 unsaid", json!({"headers": pairs(), "body": base64})),
        (
            "raw headers",
            json!({"rawHeaders": ["X-GitHub-Event", "workflow_job", "X-GitHub-Delivery", GUID, "content-type", "application/json"], "rawBody": text()}),
        ),
        (
            "request within",
            json!({"request": {"method": "POST", "headers": map(), "body": text()}}),
        ),
        (
            "webhook.site",
            json!({"uuid": "u", "type": "web", "headers": {"x-github-event": ["workflow_job"], "x-github-delivery": [GUID], "content-type": ["application/json"]}, "content": text()}),
        ),
    ] {
        tells(what, &capture, false);
    }
    tells(
        "with its time",
        &json!({"timestamp": SENT, "headers": map(), "body": text()}),
        true,
    );
    tells(
        "in milliseconds",
        &json!({"received_at": SENT_MS, "headers": map(), "body": text()}),
        true,
    );
}

#[test]
fn a_delivery_of_githubs_api_is_read_with_its_outcome() {
    let delivery = |status: &str, code: u64, redelivery: bool| {
        json!({
            "id": 9_007_199_254_740_993_u64, "guid": GUID, "delivered_at": SENT, "redelivery": redelivery,
            "status": status, "status_code": code, "event": "workflow_job", "action": "queued",
            "request": {"headers": map(), "payload": payload()}, "response": {"headers": {}, "payload": ""},
        })
    };
    tells("a good one", &delivery("OK", 202, false), true);
    for (status, code) in [
        ("Bad Gateway", 502),
        ("failed to connect to host", 502),
        ("timed out", 504),
        ("timed out", 0),
        ("failed to connect", 0),
        ("Invalid HTTP Response: 302", 302),
    ] {
        let capture = delivery(status, code, true);
        tells(status, &capture, true);
        let read = one(status, &capture.to_string());
        let failed = read.failed.unwrap();
        assert_eq!(
            (failed.status.as_str(), u64::from(failed.status_code)),
            (status, code)
        );
        assert!(read.redelivery);
    }
    assert_eq!(
        one("OK", &delivery("OK", 202, false).to_string()).failed,
        None
    );
}

#[test]
fn har_smee_and_the_envelopes_of_aws_are_read() {
    let har = |headers: Value, data: Value| {
        json!({"log": {"version": "1.2", "entries": [
            {"startedDateTime": SENT, "request": {"method": "GET", "url": "https://x", "headers": []}, "response": {"status": 200}},
            {"startedDateTime": SENT, "request": {"method": "POST", "url": "https://x/webhook", "headers": headers, "postData": data}, "response": {"status": 200}},
        ]}})
    };
    let mut smee = map();
    smee["body"] = payload();
    smee["query"] = json!({});
    smee["timestamp"] = json!(SENT_MS);
    smee["host"] = json!("smee.io");
    let inner = json!({"headers": map(), "body": text()});
    let attributes = |kind: &str| json!({"X-GitHub-Event": {"Type": "String", kind: "workflow_job"}, "X-GitHub-Delivery": {"Type": "String", kind: GUID}, "Content-Type": {"Type": "String", kind: "application/json"}});
    let sns = |message: String| json!({"Type": "Notification", "MessageId": "m", "TopicArn": "arn", "Message": message, "Timestamp": SENT, "MessageAttributes": attributes("Value")});
    let sqs = |body: String| json!({"messageId": "m", "receiptHandle": "r", "body": body, "attributes": {"SentTimestamp": SENT_MS.to_string()}, "messageAttributes": attributes("stringValue"), "eventSource": "aws:sqs"});
    let v1 = json!({"resource": "/webhook", "httpMethod": "POST", "headers": map(), "multiValueHeaders": {"X-GitHub-Event": ["workflow_job"]}, "requestContext": {"requestTimeEpoch": SENT_MS}, "body": text(), "isBase64Encoded": false});
    let v2 = json!({"version": "2.0", "routeKey": "POST /webhook", "headers": map(), "requestContext": {"timeEpoch": SENT_MS, "http": {"method": "POST"}}, "body": BASE64_STANDARD.encode(text()), "isBase64Encoded": true});
    for (what, capture) in [
        (
            "HAR",
            har(
                pairs(),
                json!({"mimeType": "application/json", "text": text()}),
            ),
        ),
        (
            "HAR in base64",
            har(
                pairs(),
                json!({"text": BASE64_STANDARD.encode(text()), "encoding": "base64"}),
            ),
        ),
        ("smee", smee),
        ("API Gateway v1", v1.clone()),
        ("API Gateway v2", v2.clone()),
        ("SNS", sns(text())),
        (
            "SNS of Lambda",
            json!({"Records": [{"EventSource": "aws:sns", "Sns": sns(text())}]}),
        ),
        ("SQS of Lambda", json!({"Records": [sqs(text())]})),
        (
            "SQS of the command line",
            json!({"Messages": [{"MessageId": "m", "Body": text(), "Attributes": {"SentTimestamp": SENT_MS.to_string()}, "MessageAttributes": attributes("StringValue")}]}),
        ),
        (
            "SNS in SQS",
            json!({"Records": [sqs(sns(text()).to_string())]}),
        ),
        (
            "API Gateway in SQS",
            json!({"Records": [sqs(v2.to_string())]}),
        ),
        (
            "EventBridge with a request",
            json!({"version": "0", "detail-type": "webhook", "source": "s", "time": SENT, "detail": inner}),
        ),
        (
            "EventBridge in SQS",
            json!({"Records": [sqs(json!({"version": "0", "detail-type": "workflow_job", "source": "github.com", "time": SENT, "detail": inner}).to_string())]}),
        ),
    ] {
        tells(what, &capture, true);
    }
    let bridge = json!({"version": "0", "detail-type": "workflow_run", "source": "github.com", "time": SENT, "detail": {"action": "requested", "workflow_run": {"id": 1}, "repository": {"full_name": "acme/tool"}}});
    let read = one("EventBridge with a payload", &bridge.to_string());
    assert_eq!(
        (read.event.as_str(), read.sent()),
        ("workflow_run", Some(SENT.parse().unwrap()))
    );
}

#[test]
fn the_event_stream_of_smee_is_read_at_its_places() {
    let mut message = map();
    message["body"] = payload();
    message["timestamp"] = json!(SENT_MS);
    let stream = format!(
        "event: ready\ndata: {{}}\n\nid: 1\ndata: {message}\n\nevent: ping\ndata: {{}}\n\n"
    );
    let read = one("stream", &stream);
    assert_eq!(read.guid.as_deref(), Some(GUID));
    assert_eq!(read.place.line, 5);
}

#[test]
fn a_form_is_told_from_its_body_and_by_its_content_type() {
    let mut headers = map();
    headers["Content-Type"] = json!("application/x-www-form-urlencoded");
    let params = json!([{"name": "payload", "value": text()}]);
    for (what, capture) in [
        (
            "an object under the type",
            json!({"headers": headers, "payload": payload()}),
        ),
        (
            "the form itself",
            json!({"headers": headers, "body": form()}),
        ),
        (
            "the form without headers",
            json!({"headers": {"x-github-event": "workflow_job"}, "body": form()}),
        ),
        (
            "the form in base64",
            json!({"headers": {}, "body": BASE64_STANDARD.encode(form()), "isBase64Encoded": true}),
        ),
        (
            "fields of a framework",
            json!({"headers": headers, "body": {"payload": text()}}),
        ),
        (
            "HAR with fields",
            json!({"log": {"entries": [{"startedDateTime": SENT, "request": {"method": "POST", "headers": [], "postData": {"params": params}}, "response": {"status": 200}}]}}),
        ),
        (
            "SQS around the form",
            json!({"Records": [{"messageId": "m", "body": form()}]}),
        ),
    ] {
        let read = one(what, &capture.to_string());
        let json: Value = serde_json::from_str(&read.payload).unwrap();
        assert_eq!(json, payload(), "{what}");
        assert_eq!(
            read.headers["content-type"], "application/x-www-form-urlencoded",
            "{what}"
        );
    }
}

#[test]
fn an_entry_of_the_list_is_a_delivery_where_any_file_tells_its_payload() {
    let entry = |id: u64, guid: &str, at: &str, redelivery: bool, status: &str, code: u64| json!({"id": id, "guid": guid, "delivered_at": at, "redelivery": redelivery, "duration": 0.1, "status": status, "status_code": code, "event": "workflow_job", "action": "queued", "installation_id": 7, "repository_id": 5551, "throttled_at": null});
    let list = json!([
        entry(3, GUID, "2026-06-03T01:37:16Z", true, "OK", 200),
        entry(2, "another", "2026-06-03T01:00:00Z", false, "OK", 200),
        entry(1, GUID, SENT, false, "Bad Gateway", 502),
    ]);
    let mut full = entry(1, GUID, SENT, false, "Bad Gateway", 502);
    full["request"] = json!({"headers": map(), "payload": payload()});
    let mut imports = [
        import("list.json", &list.to_string(), None),
        import("1.json", &full.to_string(), None),
    ];
    assert_eq!(
        imports[0].refused.len(),
        3,
        "alone, the list has no payload"
    );
    Import::explain_each_other(&mut imports);
    assert_eq!(imports[0].refused.len(), 1, "{:?}", imports[0].refused);
    let all = Import::merged("both", &imports);
    let told: Vec<_> = all
        .deliveries
        .iter()
        .map(|one| (one.offset.as_secs(), one.redelivery, one.failed.is_some()))
        .collect();
    assert_eq!(told, [(0, false, true), (2400, true, false)]);
    let again = Import::merged("again", &[imports[1].clone(), imports[1].clone()]);
    assert_eq!(
        again.deliveries.len(),
        1,
        "GitHub's number tells that it is one attempt"
    );
    assert_eq!(again.notes.len(), 1);
}

#[test]
fn pages_of_the_list_in_one_list_are_read() {
    let capture =
        json!([[{"headers": map(), "body": text()}], [{"headers": map(), "body": text()}]]);
    let found = import("pages.json", &capture.to_string(), None);
    assert_eq!((found.deliveries.len(), found.refused.len()), (2, 0));
}

#[test]
fn another_layout_is_refused_by_its_name_or_its_shape_with_the_known_ones() {
    for (text, name) in [
        (
            json!({"info": {"schema": "https://schema.getpostman.com/x"}, "item": []}),
            "a Postman collection",
        ),
        (
            json!({"id": "evt", "data": {"headers": map(), "body": payload()}}),
            "a Hookdeck export",
        ),
        (
            json!({"id": "1", "type": "WorkflowRunEvent", "actor": {}, "repo": {}, "payload": {}}),
            "Events API",
        ),
        (json!({"total_count": 1, "jobs": []}), "REST API"),
        (
            json!({"weather": "fine", "wind": 3}),
            "an object with the keys `weather` and `wind`",
        ),
        (json!({}), "an empty object"),
    ] {
        let refused = import("x.json", &text.to_string(), None).refused;
        assert_eq!(refused.len(), 1, "{text}");
        assert!(refused[0].reason.contains(name), "{}", refused[0].reason);
        assert!(
            refused[0].hint.contains("known layouts: ") && refused[0].hint.contains("HAR"),
            "{}",
            refused[0].hint
        );
    }
    for (bytes, name) in [
        (&b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00"[..], "pcap"),
        (
            b"POST /webhook HTTP/1.1\r\nX-GitHub-Event: ping\r\n\r\n{}",
            "raw HTTP request",
        ),
        (b"\x1f\x8b\x08\x00\xff\xff", "gzip"),
    ] {
        let found = import_bytes("capture", bytes, None);
        assert_eq!(found.deliveries.len(), 0);
        assert!(
            found.refused[0].reason.contains(name),
            "{:?}",
            found.refused
        );
        assert!(found.refused[0].hint.contains("known layouts: "));
    }
}

#[test]
fn a_folder_tells_the_event_unless_the_payload_does() {
    let run =
        r#"{"action":"completed","workflow_run":{"id":10},"repository":{"full_name":"acme/tool"}}"#;
    assert_eq!(
        import("x", run, Some("workflow_run")).deliveries[0].event,
        "workflow_run"
    );
    assert_eq!(import("x", run, None).refused.len(), 1);
    assert_eq!(
        import("x", &text(), Some("deployment")).deliveries[0].event,
        "workflow_job"
    );
    assert_eq!(
        import("x", r#"{"version":"1.0"}"#, Some("push"))
            .refused
            .len(),
        1,
        "no payload of GitHub's at all"
    );
}

#[test]
fn each_record_of_an_envelope_is_refused_by_itself() {
    let good = json!({"messageId": "m", "body": text()});
    let capture = json!({"Records": [good, {"messageId": "n", "body": "{\"eventType\":\"workflow_job\",\"repositoryName\":\"tool\"}"}, good]});
    let found = import("queue.json", &capture.to_string(), None);
    assert_eq!((found.deliveries.len(), found.refused.len()), (2, 1));
    assert!(
        found.refused[0].reason.contains("`eventType`"),
        "{:?}",
        found.refused
    );
}
