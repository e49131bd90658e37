//! What befalls a runner's process at any moment of its life: death, standstill, restart, an outage, a wrong clock.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, Length, RunnerPoint, Shift,
    history::{Conclusion, Event, Removal, Stage, What},
};
use serde_json::json;

use crate::lab::Lab;
use vocabulary::{Moment, Outage, Skew};

fn seconds(seconds: u64) -> Length {
    Length::fixed(Duration::from_secs(seconds))
}

const AT_ONCE: Length = Length::fixed(Duration::ZERO);

fn strike(lab: &Lab, effect: Effect) {
    lab.world.faults().install(vec![FaultRule {
        times: Some(1),
        ..FaultRule::always("runner", effect)
    }]);
}

fn lab_with(effect: Effect) -> Lab {
    let lab = Lab::new();
    strike(&lab, effect);
    lab
}

fn exits(lab: &Lab) -> Vec<(Option<i32>, u64)> {
    let exit = |event: &Event| match event.event {
        What::RunnerExited { code, .. } => Some((code, event.at_ms)),
        _ => None,
    };
    lab.events().iter().filter_map(exit).collect()
}

fn conclusion(lab: &Lab) -> Option<Conclusion> {
    lab.world.github().jobs()[0].conclusion
}

fn has(log: &[String], text: &str) -> bool {
    log.iter().any(|line| line.contains(text))
}

/// A runner for a job of a minute that was queued first: it works from 40 s to 100 s. Gives the time of its end,
/// whether GitHub ever had it online, and how the job stands.
async fn dies(at: RunnerPoint) -> (u64, bool, Option<Conclusion>) {
    let lab = lab_with(Effect::Die(Moment { at, after: AT_ONCE }));
    lab.queue("J1", &["a"]);
    lab.launch_registering("r", "a").await;
    lab.sleep(130.0).await;
    let ends = exits(&lab);
    assert_eq!((ends.len(), ends[0].0), (1, Some(137)), "{at:?}");
    let online = lab.count(|what| matches!(what, What::RunnerOnline { .. })) > 0;
    (ends[0].1, online, conclusion(&lab))
}

#[tokio::test(start_paused = true)]
async fn a_runner_dies_at_any_point_of_its_life() {
    let boot = dies(RunnerPoint::Boot).await;
    assert_eq!(boot, (40_000, false, None));
    assert_eq!(dies(RunnerPoint::Registered).await, (40_000, false, None));
    // It was assigned the job and had not asked for it: GitHub takes it back, and it waits for another runner.
    assert_eq!(dies(RunnerPoint::Listening).await, (40_000, true, None));
    assert_eq!(
        dies(RunnerPoint::InJob).await,
        (40_000, true, Some(Conclusion::Failure))
    );
    assert_eq!(
        dies(RunnerPoint::AfterJob).await,
        (100_000, true, Some(Conclusion::Success))
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_dies_before_it_registers_leaves_no_record_and_one_that_dies_after_does() {
    for (at, records) in [(RunnerPoint::Boot, 0), (RunnerPoint::Registered, 1)] {
        let lab = lab_with(Effect::Die(Moment { at, after: AT_ONCE }));
        lab.launch_registering("r", "a").await;
        lab.sleep(60.0).await;
        assert_eq!(lab.world.github().runners().len(), records, "{at:?}");
        assert_eq!(lab.world.hf().jobs()[0].stage, Stage::Error);
    }
}

#[tokio::test(start_paused = true)]
async fn death_comes_so_long_after_the_point() {
    let after = seconds(30);
    let lab = lab_with(Effect::Die(Moment {
        at: RunnerPoint::InJob,
        after,
    }));
    lab.launch("r", &["a"]).await;
    lab.sleep(100.0).await;
    assert!(exits(&lab).is_empty(), "it has no job yet");
    lab.queue("J1", &["a"]);
    lab.sleep(60.0).await;
    assert_eq!(exits(&lab), [(Some(137), 130_000)]);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stops_is_missed_by_github_and_keeps_its_hf_job() {
    let lab = lab_with(Effect::Freeze(Moment {
        at: RunnerPoint::Listening,
        after: seconds(5),
    }));
    lab.launch("r", &["a"]).await;
    lab.sleep(50.0).await;
    assert_eq!(exits(&lab), [(None, 45_000)]);
    assert!(lab.world.github().runners()[0].online, "not noticed yet");
    lab.queue("J1", &["a"]);
    lab.sleep(60.0).await;
    assert!(!lab.world.github().runners()[0].online);
    assert_eq!(conclusion(&lab), None);
    assert_eq!(lab.world.hf().jobs()[0].stage, Stage::Running);
    lab.sleep(7200.0).await;
    assert_eq!(
        lab.world.hf().jobs()[0].stage,
        Stage::Error,
        "until its timeout"
    );
    assert_eq!(exits(&lab).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stops_in_its_job_loses_it() {
    let lab = lab_with(Effect::Freeze(Moment {
        at: RunnerPoint::InJob,
        after: seconds(10),
    }));
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(109.0).await;
    assert_eq!(conclusion(&lab), None);
    lab.sleep(2.0).await;
    assert_eq!(conclusion(&lab), Some(Conclusion::Failure));
}

/// An outage 10 s into the job, which runs from 40 s to 100 s.
fn outage(lasts: u64) -> Effect {
    Effect::LoseNetwork(Outage {
        at: RunnerPoint::InJob,
        after: seconds(10),
        lasts: seconds(lasts),
    })
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_is_not_noticed() {
    let lab = lab_with(outage(30));
    lab.queue("J1", &["a"]);
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(300.0).await;
    assert_eq!(conclusion(&lab), Some(Conclusion::Success));
    assert_eq!(exits(&lab), [(Some(0), 100_000)]);
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerOnline { .. })),
        1,
        "the same session"
    );
    assert!(has(&lab.log(&id).await, "Runner reconnected."));
    let applied = lab
        .find(|what| matches!(what, What::FaultApplied { effect, .. } if effect == "lose_network"));
    assert_eq!(applied.unwrap().at_ms, 50_000);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_job_is_reported_once_the_network_is_back() {
    let lab = lab_with(outage(55));
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(104.0).await;
    assert_eq!(conclusion(&lab), None, "over, but nobody heard of it");
    lab.sleep(2.0).await;
    assert_eq!(conclusion(&lab), Some(Conclusion::Success));
    assert_eq!(exits(&lab), [(Some(0), 105_000)]);
}

#[tokio::test(start_paused = true)]
async fn a_long_outage_costs_the_job() {
    let lab = lab_with(outage(600));
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(109.0).await;
    assert!(lab.world.github().runners()[0].online);
    lab.sleep(2.0).await;
    assert_eq!(conclusion(&lab), Some(Conclusion::Failure));
    assert!(lab.world.github().runners().is_empty());
    let completed = lab
        .find(|what| matches!(what, What::JobCompleted { .. }))
        .unwrap();
    assert!(lab.is_caused_by(&completed, |what| matches!(what, What::FaultApplied { .. })));
    lab.sleep(600.0).await;
    assert_eq!(exits(&lab), [(Some(0), 650_000)], "it can report to nobody");
}

#[tokio::test(start_paused = true)]
async fn github_can_wait_longer_before_it_gives_a_job_up() {
    let patient = || {
        Lab::with(|settings| {
            settings.github.runners.job_lost_after = Duration::from_secs(600);
        })
    };
    let lab = patient();
    strike(&lab, outage(120));
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(150.0).await;
    let runner = lab.world.github().runners().remove(0);
    assert!(
        !runner.online && runner.busy,
        "offline, and its job goes on"
    );
    lab.sleep(30.0).await;
    assert_eq!(conclusion(&lab), Some(Conclusion::Success), "back in time");
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerOnline { .. })),
        2,
        "a new session"
    );

    let lab = patient();
    strike(&lab, outage(3600));
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(709.0).await;
    assert_eq!(conclusion(&lab), None);
    lab.sleep(2.0).await;
    assert_eq!(
        conclusion(&lab),
        Some(Conclusion::Failure),
        "GitHub has lost communication"
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_runner_comes_back_after_any_outage() {
    for (lasts, sessions) in [(30, 1), (300, 2)] {
        let lab = lab_with(Effect::LoseNetwork(Outage {
            at: RunnerPoint::Listening,
            after: seconds(10),
            lasts: seconds(lasts),
        }));
        lab.launch("r", &["a"]).await;
        lab.sleep(55.0).await;
        // Given to a runner that cannot hear of it.
        lab.queue("J1", &["a"]);
        lab.sleep(500.0).await;
        assert_eq!(conclusion(&lab), Some(Conclusion::Success), "{lasts}");
        assert_eq!(
            lab.count(|what| matches!(what, What::RunnerOnline { .. })),
            sessions,
            "{lasts}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_was_removed_in_an_outage_finds_out_afterwards() {
    let lab = lab_with(Effect::LoseNetwork(Outage {
        at: RunnerPoint::Listening,
        after: AT_ONCE,
        lasts: seconds(300),
    }));
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(120.0).await;
    let runner = lab.world.github().runners()[0].runner;
    assert!(
        lab.world
            .github()
            .age_runner(runner, Duration::from_secs(86_400), None)
    );
    assert_eq!(
        lab.count(|what| matches!(
            what,
            What::RunnerRemoved {
                why: Removal::Aged,
                ..
            }
        )),
        1
    );
    lab.sleep(300.0).await;
    assert_eq!(exits(&lab), [(Some(0), 345_000)], "one try more, 5 s later");
    let log = lab.log(&id).await;
    assert!(has(
        &log,
        "Runner listener exit with retryable error, re-launch runner in 5 seconds."
    ));
    assert!(has(&log, "Restarting runner..."));
    assert!(has(
        &log,
        "The runner registration has been deleted from the server"
    ));
}

#[tokio::test(start_paused = true)]
async fn without_a_network_a_runner_registers_late_or_never() {
    let at_boot = |lasts| {
        Effect::LoseNetwork(Outage {
            at: RunnerPoint::Boot,
            after: AT_ONCE,
            lasts: seconds(lasts),
        })
    };
    let lab = lab_with(at_boot(50));
    lab.launch_registering("r", "a").await;
    lab.sleep(120.0).await;
    let online = lab
        .find(|what| matches!(what, What::RunnerOnline { .. }))
        .unwrap();
    assert_eq!(online.at_ms, 90_000);

    let lab = lab_with(at_boot(3600));
    lab.launch_registering("r", "a").await;
    lab.sleep(400.0).await;
    assert_eq!(exits(&lab)[0].0, Some(1), "three tries of 100 s");
    assert_eq!(
        lab.count(
            |what| matches!(what, What::CallReceived { name, .. } if name == "runner.register")
        ),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_job_of_a_jit_runner_finds_its_registration_used_up() {
    let lab = lab_with(Effect::Restart(Moment {
        at: RunnerPoint::InJob,
        after: seconds(10),
    }));
    lab.queue("J1", &["a"]);
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(conclusion(&lab), Some(Conclusion::Failure));
    assert_eq!(exits(&lab).len(), 1);
    assert_eq!(exits(&lab)[0].0, Some(0));
    let log = lab.log(&id).await;
    assert!(
        has(&log, "A session for this runner already exists."),
        "GitHub has not noticed"
    );
    assert!(has(
        &log,
        "The runner registration has been deleted from the server"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_restarted_idle_jit_runner_gets_its_session_back_when_the_old_one_is_gone() {
    let lab = lab_with(Effect::Restart(Moment {
        at: RunnerPoint::Listening,
        after: seconds(10),
    }));
    lab.launch("r", &["a"]).await;
    lab.sleep(60.0).await;
    lab.queue("J1", &["a"]);
    lab.sleep(300.0).await;
    assert_eq!(conclusion(&lab), Some(Conclusion::Success));
    assert_eq!(exits(&lab).len(), 1, "one container");
}

#[tokio::test(start_paused = true)]
async fn a_restart_registers_again_and_meets_its_own_name() {
    let start = async |arguments: &str| {
        let lab = lab_with(Effect::Restart(Moment {
            at: RunnerPoint::Listening,
            after: seconds(10),
        }));
        let command = format!(
            "./config.sh --unattended --url https://github.com/octo/app --token $RUNNER_TOKEN --name r --ephemeral {arguments} && ./run.sh"
        );
        let secrets = json!({"RUNNER_TOKEN": lab.registration_token("repos/octo/app").await});
        lab.start(json!(["sh", "-c", command]), &secrets, &json!({}))
            .await;
        lab.sleep(100.0).await;
        lab
    };
    let lab = start("").await;
    assert_eq!(exits(&lab)[0].0, Some(1));
    let refused = lab
        .find(|what| matches!(what, What::RunnerRefused { .. }))
        .unwrap();
    assert!(
        matches!(&refused.event, What::RunnerRefused { why, .. } if why == "A runner exists with the same name r.")
    );
    assert!(lab.is_caused_by(&refused, |what| matches!(what, What::FaultApplied { .. })));
    let lab = start("--replace").await;
    assert!(exits(&lab).is_empty());
    assert_eq!(
        lab.count(|what| matches!(
            what,
            What::RunnerRemoved {
                why: Removal::Replaced,
                ..
            }
        )),
        1
    );
    assert!(lab.world.github().runners()[0].online);
}

fn clock(minutes: i64) -> Effect {
    Effect::WrongClock(Shift::fixed(minutes * 60_000))
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_keeps_a_jit_runner_from_ever_connecting() {
    never_connects(lab_with(clock(6))).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_behind_keeps_it_from_connecting_as_well() {
    never_connects(lab_with(clock(-6))).await;
}

async fn never_connects(lab: Lab) {
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(1800.0).await;
    assert!(exits(&lab).is_empty(), "it still tries");
    lab.sleep(60.0).await;
    assert_eq!(exits(&lab)[0].0, Some(0));
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerOnline { .. })),
        0
    );
    let log = lab.log(&id).await;
    assert_eq!(
        log.iter()
            .filter(|line| line.starts_with("The local machine's clock may be out of sync"))
            .count(),
        60
    );
    let refused = lab
        .find(|what| matches!(what, What::RunnerRefused { .. }))
        .unwrap();
    assert!(lab.is_caused_by(
        &refused,
        |what| matches!(what, What::FaultApplied { effect, .. } if effect == "wrong_clock")
    ));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_fails_config_sh_after_it_has_registered() {
    let lab = lab_with(clock(6));
    lab.launch_registering("r", "a").await;
    lab.sleep(60.0).await;
    assert_eq!(exits(&lab), [(Some(1), 40_000)]);
    assert!(!lab.world.github().runners()[0].online, "its record stays");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_by_five_minutes_is_good_enough() {
    for (minutes, line) in [
        (5, "2026-11-03 10:05:40Z: Listening for Jobs"),
        (-5, "2026-11-03 09:55:40Z: Listening for Jobs"),
    ] {
        let lab = lab_with(clock(minutes));
        let id = lab.launch("r", &["a"]).await;
        lab.sleep(60.0).await;
        assert!(lab.world.github().runners()[0].online);
        assert!(has(&lab.log(&id).await, line));
    }
}

#[tokio::test(start_paused = true)]
async fn how_far_a_clock_is_off_is_drawn_for_each_runner() {
    let ahead = Shift {
        min: Skew(-3_600_000),
        max: Skew(3_600_000),
    };
    let lab = Lab::new();
    let rule = fakes::FaultRule::always("runner", Effect::WrongClock(ahead));
    lab.world.faults().install(vec![rule]);
    for number in 0..12 {
        lab.launch(&format!("r{number}"), &["a"]).await;
    }
    lab.sleep(60.0).await;
    let online = lab.world.github().runners();
    let online = online.iter().filter(|runner| runner.online).count();
    assert!(
        (1..12).contains(&online),
        "{online} of 12 are within five minutes"
    );
}
