//! Every webhook of the session held against GitHub's description of it, headers included.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    description::{Description, octokit},
    lab::{Received, unwrapped},
    schema::Keys,
    violation::Violation,
    whole_session,
};

/// What every hook hears of, as GitHub's description names it.
const TO_ALL: [&str; 8] = [
    "repository-renamed",
    "workflow-job-completed",
    "workflow-job-in-progress",
    "workflow-job-queued",
    "workflow-job-waiting",
    "workflow-run-completed",
    "workflow-run-in-progress",
    "workflow-run-requested",
];

/// What only the App's hook hears of.
const TO_THE_APP: [&str; 6] = [
    "installation-created",
    "installation-deleted",
    "installation-repositories-added",
    "installation-repositories-removed",
    "installation-suspend",
    "installation-unsuspend",
];

/// The whole of what the fake sends: kind of hook, content type, webhook.
fn sendable() -> BTreeSet<[String; 3]> {
    let mut all = BTreeSet::new();
    for content_type in ["application/json", FORM] {
        for (kind, more) in [
            ("integration", &TO_THE_APP[..]),
            ("repository", &["ping", "push"]),
            ("organization", &["ping"]),
        ] {
            for webhook in TO_ALL.iter().chain(more) {
                all.insert([kind, content_type, webhook].map(str::to_owned));
            }
        }
    }
    all
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The payload, taken out of a form if it came in one.
fn payload(received: &Received) -> Value {
    if received.header("content-type") == FORM {
        unwrapped(&received.raw)
    } else {
        received.body.clone()
    }
}

/// The webhook's key in the description, and what is wrong with it.
fn check(received: &Received) -> (String, Vec<Violation>) {
    let event = received.header("x-github-event");
    let body = payload(received);
    let action = body["action"].as_str();
    let Some(operation) = Description::webhooks().webhook(event, action) else {
        let found = format!("{event:?}, action {action:?}");
        let violation = Violation::whole("GitHub describes such a webhook", found);
        return (event.to_owned(), vec![violation]);
    };
    let mut found = operation.check_request(&body, Keys::Described);
    for name in operation.required_headers() {
        if received.header(name).is_empty() {
            found.push(Violation::whole(format!("has the header {name}"), "none"));
        }
    }
    (operation.name, found)
}

#[tokio::test(start_paused = true)]
async fn every_webhook_fits_githubs_description() {
    let session = whole_session().await;
    let mut sent = BTreeSet::new();
    for received in session.received() {
        let (name, violations) = check(&received);
        let delivery = received.header("x-github-delivery");
        session.note(&name, &format!("delivery {delivery}"), violations);
        let kind = received.header("x-github-hook-installation-target-type");
        sent.insert([
            kind.to_owned(),
            received.header("content-type").to_owned(),
            name,
        ]);
    }
    session.assert_nothing_is_wrong();
    let missing: Vec<_> = sendable().difference(&sent).cloned().collect();
    assert!(missing.is_empty(), "never sent: {missing:#?}");
    let unknown: Vec<_> = sent.difference(&sendable()).cloned().collect();
    assert!(unknown.is_empty(), "sent to such hooks: {unknown:#?}");
}

/// The `workflow_job` payloads Octokit recorded.
fn recorded() -> Vec<Value> {
    let file = octokit("webhooks-examples").join("api.github.com/index.json");
    let events: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let event = events
        .into_iter()
        .find(|event| event["name"] == "workflow_job")
        .unwrap();
    event["examples"].as_array().unwrap().clone()
}

#[test]
fn seven_of_the_eight_recorded_jobs_fit_and_the_one_of_2021_lacks_todays_keys() {
    let outcomes: Vec<(String, Vec<Violation>)> = recorded()
        .iter()
        .map(|body| {
            let action = body["action"].as_str();
            let operation = Description::webhooks().webhook("workflow_job", action);
            let violations = operation.unwrap().check_request(body, Keys::Any);
            (action.unwrap().to_owned(), violations)
        })
        .collect();
    assert_eq!(outcomes.len(), 8);
    let unfit: Vec<_> = outcomes
        .iter()
        .filter(|(_, violations)| !violations.is_empty())
        .collect();
    assert_eq!(unfit.len(), 1, "{unfit:#?}");
    let (action, violations) = unfit[0];
    assert_eq!(action, "in_progress");
    for key in ["run_attempt", "workflow_name", "head_branch", "created_at"] {
        let rule = format!("/workflow_job: \"{key}\" is a required property");
        assert!(
            violations.iter().any(|found| found.rule == rule),
            "{violations:#?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_webhook_is_refused() {
    let lab = super::lab::Lab::new();
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let good = lab.received().remove(0);
    assert_eq!(check(&good), ("workflow-job-queued".to_owned(), Vec::new()));
    let spoiled = |spoil: &dyn Fn(&mut Received)| {
        let mut one = good.clone();
        spoil(&mut one);
        let rules = check(&one).1.into_iter().map(|found| found.rule);
        rules.collect::<Vec<_>>()
    };
    let job = |key: &'static str, value: Value| {
        spoiled(&move |one| one.body["workflow_job"][key] = value.clone())
    };
    let missing = spoiled(&|one| {
        let job = one.body["workflow_job"].as_object_mut().unwrap();
        job.remove("run_attempt");
    });
    assert_eq!(
        missing,
        ["/workflow_job: \"run_attempt\" is a required property"]
    );
    assert_eq!(
        job("id", "7".into()),
        ["/workflow_job/id: the value is not of type \"integer\""]
    );
    assert_eq!(
        job("labels", Value::Null),
        ["/workflow_job/labels: the value is not of type \"array\""]
    );
    assert_eq!(
        job("started_at", "yesterday".into()),
        ["/workflow_job/started_at: the value is not a \"date-time\""]
    );
    assert_eq!(
        job("runner", "r1".into()),
        ["/workflow_job: Additional properties are not allowed ('runner' was unexpected)"]
    );
    assert_eq!(job("status", "paused".into()).len(), 1);
    let unsigned = spoiled(&|one| {
        one.headers.remove("x-hub-signature-256");
    });
    assert_eq!(unsigned, ["has the header X-Hub-Signature-256"]);
    let unknown = spoiled(&|one| one.body["action"] = "dreamt".into());
    assert_eq!(unknown, ["GitHub describes such a webhook"]);
}
