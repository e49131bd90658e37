//! Every fault on calls, seen to happen.

use std::{collections::BTreeMap, time::Duration};

use fakes::{
    Effect, FaultRule, Length, Only,
    history::{Event, Lost, What},
};
use serde_json::{Value, json};
use vocabulary::AfterEffect;

use crate::lab::{Answer, Lab};

fn given(status: u16) -> vocabulary::Answer {
    vocabulary::Answer {
        status,
        headers: BTreeMap::from([("retry-after".to_owned(), "7".to_owned())]),
        body: "{\"message\":\"scripted\"}".to_owned(),
    }
}

fn answer(status: u16) -> Effect {
    Effect::Answer(given(status))
}

fn lab_with(place: &str, effect: Effect) -> Lab {
    let lab = Lab::new();
    lab.world.faults().install(vec![FaultRule {
        times: Some(1),
        ..FaultRule::always(place, effect)
    }]);
    lab
}

async fn create(lab: &Lab) -> Answer {
    lab.hf(
        "POST",
        "/api/jobs/lab",
        json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["x"]}),
    )
    .await
}

/// The caller gives up after 30 s.
async fn create_impatiently(lab: &Lab) -> Option<Answer> {
    tokio::time::timeout(Duration::from_secs(30), create(lab))
        .await
        .ok()
}

/// What happened to calls: all but the windows of the faults.
fn of_calls(lab: &Lab) -> Vec<Event> {
    let is_window =
        |what: &What| matches!(what, What::FaultOpened { .. } | What::FaultClosed { .. });
    let mut events = lab.events();
    events.retain(|event| !is_window(&event.event));
    events
}

fn kinds(lab: &Lab) -> Vec<&'static str> {
    of_calls(lab)
        .iter()
        .map(|Event { event, .. }| match event {
            What::CallReceived { .. } => "received",
            What::FaultApplied { .. } => "fault",
            What::HfCreated { .. } => "created",
            What::CallEffect { .. } => "effect",
            What::CallAnswered { .. } => "answered",
            What::CallLost {
                why: Lost::Reset, ..
            } => "reset",
            What::CallLost {
                why: Lost::TimedOut,
                ..
            } => "timed out",
            _ => "other",
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn without_faults_a_call_is_received_takes_effect_and_is_answered() {
    let lab = Lab::new();
    assert_eq!(create(&lab).await.status, 200);
    assert_eq!(kinds(&lab), ["received", "created", "effect", "answered"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_replaces_the_call_which_has_no_effect() {
    let lab = lab_with("hf.create", answer(503));
    let struck = create(&lab).await;
    assert_eq!(
        (
            struck.status,
            struck.message(),
            struck.header("retry-after")
        ),
        (503, "scripted", "7")
    );
    assert!(!struck.header("date").is_empty());
    assert_eq!(kinds(&lab), ["received", "fault", "answered"]);
    assert_eq!(of_calls(&lab)[2].because, Some(of_calls(&lab)[1].id));
    assert_eq!(create(&lab).await.status, 200, "once only");
}

#[tokio::test(start_paused = true)]
async fn no_answer_keeps_the_caller_waiting_until_it_gives_up() {
    let lab = lab_with("hf.create", Effect::NoAnswer);
    assert!(create_impatiently(&lab).await.is_none());
    assert_eq!(kinds(&lab), ["received", "fault", "timed out"]);
    assert_eq!(of_calls(&lab)[2].at_ms, 30_000);
    assert!(lab.world.hf().jobs().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reset_breaks_the_connection_without_effect() {
    let lab = lab_with("hf.create", Effect::Reset);
    let struck = create(&lab).await;
    assert!(struck.reset && struck.body.is_null());
    assert_eq!(kinds(&lab), ["received", "fault", "reset"]);
}

#[tokio::test(start_paused = true)]
async fn a_delay_answers_late() {
    let lab = lab_with(
        "hf.create",
        Effect::Delay(Length::fixed(Duration::from_secs(12))),
    );
    assert_eq!(create(&lab).await.status, 200);
    let answered = lab
        .find(|what| matches!(what, What::CallAnswered { .. }))
        .unwrap();
    assert_eq!(answered.at_ms, 12_000);
    assert!(lab.is_caused_by(&answered, |what| matches!(what, What::FaultApplied { .. })));
}

#[tokio::test(start_paused = true)]
async fn after_effect_does_it_first_and_then_lies_about_it() {
    let after = Effect::AfterEffect;
    let lab = lab_with("hf.create", after(AfterEffect::Answer(given(500))));
    assert_eq!(create(&lab).await.status, 500);
    assert_eq!(
        kinds(&lab),
        ["received", "fault", "created", "effect", "answered"]
    );

    let lab = lab_with("hf.create", after(AfterEffect::Reset));
    assert!(create(&lab).await.reset);
    assert_eq!(
        kinds(&lab),
        ["received", "fault", "created", "effect", "reset"]
    );

    let lab = lab_with("hf.create", after(AfterEffect::NoAnswer));
    assert!(create_impatiently(&lab).await.is_none());
    assert_eq!(kinds(&lab)[..4], ["received", "fault", "created", "effect"]);
    assert_eq!(
        lab.count(|what| matches!(
            what,
            What::CallLost {
                why: Lost::TimedOut,
                ..
            }
        )),
        1
    );
    assert_eq!(lab.world.hf().jobs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_a_lost_success_meets_its_own_409() {
    let lab = lab_with(
        "github.jit-config",
        Effect::AfterEffect(AfterEffect::Answer(given(502))),
    );
    assert_eq!(lab.jit("r", &["a"]).await.status, 502);
    assert_eq!(lab.jit("r", &["a"]).await.status, 409);
}

#[tokio::test(start_paused = true)]
async fn a_star_strikes_every_call_of_its_side_and_a_repository_narrows_it() {
    let lab = Lab::new();
    let token = lab.token().await;
    let only = Only {
        repo: Some("octo/app".to_owned()),
        ..Only::default()
    };
    lab.world.faults().install(vec![FaultRule {
        only,
        ..FaultRule::always("github.*", answer(500))
    }]);
    let runners = lab
        .github(
            "GET",
            "/repos/octo/app/actions/runners",
            &token,
            Value::Null,
        )
        .await;
    let app = lab.github("GET", "/app", &lab.jwt(), Value::Null).await;
    assert_eq!(
        (runners.status, app.status, create(&lab).await.status),
        (500, 200, 200)
    );
}

#[tokio::test(start_paused = true)]
async fn a_named_job_narrows_a_rule_to_calls_about_it() {
    let lab = Lab::new();
    let ids = ["J1", "J2"].map(|name| lab.queue(name, &["a"]));
    let token = lab.token().await;
    let only = Only {
        job: Some(vec!["J2".to_owned()]),
        ..Only::default()
    };
    lab.world.faults().install(vec![FaultRule {
        only,
        ..FaultRule::always("github.*", answer(500))
    }]);
    let status = async |path: String| lab.github("GET", &path, &token, Value::Null).await.status;
    let job = |index: usize| format!("/repos/octo/app/actions/jobs/{}", ids[index].0);
    assert_eq!((status(job(0)).await, status(job(1)).await), (200, 500));
    let run = lab.world.github().run_of(ids[1]).unwrap();
    assert_eq!(
        status(format!("/repos/octo/app/actions/runs/{}/jobs", run.0)).await,
        500
    );
    assert_eq!(
        status("/repos/octo/app/actions/runners".to_owned()).await,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_during_a_delay_is_recorded_as_lost() {
    let lab = lab_with(
        "hf.create",
        Effect::Delay(Length::fixed(Duration::from_secs(60))),
    );
    assert!(create_impatiently(&lab).await.is_none());
    assert_eq!(*kinds(&lab).last().unwrap(), "timed out");
    assert_eq!(lab.world.hf().jobs().len(), 1, "the effect stays");
}
