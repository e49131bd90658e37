//! Every fault on webhooks, seen to happen.

use std::{collections::BTreeSet, time::Duration};

use fakes::{
    Effect, FaultRule, Length, Only,
    history::{Lost, Origin, What},
};
use serde_json::Value;

use crate::lab::Lab;
use vocabulary::{After, AfterEffect, DropMode, Within};

fn seconds(seconds: u64) -> Length {
    Length::fixed(Duration::from_secs(seconds))
}

/// Queues J1 and J2 under these rules and waits long enough for everything.
async fn two_jobs(rules: Vec<FaultRule>) -> Lab {
    let lab = Lab::new();
    lab.world.faults().install(rules);
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    lab.queue("J2", &["a"]);
    lab.sleep(1000.0).await;
    lab
}

fn first(effect: Effect) -> Vec<FaultRule> {
    vec![FaultRule {
        times: Some(1),
        ..FaultRule::always("webhook", effect)
    }]
}

async fn log(lab: &Lab) -> Vec<Value> {
    lab.github("GET", "/app/hook/deliveries", &lab.jwt(), Value::Null)
        .await
        .body
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test(start_paused = true)]
async fn a_drop_is_never_sent_and_shows_in_the_log_only_if_it_is_a_logged_one() {
    for mode in [DropMode::Logged, DropMode::Unlogged] {
        let logged = mode == DropMode::Logged;
        let lab = two_jobs(first(Effect::Drop(mode))).await;
        assert_eq!(lab.received_names(), ["J2.queued"]);
        let log = log(&lab).await;
        assert_eq!(log.len(), if logged { 2 } else { 1 });
        assert!(!logged || log[1]["status"] == "failed to connect to host");
        let lost = lab
            .find(|what| matches!(what, What::DeliveryLost { .. }))
            .unwrap();
        assert!(
            matches!(lost.event, What::DeliveryLost { why: Lost::Dropped, logged: it, .. } if it == logged)
        );
        assert!(lab.is_caused_by(&lost, |what| matches!(
            what,
            What::FaultApplied { fault: 0, .. }
        )));
        assert_eq!(
            lab.count(|what| matches!(what, What::DeliverySent { .. })),
            1
        );
        assert!(!lab.world.faults().any_active());
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_lets_a_later_delivery_overtake() {
    let lab = two_jobs(first(Effect::Delay(seconds(90)))).await;
    assert_eq!(lab.received_names(), ["J2.queued", "J1.queued"]);
    assert_eq!(lab.received()[1].at_ms, 90_000);
    let sent = lab
        .events()
        .into_iter()
        .rfind(|event| matches!(event.event, What::DeliverySent { .. }))
        .unwrap();
    let cause = lab.world.history().get(sent.because.unwrap()).unwrap();
    assert!(matches!(cause.event, What::FaultApplied { ref effect, .. } if effect == "delay"));
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_has_the_same_guid_and_another_id() {
    let lab = two_jobs(first(Effect::Duplicate(After { after: seconds(30) }))).await;
    assert_eq!(
        lab.received_names(),
        ["J1.queued", "J2.queued", "J1.queued"]
    );
    let received = lab.received();
    assert_eq!(
        received[0].header("x-github-delivery"),
        received[2].header("x-github-delivery")
    );
    assert_eq!(
        (received[0].raw == received[2].raw, received[2].at_ms),
        (true, 30_000)
    );
    let again = lab
        .find(|what| {
            matches!(
                what,
                What::DeliveryCreated {
                    origin: Origin::Repeated,
                    ..
                }
            )
        })
        .unwrap();
    let cause = lab.world.history().get(again.because.unwrap()).unwrap();
    assert!(matches!(cause.event, What::FaultApplied { .. }));
    assert_eq!(lab.world.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_to_come_is_pending() {
    let lab = Lab::new();
    lab.world
        .faults()
        .install(first(Effect::Duplicate(After { after: seconds(30) })));
    lab.queue("J1", &["a"]);
    lab.sleep(10.0).await;
    assert_eq!((lab.received().len(), lab.world.pending()), (1, 1));
    lab.sleep(30.0).await;
    assert_eq!((lab.received().len(), lab.world.pending()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn reordering_shuffles_within_its_window() {
    let lab = Lab::new();
    let within = seconds(100);
    lab.world.faults().install(vec![FaultRule::always(
        "webhook",
        Effect::ReorderWithin(Within { within }),
    )]);
    for number in 0..10 {
        lab.queue(&format!("J{number}"), &["a"]);
    }
    lab.sleep(100.1).await;
    let names = lab.received_names();
    assert_eq!(names.len(), 10);
    assert!(!names.is_sorted(), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_what_github_sees_while_the_dispatcher_gets_the_delivery_and_answers() {
    let answer = Effect::Answer(vocabulary::Answer::of(503, "edge"));
    let lab = two_jobs(first(answer)).await;
    assert_eq!(lab.received_names(), ["J1.queued", "J2.queued"]);
    assert_eq!(log(&lab).await[1]["status_code"], 503);
    assert_eq!(
        lab.count(|what| matches!(
            what,
            What::DeliveryAnswered {
                status: 200,
                seen: Some(503),
                ..
            }
        )),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn no_answer_costs_github_its_ten_seconds_and_a_reset_none() {
    let lab = two_jobs(first(Effect::NoAnswer)).await;
    assert_eq!(lab.received_names(), ["J2.queued"]);
    let lost = lab
        .find(|what| {
            matches!(
                what,
                What::DeliveryLost {
                    why: Lost::TimedOut,
                    ..
                }
            )
        })
        .unwrap();
    assert_eq!(lost.at_ms, 10_000);
    let lab = two_jobs(first(Effect::Reset)).await;
    assert_eq!(lab.received_names(), ["J2.queued"]);
    let lost = lab
        .find(|what| {
            matches!(
                what,
                What::DeliveryLost {
                    why: Lost::Reset,
                    logged: true,
                    ..
                }
            )
        })
        .unwrap();
    assert_eq!(lost.at_ms, 0);
}

#[tokio::test(start_paused = true)]
async fn after_effect_means_that_the_dispatcher_got_it_and_github_does_not_know() {
    let lab = two_jobs(first(Effect::AfterEffect(AfterEffect::Reset))).await;
    assert_eq!(lab.received_names(), ["J1.queued", "J2.queued"]);
    assert_eq!(log(&lab).await[1]["status"], "failed to connect to host");
    let lab = two_jobs(first(Effect::AfterEffect(AfterEffect::NoAnswer))).await;
    assert_eq!(lab.received_names(), ["J1.queued", "J2.queued"]);
    assert_eq!(log(&lab).await[1]["status"], "timed out");
    let answer = AfterEffect::Answer(vocabulary::Answer::of(502, ""));
    let lab = two_jobs(first(Effect::AfterEffect(answer))).await;
    assert_eq!(lab.received_names(), ["J1.queued", "J2.queued"]);
    assert_eq!(log(&lab).await[1]["status_code"], 502);
}

#[tokio::test(start_paused = true)]
async fn filters_narrow_a_rule_to_a_job_an_action_or_a_repository() {
    let drop = || FaultRule::always("webhook", Effect::Drop(DropMode::Logged));
    let only_job = Only {
        job: Some(vec!["J2".to_owned()]),
        ..Only::default()
    };
    let lab = two_jobs(vec![FaultRule {
        only: only_job,
        ..drop()
    }])
    .await;
    assert_eq!(lab.received_names(), ["J1.queued"]);
    let only_action = Only {
        action: Some("completed".to_owned()),
        ..Only::default()
    };
    let lab = Lab::new();
    lab.world.faults().install(vec![FaultRule {
        only: only_action,
        ..drop()
    }]);
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(lab.received_names(), ["J1.queued", "J1.in_progress"]);
    let elsewhere = Only {
        repo: Some("octo/lib".to_owned()),
        ..Only::default()
    };
    let lab = two_jobs(vec![FaultRule {
        only: elsewhere,
        ..drop()
    }])
    .await;
    assert_eq!(lab.received().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn rules_can_be_opened_closed_and_healed() {
    let lab = Lab::new();
    let drop = FaultRule {
        open: false,
        ..FaultRule::always("webhook", Effect::Drop(DropMode::Unlogged))
    };
    let faults = lab.world.faults();
    faults.install(vec![drop.clone(), drop]);
    let arrives = async |name: &str| {
        lab.queue(name, &["a"]);
        lab.sleep(1.0).await;
        lab.received_names().contains(&format!("{name}.queued"))
    };
    assert!(!faults.any_active() && arrives("before").await);
    faults.open(1);
    assert!(faults.any_active() && !arrives("during").await);
    let applied = lab
        .find(|what| matches!(what, What::FaultApplied { .. }))
        .unwrap();
    assert!(matches!(
        applied.event,
        What::FaultApplied {
            fault: 1,
            job: Some(_),
            ..
        }
    ));
    faults.close(1);
    assert!(arrives("after").await);
    faults.open(0);
    faults.heal();
    assert!(!faults.any_active() && arrives("healed").await);
}

#[tokio::test(start_paused = true)]
async fn chance_is_drawn_per_delivery_and_does_not_depend_on_its_neighbours() {
    let struck = async |jobs: &[usize]| {
        let lab = Lab::new();
        let drop = FaultRule {
            chance: Some(0.5),
            ..FaultRule::always("webhook", Effect::Drop(DropMode::Unlogged))
        };
        lab.world.faults().install(vec![drop]);
        for number in jobs {
            lab.queue(&format!("J{number}"), &["a"]);
        }
        lab.sleep(1.0).await;
        lab.received_names().into_iter().collect::<BTreeSet<_>>()
    };
    let all: Vec<usize> = (0..40).collect();
    let odd: Vec<usize> = (0..40).filter(|number| number % 2 == 1).collect();
    let (of_all, of_odd) = (struck(&all).await, struck(&odd).await);
    assert!((8..32).contains(&of_all.len()), "{}", of_all.len());
    assert!(
        of_odd.is_subset(&of_all),
        "removing jobs leaves the others' fate as it was"
    );
}
