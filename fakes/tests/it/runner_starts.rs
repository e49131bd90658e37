//! How a container says what its runner is, how registering and connecting fail, and the exit codes of that.

use std::time::Duration;

use fakes::{
    RunnerVersion,
    history::{CredentialKind, CredentialState, Stage, What},
    ids::HfJobId,
};
use serde_json::{Value, json};

use crate::lab::Lab;

const CONFIG: &str =
    "./config.sh --unattended --url https://github.com/octo/app --token $RUNNER_TOKEN --name r";

/// `config.sh` with these further arguments, then `run.sh`, in a shell.
fn script(arguments: &str) -> Value {
    json!(["bash", "-c", format!("{CONFIG} {arguments} && ./run.sh")])
}

async fn configure(lab: &Lab, command: Value) -> HfJobId {
    let secrets = json!({"RUNNER_TOKEN": lab.registration_token("repos/octo/app").await});
    lab.start(command, &secrets, &json!({})).await
}

/// The exit code of the last process that ended.
fn exit_code(lab: &Lab) -> Option<i32> {
    lab.events()
        .iter()
        .rev()
        .find_map(|event| match event.event {
            What::RunnerExited { code, .. } => Some(code),
            _ => None,
        })?
}

fn refusals(lab: &Lab) -> Vec<(String, CredentialKind, CredentialState)> {
    let refused = |what| match what {
        What::RunnerRefused {
            why, credential, ..
        } => Some((why, credential.kind, credential.state)),
        _ => None,
    };
    lab.events()
        .into_iter()
        .filter_map(|event| refused(event.event))
        .collect()
}

fn has(log: &[String], text: &str) -> bool {
    log.iter().any(|line| line.contains(text))
}

#[tokio::test(start_paused = true)]
async fn a_script_registers_a_runner_with_the_labels_it_names() {
    let lab = Lab::new();
    let id = configure(
        &lab,
        script("--labels 'a, b' --no-default-labels --ephemeral"),
    )
    .await;
    lab.queue("J1", &["a", "b"]);
    lab.sleep(200.0).await;
    assert_eq!(exit_code(&lab), Some(0));
    assert_eq!(lab.stage(&id).await, "COMPLETED");
    assert!(lab.world.github().runners().is_empty(), "one job only");
    let log = lab.log(&id).await;
    assert_eq!(
        log,
        [
            "√ Connected to GitHub",
            "√ Runner successfully added",
            "√ Runner connection is good",
            "√ Settings Saved.",
            "√ Connected to GitHub",
            "Current runner version: '2.336.0'",
            "2026-11-03 10:00:40Z: Listening for Jobs",
            "2026-11-03 10:00:40Z: Running job: J1",
            "2026-11-03 10:01:40Z: Job J1 completed with result: Succeeded",
            "Runner listener exit with 0 return code, stop the service, no retry needed.",
            "Exiting runner...",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn without_further_arguments_a_runner_stays_and_has_the_default_labels() {
    let lab = Lab::new();
    configure(&lab, script("--labels gpu")).await;
    lab.queue("J1", &["self-hosted", "linux", "x64", "gpu"]);
    lab.sleep(200.0).await;
    let runner = lab.world.github().runners().remove(0);
    assert!(runner.online && !runner.busy);
    assert_eq!(runner.labels, ["self-hosted", "Linux", "X64", "gpu"]);
}

#[tokio::test(start_paused = true)]
async fn arguments_in_the_environment_are_enough_for_an_images_own_script() {
    let lab = Lab::new();
    let environment = json!({
        "ACTIONS_RUNNER_INPUT_URL": "https://github.com/octo/app",
        "ACTIONS_RUNNER_INPUT_LABELS": "a",
    });
    let secrets = json!({
        "ACTIONS_RUNNER_INPUT_TOKEN": lab.registration_token("repos/octo/app").await,
    });
    let id = lab
        .start(json!(["/entrypoint.sh"]), &secrets, &environment)
        .await;
    lab.sleep(60.0).await;
    let runner = lab.world.github().runners().remove(0);
    assert_eq!(runner.name, id.0, "called like its machine");
    assert!(runner.online);
}

#[tokio::test(start_paused = true)]
async fn a_runner_of_an_organisation_joins_the_group_it_names() {
    let lab = Lab::new();
    let token = lab.token().await;
    let group = json!({"name": "Big", "visibility": "all", "allows_public_repositories": true});
    let made = lab
        .github("POST", "/orgs/octo/actions/runner-groups", &token, group)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let org = |group: &str| {
        let url = "https://github.com/octo";
        json!([
            "./config.sh",
            "--url",
            url,
            "--token",
            "TOKEN",
            "--name",
            "r",
            "--runnergroup",
            group,
            "&&",
            "./run.sh"
        ])
    };
    let start = async |group: &str| {
        let token = lab.registration_token("orgs/octo").await;
        let words = org(group).to_string().replace("TOKEN", &token);
        let words: Vec<String> = serde_json::from_str(&words).unwrap();
        lab.start(json!(["sh", "-c", words.join(" ")]), &json!({}), &json!({}))
            .await
    };
    let nowhere = start("Nowhere").await;
    lab.sleep(60.0).await;
    assert_eq!(exit_code(&lab), Some(1));
    assert!(has(
        &lab.log(&nowhere).await,
        "Could not find any self-hosted runner group named \"Nowhere\"."
    ));
    start("big").await;
    lab.sleep(60.0).await;
    let path = format!(
        "/orgs/octo/actions/runner-groups/{}/runners",
        made.body["id"]
    );
    let members = lab.github("GET", &path, &token, Value::Null).await.body;
    assert_eq!(members["runners"][0]["name"], "r");
    assert_eq!(members["runners"][0]["status"], "online");
}

#[tokio::test(start_paused = true)]
async fn config_sh_tells_what_it_lacks_and_asks_nobody() {
    let lab = Lab::new();
    for (arguments, why) in [
        ("--token t", "Invalid configuration provided for url."),
        (
            "--url https://github.com/octo/app",
            "Invalid configuration provided for token.",
        ),
        (
            "--url https://github.com/octo/app --token t --no-default-labels",
            "Disabling default labels via --no-default-labels",
        ),
    ] {
        let command = format!("./config.sh --unattended {arguments} && ./run.sh");
        let id = lab
            .start(json!(["sh", "-c", command]), &json!({}), &json!({}))
            .await;
        lab.sleep(60.0).await;
        assert_eq!(exit_code(&lab), Some(1), "{arguments}");
        assert!(has(&lab.log(&id).await, why), "{arguments}");
    }
    assert_eq!(
        lab.count(
            |what| matches!(what, What::CallReceived { name, .. } if name == "runner.register")
        ),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_token_is_404_once_and_exit_code_1() {
    let lab = Lab::new();
    let id = lab
        .start(script(""), &json!({"RUNNER_TOKEN": "AAAA"}), &json!({}))
        .await;
    lab.sleep(60.0).await;
    let kind = CredentialKind::RegistrationToken;
    assert_eq!(
        refusals(&lab),
        [("Not Found".to_owned(), kind, CredentialState::Unknown)]
    );
    assert_eq!(exit_code(&lab), Some(1));
    let log = lab.log(&id).await;
    assert!(has(
        &log,
        "Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration'"
    ));
    assert!(
        !log.iter().any(|line| line.contains("AAAA")),
        "no secret in a log"
    );
    assert_eq!(
        lab.count(
            |what| matches!(what, What::CallAnswered { name, .. } if name == "runner.register")
        ),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_script_that_does_not_look_hides_that_registering_failed() {
    let lab = Lab::new();
    let command = json!(["bash", "-c", format!("{CONFIG}; ./run.sh")]);
    let id = lab
        .start(command, &json!({"RUNNER_TOKEN": "AAAA"}), &json!({}))
        .await;
    lab.sleep(60.0).await;
    assert_eq!(exit_code(&lab), Some(0));
    assert_eq!(lab.stage(&id).await, "COMPLETED");
    let log = lab.log(&id).await;
    assert!(has(
        &log,
        "Not configured. Run config.(sh/cmd) to configure the runner."
    ));
    assert!(has(&log, "Runner listener exit with terminated error"));
}

#[tokio::test(start_paused = true)]
async fn registering_is_tried_three_times_but_not_after_404() {
    let answers = |lab: &Lab, status: u16| {
        let answer = fakes::Effect::Answer {
            status,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
        };
        let rule = fakes::FaultRule::always("runner.register", answer);
        lab.world.faults().install(vec![rule]);
    };
    for (status, tries) in [(500, 3), (429, 3), (404, 1)] {
        let lab = Lab::new();
        answers(&lab, status);
        configure(&lab, script("")).await;
        lab.sleep(60.0).await;
        let times: Vec<u64> = lab
            .events()
            .iter()
            .filter(|event| matches!(&event.event, What::CallReceived { name, .. } if name == "runner.register"))
            .map(|event| event.at_ms)
            .collect();
        assert_eq!(times.len(), tries, "{status}");
        for pair in times.windows(2) {
            assert!((1000..=5000).contains(&(pair[1] - pair[0])), "{times:?}");
        }
        assert_eq!((exit_code(&lab), refusals(&lab).len()), (Some(1), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_refused_unless_the_runner_replaces_the_other() {
    let lab = Lab::new();
    configure(&lab, script("")).await;
    lab.sleep(60.0).await;
    let first = lab.world.github().runners().remove(0).runner;
    let refused = configure(&lab, script("")).await;
    lab.sleep(60.0).await;
    assert_eq!(exit_code(&lab), Some(1));
    assert_eq!(refusals(&lab)[0].0, "A runner exists with the same name r.");
    assert!(has(
        &lab.log(&refused).await,
        "A runner exists with the same name r."
    ));
    assert_eq!(lab.world.github().runners()[0].runner, first);
    let replaces = configure(&lab, script("--replace")).await;
    lab.sleep(60.0).await;
    let now = lab.world.github().runners();
    assert_eq!(now.len(), 1);
    assert_ne!(now[0].runner, first);
    assert!(has(
        &lab.log(&replaces).await,
        "√ Successfully replaced the runner"
    ));
    assert_eq!(
        lab.world.hf().jobs()[0].stage,
        Stage::Completed,
        "the replaced one was told"
    );
}

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
