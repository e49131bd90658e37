//! octokit: the round, and the three things it retries by itself.

use dispatchlab::target::LAB_APP_ID;
use fakes::faults::{Effect, FaultRule};
use vocabulary::Answer;

use crate::{app, client, lab::Lab, round};

fn octokit(lab: &Lab, part: &str) -> serde_json::Value {
    let mut command = client::node(lab, "octokit.mjs");
    command.arg(part);
    client::run(command)
}

#[test]
fn octokit_makes_the_round_and_pages_through_more_than_a_hundred_runners() {
    let lab = Lab::new();
    app::register_runners(&lab, 105);
    lab.queue_with_a_lost_webhook(round::JOB);
    let seen = octokit(&lab, "everything");
    round::assert_made(&lab, &seen);
    assert_eq!(seen["app"], LAB_APP_ID);
    assert_eq!(seen["runners"], 106);
    let files = [".credentials", ".credentials_rsaparams", ".runner"];
    assert_eq!(seen["runner"]["files"], serde_json::json!(files));
    // Two pages of the runners; installations, runs, jobs and deliveries fit on one.
    assert_eq!(lab.statuses("github.list-runners"), [200, 200]);
}

#[test]
fn octokit_asks_again_for_a_name_that_is_taken() {
    let lab = Lab::new();
    let seen = octokit(&lab, "name-taken");
    assert_eq!(seen["status"], 409);
    assert_eq!(
        seen["message"],
        "Already exists - A runner with the name twice already exists."
    );
    assert_eq!(lab.statuses("github.jit-config"), [201, 409, 409]);
}

#[test]
fn octokit_waits_for_a_token_that_is_not_known_everywhere_yet() {
    let lab = Lab::new();
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let refused = Effect::Answer(Answer {
        status: 401,
        headers: headers.into(),
        body: r#"{"message":"Bad credentials","status":"401"}"#.to_owned(),
    });
    let once = FaultRule {
        times: Some(1),
        ..FaultRule::always("github.list-runners", refused)
    };
    lab.world().faults().install(vec![once]);
    let seen = octokit(&lab, "token-not-known-yet");
    assert_eq!(seen["runners"], 0);
    assert_eq!(lab.statuses("github.list-runners"), [401, 200]);
    assert_eq!(lab.statuses("github.create-token"), [201]);
}

/// Octokit's JWT begins 30 s before its own clock and ends 570 s after it.
fn octokit_corrects_its_clock(github_is_ahead_by: &str) {
    let lab = Lab::with_github_clock(github_is_ahead_by);
    let seen = octokit(&lab, "clock-wrong");
    assert_eq!(seen["app"], LAB_APP_ID);
    assert_eq!(lab.statuses("github.app"), [401, 200]);
    let warnings = seen["warnings"].to_string();
    assert!(warnings.contains("different"), "{warnings}");
}

#[test]
fn octokit_corrects_a_clock_that_is_ahead_of_githubs() {
    octokit_corrects_its_clock("-120s");
}

#[test]
fn octokit_corrects_a_clock_that_is_behind_githubs() {
    octokit_corrects_its_clock("660s");
}
