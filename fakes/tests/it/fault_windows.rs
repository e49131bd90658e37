//! Faults that are added to a running world for a window of time.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, Window,
    history::{Lost, What},
};

use crate::lab::Lab;
use vocabulary::DropMode;

fn drops() -> FaultRule {
    FaultRule::always("webhook", Effect::Drop(DropMode::Logged))
}

fn window(from: u64, until: u64) -> Window {
    Window {
        from: Some(Duration::from_secs(from)),
        until: Some(Duration::from_secs(until)),
    }
}

/// Queues a job every ten seconds, from 5 s on, and gives the seconds at which a webhook of them was dropped.
async fn dropped_at(lab: &Lab, jobs: u64) -> Vec<u64> {
    let began_ms = lab.clock.elapsed_ms();
    lab.sleep(5.0).await;
    for number in 0..jobs {
        lab.queue(&format!("J{number}"), &["a"]);
        lab.sleep(10.0).await;
    }
    let dropped = lab.events().into_iter().filter_map(|event| {
        let is_drop = matches!(
            event.event,
            What::DeliveryLost {
                why: Lost::Dropped,
                ..
            }
        );
        is_drop.then_some((event.at_ms - began_ms) / 1000)
    });
    dropped.collect()
}

#[tokio::test(start_paused = true)]
async fn a_rule_strikes_within_its_window_only() {
    let lab = Lab::new();
    lab.world.faults().add_within(drops(), window(10, 30));
    assert_eq!(dropped_at(&lab, 4).await, [15, 25]);
    assert!(!lab.world.faults().any_active());
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_ended_before_its_window_never_strikes() {
    let lab = Lab::new();
    let rule = lab.world.faults().add_within(drops(), window(10, 30));
    lab.world.faults().close(rule);
    assert_eq!(dropped_at(&lab, 4).await, [0_u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_without_a_beginning_strikes_at_once_and_ends_by_itself() {
    let lab = Lab::new();
    let until = Some(Duration::from_secs(10));
    let window = Window { from: None, until };
    lab.world.faults().add_within(drops(), window);
    assert_eq!(dropped_at(&lab, 2).await, [5]);
}
