//! The HF job of a launch, as the Hub wants it written.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock, time::Duration};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    config::{Config, has_own_entrypoint},
    core::{CredentialKind, Failure, HfJobOrder, Settings},
    labels::Labels,
};

/// Every HF job of ours carries this label.
pub(super) const MANAGED_BY: (&str, &str) = ("managed-by", "jobs-dispatcher");
/// The launch an HF job belongs to.
pub(super) const LAUNCH: &str = "launch";
/// The repository's number.
pub(super) const REPO_ID: &str = "gh-repo-id";
/// The App, so that two dispatchers may share a namespace.
pub(super) const APP: &str = "gh-app";
/// The Hub's limit on a label's value.
const VALUE_MAX: usize = 100;

/// What the HF job runs: finds or installs the runner, registers it if it came without a configuration, runs one job.
const BOOTSTRAP: &str = include_str!("bootstrap.sh");

/// The same as JSON: it has many lines, and each would be escaped anew for each order.
static BOOTSTRAP_JSON: LazyLock<Box<RawValue>> = LazyLock::new(|| as_json(BOOTSTRAP));

fn as_json(word: &str) -> Box<RawValue> {
    to_raw_value(word).expect("a text can be written as JSON")
}

/// The script an HF job runs when its image has no entry point of its own.
#[must_use]
pub fn bootstrap() -> &'static str {
    BOOTSTRAP
}

/// The body of the request that creates an HF job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    docker_image: &'a str,
    command: Vec<Cow<'a, RawValue>>,
    arguments: [&'a str; 0],
    environment: BTreeMap<&'a str, &'a str>,
    secrets: BTreeMap<&'a str, &'a str>,
    flavor: &'a str,
    /// From when its container runs. Without it the Hub stops the job after half an hour.
    timeout_seconds: u64,
    /// A credential is good for one runner: the Hub must not start the container again.
    attempts: u32,
    labels: BTreeMap<&'a str, String>,
}

/// Writes the order down.
pub(super) fn spec<'a>(
    config: &'a Config,
    labels: &'a Labels,
    order: &'a HfJobOrder,
) -> Result<Spec<'a>, Failure> {
    let unknown = || Failure::Refused {
        status: 400,
        message: format!("no route for {}", order.lane.label),
    };
    let route = labels.get(&order.lane.label).ok_or_else(unknown)?;
    let secret_name = match order.kind {
        // The runner reads any argument from ACTIONS_RUNNER_INPUT_<ARGUMENT>; as a secret it is not shown again.
        CredentialKind::Jit => "ACTIONS_RUNNER_INPUT_JITCONFIG",
        CredentialKind::RegistrationToken => "RUNNER_TOKEN",
    };
    let command = if has_own_entrypoint(&route.image) {
        vec![Cow::Owned(as_json("/entrypoint.sh"))]
    } else {
        let shell = ["bash", "-c"].map(as_json).map(Cow::Owned);
        let script: &RawValue = &BOOTSTRAP_JSON;
        shell.into_iter().chain([Cow::Borrowed(script)]).collect()
    };
    Ok(Spec {
        docker_image: &route.image,
        command,
        arguments: [],
        environment: BTreeMap::from([
            ("GH_REPO", order.repo_name.as_str()),
            ("GH_SERVER_URL", config.github_server_url.as_str()),
            ("RUNNER_ALLOW_RUNASROOT", "1"),
            ("RUNNER_LABELS", order.lane.label.as_str()),
            ("RUNNER_NAME", order.runner.as_str()),
            ("RUNNER_VERSION", config.runner_version.as_str()),
        ]),
        secrets: BTreeMap::from([(secret_name, order.secret.expose())]),
        flavor: route.flavor,
        timeout_seconds: lifetime(&config.settings, config.job_timeout, order.kind).as_secs(),
        attempts: 1,
        labels: BTreeMap::from([
            (MANAGED_BY.0, MANAGED_BY.1.to_owned()),
            (LAUNCH, order.launch.0.clone()),
            (APP, label_value(&config.app_id)),
            (REPO_ID, order.lane.repo.to_string()),
            ("gh-repo", label_value(&order.repo_name)),
            ("gh-label", label_value(&order.lane.label)),
        ]),
    })
}

/// How long an HF job may run: the job its time, after the longest boot of its runner and the longest wait for a job.
pub(crate) fn lifetime(
    settings: &Settings,
    job_timeout: Duration,
    kind: CredentialKind,
) -> Duration {
    let boot = match kind {
        CredentialKind::Jit => settings.boot_deadline,
        CredentialKind::RegistrationToken => {
            settings.boot_deadline.max(settings.slow_boot_deadline)
        }
    };
    let before = boot.saturating_add(settings.idle_timeout);
    job_timeout.saturating_add(before)
}

/// A label's value may hold letters, digits, dots, dashes and underscores, and not too many.
pub(super) fn label_value(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .take(VALUE_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_keep_to_the_hubs_alphabet() {
        assert_eq!(label_value("Octo/app:x é"), "Octo_app_x__");
        assert_eq!(label_value(&"a".repeat(300)).len(), 100);
    }

    #[test]
    fn the_script_has_no_empty_argument_and_names_every_input() {
        for name in [
            "ACTIONS_RUNNER_INPUT_JITCONFIG",
            "RUNNER_TOKEN",
            "RUNNER_NAME",
            "RUNNER_LABELS",
            "GH_REPO",
        ] {
            assert!(bootstrap().contains(name), "{name}");
        }
        for flag in [
            "--ephemeral",
            "--replace",
            "--no-default-labels",
            "--disableupdate",
            "--unattended",
        ] {
            assert!(bootstrap().contains(flag), "{flag}");
        }
    }
}
