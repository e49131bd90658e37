//! Surges of deliveries that GitHub holds back.

use std::num::NonZeroU32;

use serde_json::Value;

use crate::lab::Lab;

#[tokio::test(start_paused = true)]
async fn deliveries_beyond_the_share_of_a_minute_wait_and_say_so() {
    let lab = Lab::with(|settings| {
        settings.github.hooks.throttle_per_minute = NonZeroU32::new(2);
    });
    for number in 1..=5 {
        lab.queue(&format!("J{number}"), &["a"]);
    }
    lab.sleep(1.0).await;
    assert_eq!(lab.received().len(), 2);
    assert_eq!(lab.world.pending(), 3);
    lab.sleep(200.0).await;
    let arrivals: Vec<u64> = lab.received().iter().map(|one| one.at_ms).collect();
    assert_eq!(arrivals, [0, 0, 60_000, 60_000, 120_000]);
    let path = "/app/hook/deliveries";
    let log = lab.github("GET", path, &lab.jwt(), Value::Null).await.body;
    assert_eq!(log[0]["throttled_at"], "2026-11-03T10:00:00Z");
    assert_eq!(log[0]["delivered_at"], "2026-11-03T10:02:00Z");
    assert_eq!(log[4]["throttled_at"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_unless_told_to() {
    let lab = Lab::new();
    for number in 1..=500 {
        lab.queue(&format!("J{number}"), &["a"]);
    }
    lab.sleep(0.1).await;
    assert_eq!(lab.received().len(), 500);
}
