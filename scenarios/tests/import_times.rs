//! No recorded time is lost: of old payloads, of files that are joined, of events at one second.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use scenarios::recording::{Import, import};
use serde_json::{Value, json};

fn payload(action: &str, job: u64, times: &Value) -> String {
    let mut about =
        json!({"id": job, "run_id": 10, "run_attempt": 1, "name": "build", "labels": ["a"]});
    let fields = times.as_object().unwrap().clone();
    about.as_object_mut().unwrap().extend(fields);
    json!({
        "action": action, "workflow_job": about, "repository": {"full_name": "acme/tool"}, "installation": {"id": 7},
    })
    .to_string()
}

/// The files joined, as offset, action and job.
fn joined(files: &[String]) -> (Vec<(u64, String)>, Vec<String>) {
    let imports: Vec<Import> = files
        .iter()
        .enumerate()
        .map(|(number, text)| import(&format!("{number}.json"), text, None))
        .collect();
    for import in &imports {
        assert_eq!(import.refused, []);
    }
    let all = Import::merged("all", &imports);
    let told = all.deliveries.iter().map(|one| {
        let payload: Value = serde_json::from_str(&one.payload).unwrap();
        (
            one.offset.as_secs(),
            payload["action"].as_str().unwrap().to_owned(),
        )
    });
    let notes = all.notes.into_iter().map(|note| note.text);
    (told.collect(), notes.collect())
}

fn told(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected
        .iter()
        .map(|(at, action)| (*at, (*action).to_owned()))
        .collect()
}

#[test]
fn payloads_without_created_at_are_dated_by_started_at() {
    let (started, ended) = ("2021-07-27T07:34:20Z", "2021-07-27T07:36:00Z");
    let files = [
        payload(
            "completed",
            1,
            &json!({"started_at": started, "completed_at": ended}),
        ),
        payload(
            "in_progress",
            1,
            &json!({"started_at": started, "completed_at": null}),
        ),
        payload(
            "queued",
            1,
            &json!({"started_at": "2021-07-27T07:33:38Z", "completed_at": null}),
        ),
    ];
    let (all, notes) = joined(&files);
    assert_eq!(
        all,
        told(&[(0, "queued"), (42, "in_progress"), (142, "completed")])
    );
    assert_eq!(notes, Vec::<String>::new(), "nothing is assumed");
}

#[test]
fn where_one_file_tells_no_time_the_others_keep_theirs() {
    let files = [
        payload("completed", 1, &json!({"completed_at": null})),
        payload(
            "in_progress",
            1,
            &json!({"started_at": "2026-06-03T01:00:00Z"}),
        ),
        payload("queued", 1, &json!({"created_at": "2026-06-03T00:58:00Z"})),
    ];
    let (all, notes) = joined(&files);
    assert_eq!(
        all,
        told(&[(0, "queued"), (120, "in_progress"), (121, "completed")])
    );
    assert!(
        notes.len() == 1 && notes[0].starts_with("0.json:1:"),
        "{notes:?}"
    );
}

#[test]
fn events_of_one_job_at_one_second_come_in_the_order_of_its_life() {
    let at = json!({"created_at": "2026-06-03T00:57:15Z", "started_at": "2026-06-03T00:57:15Z", "completed_at": "2026-06-03T00:57:15Z"});
    let actions = ["completed", "in_progress", "queued", "waiting"];
    let files: Vec<String> = actions
        .iter()
        .map(|action| payload(action, 1, &at))
        .collect();
    let life = told(&[
        (0, "waiting"),
        (0, "queued"),
        (0, "in_progress"),
        (0, "completed"),
    ]);
    assert_eq!(joined(&files).0, life);
    assert_eq!(
        joined(&[format!("[{}]", files.join(","))]).0,
        life,
        "in one file as well"
    );
}

#[test]
fn a_log_that_is_listed_newest_first_is_turned_round() {
    let entry = |id: u64, at: &str, redelivery: bool| {
        let payload = payload("queued", 1, &json!({"created_at": "2026-06-03T00:57:15Z"}));
        let payload: Value = serde_json::from_str(&payload).unwrap();
        json!({"id": id, "guid": "g", "delivered_at": at, "redelivery": redelivery, "status": "OK", "status_code": 200, "event": "workflow_job", "request": {"headers": {}, "payload": payload}})
    };
    let (one, two) = ("2026-06-03T00:57:16Z", "2026-06-03T00:57:20Z");
    let log = json!([
        entry(9, two, true),
        entry(8, one, true),
        entry(7, one, false)
    ]);
    let found = import("log.json", &log.to_string(), None);
    let all = Import::merged("log", &[found]);
    let order: Vec<_> = all
        .deliveries
        .iter()
        .map(|one| (one.offset.as_secs(), one.redelivery))
        .collect();
    assert_eq!(order, [(0, false), (0, true), (4, true)]);
}

#[test]
fn a_gap_between_files_is_noted_where_it_is_shortened() {
    let files = [
        payload("queued", 1, &json!({"created_at": "2021-06-15T00:00:00Z"})),
        payload("queued", 2, &json!({"created_at": "2023-06-15T00:00:00Z"})),
    ];
    let (all, notes) = joined(&files);
    assert_eq!(all, told(&[(0, "queued"), (60, "queued")]));
    assert!(
        notes.len() == 1 && notes[0].contains("1.json:") && notes[0].contains("shortened"),
        "{notes:?}"
    );
}

#[test]
fn written_offsets_keep_their_order_at_one_time() {
    let line = |action: &str| {
        let payload = payload(action, 1, &json!({"created_at": "2026-06-03T00:57:15Z"}));
        format!("{{\"offset\":\"5s\",\"payload\":{payload}}}\n")
    };
    let recording = [line("in_progress"), line("queued")].concat();
    assert_eq!(
        joined(&[recording]).0,
        told(&[(5, "in_progress"), (5, "queued")])
    );
}

#[test]
fn an_offset_or_a_failure_that_cannot_be_read_is_refused() {
    let payload = payload("queued", 1, &json!({}));
    for (field, reason) in [
        ("\"offset\":\"soon\"", "the offset `soon` is not a time"),
        ("\"failed\":true", "`failed` does not tell how"),
        (
            "\"failed\":{\"status_code\":200}",
            "`failed` does not tell of a failure",
        ),
        ("\"failed\":{\"code\":502}", "unknown field `code`"),
    ] {
        let refused = import("x", &format!("{{{field},\"payload\":{payload}}}"), None).refused;
        assert!(
            refused.len() == 1 && refused[0].reason.contains(reason),
            "{field}: {refused:?}"
        );
    }
}

/// The recording that becomes of a log of GitHub's: when each was delivered, its action and the times in its payload.
fn recorded(log: &[(&str, &str, Value)]) -> Vec<(String, Option<String>)> {
    let attempts = log.iter().enumerate().map(|(id, (at, action, times))| {
        let body: Value = serde_json::from_str(&payload(action, 1, times)).unwrap();
        json!({
            "id": id + 1, "guid": format!("g-{id}"), "delivered_at": at, "redelivery": false, "status": "OK", "status_code": 200,
            "event": "workflow_job", "action": action,
            "request": {"headers": {"X-GitHub-Event": "workflow_job"}, "payload": body}, "response": {"headers": {}, "payload": ""},
        })
    });
    let log = Value::Array(attempts.collect()).to_string();
    let import = import("log.json", &log, None);
    assert_eq!(import.refused, []);
    let lines = import.to_recording();
    let told = lines.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        (text("offset").unwrap(), text("late"))
    });
    told.collect()
}

fn times(created: &str, started: &str) -> Value {
    json!({"created_at": created, "started_at": started})
}

const CREATED: &str = "2026-06-03T08:00:00Z";

#[test]
fn a_recording_begins_when_its_first_late_delivery_happened() {
    let log = [("2026-06-03T09:00:00Z", "queued", times(CREATED, CREATED))];
    assert_eq!(recorded(&log), [("1h".to_owned(), Some("1h".to_owned()))]);
}

#[test]
fn what_had_to_wait_is_not_late() {
    let (approved, sent) = ("2026-06-03T10:00:00Z", "2026-06-03T10:00:01Z");
    let log = [
        ("2026-06-03T08:00:00Z", "waiting", times(CREATED, CREATED)),
        (sent, "queued", times(CREATED, CREATED)),
    ];
    let on_time = [("0s".to_owned(), None), ("2h1s".to_owned(), None)];
    assert_eq!(recorded(&log), on_time);
    // Or its payload tells since when it was queued.
    let log = [(sent, "queued", times(CREATED, approved))];
    assert_eq!(recorded(&log), [("0s".to_owned(), None)]);
}

#[test]
fn nothing_happens_to_a_job_before_it_is_created_nor_is_it_queued_earlier_for_what_comes_after() {
    let before = "2026-06-03T05:00:00Z";
    let ended = json!({"created_at": CREATED, "started_at": before, "completed_at": before});
    let log = [
        ("2026-06-03T08:00:01Z", "queued", times(CREATED, CREATED)),
        (
            "2026-06-03T10:00:00Z",
            "in_progress",
            times(CREATED, before),
        ),
        ("2026-06-03T11:00:00Z", "completed", ended),
    ];
    let all = recorded(&log);
    let late: Vec<_> = all.iter().map(|(_, late)| late.as_deref()).collect();
    // They are known as soon as the job is queued, a second after it was created.
    assert_eq!(late, [None, Some("1h59m59s"), Some("2h59m59s")]);
}

#[test]
fn a_payload_with_a_key_of_another_kind_is_refused_by_its_name() {
    for (key, value) in [
        ("run_attempt", json!("1")),
        ("run_attempt", json!(99_999_999_999_u64)),
        ("labels", json!([{"name": "a"}])),
    ] {
        let text = payload("queued", 1, &json!({key: value}));
        let import = import("one.json", &text, None);
        let [refused] = import.refused.as_slice() else {
            panic!("{key}: {:?}", import.refused);
        };
        assert!(
            refused.reason.contains(&format!("`workflow_job.{key}`")),
            "{}",
            refused.reason
        );
    }
}
