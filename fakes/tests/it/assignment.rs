//! Who gets which job.

use std::time::Duration;

use fakes::{
    AssignmentPolicy, Length, NewJob, RepoSettings,
    github::Status,
    history::{Stage, What},
};
use serde_json::{Value, json};

use crate::lab::{Lab, job};

/// `(job name, runner name, at_ms)` of every start.
fn starts(lab: &Lab) -> Vec<(String, String, u64)> {
    let names: Vec<_> = lab
        .world
        .github()
        .jobs()
        .into_iter()
        .map(|job| (job.job, job.name))
        .collect();
    let name_of = |id| names.iter().find(|(job, _)| *job == id).unwrap().1.clone();
    lab.events()
        .into_iter()
        .filter_map(|event| match event.event {
            What::JobStarted {
                job, runner_name, ..
            } => Some((name_of(job), runner_name, event.at_ms)),
            _ => None,
        })
        .collect()
}

fn pairs(lab: &Lab) -> Vec<(String, String)> {
    starts(lab)
        .into_iter()
        .map(|(job, runner, _)| (job, runner))
        .collect()
}

fn pair(job: &str, runner: &str) -> (String, String) {
    (job.to_owned(), runner.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_runner_gets_the_oldest_job_not_the_one_it_was_made_for() {
    let lab = Lab::new();
    lab.queue("J0", &["a"]);
    lab.queue("J1", &["a"]);
    lab.launch("runner-for-J1", &["a"]).await;
    lab.sleep(50.0).await;
    assert_eq!(pairs(&lab), [pair("J0", "runner-for-J1")]);
}

#[tokio::test(start_paused = true)]
async fn the_policy_decides_which_job_goes_first() {
    let lab = Lab::with(|settings| settings.github.assignment.policy = AssignmentPolicy::Newest);
    lab.queue("J0", &["a"]);
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(50.0).await;
    assert_eq!(pairs(&lab), [pair("J1", "r")]);

    let mut firsts = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let lab = Lab::seeded(seed, |settings| {
            settings.github.assignment.policy = AssignmentPolicy::Random;
        });
        lab.queue("J0", &["a"]);
        lab.queue("J1", &["a"]);
        lab.launch("r", &["a"]).await;
        lab.sleep(50.0).await;
        firsts.insert(pairs(&lab)[0].0.clone());
    }
    assert_eq!(firsts.len(), 2, "random means that either can go first");
}

#[tokio::test(start_paused = true)]
async fn every_label_of_the_job_must_be_on_the_runner_whatever_its_case() {
    let lab = Lab::new();
    lab.queue("two labels", &["GPU", "Linux"]);
    lab.queue("no label", &[]);
    lab.launch("only gpu", &["gpu"]).await;
    lab.sleep(50.0).await;
    assert!(starts(&lab).is_empty());
    lab.launch("superset", &["x", "linux", "gpu"]).await;
    lab.sleep(50.0).await;
    assert_eq!(pairs(&lab), [pair("two labels", "superset")]);
}

#[tokio::test(start_paused = true)]
async fn a_runner_serves_its_own_repository_only() {
    let lab = Lab::with(|settings| {
        settings
            .github
            .repos
            .push(RepoSettings::installed("octo/lib"));
    });
    lab.world
        .github()
        .queue(
            NewJob {
                repo: "octo/lib".to_owned(),
                ..job("J1", &["a"])
            },
            None,
        )
        .unwrap();
    lab.launch("r", &["a"]).await;
    lab.sleep(300.0).await;
    assert!(starts(&lab).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_comes_later_goes_to_the_idle_runner() {
    let lab = Lab::new();
    lab.launch("r", &["a"]).await;
    lab.sleep(100.0).await;
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    assert_eq!(pairs(&lab), [pair("J1", "r")]);
    let assigned = lab
        .find(|what| matches!(what, What::RunnerAssigned { .. }))
        .unwrap();
    let cause = lab.world.history().get(assigned.because.unwrap()).unwrap();
    assert!(
        matches!(cause.event, What::JobQueued { .. }),
        "the later of the two causes"
    );
}

#[tokio::test(start_paused = true)]
async fn the_assignment_delay_counts_from_when_both_were_there_and_can_be_lost() {
    let lab = Lab::with(|settings| {
        settings.github.assignment.delay = Length::fixed(Duration::from_secs(15));
    });
    lab.queue("J1", &["a"]);
    lab.launch("r1", &["a"]).await;
    lab.sleep(50.0).await;
    let listed = lab
        .github(
            "GET",
            "/repos/octo/app/actions/runners",
            &lab.token().await,
            Value::Null,
        )
        .await;
    assert_eq!(
        listed.body["runners"][0]["busy"],
        json!(false),
        "online for 10 s, not yet assigned"
    );
    let path = format!(
        "/repos/octo/app/actions/runners/{}",
        listed.body["runners"][0]["id"]
    );
    assert_eq!(
        lab.github("DELETE", &path, &lab.token().await, Value::Null)
            .await
            .status,
        204
    );
    lab.sleep(60.0).await;
    assert!(starts(&lab).is_empty());
    lab.launch("r2", &["a"]).await;
    lab.sleep(100.0).await;
    let [(_, runner, at_ms)] = &starts(&lab)[..] else {
        panic!()
    };
    let online = lab
        .events()
        .into_iter()
        .rfind(|event| matches!(event.event, What::RunnerOnline { .. }))
        .unwrap();
    assert_eq!((runner.as_str(), at_ms - online.at_ms), ("r2", 15_000));
}

#[tokio::test(start_paused = true)]
async fn max_parallel_lets_one_job_of_the_run_go_at_a_time() {
    let lab = Lab::new();
    for name in ["J1", "J2", "J3"] {
        let one = NewJob {
            run: Some("R".to_owned()),
            max_parallel: Some(1),
            ..job(name, &["a"])
        };
        lab.world.github().queue(one, None).unwrap();
    }
    lab.sleep(1.0).await;
    assert_eq!(
        lab.received_names(),
        ["J1.queued", "J2.queued", "J3.queued"],
        "all are announced at once"
    );
    for name in ["r1", "r2", "r3"] {
        lab.launch(name, &["a"]).await;
    }
    lab.sleep(300.0).await;
    let starts: Vec<u64> = starts(&lab).into_iter().map(|(.., at_ms)| at_ms).collect();
    assert_eq!(
        starts,
        [41_000, 101_000, 161_000],
        "each a minute after the one before"
    );
    let second = lab
        .events()
        .into_iter()
        .filter(|event| matches!(event.event, What::RunnerAssigned { .. }))
        .nth(1);
    assert!(lab.is_caused_by(&second.unwrap(), |what| matches!(
        what,
        What::JobCompleted { .. }
    )));
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_runner_takes_one_job_only() {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    lab.queue("J2", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(600.0).await;
    assert_eq!(pairs(&lab), [pair("J1", "r")]);
    assert!(lab.world.github().runners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_job_handed_to_a_dead_runner_waits_a_minute_for_the_next() {
    let lab = Lab::new();
    let dead = lab.launch("dead", &["a"]).await;
    lab.sleep(50.0).await;
    lab.world.hf().force_stage(&dead, Stage::Error, None, None);
    lab.sleep(1.0).await;
    assert!(
        lab.world.github().runners()[0].online,
        "GitHub has not noticed"
    );
    let id = lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let assigned = lab.find(|what| matches!(what, What::RunnerAssigned { job, .. } if *job == id));
    assert!(assigned.is_some());
    assert!(starts(&lab).is_empty());
    assert_eq!(lab.world.github().jobs()[0].status, Status::Queued);
    lab.launch("alive", &["a"]).await;
    lab.sleep(45.0).await;
    assert!(starts(&lab).is_empty(), "still reserved for the dead one");
    lab.sleep(30.0).await;
    assert_eq!(pairs(&lab), [pair("J1", "alive")]);
    assert!(
        !lab.world
            .github()
            .runners()
            .iter()
            .any(|runner| runner.online && runner.name == "dead")
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_approved_late_queues_behind_those_that_were_queued_before() {
    let lab = Lab::new();
    let github = lab.world.github();
    let gated = github
        .queue(
            NewJob {
                needs_approval: true,
                ..job("gated", &["a"])
            },
            None,
        )
        .unwrap();
    lab.queue("plain", &["a"]);
    github.approve(github.run_of(gated).unwrap(), None);
    lab.launch("r", &["a"]).await;
    lab.sleep(50.0).await;
    assert_eq!(pairs(&lab), [pair("plain", "r")]);
}
