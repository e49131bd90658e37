//! The delivery log: outcomes, pages, redelivery, retention.

use fakes::{
    RawDelivery, Redeliver,
    history::{Lost, Origin, Signed, What},
};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab, Target, sha256_signature};

async fn list(lab: &Lab, query: &str) -> Answer {
    lab.github(
        "GET",
        &format!("/app/hook/deliveries{query}"),
        &lab.jwt(),
        Value::Null,
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn each_outcome_has_its_status_in_the_log_and_its_event_in_the_history() {
    let lab = Lab::new();
    lab.target(&[
        Target::Answer(202),
        Target::Answer(500),
        Target::Refuse,
        Target::Break,
        Target::Silent,
    ]);
    for number in 1..=5 {
        lab.queue(&format!("J{number}"), &["a"]);
        lab.sleep(1.0).await;
    }
    assert_eq!(
        lab.world.pending(),
        1,
        "one is still waiting for its answer"
    );
    assert_eq!(list(&lab, "").await.body.as_array().unwrap().len(), 4);
    lab.sleep(10.0).await;
    assert_eq!(lab.world.pending(), 0);
    let log = list(&lab, "").await.body;
    let outcomes: Vec<(String, u64)> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["status"].as_str().unwrap().to_owned(),
                item["status_code"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("timed out", 504),
        ("failed to connect to host", 502),
        ("failed to connect to network", 502),
        ("Invalid HTTP Response: 500", 500),
        ("OK", 202),
    ];
    assert_eq!(
        outcomes,
        expected.map(|(status, code)| (status.to_owned(), code)),
        "newest first"
    );
    assert_eq!(log[0]["duration"], 10.0);
    assert!(log[0]["id"].as_u64().unwrap() > 1 << 53);
    let lost: Vec<Lost> = lab
        .events()
        .into_iter()
        .filter_map(|event| match event.event {
            What::DeliveryLost {
                why, logged: true, ..
            } => Some(why),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [Lost::Refused, Lost::Reset, Lost::TimedOut]);
    let answered = lab.count(|what| {
        matches!(
            what,
            What::DeliveryAnswered {
                status: 202 | 500,
                ..
            }
        )
    });
    assert_eq!(answered, 2);
    assert_eq!(
        list(&lab, "?status=failure")
            .await
            .body
            .as_array()
            .unwrap()
            .len(),
        4
    );
    assert_eq!(
        list(&lab, "?status=success")
            .await
            .body
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(list(&lab, "?status=odd").await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn the_log_is_paged_by_cursor_newest_first() {
    let lab = Lab::new();
    for number in 0..25 {
        lab.queue(&format!("J{number}"), &["a"]);
        lab.sleep(1.0).await;
    }
    let mut ids = Vec::new();
    let mut next = Some("/app/hook/deliveries?per_page=10".to_owned());
    let mut pages = 0;
    while let Some(path) = next {
        let page = lab.github("GET", &path, &lab.jwt(), Value::Null).await;
        ids.extend(
            page.body
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_u64().unwrap()),
        );
        next = page.next();
        pages += 1;
    }
    assert_eq!((ids.len(), pages), (25, 3));
    assert!(ids.is_sorted_by(|one, next| one > next));
    assert_eq!(list(&lab, "?cursor=nonsense").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_keeps_the_guid_and_gets_a_new_id() {
    let lab = Lab::new();
    lab.target(&[Target::Answer(502)]);
    let job = lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let log = list(&lab, "").await.body;
    let path = format!("/app/hook/deliveries/{}", log[0]["id"]);
    let full = lab.github("GET", &path, &lab.jwt(), Value::Null).await.body;
    assert_eq!(full["request"]["payload"]["workflow_job"]["id"], job.0);
    assert_eq!(full["request"]["headers"]["x-github-event"], "workflow_job");
    assert_eq!(full["response"]["payload"], json!("{\"ok\":true}"));
    let asked = lab
        .github("POST", &format!("{path}/attempts"), &lab.jwt(), Value::Null)
        .await;
    assert_eq!(asked.status, 202);
    lab.sleep(0.1).await;
    let log = list(&lab, "").await.body;
    assert_eq!(log[0]["guid"], log[1]["guid"]);
    assert_ne!(log[0]["id"], log[1]["id"]);
    assert_eq!(
        (&log[0]["redelivery"], &log[1]["redelivery"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(log[0]["status"], "OK");
    let received = lab.received();
    assert_eq!(received[0].raw, received[1].raw);
    assert_eq!(
        received[0].header("x-github-delivery"),
        received[1].header("x-github-delivery")
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
    assert!(lab.is_caused_by(&again, |what| matches!(what, What::CallReceived { .. })));
    let missing = lab
        .github(
            "POST",
            "/app/hook/deliveries/7/attempts",
            &lab.jwt(),
            Value::Null,
        )
        .await;
    assert_eq!(missing.status, 404);
}

#[tokio::test(start_paused = true)]
async fn failed_deliveries_can_be_sent_again_by_their_owner() {
    let lab = Lab::new();
    lab.target(&[Target::Answer(502), Target::Answer(200), Target::Refuse]);
    let jobs: Vec<_> = ["J1", "J2", "J3"]
        .iter()
        .map(|name| lab.queue(name, &["a"]))
        .collect();
    lab.sleep(1.0).await;
    let failed = Redeliver {
        failed: true,
        ..Redeliver::default()
    };
    assert_eq!(lab.world.github().redeliver(&failed, None).len(), 2);
    lab.sleep(1.0).await;
    assert_eq!(
        lab.world.github().redeliver(&failed, None).len(),
        0,
        "all have succeeded now"
    );
    let one = Redeliver {
        job: Some(jobs[1]),
        action: Some("queued".to_owned()),
        failed: false,
    };
    assert_eq!(lab.world.github().redeliver(&one, None).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_log_forgets_after_three_days() {
    // Otherwise the job would be cancelled after a day, and that is a delivery too.
    let lab = Lab::with(|settings| {
        settings.github.runners.queue_limit = std::time::Duration::from_secs(30 * 86_400);
    });
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let id = list(&lab, "").await.body[0]["id"].clone();
    lab.sleep(3.0 * 86_400.0 - 2.0).await;
    assert_eq!(list(&lab, "").await.body.as_array().unwrap().len(), 1);
    lab.sleep(2.0).await;
    assert_eq!(list(&lab, "").await.body.as_array().unwrap().len(), 0);
    let attempts = format!("/app/hook/deliveries/{id}/attempts");
    assert_eq!(
        lab.github("POST", &attempts, &lab.jwt(), Value::Null)
            .await
            .status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn a_webhook_carries_githubs_headers() {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let received = &lab.received()[0];
    assert!(
        received
            .header("user-agent")
            .starts_with("GitHub-Hookshot/")
    );
    assert_eq!(received.path, "/webhook");
    assert_eq!(received.header("x-github-hook-id"), "412345678");
    assert_eq!(
        received.header("x-hub-signature-256"),
        sha256_signature("lab-webhook-secret", &received.raw)
    );
    assert!(received.header("x-hub-signature").starts_with("sha1="));
    assert_eq!(received.header("x-github-event"), "workflow_job");
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(
        received.header("x-github-hook-installation-target-id"),
        "1234"
    );
    assert_eq!(
        received.header("x-github-hook-installation-target-type"),
        "integration"
    );
    assert_eq!(received.header("x-github-delivery").len(), 36);
    assert!(received.body["repository"].as_object().unwrap().len() >= 70);
    assert_eq!(
        received.body["installation"]["id"],
        lab.installation("octo/app").await
    );
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_signed_as_github_publishes_it() {
    let lab = Lab::with(|settings| {
        settings.github.webhook_secret = b"It's a Secret to Everybody".to_vec();
    });
    let raw = RawDelivery {
        event: "ping".to_owned(),
        guid: None,
        headers: Vec::new(),
        body: "Hello, World!".into(),
        signed: Signed::Lab,
        origin: Origin::Forged,
        learn: None,
        late: std::time::Duration::ZERO,
        failed: None,
        redelivery: false,
    };
    lab.world.github().deliver(raw, None);
    lab.sleep(1.0).await;
    let received = &lab.received()[0];
    assert_eq!(received.raw, b"Hello, World!");
    assert_eq!(
        received.header("x-hub-signature-256"),
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
}

#[tokio::test(start_paused = true)]
async fn a_signature_that_a_scenario_wrote_itself_is_told_for_what_it_is() {
    let genuine = sha256_signature("lab-webhook-secret", b"{}");
    for (own, told) in [("sha256=00", Signed::Wrong), (&*genuine, Signed::Lab)] {
        // Whatever the scenario says of it: the header is what is sent.
        for said in [Signed::Lab, Signed::None] {
            let lab = Lab::new();
            let raw = RawDelivery {
                event: "ping".to_owned(),
                guid: None,
                headers: vec![("x-hub-signature-256".to_owned(), own.to_owned())],
                body: "{}".into(),
                signed: said,
                origin: Origin::Forged,
                learn: None,
                late: std::time::Duration::ZERO,
                failed: None,
                redelivery: false,
            };
            lab.world.github().deliver(raw, None);
            lab.sleep(1.0).await;
            assert_eq!(lab.received()[0].header("x-hub-signature-256"), own);
            let as_told = lab.count(
                |what| matches!(what, What::DeliveryCreated { signed, .. } if *signed == told),
            );
            assert_eq!(as_told, 1, "{own}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_payload_above_githubs_limit_is_never_sent_nor_logged() {
    let lab = Lab::with(|settings| settings.github.hooks.payload_bytes_max = 1000);
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let too_large = lab.count(|what| {
        matches!(
            what,
            What::DeliveryLost {
                why: Lost::TooLarge,
                logged: false,
                ..
            }
        )
    });
    assert_eq!((too_large, lab.received().len()), (1, 0));
    assert_eq!(list(&lab, "").await.body, json!([]));
    assert_eq!(lab.world.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_logs_unconfirmed_words_are_settings() {
    let lab = Lab::with(|settings| {
        settings.github.hooks.status_refused.text = "no route".to_owned();
        settings.github.hooks.status_answer_prefix = "answered ".to_owned();
    });
    lab.target(&[Target::Refuse, Target::Answer(404), Target::Distrust]);
    for name in ["J1", "J2", "J3"] {
        lab.queue(name, &["a"]);
        lab.sleep(1.0).await;
    }
    let log = list(&lab, "").await.body;
    let words: Vec<&str> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["status"].as_str().unwrap())
        .collect();
    let untrusted = "Peer certificate cannot be authenticated with given CA certificates";
    assert_eq!(words, [untrusted, "answered 404", "no route"]);
}

#[tokio::test(start_paused = true)]
async fn seven_thousand_deliveries_are_paged_through_and_sent_again() {
    let lab = Lab::new();
    lab.world.deliver_to_nobody();
    for number in 0..7000 {
        lab.queue(&format!("J{number}"), &["a"]);
    }
    lab.sleep(1.0).await;
    let (mut seen, mut pages) = (0, 0);
    let mut last = Value::Null;
    let mut next = Some("/app/hook/deliveries?per_page=100&status=failure".to_owned());
    while let Some(path) = next {
        let page = lab.github("GET", &path, &lab.jwt(), Value::Null).await;
        let items = page.body.as_array().unwrap();
        seen += items.len();
        last = items.last().unwrap()["id"].clone();
        next = page.next();
        pages += 1;
    }
    assert_eq!((seen, pages), (7000, 70));
    let path = format!("/app/hook/deliveries/{last}");
    let oldest = lab.github("GET", &path, &lab.jwt(), Value::Null).await;
    assert_eq!(
        oldest.body["request"]["payload"]["workflow_job"]["name"],
        "J0"
    );
    let failed = Redeliver {
        failed: true,
        ..Redeliver::default()
    };
    assert_eq!(lab.world.github().redeliver(&failed, None).len(), 7000);
}

#[tokio::test(start_paused = true)]
async fn without_a_target_every_delivery_is_refused() {
    let lab = Lab::new();
    lab.world.deliver_to_nobody();
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let refused = lab.count(|what| {
        matches!(
            what,
            What::DeliveryLost {
                why: Lost::Refused,
                logged: true,
                ..
            }
        )
    });
    assert_eq!((refused, lab.received().len()), (1, 0));
}
