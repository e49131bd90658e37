//! The knobs of assignment: rules of one's own, a stale matcher, and jobs that are not picked up.

use std::{sync::Arc, time::Duration};

use fakes::{
    AssignmentPolicy, AssignmentRule, IdleRunner, NewRunner, WaitingJob,
    github::Status,
    history::{Stage, What},
    ids::RunnerId,
};

use crate::{lab::Lab, org_runners::register};

fn runner_of(lab: &Lab, job: usize) -> Option<RunnerId> {
    lab.world.github().jobs()[job].runner
}

/// Small jobs first, on the runner with the most labels: what starves big jobs.
#[derive(Debug)]
struct SmallJobsOnBigRunners;

impl AssignmentRule for SmallJobsOnBigRunners {
    fn precedence(&self, job: &WaitingJob<'_>) -> u64 {
        job.labels.len() as u64
    }

    fn preference(&self, _job: &WaitingJob<'_>, runner: &IdleRunner<'_>) -> u64 {
        u64::MAX - runner.labels.len() as u64
    }
}

fn online(lab: &Lab, name: &str, labels: &[&str]) -> RunnerId {
    let runner = NewRunner {
        owner: "octo/app".to_owned(),
        name: name.to_owned(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        group: None,
        ephemeral: true,
    };
    let id = lab.world.github().register_runner(runner, None).unwrap();
    lab.world.github().connect_runner(id, None).unwrap();
    id
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_ones_own_orders_jobs_and_runners() {
    let lab = Lab::with(|settings| {
        settings.github.assignment.policy =
            AssignmentPolicy::Custom(Arc::new(SmallJobsOnBigRunners));
    });
    let small = online(&lab, "small", &["a"]);
    let big = online(&lab, "big", &["a", "gpu"]);
    lab.queue("little", &["a"]);
    lab.sleep(1.0).await;
    assert_eq!(
        runner_of(&lab, 0),
        Some(big),
        "though the small one was idle longer"
    );
    lab.queue("large", &["a", "gpu"]);
    lab.queue("little too", &["a"]);
    lab.sleep(1.0).await;
    assert_eq!(
        (runner_of(&lab, 1), runner_of(&lab, 2)),
        (None, Some(small))
    );
    lab.queue("little three", &["a"]);
    let big = online(&lab, "big 2", &["a", "gpu"]);
    lab.sleep(1.0).await;
    assert_eq!(
        (runner_of(&lab, 1), runner_of(&lab, 3)),
        (None, Some(big)),
        "the large job starves"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stale_matcher_sees_what_is_new_late() {
    let lab = Lab::with(|settings| settings.github.runners.staleness = Duration::from_secs(20));
    let runner = register(&lab, "octo/app", "r", true);
    lab.queue("J1", &["a"]);
    lab.sleep(5.0).await;
    lab.world.github().connect_runner(runner, None).unwrap();
    lab.sleep(19.0).await;
    assert_eq!(runner_of(&lab, 0), None);
    lab.sleep(2.0).await;
    assert_eq!(runner_of(&lab, 0), Some(runner));
}

#[tokio::test(start_paused = true)]
async fn a_stale_matcher_gives_jobs_to_a_runner_that_left_and_takes_them_back_after_a_minute() {
    let lab = Lab::with(|settings| settings.github.runners.staleness = Duration::from_secs(20));
    let github = lab.world.github();
    let ghost = register(&lab, "octo/app", "ghost", false);
    github.connect_runner(ghost, None).unwrap();
    lab.queue("J1", &["a"]);
    lab.sleep(10.0).await;
    assert!(github.disconnect_runner(ghost, None));
    lab.sleep(11.0).await;
    let view = &github.runners()[0];
    assert!(
        !view.online && view.busy,
        "it was offline when it was given the job"
    );
    assert_eq!(github.jobs()[0].status, Status::Queued);
    lab.sleep(60.0).await;
    assert!(!github.runners()[0].busy);
    let alive = register(&lab, "octo/app", "alive", true);
    github.connect_runner(alive, None).unwrap();
    lab.sleep(21.0).await;
    assert_eq!(runner_of(&lab, 0), Some(alive));
    let assigned = lab.count(|what| matches!(what, What::RunnerAssigned { .. }));
    assert_eq!(assigned, 2);
}

#[tokio::test(start_paused = true)]
async fn the_pickup_timeout_is_a_rule_of_its_own() {
    let lab = Lab::with(|settings| {
        settings.github.runners.pickup_timeout = Duration::from_secs(10);
    });
    let dead = lab.launch("dead", &["a"]).await;
    lab.sleep(50.0).await;
    lab.world.hf().force_stage(&dead, Stage::Error, None, None);
    lab.sleep(1.0).await;
    lab.queue("J1", &["a"]);
    let alive = register(&lab, "octo/app", "alive", true);
    lab.world.github().connect_runner(alive, None).unwrap();
    lab.sleep(9.0).await;
    assert_eq!(runner_of(&lab, 0), None, "reserved for the dead one");
    lab.sleep(2.0).await;
    assert_eq!(
        runner_of(&lab, 0),
        Some(alive),
        "long before the loss is noticed"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_runner_can_stay_busy_and_refuse_its_deletion() {
    let lab = Lab::with(|settings| {
        settings.github.runners.loss_noticed_after = Duration::from_secs(5);
        settings.github.runners.busy_after_loss = Duration::from_secs(40);
    });
    let runner = register(&lab, "octo/app", "r", true);
    lab.world.github().connect_runner(runner, None).unwrap();
    lab.queue("J1", &["a"]);
    lab.world.github().disconnect_runner(runner, None);
    lab.sleep(6.0).await;
    assert_eq!(lab.world.github().jobs()[0].status, Status::Completed);
    let view = lab.world.github().runners()[0].clone();
    assert!(!view.online && view.busy);
    let path = format!("/repos/octo/app/actions/runners/{}", runner.0);
    let token = lab.token().await;
    let refused = lab
        .github("DELETE", &path, &token, serde_json::Value::Null)
        .await;
    assert_eq!(refused.status, 422);
    lab.sleep(40.0).await;
    assert!(lab.world.github().runners().is_empty());
}
