//! What stays away for too long is removed, and what waits for too long ends.

use std::time::Duration;

use fakes::{
    github::Status,
    history::{Conclusion, Removal, What},
};

use crate::{lab::Lab, org_runners::register};

const DAY: Duration = Duration::from_secs(86_400);

fn aged(lab: &Lab) -> usize {
    let why = Removal::Aged;
    lab.count(|what| matches!(what, What::RunnerRemoved { why: found, .. } if *found == why))
}

#[tokio::test(start_paused = true)]
async fn ephemeral_runners_are_kept_for_a_day_and_others_for_fourteen() {
    let lab = Lab::new();
    register(&lab, "octo/app", "short", true);
    register(&lab, "octo/app", "long", false);
    lab.sleep(86_401.0).await;
    assert_eq!(lab.world.github().runners()[0].name, "long");
    lab.sleep(13.0 * 86_400.0 - 2.0).await;
    assert_eq!(aged(&lab), 1);
    lab.sleep(2.0).await;
    assert_eq!(aged(&lab), 2);
}

#[tokio::test(start_paused = true)]
async fn the_age_counts_from_the_last_connection() {
    let lab = Lab::new();
    let github = lab.world.github();
    let runner = register(&lab, "octo/app", "r", true);
    lab.sleep(86_000.0).await;
    github.connect_runner(runner, None).unwrap();
    lab.sleep(86_400.0).await;
    assert_eq!(aged(&lab), 0, "it is connected");
    assert!(github.disconnect_runner(runner, None));
    lab.sleep(86_399.0).await;
    assert_eq!(aged(&lab), 0);
    lab.sleep(2.0).await;
    assert_eq!(aged(&lab), 1);
}

#[tokio::test(start_paused = true)]
async fn a_runner_can_be_aged_by_hand() {
    let lab = Lab::new();
    let github = lab.world.github();
    let runner = register(&lab, "octo/app", "r", false);
    assert!(github.age_runner(runner, DAY * 13, None));
    assert_eq!(github.runners().len(), 1);
    lab.sleep(86_401.0).await;
    assert!(github.runners().is_empty(), "one day was left");
    assert!(!github.age_runner(runner, DAY, None), "it is gone");

    let connected = register(&lab, "octo/app", "c", true);
    github.connect_runner(connected, None).unwrap();
    assert!(!github.age_runner(connected, DAY * 20, None));
    github.disconnect_runner(connected, None);
    assert!(github.age_runner(connected, DAY, None));
    assert!(github.runners().is_empty(), "at once");
}

#[tokio::test(start_paused = true)]
async fn a_job_is_queued_for_a_day_at_most() {
    let lab = Lab::new();
    lab.queue("J1", &["nobody"]);
    lab.queue("J2", &["a"]);
    let runner = register(&lab, "octo/app", "r", false);
    lab.world.github().connect_runner(runner, None).unwrap();
    lab.sleep(86_399.0).await;
    assert_eq!(lab.world.github().jobs()[0].status, Status::Queued);
    lab.sleep(2.0).await;
    let jobs = lab.world.github().jobs();
    assert_eq!(jobs[0].conclusion, Some(Conclusion::Cancelled));
    assert!(!jobs[0].in_live_run, "its run ends with it");
    assert_eq!(jobs[1].conclusion, Some(Conclusion::Success));
    assert_eq!(lab.received_names().last().unwrap(), "J1.completed");
}

#[tokio::test(start_paused = true)]
async fn the_queue_limit_and_its_conclusion_can_be_set() {
    let lab = Lab::with(|settings| {
        settings.github.runners.queue_limit = Duration::from_secs(60);
        settings.github.runners.queue_limit_conclusion = Conclusion::Failure;
    });
    lab.queue("J1", &["nobody"]);
    lab.sleep(61.0).await;
    let ended = lab.world.github().jobs()[0].conclusion;
    assert_eq!(ended, Some(Conclusion::Failure));
}
