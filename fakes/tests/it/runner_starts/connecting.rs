//! How connecting fails, and what is left of that: exit codes, log lines, a runner that stays offline.

use std::time::Duration;

use fakes::{
    RunnerVersion,
    history::{CredentialKind, CredentialState, What},
};
use serde_json::{Value, json};

use super::{CONFIG, configure, exit_code, has, refusals, script};
use crate::lab::Lab;

#[tokio::test(start_paused = true)]
async fn a_jit_configuration_that_cannot_be_decoded_is_hidden_behind_exit_code_0() {
    let lab = Lab::new();
    let command = json!(["./run.sh", "--jitconfig", "no base64"]);
    let id = lab.start(command, &json!({}), &json!({})).await;
    lab.sleep(60.0).await;
    assert_eq!(exit_code(&lab), Some(0));
    let (_, kind, state) = refusals(&lab).remove(0);
    assert_eq!(
        (kind, state),
        (CredentialKind::JitConfig, CredentialState::Unknown)
    );
    assert!(has(&lab.log(&id).await, "not a valid Base-64 string"));
}

#[tokio::test(start_paused = true)]
async fn a_jit_configuration_on_the_command_line_works_and_its_second_use_does_not() {
    let lab = Lab::new();
    let config = lab.jit("r", &["a"]).await.body["encoded_jit_config"].clone();
    let command = json!(["./run.sh", "--jitconfig", config]);
    lab.queue("J1", &["a"]);
    let first = lab.start(command.clone(), &json!({}), &json!({})).await;
    lab.sleep(200.0).await;
    assert!(has(
        &lab.log(&first).await,
        "Job J1 completed with result: Succeeded"
    ));
    let second = lab.start(command, &json!({}), &json!({})).await;
    lab.sleep(60.0).await;
    assert_eq!(exit_code(&lab), Some(0));
    assert_eq!(refusals(&lab)[0].2, CredentialState::Revoked);
    assert!(has(
        &lab.log(&second).await,
        "Failed to create a session. The runner registration has been deleted from the server, please re-configure."
    ));
}

#[tokio::test(start_paused = true)]
async fn a_failing_job_leaves_exit_code_0() {
    let lab = Lab::new();
    let failing = fakes::NewJob {
        conclusion: fakes::history::Conclusion::Failure,
        ..crate::lab::job("J1", &["a"])
    };
    lab.world.github().queue(failing, None).unwrap();
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(lab.stage(&id).await, "COMPLETED");
    assert!(has(
        &lab.log(&id).await,
        "Job J1 completed with result: Failed"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_session_conflict_is_waited_out_for_four_minutes_and_hidden() {
    let lab = Lab::new();
    let config = lab.jit("r", &["a"]).await.body["encoded_jit_config"].clone();
    let secrets = json!({"ACTIONS_RUNNER_INPUT_JITCONFIG": config});
    lab.create(&secrets, &json!({})).await;
    lab.sleep(60.0).await;
    let second = lab.create(&secrets, &json!({})).await;
    lab.sleep(240.0).await;
    assert!(refusals(&lab).is_empty(), "it still tries");
    lab.sleep(20.0).await;
    assert_eq!(
        refusals(&lab)[0].0,
        "A session for this runner already exists"
    );
    assert_eq!(exit_code(&lab), Some(0));
    let log = lab.log(&second).await;
    assert_eq!(
        log.iter()
            .filter(|line| *line == "A session for this runner already exists.")
            .count(),
        8
    );
    assert!(has(
        &log,
        "Stop retry on SessionConflictException after retried for 240 seconds."
    ));
    assert!(has(
        &log,
        "Runner listener exit with Session Conflict error"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_fails_otherwise_is_tried_until_it_works() {
    let lab = Lab::new();
    let rule = fakes::FaultRule {
        times: Some(2),
        ..fakes::FaultRule::always("runner.open-session", fakes::Effect::Reset)
    };
    lab.world.faults().install(vec![rule]);
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(110.0).await;
    let online = lab
        .find(|what| matches!(what, What::RunnerOnline { .. }))
        .unwrap();
    assert_eq!(
        online.at_ms, 100_000,
        "40 s of cold start, two pauses of 30 s"
    );
    let log = lab.log(&id).await;
    assert!(has(
        &log,
        "Runner connect error: connection reset. Retrying until reconnected."
    ));
    assert!(has(&log, "Runner reconnected."));
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_is_too_old_is_refused() {
    let old_lab = || {
        Lab::with(|settings| {
            settings.github.runners.version_min = Some(RunnerVersion::ANNOUNCED_MIN);
        })
    };
    let jit = async |environment: Value| {
        let lab = old_lab();
        let config = lab.jit("r", &["a"]).await.body["encoded_jit_config"].clone();
        let secrets = json!({"ACTIONS_RUNNER_INPUT_JITCONFIG": config});
        let id = lab.create(&secrets, &environment).await;
        lab.sleep(60.0).await;
        (lab.log(&id).await, exit_code(&lab), lab)
    };
    let deprecated = "Runner version v2.328.0 is deprecated and cannot receive messages.";
    let (log, code, lab) = jit(json!({"RUNNER_VERSION": "2.328.0"})).await;
    assert!(has(&log, deprecated));
    assert_eq!(code, Some(0), "hidden");
    assert_eq!(refusals(&lab)[0].0, deprecated);
    let show = "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE";
    let (_, code, _) = jit(json!({"RUNNER_VERSION": "2.328.0", show: "1"})).await;
    assert_eq!(code, Some(7));
    let (_, code, lab) = jit(json!({"RUNNER_VERSION": "2.329.0"})).await;
    assert_eq!(code, None);
    assert!(lab.world.github().runners()[0].online);

    let lab = old_lab();
    let secrets = json!({"RUNNER_TOKEN": lab.registration_token("repos/octo/app").await});
    lab.start(script(""), &secrets, &json!({"RUNNER_VERSION": "2.328.0"}))
        .await;
    lab.sleep(60.0).await;
    assert_eq!(exit_code(&lab), Some(1), "it cannot even register");
    assert!(lab.world.github().runners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn root_is_refused_unless_it_is_allowed() {
    let root_lab = || Lab::with(|settings| settings.hf.containers_are_root = true);
    let lab = root_lab();
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(60.0).await;
    assert_eq!(exit_code(&lab), Some(1));
    assert_eq!(
        lab.log(&id).await[0],
        "Must not run interactively with sudo"
    );
    assert!(!lab.world.github().runners()[0].online);

    let lab = root_lab();
    let id = configure(&lab, script("")).await;
    lab.sleep(60.0).await;
    assert_eq!(exit_code(&lab), Some(1));
    assert_eq!(lab.log(&id).await, ["Must not run with sudo"]);

    let lab = root_lab();
    let command = json!([
        "bash",
        "-c",
        format!("export RUNNER_ALLOW_RUNASROOT=1; {CONFIG} && ./run.sh")
    ]);
    configure(&lab, command).await;
    lab.sleep(60.0).await;
    assert!(lab.world.github().runners()[0].online);
}

#[tokio::test(start_paused = true)]
async fn a_script_that_never_starts_the_runner_leaves_it_offline() {
    let lab = Lab::new();
    let id = configure(&lab, json!(["bash", "-c", CONFIG])).await;
    lab.sleep(60.0).await;
    assert_eq!(lab.stage(&id).await, "COMPLETED");
    assert!(!lab.world.github().runners()[0].online);
}

#[tokio::test(start_paused = true)]
async fn a_removed_runner_says_so_and_ends() {
    let lab = Lab::new();
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(60.0).await;
    let runner = lab.world.github().runners()[0].runner;
    let path = format!("/repos/octo/app/actions/runners/{}", runner.0);
    lab.github("DELETE", &path, &lab.token().await, Value::Null)
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(exit_code(&lab), Some(0));
    assert!(has(
        &lab.log(&id).await,
        "The runner registration has been deleted from the server, please re-configure."
    ));
}
