//! The JSON objects of runners, their groups and packages.

use serde::Serialize;

use crate::github::state::{
    accounts::organization::Organization,
    runners::{
        groups::{RunnerGroup, Visibility},
        labels::RunnerLabel,
        record::{Link, Runner},
    },
};

#[derive(Serialize)]
pub(in crate::github) struct RunnerObject<'a> {
    id: u64,
    runner_group_id: u64,
    name: &'a str,
    os: &'a str,
    status: &'a str,
    busy: bool,
    ephemeral: bool,
    labels: &'a [RunnerLabel],
    version: Option<&'a str>,
}

impl<'a> RunnerObject<'a> {
    pub(in crate::github) fn of(runner: &'a Runner) -> Self {
        let seen = !matches!(runner.link, Link::Never);
        Self {
            id: runner.id.0,
            runner_group_id: runner.group,
            name: &runner.name,
            os: if seen { "Linux" } else { "unknown" },
            status: if runner.is_online() {
                "online"
            } else {
                "offline"
            },
            busy: runner.is_busy(),
            ephemeral: runner.ephemeral,
            labels: runner.labels.all(),
            version: seen.then_some(RUNNER_VERSION),
        }
    }
}

/// The version of the runner that every process here runs.
pub(in crate::github) const RUNNER_VERSION: &str = "2.336.0";

/// A package of the runner.
#[derive(Serialize)]
pub(in crate::github) struct DownloadObject {
    pub(in crate::github) os: &'static str,
    pub(in crate::github) architecture: &'static str,
    pub(in crate::github) download_url: String,
    pub(in crate::github) filename: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::github) sha256_checksum: Option<String>,
}

/// A runner group of an organisation.
#[derive(Serialize)]
pub(in crate::github) struct GroupObject<'a> {
    id: u64,
    name: &'a str,
    visibility: Visibility,
    default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_repositories_url: Option<String>,
    runners_url: String,
    hosted_runners_url: String,
    inherited: bool,
    allows_public_repositories: bool,
    workflow_restrictions_read_only: bool,
    restricted_to_workflows: bool,
    selected_workflows: &'a [String],
}

impl<'a> GroupObject<'a> {
    pub(in crate::github) fn of(group: &'a RunnerGroup, organization: &Organization) -> Self {
        let url = format!("{}/actions/runner-groups/{}", organization.url, group.id);
        Self {
            id: group.id,
            name: &group.name,
            visibility: group.visibility,
            default: group.is_default(),
            selected_repositories_url: (group.visibility == Visibility::Selected)
                .then(|| format!("{url}/repositories")),
            runners_url: format!("{url}/runners"),
            hosted_runners_url: format!("{url}/hosted-runners"),
            inherited: false,
            allows_public_repositories: group.allows_public_repositories,
            workflow_restrictions_read_only: false,
            restricted_to_workflows: group.restricted_to_workflows,
            selected_workflows: &group.selected_workflows,
        }
    }
}
