//! Every lie in a webhook, seen to be told.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, JsonPath, Length, Only, Redeliver, Tamper,
    history::{Signed, What},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::lab::{Lab, Received};
use vocabulary::{After, DropMode, Pretended};

fn once(effect: Effect) -> FaultRule {
    FaultRule {
        times: Some(1),
        ..FaultRule::always("webhook", effect)
    }
}

fn pretend(values: &[(&str, Value)]) -> Effect {
    let values = values
        .iter()
        .map(|(path, value)| (JsonPath::new(path), value.clone()));
    Effect::Pretend(Pretended(values.collect()))
}

/// Queues J1 and J2 under these rules.
async fn two_jobs(rules: Vec<FaultRule>) -> Lab {
    let lab = Lab::with(|settings| settings.github.webhook_secret = b"s3cret".to_vec());
    lab.world.faults().install(rules);
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    lab.queue("J2", &["a"]);
    lab.sleep(1.0).await;
    lab
}

fn is_genuine(received: &Received) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(&received.raw);
    let digest: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    received.header("x-hub-signature-256") == format!("sha256={digest}")
}

fn signatures(lab: &Lab) -> Vec<Signed> {
    lab.events()
        .iter()
        .filter_map(|event| match event.event {
            What::DeliveryCreated { signed, .. } => Some(signed),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_pretended_payload_is_correctly_signed_and_false_in_these_values_alone() {
    let values = [
        ("installation.id", json!(0)),
        ("workflow_job.runner_id", json!(0)),
        ("workflow_job.runner_name", json!("")),
        ("workflow_job.status", json!("waiting")),
        ("no.such.key", json!(1)),
    ];
    let lab = two_jobs(vec![once(pretend(&values))]).await;
    let received = lab.received();
    assert!(received.iter().all(is_genuine));
    let lie = &received[0].body;
    assert_eq!(lie["installation"]["id"], 0);
    let job = &lie["workflow_job"];
    assert_eq!(
        (&job["runner_id"], &job["runner_name"], &job["status"]),
        (&json!(0), &json!(""), &json!("waiting"))
    );
    assert_eq!((&job["name"], lie.get("no")), (&json!("J1"), None));
    assert_ne!(received[1].body["installation"]["id"], 0, "once only");
    assert_eq!(signatures(&lab), [Signed::Lab, Signed::Lab]);
    let sent = lab
        .find(|what| matches!(what, What::DeliverySent { .. }))
        .unwrap();
    assert!(lab.is_caused_by(
        &sent,
        |what| matches!(what, What::FaultApplied { effect, job: Some(_), .. } if effect == "pretend")
    ));
}

#[tokio::test(start_paused = true)]
async fn all_attempts_of_a_pretended_delivery_say_the_same() {
    let after = Length::fixed(Duration::from_secs(5));
    let lab = two_jobs(vec![
        once(Effect::Duplicate(After { after })),
        once(pretend(&[("installation.id", json!(0))])),
    ])
    .await;
    lab.sleep(10.0).await;
    let failed = false;
    let job = lab.world.github().job_by_name("J1");
    let again = Redeliver {
        job,
        failed,
        ..Redeliver::default()
    };
    lab.world.github().redeliver(&again, None);
    lab.sleep(1.0).await;
    let of_j1: Vec<Received> = lab
        .received()
        .into_iter()
        .filter(|received| received.job_name() == "J1")
        .collect();
    assert_eq!(of_j1.len(), 3);
    assert!(of_j1.iter().all(|one| one.raw == of_j1[0].raw));
    assert_eq!(of_j1[0].body["installation"]["id"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_tampered_delivery_has_the_signature_of_the_body_that_was_not_sent() {
    for tamper in [
        Tamper::FlipBit,
        Tamper::OtherBody,
        Tamper::SortedKeys,
        Tamper::Spaced,
    ] {
        let lab = two_jobs(vec![once(Effect::Tamper(tamper))]).await;
        assert!(!is_genuine(&lab.received()[0]), "{tamper:?}");
        assert!(is_genuine(&lab.received()[1]));
        assert_eq!(signatures(&lab), [Signed::Tampered, Signed::Lab]);
        assert!(
            lab.find(
                |what| matches!(what, What::FaultApplied { effect, .. } if effect == "tamper")
            )
            .is_some()
        );
        // GitHub never sent it like that, so it sends the honest body again.
        let all = Redeliver {
            job: lab.world.github().job_by_name("J1"),
            ..Redeliver::default()
        };
        lab.world.github().redeliver(&all, None);
        lab.sleep(1.0).await;
        let again = lab.received().pop().unwrap();
        assert!(is_genuine(&again) && again.job_name() == "J1");
    }
}

#[tokio::test(start_paused = true)]
async fn sorted_keys_mean_the_same_in_other_bytes() {
    let honest = two_jobs(Vec::new()).await.received();
    let sorted = two_jobs(vec![once(Effect::Tamper(Tamper::SortedKeys))])
        .await
        .received();
    assert_ne!(honest[0].raw, sorted[0].raw);
    assert_eq!(honest[0].body, sorted[0].body);
}

#[tokio::test(start_paused = true)]
async fn held_deliveries_come_all_at_once_when_the_rule_ends() {
    let after = Length::fixed(Duration::from_secs(5));
    let lab = two_jobs(vec![
        once(Effect::Duplicate(After { after })),
        FaultRule::always("webhook", Effect::Hold),
    ])
    .await;
    lab.sleep(598.0).await;
    assert!(lab.received().is_empty());
    assert_eq!(lab.world.pending(), 3, "they are still to come");
    lab.world.faults().close(1);
    lab.queue("J3", &["a"]);
    lab.sleep(20.0).await;
    let arrivals: Vec<(String, u64)> = lab
        .received()
        .iter()
        .map(|one| (one.job_name().to_owned(), one.at_ms))
        .collect();
    let at = |name: &str, at_ms| (name.to_owned(), at_ms);
    assert_eq!(
        arrivals,
        [
            at("J1", 600_000),
            at("J2", 600_000),
            at("J3", 600_000),
            at("J1", 605_000)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn healing_releases_what_is_held() {
    let lab = two_jobs(vec![FaultRule::always("webhook", Effect::Hold)]).await;
    lab.world.faults().heal();
    lab.sleep(1.0).await;
    assert_eq!(lab.received_names(), ["J1.queued", "J2.queued"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_never_sent_is_not_in_the_log_and_can_only_be_found_by_asking() {
    let never = FaultRule {
        only: Only {
            action: Some("queued".to_owned()),
            ..Only::default()
        },
        ..once(Effect::Drop(DropMode::Unlogged))
    };
    let lab = two_jobs(vec![never]).await;
    assert_eq!(lab.received_names(), ["J2.queued"]);
    let log = lab
        .github("GET", "/app/hook/deliveries", &lab.jwt(), Value::Null)
        .await;
    assert_eq!(log.body.as_array().unwrap().len(), 1);
    let runs = "/repos/octo/app/actions/runs?status=queued";
    let found = lab
        .github("GET", runs, &lab.token().await, Value::Null)
        .await;
    assert_eq!(found.body["total_count"], 2);
}
