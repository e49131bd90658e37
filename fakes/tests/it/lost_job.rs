//! The moment between assigned and started: a runner that asks for its job and does not get it.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, Length,
    history::{Conclusion, Removal, Stage, What},
};

use crate::lab::Lab;
use vocabulary::AfterEffect;

const PLACE: &str = "runner.acquire-job";

fn answer(status: u16) -> Effect {
    Effect::Answer(vocabulary::Answer::of(status, ""))
}

fn lab_with(effect: Effect, times: u32) -> Lab {
    let lab = Lab::new();
    lab.world.faults().install(vec![FaultRule {
        times: Some(times),
        ..FaultRule::always(PLACE, effect)
    }]);
    lab
}

/// The kinds of the events that tell of job and runner, in order.
fn course(lab: &Lab) -> Vec<&'static str> {
    let word = |what: &What| match what {
        What::RunnerAssigned { .. } => Some("assigned"),
        What::FaultApplied { place, .. } if place == PLACE => Some("struck"),
        What::CallReceived { name, .. } if name == PLACE => Some("asked"),
        What::CallAnswered { name, status, .. } if name == PLACE && *status == 200 => Some("given"),
        What::CallAnswered { name, .. } if name == PLACE => Some("refused"),
        What::JobTakenBack { .. } => Some("taken back"),
        What::RunnerRemoved { .. } => Some("removed"),
        What::JobStarted { .. } => Some("started"),
        What::JobCompleted { .. } => Some("completed"),
        _ => None,
    };
    let events = lab.events();
    events
        .iter()
        .filter_map(|event| word(&event.event))
        .collect()
}

/// How the one job ended, and on which runners it started.
fn served(lab: &Lab) -> (Option<Conclusion>, Vec<String>) {
    let events = lab.events();
    let started = events.iter().filter_map(|event| match &event.event {
        What::JobStarted { runner_name, .. } => Some(runner_name.clone()),
        _ => None,
    });
    (lab.world.github().jobs()[0].conclusion, started.collect())
}

#[tokio::test(start_paused = true)]
async fn a_job_starts_when_its_runner_acquires_it_and_not_when_it_is_assigned() {
    let lab = lab_with(Effect::Delay(Length::fixed(Duration::from_secs(7))), 1);
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(300.0).await;
    assert_eq!(
        course(&lab),
        [
            "assigned",
            "asked",
            "struck",
            "started",
            "given",
            "completed",
            "removed"
        ]
    );
    let started = lab
        .find(|what| matches!(what, What::JobStarted { .. }))
        .unwrap();
    assert!(lab.is_caused_by(&started, |what| matches!(what, What::RunnerAssigned { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_conflict_leaves_a_live_process_without_a_registration_and_the_job_goes_to_another_runner()
 {
    let lab = lab_with(answer(409), 1);
    lab.queue("J1", &["a"]);
    lab.launch("lost", &["a"]).await;
    lab.sleep(60.0).await;
    let lost = lab.world.github().runners().remove(0);
    assert!(
        lost.online && lost.busy,
        "GitHub waits for it to start the job"
    );
    assert_eq!(course(&lab), ["assigned", "asked", "struck", "refused"]);
    lab.sleep(60.0).await;
    assert_eq!(course(&lab)[4..], ["taken back", "removed"]);
    let removed = lab
        .find(|what| matches!(what, What::RunnerRemoved { .. }))
        .unwrap();
    assert!(matches!(
        removed.event,
        What::RunnerRemoved {
            why: Removal::Ephemeral,
            ..
        }
    ));
    lab.launch("next", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(
        served(&lab),
        (Some(Conclusion::Success), vec!["next".to_owned()])
    );
    let stages: Vec<Stage> = lab.world.hf().jobs().iter().map(|job| job.stage).collect();
    assert_eq!(
        stages,
        [Stage::Running, Stage::Completed],
        "the first listens for ever"
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_not_found_is_cancelled() {
    let lab = lab_with(answer(404), 1);
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(300.0).await;
    assert_eq!(
        course(&lab),
        [
            "assigned",
            "asked",
            "struck",
            "refused",
            "taken back",
            "removed",
            "completed"
        ]
    );
    let job = lab.world.github().jobs().remove(0);
    assert_eq!(
        (job.conclusion, job.runner),
        (Some(Conclusion::Cancelled), None)
    );
    assert!(lab.world.github().runners().is_empty());
    assert_eq!(lab.world.hf().jobs()[0].stage, Stage::Running);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_cancelled_before_it_is_acquired_never_starts() {
    let lab = lab_with(Effect::Reset, 1);
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    while lab.count(|what| matches!(what, What::FaultApplied { .. })) == 0 {
        lab.sleep(1.0).await;
    }
    let run = lab.world.github().jobs()[0].run;
    lab.world.github().cancel_run(run, None);
    lab.sleep(300.0).await;
    assert_eq!(
        course(&lab),
        [
            "assigned",
            "asked",
            "struck",
            "taken back",
            "removed",
            "completed",
            "asked",
            "refused"
        ]
    );
    assert_eq!(lab.world.hf().jobs()[0].stage, Stage::Running);
}

#[tokio::test(start_paused = true)]
async fn a_runner_asks_again_when_the_answer_is_lost_or_no_refusal() {
    for effect in [
        answer(500),
        Effect::Reset,
        Effect::AfterEffect(AfterEffect::Reset),
    ] {
        let lab = lab_with(effect.clone(), 2);
        lab.queue("J1", &["a"]);
        lab.launch("r", &["a"]).await;
        lab.sleep(300.0).await;
        let asked = |what: &What| matches!(what, What::CallReceived { name, .. } if name == PLACE);
        assert_eq!(lab.count(asked), 3, "{effect:?}");
        assert_eq!(
            lab.count(|what| matches!(what, What::JobStarted { .. })),
            1,
            "{effect:?}"
        );
        let job = lab.world.github().jobs().remove(0);
        assert_eq!(job.conclusion, Some(Conclusion::Success), "{effect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn five_tries_are_enough_and_the_job_is_taken_back_from_a_runner_that_stays() {
    let lab = lab_with(answer(503), 5);
    lab.queue("J1", &["a"]);
    let token = lab.registration_token("repos/octo/app").await;
    let environment = serde_json::json!({
        "RUNNER_NAME": "stays", "RUNNER_LABELS": "a", "GH_REPO": "octo/app", "RUNNER_EPHEMERAL": "false",
    });
    lab.create(&serde_json::json!({ "RUNNER_TOKEN": token }), &environment)
        .await;
    lab.sleep(400.0).await;
    let refused = course(&lab)
        .iter()
        .filter(|word| **word == "refused")
        .count();
    assert_eq!(refused, 5);
    let stays = (Some(Conclusion::Success), vec!["stays".to_owned()]);
    assert_eq!(served(&lab), stays, "it got the job again");
}
