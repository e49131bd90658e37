//! The container of an HF job, as the runner in it sees it: environment and secrets.

use std::{collections::BTreeMap, fmt};

use crate::github::{Credential, JitConfig};

/// What a container is started with.
#[derive(Clone, Default)]
pub(crate) struct Container {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, String>,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Container")
    }
}

impl Container {
    fn get(&self, name: &str) -> Option<&str> {
        self.secrets
            .get(name)
            .or_else(|| self.environment.get(name))
            .map(String::as_str)
    }

    /// What the runner in it will prove itself with.
    pub(super) fn credential(&self) -> Option<Credential> {
        if let Some(encoded) = self.get("ACTIONS_RUNNER_INPUT_JITCONFIG") {
            return JitConfig::decode(encoded).map(Credential::Jit);
        }
        let labels = self
            .get("RUNNER_LABELS")?
            .split(',')
            .map(str::trim)
            .filter(|label| !label.is_empty());
        Some(Credential::Registration {
            token: self.get("RUNNER_TOKEN")?.to_owned(),
            name: self.get("RUNNER_NAME")?.to_owned(),
            labels: labels.map(str::to_owned).collect(),
            default_labels: self.get("RUNNER_DEFAULT_LABELS") == Some("true"),
            repo: self.get("GH_REPO")?.to_owned(),
            group: self.get("RUNNER_GROUP").map(str::to_owned),
            ephemeral: self.get("RUNNER_EPHEMERAL") != Some("false"),
        })
    }

    /// `run.sh --jitconfig` hides every failure behind exit code 0.
    pub(super) fn hides_failures(&self) -> bool {
        self.get("ACTIONS_RUNNER_INPUT_JITCONFIG").is_some()
    }
}
