//! PyGithub and githubkit.

use dispatchlab::target::LAB_APP_ID;
use fakes::{
    history::{Removal, What},
    ids::RunnerId,
};
use serde_json::json;

use crate::{app, client, lab::Lab, round};

#[test]
fn githubkit_makes_the_round() {
    let lab = Lab::new();
    app::register_runners(&lab, 2);
    lab.queue_with_a_lost_webhook(round::JOB);
    let seen = client::run(client::python(&lab, "with_githubkit.py"));
    round::assert_made(&lab, &seen);
    assert_eq!(seen["app"], LAB_APP_ID);
    assert_eq!(
        seen["runners"],
        json!(["other-0", "other-1", "githubkit-1"])
    );
    // Two to a page.
    assert_eq!(lab.statuses("github.list-runners"), [200, 200]);
}

#[test]
fn pygithub_makes_the_round() {
    let lab = Lab::new();
    app::register_runners(&lab, 2);
    lab.queue_with_a_lost_webhook(round::JOB);
    let seen = client::run(client::python(&lab, "with_pygithub.py"));
    round::assert_made(&lab, &seen);
    assert_eq!(seen["app"], LAB_APP_ID);
    assert_eq!(seen["runners"], json!(["other-0", "other-1", "pygithub-1"]));
    // Two to a page, and the one that is deleted is looked at by itself.
    assert_eq!(lab.statuses("github.list-runners"), [200, 200]);
    assert_eq!(lab.statuses("github.get-runner"), [200]);
}

#[test]
fn pygithub_manages_the_runners_of_an_organization() {
    let lab = Lab::new();
    let script = "with_pygithub_organization.py";
    let seen = client::run(client::python(&lab, script));
    assert_eq!(
        seen["runners"],
        json!(["pygithub-1", "pygithub-2", "pygithub-3"])
    );
    let gone = RunnerId(seen["runner"]["id"].as_u64().unwrap());
    let removed = |event: &What| matches!(event, What::RunnerRemoved { runner, why: Removal::Api } if *runner == gone);
    assert!(lab.events().iter().any(removed), "{:#?}", lab.events());
}
