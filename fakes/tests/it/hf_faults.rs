//! Faults of HF Jobs: in its scheduling, behind its create call, and in its answers.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, Length, NewJob, Only, RunnerPoint,
    history::{Conclusion, Stage, What},
    ids::HfJobId,
};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab, job};
use vocabulary::{AfterEffect, CancelReason, FailedStage, Failing, Fixed, Moment, Stuck};

fn struck_by(place: &str, effect: Effect) -> Lab {
    let lab = Lab::new();
    lab.world
        .faults()
        .install(vec![FaultRule::always(place, effect)]);
    lab
}

async fn create(lab: &Lab, flavor: &str) -> Answer {
    let body = json!({"flavor": flavor, "dockerImage": "u", "command": ["sleep", "60"]});
    lab.hf("POST", "/api/jobs/lab", body).await
}

async fn created(lab: &Lab, flavor: &str) -> HfJobId {
    let made = create(lab, flavor).await;
    assert_eq!(made.status, 200, "{made:?}");
    HfJobId(made.body["id"].as_str().unwrap().to_owned())
}

async fn status(lab: &Lab, id: &HfJobId) -> Value {
    let path = format!("/api/jobs/lab/{}", id.0);
    lab.hf("GET", &path, Value::Null).await.body["status"].clone()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn answer(status: u16, body: &'static str) -> Effect {
    Effect::Answer(vocabulary::Answer::of(status, body))
}

#[tokio::test(start_paused = true)]
async fn a_stuck_job_never_runs_and_its_log_says_again_and_again_that_it_started() {
    let lab = struck_by(
        "hf.schedule",
        Effect::Stuck(Stuck {
            every: Fixed(secs(600)),
        }),
    );
    let id = created(&lab, "h200x8").await;
    lab.sleep(12.0 * 3_600.0 + 1.0).await;
    assert_eq!(lab.stage(&id).await, "SCHEDULING");
    let cancel = format!("/api/jobs/lab/{}/cancel", id.0);
    assert_eq!(
        lab.hf("POST", &cancel, Value::Null).await.body["status"]["stage"],
        "CANCELED"
    );
    let log = lab
        .hf("GET", &format!("/api/jobs/lab/{}/logs", id.0), Value::Null)
        .await;
    assert_eq!(log.text.matches("===== Job started at").count(), 72);
    assert_eq!(lab.world.hf().costs().total.micro_usd, 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_in_limbo_runs_and_is_billed_without_a_container_until_its_timeout() {
    let lab = struck_by("hf.schedule", Effect::Limbo);
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(7_000.0).await;
    assert_eq!(lab.stage(&id).await, "RUNNING");
    assert!(!lab.world.github().runners()[0].online);
    lab.sleep(221.0).await;
    assert_eq!(status(&lab, &id).await["message"], "Job timeout");
    assert_eq!(lab.world.hf().jobs()[0].cost_micro_usd, Some(120 * 167));
    let log = lab
        .hf("GET", &format!("/api/jobs/lab/{}/logs", id.0), Value::Null)
        .await;
    assert_eq!(log.text, "");
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerExited { .. })),
        0
    );
}

/// HF's own word for it.
const fn left_in(stage: FailedStage) -> &'static str {
    match stage {
        FailedStage::Error => "ERROR",
        FailedStage::Canceled => "CANCELED",
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_answered_200_can_fail_a_moment_later() {
    for (stage, message, reason) in [
        (
            FailedStage::Canceled,
            "Resource group spend limit reached",
            Some(CancelReason::ResourceGroupLimit),
        ),
        (
            FailedStage::Canceled,
            "",
            Some(CancelReason::NoSubscription),
        ),
        (FailedStage::Error, "Failed to pull image", None),
    ] {
        let lab = struck_by(
            "hf.schedule",
            Effect::Fail(Failing {
                after: Length::fixed(secs(4)),
                stage,
                message: Some(message.to_owned()),
                cancel_reason: reason,
            }),
        );
        let id = created(&lab, "cpu-basic").await;
        lab.sleep(3.9).await;
        assert_eq!(lab.stage(&id).await, "SCHEDULING");
        lab.sleep(0.2).await;
        let status = status(&lab, &id).await;
        assert_eq!(
            (&status["stage"], &status["message"]),
            (&json!(left_in(stage)), &json!(message))
        );
        assert_eq!(
            status.get("cancelReason").and_then(Value::as_str),
            reason.map(CancelReason::as_str)
        );
        let ended = lab
            .find(|what| matches!(what, What::HfStage { .. }))
            .unwrap();
        assert!(lab.is_caused_by(
            &ended,
            |what| matches!(what, What::FaultApplied { effect, .. } if effect == "fail")
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_runs_already_can_be_ended_by_the_platform_too() {
    let lab = struck_by(
        "hf.schedule",
        Effect::Fail(Failing {
            after: Length::fixed(secs(90)),
            stage: FailedStage::Error,
            message: None,
            cancel_reason: None,
        }),
    );
    lab.world
        .github()
        .queue(
            NewJob {
                runs_for: secs(900),
                ..job("J1", &["a"])
            },
            None,
        )
        .unwrap();
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(lab.stage(&id).await, "ERROR");
    let lost = |what: &What| {
        matches!(
            what,
            What::JobCompleted {
                conclusion: Conclusion::Failure,
                ..
            }
        )
    };
    assert_eq!(lab.count(lost), 1);
}

#[tokio::test(start_paused = true)]
async fn without_capacity_for_a_flavor_its_jobs_wait_and_the_others_run() {
    let lab = Lab::new();
    lab.world.faults().install(vec![FaultRule {
        only: Only {
            flavor: Some("h200x8".to_owned()),
            ..Only::default()
        },
        ..FaultRule::always("hf.schedule", Effect::Hold)
    }]);
    let first = created(&lab, "h200x8").await;
    let other = created(&lab, "cpu-basic").await;
    lab.sleep(3_600.0).await;
    let second = created(&lab, "h200x8").await;
    lab.sleep(30.0).await;
    assert_eq!(lab.stage(&other).await, "COMPLETED");
    assert_eq!(
        status(&lab, &first).await["message"],
        "Job is waiting for hardware"
    );
    lab.world.faults().close(0);
    lab.sleep(0.1).await;
    for id in [&first, &second] {
        assert_eq!(lab.stage(id).await, "RUNNING");
    }
    let running = lab
        .events()
        .into_iter()
        .rfind(|event| matches!(&event.event, What::HfStage { hf_job, stage: Stage::Running, .. } if *hf_job == first))
        .unwrap();
    assert!(lab.is_caused_by(
        &running,
        |what| matches!(what, What::FaultApplied { effect, .. } if effect == "hold")
    ));
}

#[tokio::test(start_paused = true)]
async fn a_hole_also_takes_in_jobs_that_were_created_before_it_opened() {
    let lab = Lab::new();
    let id = created(&lab, "t4-small").await;
    lab.sleep(10.0).await;
    lab.world
        .faults()
        .install(vec![FaultRule::always("hf.schedule", Effect::Hold)]);
    lab.sleep(600.0).await;
    assert_eq!(lab.stage(&id).await, "SCHEDULING");
    lab.world.faults().heal();
    lab.sleep(0.1).await;
    assert_eq!(lab.stage(&id).await, "RUNNING");
}

#[tokio::test(start_paused = true)]
async fn a_job_without_hardware_can_still_be_cancelled() {
    let lab = struck_by("hf.schedule", Effect::Hold);
    let id = created(&lab, "t4-small").await;
    lab.sleep(100.0).await;
    let path = format!("/api/jobs/lab/{}/cancel", id.0);
    lab.hf("POST", &path, Value::Null).await;
    lab.world.faults().heal();
    lab.sleep(100.0).await;
    assert_eq!(lab.stage(&id).await, "CANCELED");
    assert_eq!(lab.count(|what| matches!(what, What::HfStage { .. })), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_fails_may_or_may_not_have_created_a_job() {
    let without = struck_by("hf.create", answer(500, r#"{"error":"Internal Error"}"#));
    assert_eq!(create(&without, "cpu-basic").await.status, 500);
    assert!(without.world.hf().jobs().is_empty());
    let with = Effect::AfterEffect(AfterEffect::Answer(vocabulary::Answer::of(
        500,
        r#"{"error":"Internal Error"}"#,
    )));
    let with = struck_by("hf.create", with);
    assert_eq!(create(&with, "cpu-basic").await.status, 500);
    assert_eq!(with.world.hf().jobs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_can_be_answered_200_with_a_body_that_says_nothing() {
    let lab = struck_by(
        "hf.create",
        Effect::AfterEffect(AfterEffect::Answer(vocabulary::Answer::of(200, "<html>"))),
    );
    let made = create(&lab, "cpu-basic").await;
    assert_eq!(
        (made.status, made.text.as_str(), &made.body),
        (200, "<html>", &Value::Null)
    );
    assert_eq!(lab.world.hf().jobs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn any_call_can_be_refused_delayed_or_left_without_an_answer() {
    for status in [402, 403, 404, 429] {
        let lab = struck_by("hf.*", answer(status, r#"{"error":"no"}"#));
        assert_eq!(create(&lab, "cpu-basic").await.status, status);
        assert_eq!(
            lab.hf("GET", "/api/jobs/lab", Value::Null).await.status,
            status
        );
    }
    let slow = struck_by("hf.create", Effect::Delay(Length::fixed(secs(9))));
    create(&slow, "cpu-basic").await;
    assert_eq!(slow.clock.elapsed_ms(), 9_000);
    let silent = struck_by("hf.create", Effect::NoAnswer);
    let hung = tokio::time::timeout(secs(3_600), create(&silent, "cpu-basic")).await;
    assert!(hung.is_err() && silent.world.hf().jobs().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_log_stream_that_breaks_off_says_nothing_about_the_job() {
    let lab = struck_by("hf.logs", Effect::Truncate);
    let id = created(&lab, "cpu-basic").await;
    let path = format!("/api/jobs/lab/{}/logs", id.0);
    let log = lab.hf("GET", &path, Value::Null).await;
    assert!(lab.clock.elapsed_ms() < 80_000, "{log:?}");
    assert_ne!(lab.stage(&id).await, "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn a_runner_out_of_memory_ends_its_job_in_error_137() {
    let lab = struck_by(
        "runner",
        Effect::Die(Moment {
            at: RunnerPoint::Boot,
            after: Length::fixed(secs(5)),
        }),
    );
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(46.0).await;
    let status = status(&lab, &id).await;
    assert_eq!(
        (&status["stage"], &status["message"]),
        (
            &json!("ERROR"),
            &json!("Job failed with exit code: 137. Reason: OOMKilled")
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_shows_what_was_true_so_long_ago() {
    let lab = Lab::new();
    let id = created(&lab, "cpu-basic").await;
    lab.sleep(30.0).await;
    let stale = |place: &str| FaultRule::always(place, Effect::Stale(Length::fixed(secs(15))));
    lab.world
        .faults()
        .install(vec![stale("hf.inspect"), stale("hf.list")]);
    let list = |query: &'static str| {
        let lab = lab.clone();
        async move {
            lab.hf("GET", &format!("/api/jobs/lab{query}"), Value::Null)
                .await
                .body
        }
    };
    // RUNNING since the 20th second, and it is the 30th.
    assert_eq!(lab.stage(&id).await, "SCHEDULING");
    assert_eq!(list("?stage=RUNNING").await, json!([]));
    assert_eq!(list("?stage=SCHEDULING").await[0]["id"], json!(id.0));
    lab.sleep(10.0).await;
    assert_eq!(lab.stage(&id).await, "RUNNING");
    let second = created(&lab, "cpu-basic").await;
    lab.sleep(5.0).await;
    assert_eq!(
        list("").await.as_array().unwrap().len(),
        1,
        "the second was not there yet"
    );
    let path = format!("/api/jobs/lab/{}", second.0);
    assert_eq!(lab.hf("GET", &path, Value::Null).await.status, 404);
    lab.sleep(60.0).await;
    lab.world.faults().heal();
    assert_eq!(lab.stage(&id).await, "COMPLETED");
}

/// When a hold, a stuck start, a limbo or a longer wait is over is part of what happened, also where the job ends first.
#[tokio::test(start_paused = true)]
async fn what_holds_a_job_back_lets_it_go_when_it_ends() {
    let minute = Length::fixed(secs(60));
    for effect in [
        Effect::Hold,
        Effect::Stuck(Stuck {
            every: Fixed(secs(60)),
        }),
        Effect::Limbo,
        Effect::Delay(Length::fixed(secs(36_000))),
    ] {
        let name = format!("{effect:?}");
        let lab = struck_by("hf.schedule", effect);
        let id = created(&lab, "cpu-basic").await;
        lab.sleep(1_200.0).await;
        let released = |lab: &Lab| {
            lab.count(
                |what| matches!(what, What::FaultReleased { hf_job: Some(hf_job), .. } if *hf_job == id),
            )
        };
        let struck = lab.count(
            |what| matches!(what, What::FaultApplied { hf_job: Some(hf_job), .. } if *hf_job == id),
        );
        assert_eq!((struck, released(&lab)), (1, 0), "{name}");
        let cancel = format!("/api/jobs/lab/{}/cancel", id.0);
        lab.hf("POST", &cancel, Value::Null).await;
        lab.sleep(60.0).await;
        assert_eq!(released(&lab), 1, "{name}");
    }
    let failing = Failing {
        after: minute,
        stage: FailedStage::Error,
        message: None,
        cancel_reason: None,
    };
    let lab = struck_by("hf.schedule", Effect::Fail(failing));
    created(&lab, "cpu-basic").await;
    lab.sleep(120.0).await;
    let released = lab.count(|what| matches!(what, What::FaultReleased { .. }));
    assert_eq!(released, 1, "HF failed it");
}
