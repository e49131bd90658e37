//! What the fake learns from recorded payloads.

use std::collections::BTreeSet;

use bytes::Bytes;
use fakes::{
    Effect, FaultRule, RawDelivery, RunnerPoint, Span,
    github::{RunConclusion, Status},
    history::{Conclusion, Lost, Origin, Signed, What},
    ids::{HfJobId, JobId, RunId, RunnerId},
    settings::{LogStatus, RecordedRepo, RecordedWorld},
};
use serde_json::{Value, json};

use crate::lab::Lab;

fn send(lab: &Lab, action: &str, runner_name: &str) {
    send_of(lab, 900, "build", action, runner_name);
}

fn send_of(lab: &Lab, id: u64, name: &str, action: &str, runner_name: &str) {
    let conclusion = (action == "completed").then_some("failure");
    send_payload(
        lab,
        &payload_of((id, name), action, runner_name, conclusion),
    );
}

fn payload_of(
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

fn send_payload(lab: &Lab, payload: &Value) {
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

async fn launch(lab: &Lab, name: &str) -> HfJobId {
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

fn drive(lab: &Lab, actions: &[&str]) {
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
async fn a_recorded_start_without_our_runner_happens_outside_the_lab() {
    let lab = Lab::new();
    drive(&lab, &["in_progress", "completed"]);
    send(&lab, "queued", "");
    send(&lab, "in_progress", "somebody-elses");
    lab.sleep(1.0).await;
    assert_eq!(started_on(&lab, 900), Some(None));
    launch(&lab, "mine").await;
    lab.sleep(100.0).await;
    assert!(
        !lab.world.github().runners()[0].busy,
        "it was launched when the job ran already"
    );
}

/// On which of our runners a job started, once it has.
fn started_on(lab: &Lab, id: u64) -> Option<Option<RunnerId>> {
    let started = lab.find(|what| matches!(what, What::JobStarted { job, .. } if job.0 == id))?;
    match started.event {
        What::JobStarted { runner, .. } => Some(runner),
        other => panic!("{other:?}"),
    }
}

fn runner_named(lab: &Lab, wanted: &str) -> Option<(RunnerId, bool)> {
    let created =
        lab.find(|what| matches!(what, What::RunnerCreated { name, .. } if name == wanted))?;
    let What::RunnerCreated { runner, .. } = created.event else {
        panic!("{created:?}");
    };
    let runners = lab.world.github().runners();
    let found = runners.iter().find(|found| found.runner == runner)?;
    Some((runner, found.busy))
}

/// `train` was recorded as queued alone, before `build`, which the recording starts and ends.
fn stuck_beside_a_recorded_one() -> Lab {
    let lab = Lab::new();
    drive(&lab, &["queued", "in_progress", "completed"]);
    send_of(&lab, 899, "train", "queued", "");
    send(&lab, "queued", "");
    lab
}

fn is_queued(lab: &Lab, name: &str) -> bool {
    let github = lab.world.github();
    let id = github.job_by_name(name);
    let jobs = github.jobs();
    let found = jobs.iter().find(|job| Some(job.job) == id).unwrap();
    found.status == Status::Queued
}

#[tokio::test(start_paused = true)]
async fn a_runner_brought_for_a_recorded_job_is_not_given_to_one_recorded_only_as_queued() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    let (mine, busy) = runner_named(&lab, "mine").unwrap();
    assert!(!busy, "it waits for the recorded start");
    send(&lab, "in_progress", "then");
    lab.sleep(100.0).await;
    assert_eq!(started_on(&lab, 900), Some(Some(mine)));
    assert_eq!(runner_named(&lab, "mine"), Some((mine, true)));
    send(&lab, "completed", "then");
    lab.sleep(10.0).await;
    assert_eq!(runner_named(&lab, "mine"), None, "it ran its one job");
    assert!(is_queued(&lab, "train"), "it is stuck again");
    launch(&lab, "another").await;
    lab.sleep(300.0).await;
    assert!(!is_queued(&lab, "train"), "one of its own serves it");
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_comes_after_the_recorded_start_takes_the_job_up_if_it_was_launched_before() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    send(&lab, "in_progress", "then");
    launch(&lab, "another").await;
    lab.sleep(30.0).await;
    assert_eq!(started_on(&lab, 900), Some(None), "before it came");
    lab.sleep(270.0).await;
    let (mine, busy) = runner_named(&lab, "mine").unwrap();
    assert!(busy, "until the recorded end");
    let assigned = |id: u64| {
        lab.find(|what| matches!(what, What::RunnerAssigned { job, .. } if job.0 == id))
            .map(|event| event.event)
    };
    assert!(
        matches!(assigned(900), Some(What::RunnerAssigned { runner, .. }) if runner == mine),
        "{:?}",
        assigned(900)
    );
    assert!(
        matches!(assigned(899), Some(What::RunnerAssigned { runner, .. }) if runner != mine),
        "the other one is for whoever waits"
    );
    send(&lab, "completed", "then");
    lab.sleep(10.0).await;
    assert_eq!(runner_named(&lab, "mine"), None);
    assert_eq!(
        lab.count(|what| matches!(what, What::JobStarted { job, .. } if job.0 == 900)),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_was_kept_for_a_recorded_job_is_free_again_when_that_ends_without_it() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    assert!(is_queued(&lab, "train"));
    let cancelled = payload_of((900, "build"), "completed", "", Some("cancelled"));
    send_payload(&lab, &cancelled);
    lab.sleep(200.0).await;
    assert_eq!(started_on(&lab, 900), None);
    assert!(!is_queued(&lab, "train"), "nobody ran `build`");
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_end_alone_is_recorded_ran_on_its_runner_if_its_end_says_so() {
    for (conclusion, runner) in [("success", ""), ("cancelled", "then")] {
        let lab = stuck_beside_a_recorded_one();
        launch(&lab, "mine").await;
        lab.sleep(300.0).await;
        let (mine, _) = runner_named(&lab, "mine").unwrap();
        let over = payload_of((900, "build"), "completed", runner, Some(conclusion));
        send_payload(&lab, &over);
        lab.sleep(200.0).await;
        assert_eq!(started_on(&lab, 900), Some(Some(mine)), "{conclusion}");
        assert_eq!(runner_named(&lab, "mine"), None, "{conclusion}");
        assert!(is_queued(&lab, "train"), "{conclusion}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_whose_kept_runner_is_deleted_gets_the_next_one() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    let (mine, _) = runner_named(&lab, "mine").unwrap();
    let token = lab.token_for("recorded/repo").await;
    let path = format!("/repos/recorded/repo/actions/runners/{}", mine.0);
    let answer = lab.github("DELETE", &path, &token, Value::Null).await;
    assert_eq!(answer.status, 204, "an idle one can be deleted");
    launch(&lab, "another").await;
    lab.sleep(300.0).await;
    assert!(is_queued(&lab, "train"));
    send(&lab, "in_progress", "then");
    let (another, busy) = runner_named(&lab, "another").unwrap();
    assert_eq!((started_on(&lab, 900), busy), (Some(Some(another)), true));
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_outlives_the_runner_it_ran_on() {
    let lab = stuck_beside_a_recorded_one();
    let hf_job = launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    send(&lab, "in_progress", "then");
    lab.sleep(10.0).await;
    lab.hf(
        "POST",
        &format!("/api/jobs/lab/{}/cancel", hf_job.0),
        Value::Null,
    )
    .await;
    lab.sleep(900.0).await;
    assert_eq!(runner_named(&lab, "mine"), None);
    let jobs = lab.world.github().jobs();
    let build = jobs.iter().find(|job| job.job == JobId(900)).unwrap();
    assert_eq!(build.status, Status::InProgress, "until the recorded end");
}

#[tokio::test(start_paused = true)]
async fn a_job_of_which_only_the_start_was_recorded_ends_on_its_runner_by_the_ordinary_rules() {
    let lab = Lab::new();
    drive(&lab, &["queued", "in_progress"]);
    send(&lab, "queued", "");
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    send(&lab, "in_progress", "then");
    lab.sleep(200.0).await;
    assert_eq!(
        lab.received_names(),
        ["build.queued", "build.in_progress", "build.completed"]
    );
    assert!(lab.world.github().runners().is_empty());
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

#[tokio::test(start_paused = true)]
async fn a_runner_that_was_launched_for_a_recorded_job_and_comes_after_its_end_is_used_up() {
    let lab = stuck_beside_a_recorded_one();
    let hf_job = launch(&lab, "mine").await;
    send(&lab, "in_progress", "then");
    send(&lab, "completed", "then");
    lab.sleep(300.0).await;
    assert_eq!(started_on(&lab, 900), Some(None));
    assert!(is_queued(&lab, "train"), "its runner ran `build` then");
    assert_eq!(runner_named(&lab, "mine"), None);
    assert_eq!(lab.stage(&hf_job).await, "COMPLETED");
    launch(&lab, "another").await;
    lab.sleep(300.0).await;
    assert!(!is_queued(&lab, "train"));
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_never_took_its_recorded_job_up_is_gone_though_the_recording_ended_it() {
    let refused = Effect::Answer {
        status: 404,
        headers: Vec::new(),
        body: Bytes::new(),
    };
    let lab = stuck_beside_a_recorded_one();
    lab.world
        .faults()
        .install(vec![FaultRule::always("runner.acquire-job", refused)]);
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    send(&lab, "in_progress", "then");
    lab.sleep(20.0).await;
    send(&lab, "completed", "then");
    lab.sleep(100.0).await;
    assert_eq!(
        runner_named(&lab, "mine"),
        None,
        "GitHub takes the job back"
    );
    assert!(is_queued(&lab, "train"));
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_could_not_hear_of_the_recorded_end_reports_it_when_it_can() {
    for (lasts, is_noticed) in [(50, false), (200, true)] {
        let lab = stuck_beside_a_recorded_one();
        let seconds = |count| Span::fixed(std::time::Duration::from_secs(count));
        let outage = Effect::LoseNetwork {
            at: RunnerPoint::InJob,
            after: seconds(5),
            lasts: seconds(lasts),
        };
        lab.world
            .faults()
            .install(vec![FaultRule::always("runner", outage)]);
        let hf_job = launch(&lab, "mine").await;
        lab.sleep(300.0).await;
        send(&lab, "in_progress", "then");
        lab.sleep(20.0).await;
        if !is_noticed {
            send(&lab, "completed", "then");
        }
        lab.sleep(400.0).await;
        assert_eq!(runner_named(&lab, "mine"), None, "{lasts}");
        assert_eq!(lab.stage(&hf_job).await, "COMPLETED", "{lasts}");
        let back = lab.count(|what| matches!(what, What::JobTakenBack { .. }));
        assert_eq!(back, usize::from(is_noticed), "{lasts}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_payload_under_an_old_name_is_about_the_repository_that_had_it() {
    let lab = stuck_beside_a_recorded_one();
    let github = lab.world.github();
    assert!(github.rename_repo("recorded/repo", "recorded/new", None));
    send(&lab, "in_progress", "then");
    lab.sleep(1.0).await;
    let token = lab.token_for("recorded/new").await;
    let old = lab
        .github("GET", "/repos/recorded/repo", &token, Value::Null)
        .await;
    assert_eq!(old.status, 301, "{old:?}");
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_of_a_run_that_was_completed_over_it_stays_queued() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    lab.sleep(100.0).await;
    let conclusion = RunConclusion::StartupFailure;
    assert!(
        lab.world
            .github()
            .complete_run_over_jobs(RunId(90), conclusion, None)
    );
    send(&lab, "in_progress", "then");
    lab.sleep(100.0).await;
    send(&lab, "completed", "then");
    lab.sleep(100.0).await;
    assert!(is_queued(&lab, "build"));
    assert_eq!(started_on(&lab, 900), None);
    assert_eq!(
        runner_named(&lab, "mine").map(|(_, busy)| busy),
        Some(false)
    );
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_that_is_cancelled_here_ends_with_a_webhook_of_its_own() {
    let lab = Lab::new();
    drive(&lab, &["queued", "in_progress", "completed"]);
    send(&lab, "queued", "");
    lab.sleep(1.0).await;
    lab.world.github().cancel_run(RunId(90), None);
    lab.sleep(10.0).await;
    assert_eq!(lab.received_names(), ["build.queued", "build.completed"]);
    send(&lab, "completed", "then");
    lab.sleep(10.0).await;
    let jobs = lab.world.github().jobs();
    assert_eq!(jobs[0].conclusion, Some(Conclusion::Cancelled));
}
