//! The same seed gives the same history to the byte; another seed gives another.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, Length, RunnerPoint,
    history::{Signed, to_json_lines},
};
use hmac::{Hmac, KeyInit as _, Mac as _};

use crate::lab::Lab;
use vocabulary::{After, Moment, Within};

/// A busy hour: faults, drawn delays, more jobs than runners at times.
async fn hour(seed: u64) -> String {
    let span = |min, max| Length {
        min: Duration::from_secs(min),
        max: Duration::from_secs(max),
    };
    let lab = Lab::seeded(seed, |settings| {
        settings.github.webhook_delay = span(1, 30);
        settings.github.assignment.delay = span(0, 5);
        let cold_start = settings.hf.cold_start.get_mut("default").unwrap();
        (cold_start.schedule, cold_start.boot) = (span(5, 90).into(), span(5, 90).into());
    });
    let some = |place: &str, effect| FaultRule {
        chance: Some(0.3),
        ..FaultRule::always(place, effect)
    };
    lab.world.faults().install(vec![
        some("webhook", Effect::Duplicate(After { after: span(1, 60) })),
        some(
            "webhook",
            Effect::ReorderWithin(Within {
                within: Length::fixed(Duration::from_secs(60)),
            }),
        ),
        some(
            "runner",
            Effect::Die(Moment {
                at: RunnerPoint::Boot,
                after: span(0, 60),
            }),
        ),
    ]);
    for number in 0..8 {
        lab.queue(&format!("J{number}"), &["hf-jobs-cpu-basic"]);
        lab.launch(&format!("r{number}"), &["hf-jobs-cpu-basic"])
            .await;
        lab.sleep(20.0).await;
    }
    lab.sleep(3600.0).await;
    to_json_lines(&lab.events()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_history() {
    let (one, two) = (hour(7).await, hour(7).await);
    assert!(one.lines().count() > 100);
    assert_eq!(one, two);
}

#[tokio::test(start_paused = true)]
async fn another_seed_gives_another_history() {
    assert_ne!(hour(7).await, hour(8).await);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_signed_over_the_bytes_that_are_sent() {
    let lab = Lab::new();
    lab.queue("J1 \"quoted\" 🚀", &["a\\b"]);
    lab.sleep(1.0).await;
    let received = &lab.received()[0];
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"lab-webhook-secret").unwrap();
    mac.update(&received.raw);
    let digest: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        received.header("x-hub-signature-256"),
        format!("sha256={digest}")
    );
    assert_eq!(received.job_name(), "J1 \"quoted\" 🚀");
    assert_eq!(received.body["workflow_job"]["labels"][0], "a\\b");
    assert!(matches!(
        lab.events()[1].event,
        fakes::history::What::DeliveryCreated {
            signed: Signed::Lab,
            ..
        }
    ));
}
