//! Deliveries out of the files people have them in.

use std::time::Duration;

use scenarios::{
    Choices, Document,
    plan::{Deliver, Trigger, Verb},
    recording::{Import, import},
};

/// The examples of the npm package `@octokit/webhooks-examples` 7.6.1 (MIT) for two events, shortened.
const OCTOKIT: &str = include_str!("fixtures/octokit-examples.json");

const QUEUED: &str = r#"{"action":"queued","workflow_job":{"id":11,"run_id":7,"run_attempt":1,"name":"build","workflow_name":"CI","head_branch":"main","labels":["hf-jobs-cpu-basic"],"created_at":"2026-11-03T10:00:00Z","started_at":"2026-11-03T10:00:00Z"},"repository":{"full_name":"octo/app"},"installation":{"id":5}}"#;

fn started() -> String {
    QUEUED.replace("queued", "in_progress").replace(
        r#""started_at":"2026-11-03T10:00:00Z""#,
        r#""started_at":"2026-11-03T10:01:05Z""#,
    )
}

const RECORDING: &str = "recordings/stuck.jsonl";

/// Imports a text that must be without refusals.
fn sound(text: &str) -> Import {
    let found = import("test.json", text, None);
    assert_eq!(found.refused, [], "{text}");
    found
}

fn offsets(found: &Import) -> Vec<u64> {
    found
        .deliveries
        .iter()
        .map(|delivery| u64::try_from(delivery.offset.as_millis()).expect("a short time"))
        .collect()
}

/// The places and reasons of what was refused.
fn refused(text: &str) -> Vec<String> {
    let refused = import("test.json", text, None).refused;
    refused
        .iter()
        .map(|refusal| format!("{} {}", refusal.place, refusal.reason))
        .collect()
}

#[test]
fn the_examples_of_octokit_are_deliveries_and_the_odd_one_is_noted() {
    let found = sound(OCTOKIT);
    let jobs: Vec<_> = found
        .deliveries
        .iter()
        .filter(|one| one.event == "workflow_job")
        .collect();
    assert_eq!((jobs.len(), found.deliveries.len()), (8, 9));
    let missing = found
        .notes
        .iter()
        .filter(|note| note.text.contains("`workflow_job.run_attempt` is missing"));
    assert_eq!(missing.count(), 1);
    assert!(
        found
            .notes
            .iter()
            .any(|note| note.text.contains("shortened to 1 minute"))
    );
    assert!(
        offsets(&found).iter().all(|offset| *offset < 20 * 60_000),
        "{:?}",
        offsets(&found)
    );
}

#[test]
fn a_list_of_payloads_takes_its_times_from_the_payloads() {
    let found = sound(&format!("[{QUEUED},\n {}]", started()));
    assert_eq!(offsets(&found), [0, 65_000]);
    assert_eq!(found.deliveries[0].payload, QUEUED, "to the byte");
    assert_eq!(
        (
            found.deliveries[1].place.line,
            found.deliveries[1].place.column
        ),
        (2, 2)
    );
}

#[test]
fn headers_give_event_and_guid_whatever_their_case_and_signatures_are_left_out() {
    let headers = r#"{"X-GitHub-Event":"ping","X-GITHUB-DELIVERY":"g-1","X-Hub-Signature-256":"sha256=00","User-Agent":"GitHub-Hookshot/1"}"#;
    let found = sound(&format!(
        r#"{{"headers":{headers},"payload":{{"zen":"Keep it simple."}}}}"#
    ));
    let delivery = &found.deliveries[0];
    assert_eq!(
        (delivery.event.as_str(), delivery.guid.as_deref()),
        ("ping", Some("g-1"))
    );
    assert_eq!(delivery.headers.keys().collect::<Vec<_>>(), ["user-agent"]);
}

#[test]
fn a_payload_may_be_the_text_of_its_json() {
    let text = serde_json::to_string(QUEUED).unwrap();
    let found = sound(&format!(
        r#"{{"headers":{{"x-github-event":"workflow_job"}},"payload":{text}}}"#
    ));
    assert_eq!(found.deliveries[0].payload, QUEUED);
}

#[test]
fn json_lines_of_deliveries_keep_their_offsets() {
    let lines = format!(
        "{{\"offset\":\"2.5s\",\"payload\":{QUEUED}}}\n{{\"offset_ms\":9000,\"payload\":{}}}\n",
        started()
    );
    assert_eq!(offsets(&sound(&lines)), [2_500, 9_000]);
}

#[test]
fn deliveries_of_githubs_own_api_count_from_the_first() {
    let item = |at: &str, guid: &str, payload: &str| {
        format!(
            r#"{{"id":9007199254740993,"guid":"{guid}","delivered_at":"{at}","event":"workflow_job","status_code":200,"request":{{"headers":{{"X-GitHub-Event":"workflow_job"}},"payload":{payload}}}}}"#
        )
    };
    let first = item("2026-11-03T10:00:01Z", "g-1", QUEUED);
    let second = item("2026-11-03T10:00:31.25Z", "g-2", &started());
    let found = sound(&format!("[{first},{second}]"));
    assert_eq!(offsets(&found), [0, 30_250]);
    assert_eq!(found.deliveries[1].guid.as_deref(), Some("g-2"));
}

#[test]
fn the_folder_tells_the_event_of_a_payload_that_does_not() {
    let text = r#"{"action":"created","installation":{"id":1}}"#;
    assert_eq!(refused(text), ["1:1 it does not say which event it is"]);
    let found = import("created.payload.json", text, Some("installation"));
    assert_eq!(found.deliveries[0].event, "installation");
    assert!(
        found
            .notes
            .iter()
            .any(|note| note.text.contains("no time is recorded"))
    );
}

#[test]
fn what_is_not_a_delivery_is_refused_with_its_place_and_the_rest_is_kept() {
    let no_id = QUEUED.replace(r#""id":11,"#, "");
    let listed = r#"{"id":1,"guid":"g","event":"workflow_job","status_code":502,"delivered_at":"2026-11-03T10:00:00Z"}"#;
    let text = format!(
        "[{QUEUED},\n 17,\n {no_id},\n {listed},\n null,\n {}]",
        started()
    );
    assert_eq!(
        refused(&text),
        [
            "2:2 a number is not a delivery",
            "3:2 the payload has no `workflow_job.id`",
            "4:2 an entry of GitHub's list of deliveries has no payload",
            "5:2 null is not a delivery",
        ]
    );
    assert_eq!(import("test.json", &text, None).deliveries.len(), 2);
}

#[test]
fn a_file_that_breaks_off_keeps_what_stands_before() {
    let text = format!("[{QUEUED},\n{{\"action\":\"que");
    let found = import("test.json", &text, None);
    assert_eq!(found.deliveries.len(), 1);
    assert_eq!(
        refused(&text),
        ["2:15 this is not JSON: EOF while parsing a string"]
    );
}

#[test]
fn an_import_becomes_a_scenario_that_sends_the_same_deliveries() {
    let pretty: serde_json::Value = serde_json::from_str(&started()).unwrap();
    let pretty = serde_json::to_string_pretty(&pretty).unwrap();
    let found = sound(&format!("[{QUEUED},\n{pretty}]"));
    let written = found.to_scenario("A stuck \"queue\": 3 November", RECORDING);
    let again = sound(&written.recording);
    let without_place = |import: &Import| -> Vec<_> {
        import
            .deliveries
            .iter()
            .map(|one| (one.offset, one.event.clone(), one.payload.clone()))
            .collect()
    };
    assert_eq!(without_place(&again), without_place(&found));
    assert_eq!(
        again.to_recording(),
        written.recording,
        "written the same way twice"
    );

    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("recordings")).unwrap();
    std::fs::write(folder.path().join(RECORDING), &written.recording).unwrap();
    let file = folder.path().join("stuck.yaml");
    let document = Document::parse(file.to_str().unwrap(), &written.scenario).unwrap();
    let plan = document.plan(&Choices::default()).unwrap();
    let sent = plan
        .timeline
        .iter()
        .map(|step| match (&step.trigger, &step.verb) {
            (Trigger::At(at), Verb::Deliver(Deliver::Raw(raw))) => {
                (*at, raw.body.clone(), raw.learn)
            }
            other => panic!("{other:?}"),
        });
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent[0], (Duration::ZERO, QUEUED.to_owned(), true));
    assert_eq!(sent[1], (Duration::from_secs(65), pretty, true));
    assert_eq!(plan.title, "A stuck \"queue\": 3 November");
}

#[test]
fn files_join_in_the_order_of_their_times_or_one_after_another() {
    let (early, late) = (sound(QUEUED), sound(&started()));
    let joined = Import::merged("both", &[late, early.clone()]);
    assert_eq!(offsets(&joined), [0, 65_000]);
    assert_eq!(joined.deliveries[0].payload, QUEUED);

    let timeless = import(
        "ping.json",
        r#"{"zen":"Keep it simple.","hook_id":1}"#,
        None,
    );
    let joined = Import::merged("both", &[early, timeless.clone(), timeless]);
    assert_eq!(offsets(&joined), [0, 1_000, 2_000]);
}
