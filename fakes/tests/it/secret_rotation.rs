//! A webhook's secret changes while deliveries are under way.

use fakes::{
    Length, RawDelivery, Redeliver,
    history::{Origin, Signed, What},
};

use crate::lab::{Lab, sha256_signature};

const OLD: &str = "lab-webhook-secret";

#[tokio::test(start_paused = true)]
async fn what_leaves_after_a_rotation_is_signed_with_the_new_secret() {
    let lab = Lab::with(|settings| {
        settings.github.webhook_delay = Length::fixed(std::time::Duration::from_secs(5));
    });
    lab.queue("before", &["a"]);
    lab.sleep(6.0).await;
    lab.queue("between", &["a"]);
    lab.world.github().rotate_secret(b"new", None);
    lab.sleep(6.0).await;
    let signed_with = |index: usize, secret| {
        let one = &lab.received()[index];
        one.header("x-hub-signature-256") == sha256_signature(secret, &one.raw)
    };
    assert!(signed_with(0, OLD));
    assert!(signed_with(1, "new"));
    let rotated = lab.count(|what| matches!(what, What::HookSecretRotated { hook: None }));
    assert_eq!(rotated, 1);
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_is_signed_with_the_secret_of_now() {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    lab.world.github().rotate_secret(b"new", None);
    lab.world.github().redeliver(&Redeliver::default(), None);
    lab.sleep(1.0).await;
    let received = lab.received();
    assert_eq!(received[0].raw, received[1].raw);
    assert_eq!(
        received[1].header("x-hub-signature-256"),
        sha256_signature("new", &received[1].raw)
    );
}

#[tokio::test(start_paused = true)]
async fn a_scenario_can_still_sign_with_the_secret_of_before() {
    let lab = Lab::new();
    let github = lab.world.github();
    let job = lab.queue("J1", &["a"]);
    github.rotate_secret(b"new", None);
    let raw = RawDelivery {
        event: "workflow_job".to_owned(),
        guid: None,
        headers: Vec::new(),
        body: github.job_event_body(job, "queued").unwrap(),
        signed: Signed::OldSecret,
        origin: Origin::Forged,
        learn: None,
        late: std::time::Duration::ZERO,
        failed: None,
        redelivery: false,
    };
    github.deliver(raw, None);
    lab.sleep(1.0).await;
    let last = lab.received().pop().unwrap();
    assert_eq!(
        last.header("x-hub-signature-256"),
        sha256_signature(OLD, &last.raw)
    );
}

#[tokio::test(start_paused = true)]
async fn the_history_never_shows_a_secret() {
    let lab = Lab::new();
    lab.world.github().rotate_secret(b"hush-hush", None);
    let text = format!("{:?}{:?}", lab.world, lab.events());
    assert!(!text.contains("hush-hush") && !text.contains(OLD));
}
