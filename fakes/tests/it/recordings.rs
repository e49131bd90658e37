//! What the fake learns from recorded payloads.

use std::collections::BTreeSet;

use bytes::Bytes;
use fakes::{
    RawDelivery,
    github::Status,
    history::{Conclusion, Lost, Origin, Signed, What},
    ids::{HfJobId, JobId},
    settings::{LogStatus, RecordedRepo, RecordedWorld},
};
use serde_json::{Value, json};

use crate::lab::Lab;

pub(crate) fn send(lab: &Lab, action: &str, runner_name: &str) {
    send_of(lab, 900, "build", action, runner_name);
}

pub(crate) fn send_of(lab: &Lab, id: u64, name: &str, action: &str, runner_name: &str) {
    let conclusion = (action == "completed").then_some("failure");
    send_payload(
        lab,
        &payload_of((id, name), action, runner_name, conclusion),
    );
}

pub(crate) fn payload_of(
    (id, name): (u64, &str),
    action: &str,
    runner_name: &str,
    conclusion: Option<&str>,
) -> Value {
    json!({
        "action": action,
        "workflow_job": {
            "id": id, "run_id": 90, "run_attempt": 1, "name": name, "labels": ["a"], "status": action,
            "conclusion": conclusion, "runner_name": runner_name,
        },
        "repository": {"id": 1, "full_name": "recorded/repo", "private": true},
        "installation": {"id": 777},
    })
}

pub(crate) fn send_payload(lab: &Lab, payload: &Value) {
    let body = Bytes::from(payload.to_string());
    lab.world.github().deliver(recorded(body), None);
}

/// A recorded delivery with this body.
fn recorded(body: Bytes) -> RawDelivery {
    RawDelivery {
        event: "workflow_job".to_owned(),
        guid: None,
        headers: Vec::new(),
        learn: Some(body.clone()),
        late: std::time::Duration::ZERO,
        body,
        signed: Signed::Lab,
        origin: Origin::Recorded,
        failed: None,
        redelivery: false,
    }
}

pub(crate) async fn launch(lab: &Lab, name: &str) -> HfJobId {
    let token = lab.token_for("recorded/repo").await;
    let path = "/repos/recorded/repo/actions/runners/generate-jitconfig";
    let body = json!({"name": name, "runner_group_id": 1, "labels": ["a"]});
    let config = lab.github("POST", path, &token, body).await.body["encoded_jit_config"].clone();
    lab.create(
        &json!({"ACTIONS_RUNNER_INPUT_JITCONFIG": config}),
        &json!({}),
    )
    .await
}

pub(crate) fn drive(lab: &Lab, actions: &[&str]) {
    let actions: BTreeSet<String> = actions.iter().map(|&action| action.to_owned()).collect();
    lab.world.github().expect_recorded(900, actions);
}

#[tokio::test(start_paused = true)]
async fn a_job_recorded_only_as_queued_lives_by_the_ordinary_rules() {
    let lab = Lab::new();
    send(&lab, "queued", "");
    lab.sleep(1.0).await;
    assert_eq!(
        lab.received().len(),
        1,
        "the recording is the only queued event"
    );
    assert_eq!(lab.installation("recorded/repo").await, 777);
    launch(&lab, "r").await;
    lab.sleep(200.0).await;
    assert_eq!(
        lab.received_names(),
        ["build.queued", "build.in_progress", "build.completed"]
    );
    assert_eq!(lab.received()[1].body["workflow_job"]["id"], 900);
    assert_eq!(lab.world.github().job_by_name("build"), Some(JobId(900)));
}

#[tokio::test(start_paused = true)]
async fn a_driven_job_is_moved_by_the_recording_alone() {
    let lab = Lab::new();
    drive(&lab, &["queued", "in_progress", "completed"]);
    send(&lab, "queued", "");
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    assert_eq!(
        lab.world.github().jobs()[0].status,
        Status::Queued,
        "no ordinary assignment"
    );
    send(&lab, "in_progress", "mine");
    lab.sleep(500.0).await;
    let started = lab
        .find(|what| matches!(what, What::JobStarted { .. }))
        .unwrap();
    assert!(matches!(
        started.event,
        What::JobStarted {
            runner: Some(_),
            ..
        }
    ));
    assert!(
        lab.world.github().runners()[0].busy,
        "until the recorded end"
    );
    send(&lab, "completed", "mine");
    lab.sleep(10.0).await;
    assert_eq!(
        lab.world.github().jobs()[0].conclusion,
        Some(Conclusion::Failure)
    );
    assert!(lab.world.github().runners().is_empty());
    assert_eq!(
        lab.received_names(),
        ["build.queued", "build.in_progress", "build.completed"]
    );
}

#[tokio::test(start_paused = true)]
async fn belief_only_moves_forward() {
    let lab = Lab::new();
    drive(&lab, &["queued", "in_progress", "completed"]);
    for action in ["completed", "in_progress", "queued", "waiting"] {
        send(&lab, action, "x");
        lab.sleep(1.0).await;
        assert_eq!(
            lab.world.github().jobs()[0].status,
            Status::Completed,
            "{action}"
        );
    }
    assert_eq!(lab.received().len(), 4, "all are sent all the same");
    assert_eq!(
        lab.count(|what| matches!(what, What::JobCompleted { .. })),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_late_delivery_tells_is_known_before_it_is_sent() {
    let lab = Lab::new();
    let body = Bytes::from(queued_payload().to_string());
    let late = RawDelivery {
        late: std::time::Duration::from_secs(7_200),
        ..recorded(body)
    };
    lab.world.github().deliver(late, None);
    tokio::time::sleep(std::time::Duration::from_secs(8_000)).await;
    let at = |fits: fn(&What) -> bool| {
        let events = lab.world.history().snapshot();
        let found = events.iter().find(|event| fits(&event.event));
        found.unwrap().at_ms
    };
    let known = at(|what| matches!(what, What::JobQueued { .. }));
    let sent = at(|what| matches!(what, What::DeliverySent { .. }));
    assert_eq!(sent - known, 7_200_000);
}

#[tokio::test(start_paused = true)]
async fn a_recorded_approval_moves_waiting_to_queued() {
    let lab = Lab::new();
    send(&lab, "waiting", "");
    launch(&lab, "r").await;
    lab.sleep(100.0).await;
    assert_eq!(lab.world.github().jobs()[0].status, Status::Waiting);
    send(&lab, "queued", "");
    lab.sleep(100.0).await;
    assert_eq!(lab.world.github().jobs()[0].status, Status::Completed);
}

fn queued_payload() -> Value {
    json!({
        "action": "queued",
        "workflow_job": {"id": 900, "run_id": 90, "run_attempt": 1, "name": "build", "labels": ["a"]},
        "repository": {"id": 1, "full_name": "recorded/repo", "private": true},
        "installation": {"id": 777},
    })
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_failed_then_is_learnt_and_logged_and_reaches_nobody() {
    let lab = Lab::new();
    let failed = LogStatus {
        text: "Bad Gateway".to_owned(),
        code: 502,
    };
    let raw = RawDelivery {
        guid: Some("g-1".to_owned()),
        failed: Some(failed),
        ..recorded(Bytes::from(queued_payload().to_string()))
    };
    lab.world.github().deliver(raw.clone(), None);
    lab.sleep(1.0).await;
    assert_eq!(lab.received().len(), 0);
    assert_eq!(lab.world.github().jobs()[0].status, Status::Queued);
    assert_eq!(
        lab.count(|what| matches!(what, What::DeliverySent { .. })),
        0
    );
    let lost = lab
        .find(|what| matches!(what, What::DeliveryLost { .. }))
        .unwrap();
    assert!(matches!(
        lost.event,
        What::DeliveryLost {
            why: Lost::FailedThen,
            logged: true,
            ..
        }
    ));
    let log = lab
        .github(
            "GET",
            "/app/hook/deliveries?status=failure",
            &lab.jwt(),
            Value::Null,
        )
        .await
        .body;
    assert_eq!(
        (
            &log[0]["status"],
            &log[0]["status_code"],
            &log[0]["guid"],
            &log[0]["redelivery"]
        ),
        (
            &"Bad Gateway".into(),
            &502.into(),
            &"g-1".into(),
            &false.into()
        )
    );
    // Whoever finds it there can have it sent again.
    let path = format!("/app/hook/deliveries/{}/attempts", log[0]["id"]);
    assert_eq!(
        lab.github("POST", &path, &lab.jwt(), Value::Null)
            .await
            .status,
        202
    );
    lab.sleep(1.0).await;
    assert_eq!(lab.received_names(), ["build.queued"]);
    // The recorded redelivery is one in the log as well.
    let again = RawDelivery {
        failed: None,
        redelivery: true,
        ..raw
    };
    lab.world.github().deliver(again, None);
    lab.sleep(1.0).await;
    assert_eq!(lab.received().len(), 2);
    let log = lab
        .github("GET", "/app/hook/deliveries", &lab.jwt(), Value::Null)
        .await
        .body;
    assert_eq!(
        (&log[0]["redelivery"], &log[0]["guid"]),
        (&true.into(), &"g-1".into())
    );
}

#[tokio::test(start_paused = true)]
async fn a_form_is_learnt_signed_as_it_stands_and_logged_as_what_was_in_it() {
    let lab = Lab::new();
    let body = Bytes::from(crate::lab::form(&[(
        "payload",
        &queued_payload().to_string(),
    )]));
    let content_type = "application/x-www-form-urlencoded".to_owned();
    let raw = RawDelivery {
        headers: vec![("content-type".to_owned(), content_type)],
        ..recorded(body.clone())
    };
    lab.world.github().deliver(raw, None);
    lab.sleep(1.0).await;
    assert_eq!(lab.world.github().job_by_name("build"), Some(JobId(900)));
    let created = lab
        .find(|what| matches!(what, What::DeliveryCreated { .. }))
        .unwrap();
    assert!(matches!(
        created.event,
        What::DeliveryCreated {
            job: Some(JobId(900)),
            ..
        }
    ));
    let received = lab.received();
    assert_eq!(
        received[0].header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(received[0].raw, body);
    assert_eq!(
        received[0].header("x-hub-signature-256"),
        crate::lab::sha256_signature("lab-webhook-secret", &body)
    );
    let log = lab
        .github("GET", "/app/hook/deliveries", &lab.jwt(), Value::Null)
        .await
        .body;
    let path = format!("/app/hook/deliveries/{}", log[0]["id"]);
    let shown = lab.github("GET", &path, &lab.jwt(), Value::Null).await.body;
    assert_eq!(shown["request"]["payload"], queued_payload());
}

#[tokio::test(start_paused = true)]
async fn a_payload_with_nulls_and_a_conclusion_of_tomorrow_is_learnt_all_the_same() {
    let lab = Lab::new();
    let mut payload = queued_payload();
    payload["action"] = json!("completed");
    payload["workflow_job"]["labels"] = Value::Null;
    payload["workflow_job"]["conclusion"] = json!("evaporated");
    drive(&lab, &["completed"]);
    let raw = recorded(Bytes::from(payload.to_string()));
    lab.world.github().deliver(raw, None);
    lab.sleep(1.0).await;
    assert_eq!(lab.world.github().jobs()[0].status, Status::Completed);
}

/// A world in which a recording of `recorded/repo` will be played, with these ids.
fn knowing(installation: u64, repository: u64, run: u64, job: u64, runner: u64) -> Lab {
    Lab::with(|settings| {
        let told = RecordedRepo {
            id: Some(repository),
            installation: Some(installation),
            private: true,
        };
        settings.github.recorded = RecordedWorld {
            repos: [("recorded/repo".to_owned(), told)].into(),
            runs: [run].into(),
            jobs: [job].into(),
            runners: [runner].into(),
        };
    })
}

/// The ids a world gives by itself: installation, repository, run, job, runner.
async fn given(lab: &Lab) -> [u64; 5] {
    let job = lab.queue("mine", &["a"]);
    let token = lab.token_for("octo/app").await;
    let path = "/repos/octo/app/actions/runners/generate-jitconfig";
    let body = json!({"name": "r", "runner_group_id": 1, "labels": ["a"]});
    let runner = lab.github("POST", path, &token, body).await.body["runner"]["id"].clone();
    let path = format!("/repos/octo/app/actions/jobs/{}", job.0);
    let run = lab.github("GET", &path, &token, Value::Null).await.body["run_id"].clone();
    let repo = lab
        .github("GET", "/repos/octo/app", &token, Value::Null)
        .await;
    [
        lab.installation("octo/app").await,
        repo.body["id"].as_u64().unwrap(),
        run.as_u64().unwrap(),
        job.0,
        runner.as_u64().unwrap(),
    ]
}

#[tokio::test(start_paused = true)]
async fn no_id_of_a_recording_is_given_to_anything_else() {
    let own = given(&Lab::new()).await;
    let [installation, repository, run, job, runner] = own;
    let lab = knowing(installation, repository, run, job, runner);
    assert_eq!(lab.installation("recorded/repo").await, installation);
    let token = lab.token_for("recorded/repo").await;
    let repo = lab
        .github("GET", "/repos/recorded/repo", &token, Value::Null)
        .await;
    assert_eq!(repo.body["id"], repository);
    let others = given(&lab).await;
    for (which, (own, other)) in own.into_iter().zip(others).enumerate() {
        assert_ne!(own, other, "kind {which}");
    }
    let lab = knowing(1, 2, 3, 4, 5);
    assert_eq!(
        given(&lab).await,
        own,
        "ids of nobody else stay as they are"
    );
    assert_eq!(lab.installation("recorded/repo").await, 1);
}
