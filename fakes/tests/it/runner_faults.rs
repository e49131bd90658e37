//! Every fault on runners and on the scheduler, seen to happen.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, Length, RunnerPoint,
    history::{Conclusion, Stage, What},
};
use serde_json::{Value, json};

use crate::lab::Lab;
use vocabulary::{AfterEffect, Moment};

fn seconds(seconds: u64) -> Length {
    Length::fixed(Duration::from_secs(seconds))
}

fn lab_with(place: &str, effect: Effect) -> Lab {
    let lab = Lab::new();
    lab.world.faults().install(vec![FaultRule {
        times: Some(1),
        ..FaultRule::always(place, effect)
    }]);
    lab
}

fn stage(lab: &Lab, index: usize) -> Stage {
    lab.world.hf().jobs()[index].stage
}

#[tokio::test(start_paused = true)]
async fn a_hanging_runner_finishes_its_job_and_keeps_its_hf_job_until_the_timeout() {
    let lab = lab_with("runner", Effect::Hang);
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(7000.0).await;
    assert_eq!(
        lab.world.github().jobs()[0].conclusion,
        Some(Conclusion::Success)
    );
    assert!(lab.world.github().runners().is_empty());
    assert_eq!(stage(&lab, 0), Stage::Running);
    let exited = lab
        .find(|what| matches!(what, What::RunnerExited { code: None, .. }))
        .unwrap();
    assert!(lab.is_caused_by(
        &exited,
        |what| matches!(what, What::FaultApplied { place, .. } if place == "runner")
    ));
    lab.sleep(300.0).await;
    assert_eq!(stage(&lab, 0), Stage::Error);
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerExited { .. })),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_runner_can_die_so_long_after_its_boot() {
    let lab = lab_with(
        "runner",
        Effect::Die(Moment {
            at: RunnerPoint::Boot,
            after: seconds(30),
        }),
    );
    lab.queue("J1", &["a"]);
    lab.launch("r1", &["a"]).await;
    lab.sleep(100.0).await;
    let exited = lab
        .find(|what| {
            matches!(
                what,
                What::RunnerExited {
                    code: Some(137),
                    ..
                }
            )
        })
        .unwrap();
    assert_eq!(
        exited.at_ms, 70_000,
        "20 s scheduled, 20 s of boot, 30 s alive"
    );
    let cause = lab.world.history().get(exited.because.unwrap()).unwrap();
    assert!(matches!(cause.event, What::FaultApplied { ref effect, .. } if effect == "die"));
    assert_eq!(stage(&lab, 0), Stage::Error);
    assert_eq!(lab.world.github().jobs()[0].conclusion, None);
    lab.sleep(31.0).await;
    assert_eq!(
        lab.world.github().jobs()[0].conclusion,
        Some(Conclusion::Failure)
    );
}

#[tokio::test(start_paused = true)]
async fn runners_can_be_killed_and_hung_by_hand() {
    let lab = Lab::new();
    let dies = lab.launch("dies", &["a"]).await;
    let hangs = lab.launch("hangs", &["b"]).await;
    lab.queue("J1", &["b"]);
    lab.sleep(50.0).await;
    lab.world.runners().die(&dies);
    lab.world.runners().hang(&hangs);
    lab.sleep(200.0).await;
    assert_eq!(
        (stage(&lab, 0), stage(&lab, 1)),
        (Stage::Error, Stage::Running)
    );
    let message = lab
        .hf("GET", &format!("/api/jobs/lab/{}", dies.0), Value::Null)
        .await
        .body;
    assert_eq!(
        message["status"]["message"],
        "Job failed with exit code: 137. Reason: OOMKilled"
    );
    let idle = lab
        .world
        .github()
        .runners()
        .into_iter()
        .find(|runner| runner.name == "dies")
        .unwrap();
    assert!(
        !idle.online && !idle.busy,
        "noticed after a minute, kept for a day"
    );
}

#[tokio::test(start_paused = true)]
async fn scheduling_can_be_delayed() {
    let lab = lab_with("hf.schedule", Effect::Delay(seconds(3600)));
    lab.launch("slow", &["a"]).await;
    lab.launch("usual", &["a"]).await;
    lab.sleep(60.0).await;
    assert_eq!(
        (stage(&lab, 0), stage(&lab, 1)),
        (Stage::Scheduling, Stage::Running)
    );
    lab.sleep(3600.0).await;
    let running: Vec<_> = lab
        .events()
        .into_iter()
        .filter(|event| {
            matches!(
                event.event,
                What::HfStage {
                    stage: Stage::Running,
                    ..
                }
            )
        })
        .collect();
    assert_eq!(running[1].at_ms, 3_620_000);
    assert!(lab.is_caused_by(&running[1], |what| matches!(
        what,
        What::FaultApplied { .. }
    )));
    assert!(!lab.is_caused_by(&running[0], |what| matches!(
        what,
        What::FaultApplied { .. }
    )));
}

#[tokio::test(start_paused = true)]
async fn the_runners_own_calls_can_fail() {
    let answer = Effect::Answer(vocabulary::Answer::of(500, ""));
    for (effect, why) in [
        (answer, "answered 500"),
        (Effect::Reset, "connection reset"),
        (Effect::NoAnswer, "timed out"),
    ] {
        let lab = Lab::new();
        lab.world.faults().install(vec![FaultRule {
            times: Some(3),
            ..FaultRule::always("runner.register", effect)
        }]);
        lab.launch_registering("r", "a").await;
        lab.sleep(400.0).await;
        let refused = lab
            .find(|what| matches!(what, What::RunnerRefused { .. }))
            .unwrap();
        assert!(matches!(refused.event, What::RunnerRefused { why: ref it, .. } if it == why));
        assert!(lab.is_caused_by(&refused, |what| matches!(what, What::FaultApplied { .. })));
        assert!(lab.world.github().runners().is_empty());
        assert_eq!(stage(&lab, 0), Stage::Error);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_whose_answer_is_lost_meets_its_own_record_at_the_next_try() {
    for (replace, code) in [("true", None), ("false", Some(1))] {
        let lab = lab_with("runner.register", Effect::AfterEffect(AfterEffect::Reset));
        let token = lab.registration_token("repos/octo/app").await;
        let environment = json!({
            "RUNNER_NAME": "r", "RUNNER_LABELS": "a", "GH_REPO": "octo/app", "RUNNER_REPLACE": replace,
        });
        lab.create(&json!({"RUNNER_TOKEN": token}), &environment)
            .await;
        lab.sleep(100.0).await;
        let exited = lab.find(|what| matches!(what, What::RunnerExited { .. }));
        let exited = exited.map(|event| match event.event {
            What::RunnerExited { code, .. } => code,
            _ => None,
        });
        assert_eq!(exited.flatten(), code, "replaces: {replace}");
        let runners = lab.world.github().runners();
        assert_eq!(runners.len(), 1);
        assert_eq!(runners[0].online, code.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_can_come_late() {
    let lab = lab_with("runner.open-session", Effect::Delay(seconds(45)));
    lab.launch("r", &["a"]).await;
    lab.sleep(100.0).await;
    let answered = lab
        .find(
            |what| matches!(what, What::CallAnswered { name, .. } if name == "runner.open-session"),
        )
        .unwrap();
    assert_eq!(answered.at_ms, 85_000);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_github_never_hears_of_counts_as_lost_contact() {
    let lab = lab_with("runner.finish-job", Effect::Reset);
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(110.0).await;
    assert_eq!(stage(&lab, 0), Stage::Completed);
    assert_eq!(lab.world.github().jobs()[0].conclusion, None);
    lab.sleep(60.0).await;
    assert_eq!(
        lab.world.github().jobs()[0].conclusion,
        Some(Conclusion::Failure)
    );
    assert!(lab.world.github().runners().is_empty());
}
