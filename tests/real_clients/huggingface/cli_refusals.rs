//! What `hf` makes of the fake's refusals and faults: what a person reads, and what it tries again.

use axum::body::Body;
use fakes::{
    faults::Effect,
    history::{CredentialState, Stage, What},
};

use http::Request;
use vocabulary::{AfterEffect, Answer};

use super::{
    QUICK, ask,
    hf::{hf, hf_json, run},
    lab, only_job, strike,
};
use crate::{client, lab::Lab};

const RUN: &str = "jobs run --detach ubuntu true";

/// A call is answered like this, so many times.
fn answer(lab: &Lab, call: &str, status: u16, headers: &[(&str, &str)], times: u32) {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    let effect = Effect::Answer(Answer {
        status,
        headers: headers.iter().map(owned).collect(),
        body: r#"{"error":"Internal Error"}"#.to_owned(),
    });
    strike(lab, call, effect, times);
}

#[test]
fn hf_names_a_job_that_is_not_there() {
    let lab = lab();
    let nobody = "0123456789abcdef01234567";
    for command in ["inspect", "logs", "cancel", "wait"] {
        let said = hf(&lab, &format!("jobs {command}"), &[nobody]);
        said.failed_with("404 Client Error. (Request ID: ");
        said.failed_with("Job Not Found for url: ");
    }
}

#[test]
fn hf_says_that_its_token_is_wrong() {
    let lab = lab();
    let with_wrong_token = |arguments: &str| {
        let mut command = client::hf(&lab);
        command.args(arguments.split(' '));
        run(command.env("HF_TOKEN", "hf_wrong"))
    };
    with_wrong_token("jobs ps").failed_with(
        "Error: Invalid user token. The token from HF_TOKEN environment variable is invalid.",
    );
    with_wrong_token("jobs ps --namespace lab")
        .failed_with("Invalid credentials in Authorization header");
    assert_eq!(lab.statuses("hf.whoami"), [401]);
    assert_eq!(lab.statuses("hf.list"), [401]);
    for event in lab.events() {
        if let What::CallReceived {
            credential: Some(credential),
            ..
        } = event
        {
            assert_eq!(credential.state, CredentialState::Unknown);
        }
    }
}

#[test]
fn hf_shows_which_permission_is_missing_in_a_foreign_namespace() {
    let lab = lab();
    let foreign = "jobs run --namespace somebody ubuntu true";
    hf(&lab, foreign, &[]).failed_with(
        "403 Forbidden: You don't have the required permissions to complete this action on \
         namespace somebody, missing permissions: job.write.",
    );
    assert!(lab.world().hf().jobs().is_empty());
}

#[test]
fn hf_shows_why_a_job_is_invalid() {
    let lab = lab();
    let slash = "jobs run -l repo=octo/app ubuntu true";
    hf(&lab, slash, &[]).failed_with("Bad request:\nlabels.repo: Invalid string");
    assert_eq!(lab.statuses("hf.create"), [400]);
}

#[test]
fn hf_shows_that_nobody_pays() {
    // A minute of cpu-basic, which the first job uses up.
    let lab = Lab::with_world(&format!("hf: {{ balance_usd: 0.000167, {QUICK} }}"));
    hf(&lab, "jobs run ubuntu true", &[]).succeeded();
    let said = hf(&lab, RUN, &[]);
    said.failed_with("402 Payment Required");
    said.failed_with(
        "Pre-paid credit balance is insufficient - add more credits to your account to use Jobs.",
    );
    assert_eq!(lab.statuses("hf.create"), [200, 402]);
}

/// The limit of a PRO account.
#[test]
fn hf_says_how_long_its_token_has_to_wait() {
    let lab = lab();
    lab.runtime.block_on(async {
        for _ in 0..2500 {
            ask(&lab, Request::get("/api/jobs/lab/count"), Body::empty()).await;
        }
    });
    let said = hf(&lab, "jobs inspect lab/0123456789abcdef01234567", &[]);
    said.failed_with("429 Too Many Requests: you have reached your 'api' rate limit.");
    assert_eq!(lab.statuses("hf.inspect"), [429]);
}

#[test]
fn hf_lists_again_after_the_wait_it_is_told() {
    let lab = lab();
    let limits = [
        ("ratelimit", r#""api";r=0;t=1"#),
        ("ratelimit-policy", r#""fixed window";"api";q=500;w=300"#),
    ];
    answer(&lab, "hf.list", 429, &limits, 1);
    assert_eq!(hf_json(&lab, "jobs ps", &[]), serde_json::json!([]));
    assert_eq!(lab.statuses("hf.list"), [429, 200]);
    let asked: Vec<u64> = times_of(&lab, "hf.list");
    // One second more than it was told, to be sure.
    assert!(asked[1] - asked[0] >= 2000, "{asked:?}");
}

/// When the calls of this name came, in milliseconds.
fn times_of(lab: &Lab, call: &str) -> Vec<u64> {
    let events = lab.serving.events_so_far().into_iter();
    events
        .filter(|event| matches!(&event.event, What::CallReceived { name, .. } if name == call))
        .map(|event| event.at_ms)
        .collect()
}

#[test]
fn hf_lists_again_after_an_error_of_the_server() {
    let lab = lab();
    answer(&lab, "hf.list", 500, &[], 1);
    answer(&lab, "hf.list", 503, &[], 1);
    assert_eq!(hf_json(&lab, "jobs ps", &[]), serde_json::json!([]));
    assert_eq!(lab.statuses("hf.list"), [500, 503, 200]);
}

#[test]
fn hf_starts_no_job_twice_by_itself() {
    let lab = lab();
    answer(&lab, "hf.create", 500, &[], 1);
    hf(&lab, RUN, &[]).failed_with("500 Internal Server Error");
    assert!(lab.world().hf().jobs().is_empty());
    // The second call takes effect though its answer is lost.
    strike(
        &lab,
        "hf.create",
        Effect::AfterEffect(AfterEffect::Reset),
        1,
    );
    assert_eq!(hf(&lab, RUN, &[]).code, Some(1));
    let id = only_job(&lab).hf_job.0;
    hf(&lab, "jobs wait", &[&id]).succeeded();
    assert_eq!(only_job(&lab).stage, Stage::Completed);
}
