//! The log of an HF job, as its streams give it.

use std::time::Duration;

use axum::body::Body;
use fakes::{
    faults::{Effect, FaultRule},
    ids::HfJobId,
};
use futures_util::StreamExt as _;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::lab::Lab;

async fn start(lab: &Lab, command: Value) -> HfJobId {
    let body = json!({"flavor": "cpu-basic", "dockerImage": "ubuntu", "command": command});
    let made = lab.hf("POST", "/api/jobs/lab", body).await.body;
    HfJobId(made["id"].as_str().unwrap().to_owned())
}

async fn open(lab: &Lab, id: &HfJobId, query: &str) -> http::Response<Body> {
    let token = &fakes::HfSettings::default().token;
    let request = Request::get(format!("/api/jobs/lab/{}/logs{query}", id.0))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    lab.world.hf_router().oneshot(request).await.unwrap()
}

/// Everything a stream gives until it ends.
async fn whole(lab: &Lab, id: &HfJobId, query: &str) -> String {
    let response = open(lab, id, query).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let body = response.into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

fn texts(stream: &str) -> Vec<String> {
    stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|event| {
            serde_json::from_str::<Value>(event).unwrap()["data"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

const SCRIPT: &str = "echo one; sleep 3; echo two; echo three";

#[tokio::test(start_paused = true)]
async fn a_stream_begins_before_the_job_does_and_ends_with_it() {
    let lab = Lab::new();
    let id = start(&lab, json!(["sh", "-c", SCRIPT])).await;
    let stream = whole(&lab, &id, "").await;
    let lines = texts(&stream);
    assert!(lines[0].starts_with("===== Job started at "), "{stream}");
    assert_eq!(lines[1..], ["one", "two", "three"]);
    assert_eq!(lab.stage(&id).await, "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn each_reading_gives_the_same_events_with_the_times_of_their_writing() {
    let lab = Lab::new();
    let id = start(&lab, json!(["sh", "-c", SCRIPT])).await;
    lab.sleep(60.0).await;
    let first = whole(&lab, &id, "").await;
    lab.sleep(5.0).await;
    assert_eq!(whole(&lab, &id, "").await, first);
    let times: Vec<&str> = first
        .lines()
        .filter_map(|line| line.strip_suffix("\"}")?.split("\"timestamp\":\"").nth(1))
        .collect();
    assert_eq!(times.len(), 4, "{first}");
    assert!(
        !times[0].contains('.') && times[1].contains('.'),
        "{times:?}"
    );
    assert_ne!(times[1], times[2], "three seconds lie between them");
    assert_eq!(times[2], times[3]);
}

#[tokio::test(start_paused = true)]
async fn a_tail_still_begins_with_the_first_line() {
    let lab = Lab::new();
    let id = start(&lab, json!(["sh", "-c", SCRIPT])).await;
    lab.sleep(60.0).await;
    let lines = texts(&whole(&lab, &id, "?tail=1").await);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("===== Job started"));
    assert_eq!(lines[1], "three");
    assert_eq!(texts(&whole(&lab, &id, "?tail=9").await).len(), 4);
    assert_eq!(open(&lab, &id, "?tail=some").await.status(), 400);
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_gives_a_sign_of_life_every_thirty_seconds() {
    let lab = Lab::new();
    let id = start(&lab, json!(["sleep", "90"])).await;
    let stream = whole(&lab, &id, "").await;
    assert_eq!(stream.matches(": keep-alive\n\n").count(), 3, "{stream}");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_begins_with_its_own_marker_in_one_log() {
    let lab = Lab::new();
    let body =
        json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["false"], "attempts": 2});
    let made = lab.hf("POST", "/api/jobs/lab", body).await.body;
    let id = HfJobId(made["id"].as_str().unwrap().to_owned());
    lab.sleep(120.0).await;
    let lines = texts(&whole(&lab, &id, "").await);
    assert_eq!(lines.len(), 2);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("===== Job started"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_that_cannot_be_played_says_so() {
    let lab = Lab::new();
    let id = start(&lab, json!(["python", "train.py"])).await;
    let lines = texts(&whole(&lab, &id, "").await);
    assert!(lines[1].starts_with("python: not run"), "{lines:?}");
    assert_eq!(lab.stage(&id).await, "ERROR");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_leaves_disturbs_nobody() {
    let lab = Lab::new();
    let id = start(&lab, json!(["sleep", "10"])).await;
    let response = open(&lab, &id, "").await;
    let left = tokio::time::timeout(Duration::from_secs(5), response.into_body().collect()).await;
    assert!(left.is_err(), "the stream was still open");
    lab.sleep(60.0).await;
    assert_eq!(lab.stage(&id).await, "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_off_gives_the_first_half_of_what_is_there() {
    let lab = Lab::new();
    let id = start(&lab, json!(["sh", "-c", SCRIPT])).await;
    let truncate = FaultRule {
        times: Some(2),
        ..FaultRule::always("hf.logs", Effect::Truncate)
    };
    lab.world.faults().install(vec![truncate]);
    let before_it_runs = cut(&lab, &id).await;
    assert_eq!(before_it_runs.len(), 1, "{before_it_runs:?}");
    lab.sleep(60.0).await;
    let ended = cut(&lab, &id).await;
    assert_eq!(ended.len(), 2, "{ended:?}");
    assert_eq!(ended[1], "one");
    assert_eq!(texts(&whole(&lab, &id, "").await).len(), 4);
}

/// What a stream gives until its connection breaks.
async fn cut(lab: &Lab, id: &HfJobId) -> Vec<String> {
    let mut body = open(lab, id, "").await.into_body().into_data_stream();
    let mut stream = String::new();
    loop {
        match body.next().await.expect("the stream must not end well") {
            Ok(piece) => stream.push_str(std::str::from_utf8(&piece).unwrap()),
            Err(_) => return texts(&stream),
        }
    }
}

/// The lines of a job's log, and how it ended.
async fn played(lab: &Lab, command: Value) -> (Vec<String>, String) {
    let body = json!({
        "flavor": "cpu-basic", "dockerImage": "ubuntu", "command": command,
        "environment": {"FOO": "bar"}, "secrets": {"KEY": "hunter2"},
    });
    let made = lab.hf("POST", "/api/jobs/lab", body).await.body;
    let id = HfJobId(made["id"].as_str().unwrap().to_owned());
    lab.sleep(60.0).await;
    (lab.log(&id).await, lab.stage(&id).await)
}

#[tokio::test(start_paused = true)]
async fn a_line_of_a_shell_writes_what_a_shell_would() {
    let cases: [(&str, &[&str]); 8] = [
        ("echo need torch>=2.1 && echo done", &["done"]),
        ("echo hi > /dev/null", &[]),
        ("echo hi >/dev/null 2>&1; echo ho 1>&2", &["ho"]),
        ("echo a || echo b", &["a"]),
        ("false || echo b", &["b"]),
        (
            "echo $FOO \"${FOO}!\" '$FOO' $UNSET end",
            &["bar bar! $FOO end"],
        ),
        ("echo \"one\ntwo\"", &["one", "two"]),
        ("echo $CPU_CORES $MEMORY", &["2 16Gi"]),
    ];
    let lab = Lab::new();
    for (script, lines) in cases {
        let (log, stage) = played(&lab, json!(["sh", "-c", script])).await;
        assert_eq!(log, lines, "{script}");
        assert_eq!(stage, "COMPLETED", "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_a_real_shell_can_do_is_said_to_be_not_run() {
    let cases = [
        ("echo a | cat", "a pipe"),
        ("sleep 1 & echo a", "a command in the background"),
        ("(echo a)", "a subshell or a function"),
        ("echo *.py", "a pattern of file names"),
        ("cat <<E\na\nE", "input from elsewhere"),
        ("echo $(date)", "a parameter of the shell"),
        ("echo $KEY", "a secret"),
        ("echo a; python train.py", "a command that is not known"),
    ];
    let lab = Lab::new();
    for (script, why) in cases {
        let (log, stage) = played(&lab, json!(["sh", "-c", script])).await;
        let [line] = log.as_slice() else {
            panic!("{script}: {log:?}")
        };
        let wanted = format!("sh: not run because of {why}; ");
        assert!(line.starts_with(&wanted), "{script}: {line}");
        assert_eq!(stage, "ERROR", "{script}");
    }
}
