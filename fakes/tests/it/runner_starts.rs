//! How a container says what its runner is, how registering fails, and the exit codes of that.

mod connecting;

use fakes::{
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
        let answer = fakes::Effect::Answer(vocabulary::Answer::of(status, ""));
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
