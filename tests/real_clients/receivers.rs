//! Receivers of webhooks: `@octokit/webhooks` in a plain server, and probot, which calls back.

use dispatchlab::target::{LAB_WEBHOOK_SECRET, Target as _, Url};
use fakes::{
    ContentType, NewHook, RawDelivery,
    history::{CredentialState, Origin, Signed, What},
    ids::DeliveryId,
};

use crate::{
    client::{self, Receiver},
    lab::{LABEL, Lab, REPOSITORY},
};

fn connect(lab: &Lab, receiver: &Receiver) {
    let target = Url::new(receiver.url.parse().unwrap());
    lab.world().deliver_to(target.webhooks());
}

/// The queued event of a job, signed like this.
fn queued_event(lab: &Lab, signed: Signed) -> RawDelivery {
    let github = lab.world().github();
    let job = github.job_by_name("J1").unwrap();
    RawDelivery {
        event: "workflow_job".to_owned(),
        guid: None,
        headers: Vec::new(),
        body: github.job_event_body(job, "queued").unwrap(),
        signed,
        origin: Origin::Forged,
        learn: None,
        late: std::time::Duration::ZERO,
        failed: None,
        redelivery: false,
    }
}

/// What the receiver answers to it.
fn answer_to(lab: &Lab, signed: Signed) -> u16 {
    let _tasks = lab.runtime.enter();
    let delivery = queued_event(lab, signed);
    status_of(lab, lab.world().github().deliver(delivery, None))
}

/// What the receiver answers to it when it comes from a hook that sends forms, rightly signed.
fn answer_to_a_form(lab: &Lab) -> u16 {
    let _tasks = lab.runtime.enter();
    let github = lab.world().github();
    let hook = NewHook {
        on: REPOSITORY.to_owned(),
        url: "https://receiver.example/webhook".to_owned(),
        events: Vec::new(),
        content_type: ContentType::Form,
        secret: LAB_WEBHOOK_SECRET.into(),
    };
    let hook = github.add_hook(&hook, None).unwrap();
    let delivery = queued_event(lab, Signed::Lab);
    status_of(lab, github.deliver_through(hook, delivery, None))
}

fn status_of(lab: &Lab, wanted: DeliveryId) -> u16 {
    let answered = lab.wait_for(
        "the receiver's answer",
        |event| matches!(event, What::DeliveryAnswered { delivery, .. } if *delivery == wanted),
    );
    let What::DeliveryAnswered { status, .. } = answered else {
        unreachable!("that is what was waited for")
    };
    status
}

/// The first delivery of this world: its GUID and how it was answered.
fn first_delivery(lab: &Lab) -> (String, u16) {
    let created = lab.wait_for("a delivery", |event| {
        matches!(event, What::DeliveryCreated { .. })
    });
    let What::DeliveryCreated { delivery, guid, .. } = created else {
        unreachable!("that is what was waited for")
    };
    (guid, status_of(lab, delivery))
}

fn refuses_what_is_not_githubs(lab: &Lab) {
    assert_eq!(answer_to(lab, Signed::Wrong), 400);
    assert_eq!(answer_to(lab, Signed::None), 400);
    assert_eq!(answer_to(lab, Signed::Tampered), 400);
    assert_eq!(answer_to_a_form(lab), 415);
}

#[test]
fn octokit_webhooks_takes_a_signed_event_and_refuses_all_others() {
    let lab = Lab::new();
    let mut receiver = Receiver::start(client::node(&lab, "webhooks.mjs"));
    connect(&lab, &receiver);
    lab.queue("J1");
    let (guid, status) = first_delivery(&lab);
    assert_eq!(status, 200);
    let seen = receiver.next();
    assert_eq!(seen["id"], guid);
    assert_eq!(seen["name"], "workflow_job");
    assert_eq!(seen["action"], "queued");
    assert_eq!(seen["job"], "J1");
    assert_eq!(seen["repository"], REPOSITORY);
    refuses_what_is_not_githubs(&lab);
}

#[test]
fn probot_takes_a_signed_event_and_makes_a_runner_for_it() {
    let lab = Lab::new();
    let mut probot = client::node(&lab, "probot.mjs");
    let host = lab
        .serving
        .github_url
        .as_deref()
        .unwrap()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    probot.env("GHE_PROTOCOL", "http").env("GHE_HOST", host);
    let mut receiver = Receiver::start(probot);
    connect(&lab, &receiver);
    let job = lab.queue("J1");
    let (guid, status) = first_delivery(&lab);
    assert_eq!(status, 200);
    let seen = receiver.next();
    assert_eq!(seen["id"], guid);
    assert_eq!(seen["job"], "J1");
    let events = lab.events();
    let made = |event: &What| {
        matches!(event, What::RunnerCreated { name, labels, .. }
            if *name == format!("probot-{}", job.0) && labels[..] == [LABEL])
    };
    assert!(events.iter().any(made), "{events:#?}");
    for event in &events {
        if let What::CallReceived {
            path, credential, ..
        } = event
        {
            assert!(path.starts_with("/api/v3/"), "{path}");
            let state = credential.map(|credential| credential.state);
            assert_eq!(state, Some(CredentialState::Fresh), "{event:?}");
        }
    }
    refuses_what_is_not_githubs(&lab);
}
