//! The life and the cost of HF jobs, and what their ends do to the runner inside.

use std::time::Duration;

use fakes::{
    NewJob,
    history::{Conclusion, CredentialKind, CredentialState, Removal, Stage, StageCause, What},
    ids::HfJobId,
};
use serde_json::{Value, json};

use crate::lab::{Lab, job};

/// Stage, cause, message and cost of every change.
fn stages(lab: &Lab) -> Vec<(Stage, StageCause, Option<String>, Option<u64>)> {
    lab.events()
        .into_iter()
        .filter_map(|event| match event.event {
            What::HfStage {
                stage,
                cause,
                message,
                cost_micro_usd,
                ..
            } => Some((stage, cause, message, cost_micro_usd)),
            _ => None,
        })
        .collect()
}

async fn cancel(lab: &Lab, id: &HfJobId) {
    let answer = lab
        .hf(
            "POST",
            &format!("/api/jobs/lab/{}/cancel", id.0),
            Value::Null,
        )
        .await;
    assert_eq!(answer.status, 200);
}

fn refusal(lab: &Lab) -> Option<(String, CredentialKind, CredentialState)> {
    match lab
        .find(|what| matches!(what, What::RunnerRefused { .. }))?
        .event
    {
        What::RunnerRefused {
            why, credential, ..
        } => Some((why, credential.kind, credential.state)),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_cancelled_before_it_runs_costs_nothing() {
    let lab = Lab::new();
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(10.0).await;
    cancel(&lab, &id).await;
    lab.sleep(100.0).await;
    assert_eq!(
        stages(&lab),
        [(Stage::Canceled, StageCause::Cancel, None, Some(0))]
    );
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerExited { .. })),
        0,
        "there was no process"
    );
}

#[tokio::test(start_paused = true)]
async fn scheduling_is_billed_if_the_world_says_so() {
    let lab = Lab::with(|settings| settings.hf.scheduling_is_billed = true);
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(10.0).await;
    cancel(&lab, &id).await;
    assert_eq!(stages(&lab)[0].3, Some(167));
}

#[tokio::test(start_paused = true)]
async fn every_started_minute_of_running_is_billed() {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    lab.launch("r", &["a"]).await;
    lab.sleep(200.0).await;
    // 20 s of boot and 60 s of work: two started minutes.
    assert_eq!(
        stages(&lab)[1],
        (Stage::Completed, StageCause::Exit, None, Some(334))
    );
    assert_eq!(lab.world.hf().jobs()[0].cost_micro_usd, Some(334));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_kills_the_runner_and_its_job_fails_a_minute_later() {
    let lab = Lab::new();
    let id = lab
        .world
        .github()
        .queue(
            NewJob {
                runs_for: Duration::from_secs(9000),
                ..job("J1", &["a"])
            },
            None,
        )
        .unwrap();
    lab.launch("r", &["a"]).await;
    lab.sleep(7221.0).await;
    let message = Some("Job timeout".to_owned());
    assert_eq!(
        stages(&lab)[1],
        (Stage::Error, StageCause::Timeout, message, Some(120 * 167))
    );
    let conclusion = || {
        lab.world
            .github()
            .jobs()
            .into_iter()
            .find(|job| job.job == id)
            .unwrap()
            .conclusion
    };
    assert_eq!(conclusion(), None, "GitHub has not noticed");
    lab.sleep(60.0).await;
    assert_eq!(conclusion(), Some(Conclusion::Failure));
    assert!(lab.world.github().runners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cancelling_a_busy_runner_fails_its_job_after_a_minute() {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    let hf_job = lab.launch("r", &["a"]).await;
    lab.sleep(50.0).await;
    cancel(&lab, &hf_job).await;
    lab.sleep(59.9).await;
    let busy = &lab.world.github().runners()[0];
    assert!(busy.busy && busy.online);
    lab.sleep(0.2).await;
    let completed = lab
        .find(|what| matches!(what, What::JobCompleted { .. }))
        .unwrap();
    assert!(matches!(
        completed.event,
        What::JobCompleted {
            conclusion: Conclusion::Failure,
            runner: Some(_),
            ..
        }
    ));
    assert!(lab.is_caused_by(&completed, |what| matches!(
        what,
        What::HfStage {
            stage: Stage::Canceled,
            ..
        }
    )));
    assert!(lab.world.github().runners().is_empty());
    assert_eq!(
        lab.count(|what| matches!(
            what,
            What::RunnerExited {
                code: Some(137),
                ..
            }
        )),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn an_expired_registration_token_is_404_and_ends_in_error() {
    let lab = Lab::with(|settings| settings.github.registration_token = Duration::from_secs(30));
    lab.launch_registering("r", "a").await;
    lab.sleep(100.0).await;
    let kind = CredentialKind::RegistrationToken;
    assert_eq!(
        refusal(&lab),
        Some(("Not Found".to_owned(), kind, CredentialState::Expired))
    );
    let message = Some("Job failed with exit code: 1. Reason: Error.".to_owned());
    assert_eq!(
        stages(&lab)[1],
        (Stage::Error, StageCause::Exit, message, Some(167))
    );
    let answered = lab.count(|what| {
        matches!(what, What::CallAnswered { name, status: 404, .. } if name == "runner.register")
    });
    assert_eq!(answered, 1);
}

#[tokio::test(start_paused = true)]
async fn an_expired_jit_configuration_is_refused_and_hidden_behind_exit_code_0() {
    let lab = Lab::with(|settings| settings.github.jit_config = Duration::from_secs(30));
    let hf_job = lab.launch("r", &["a"]).await;
    lab.sleep(100.0).await;
    let (_, kind, state) = refusal(&lab).unwrap();
    assert_eq!(
        (kind, state),
        (CredentialKind::JitConfig, CredentialState::Expired)
    );
    assert_eq!(lab.stage(&hf_job).await, "COMPLETED");
    assert!(!lab.world.github().runners()[0].online);
}

#[tokio::test(start_paused = true)]
async fn a_jit_runner_whose_record_is_gone_is_refused() {
    let lab = Lab::new();
    lab.launch("r", &["a"]).await;
    let runner = lab.world.github().runners()[0].runner;
    let path = format!("/repos/octo/app/actions/runners/{}", runner.0);
    assert_eq!(
        lab.github("DELETE", &path, &lab.token().await, Value::Null)
            .await
            .status,
        204
    );
    lab.sleep(100.0).await;
    let (_, kind, state) = refusal(&lab).unwrap();
    assert_eq!(
        (kind, state),
        (CredentialKind::JitConfig, CredentialState::Revoked)
    );
}

#[tokio::test(start_paused = true)]
async fn a_jit_configuration_works_once() {
    let lab = Lab::new();
    let config = lab.jit("r", &["a"]).await.body["encoded_jit_config"].clone();
    for _ in 0..2 {
        lab.create(
            &json!({"ACTIONS_RUNNER_INPUT_JITCONFIG": config}),
            &json!({}),
        )
        .await;
    }
    lab.sleep(300.0).await;
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerOnline { .. })),
        1
    );
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerRefused { .. })),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_container_without_credentials_fails_and_is_tried_as_often_as_asked() {
    let lab = Lab::new();
    let body = json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["x"], "attempts": 3});
    let made = lab.hf("POST", "/api/jobs/lab", body).await.body;
    lab.sleep(200.0).await;
    assert_eq!(
        lab.count(|what| matches!(what, What::RunnerExited { code: Some(1), .. })),
        3
    );
    let id = made["id"].as_str().unwrap();
    let ended = lab
        .hf("GET", &format!("/api/jobs/lab/{id}"), Value::Null)
        .await
        .body;
    assert_eq!(
        (&ended["status"]["stage"], &ended["status"]["failureCount"]),
        (&json!("ERROR"), &json!(2))
    );
    assert_eq!(stages(&lab).len(), 2, "RUNNING once, then ERROR");
}

#[tokio::test(start_paused = true)]
async fn a_registration_with_the_same_name_replaces_the_old_runner() {
    let lab = Lab::new();
    let first = lab.launch_registering("r", "a").await;
    lab.sleep(60.0).await;
    lab.launch_registering("r", "a, b").await;
    lab.sleep(60.0).await;
    assert_eq!(
        lab.count(|what| matches!(
            what,
            What::RunnerRemoved {
                why: Removal::Replaced,
                ..
            }
        )),
        1
    );
    assert_eq!(lab.stage(&first).await, "COMPLETED");
    let runners = lab.world.github().runners();
    assert_eq!(
        (runners.len(), &runners[0].labels),
        (1, &vec!["a".to_owned(), "b".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn a_busy_runner_is_not_replaced_and_its_job_goes_on() {
    let lab = Lab::new();
    let job = lab.queue("J1", &["a"]);
    lab.launch_registering("r", "a").await;
    lab.sleep(45.0).await;
    assert!(lab.world.github().runners()[0].busy);
    let second = lab.launch_registering("r", "a, b").await;
    lab.sleep(56.0).await;
    let refusal = "Runner \"r\" is currently running a job and cannot be deleted.";
    let log = lab.log(&second).await;
    assert!(log.iter().any(|line| line.contains(refusal)), "{log:?}");
    assert_eq!(lab.stage(&second).await, "ERROR");
    let replaced = lab.count(|what| {
        let why = Removal::Replaced;
        matches!(what, What::RunnerRemoved { why: found, .. } if *found == why)
    });
    assert_eq!(replaced, 0);
    let jobs = lab.world.github().jobs();
    let found = jobs.iter().find(|one| one.job == job).unwrap();
    assert_eq!(found.conclusion, Some(fakes::history::Conclusion::Success));
}

#[tokio::test(start_paused = true)]
async fn a_stage_can_be_forced() {
    let lab = Lab::with(|settings| {
        let slow = settings.hf.cold_start.get_mut("default").unwrap();
        slow.schedule = fakes::Spread::fixed(Duration::from_secs(100_000));
    });
    let stuck = lab.launch("r", &["a"]).await;
    lab.sleep(10.0).await;
    lab.world
        .hf()
        .force_stage(&stuck, Stage::Running, None, None);
    lab.sleep(21.0).await;
    assert!(lab.world.github().runners()[0].online);
    assert_eq!(
        lab.world.hf().jobs()[0].runner,
        Some(lab.world.github().runners()[0].runner)
    );
    lab.world
        .hf()
        .force_stage(&stuck, Stage::Error, Some("node lost".to_owned()), None);
    lab.world
        .hf()
        .force_stage(&stuck, Stage::Running, None, None);
    lab.sleep(1.0).await;
    let message = Some("node lost".to_owned());
    let scenario = StageCause::Scenario;
    assert_eq!(
        stages(&lab),
        [
            (Stage::Running, scenario, None, None),
            (Stage::Error, scenario, message, Some(167))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn cold_starts_go_by_flavor() {
    let lab = Lab::with(|settings| {
        let quick = fakes::Spread::fixed(Duration::from_secs(1));
        let cold_start = fakes::ColdStart {
            schedule: quick,
            pull: fakes::Spread::fixed(Duration::ZERO),
            boot: quick,
        };
        settings
            .hf
            .cold_start
            .insert("cpu-basic".to_owned(), cold_start);
    });
    lab.launch("r", &["a"]).await;
    lab.sleep(2.5).await;
    assert!(lab.world.github().runners()[0].online);
}
