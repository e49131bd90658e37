//! The JSON objects of runners, their groups and packages, and workflow runs.

use serde::Serialize;

use super::{
    organization::Organization,
    payload::conclusion_text,
    runner_groups::{RunnerGroup, Visibility},
    runner_labels::RunnerLabel,
    runner_record::{Link, Runner},
    state::{Run, State, Status},
};
use crate::json_text::{push_display, seconds};

#[derive(Serialize)]
pub(super) struct RunnerObject<'a> {
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
    pub(super) fn of(runner: &'a Runner) -> Self {
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
pub(super) const RUNNER_VERSION: &str = "2.336.0";

/// A package of the runner.
#[derive(Serialize)]
pub(super) struct DownloadObject {
    pub(super) os: &'static str,
    pub(super) architecture: &'static str,
    pub(super) download_url: String,
    pub(super) filename: String,
}

/// A runner group of an organisation.
#[derive(Serialize)]
pub(super) struct GroupObject<'a> {
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
    pub(super) fn of(group: &'a RunnerGroup, organization: &Organization) -> Self {
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

/// Appends a workflow run object.
pub(super) fn push_run(out: &mut String, state: &State, run: &Run) {
    let repo = &run.repo;
    let (id, number, attempt) = (run.id.0, run.number, run.attempt);
    let url = format!("{}/actions/runs/{id}", repo.url);
    let (created, updated) = (seconds(run.created_at), seconds(run.updated_at));
    let status = state.run_status(run);
    let conclusion = state.run_conclusion(run).map_or_else(
        || "null".to_owned(),
        |conclusion| format!("\"{}\"", conclusion_text(conclusion)),
    );
    let sha = &run.head_sha;
    push_display(
        out,
        format_args!(
            "{{\"id\":{id},\"name\":\"CI\",\"node_id\":\"WFR_kwLO{id:x}\",\"head_branch\":\"main\",\"head_sha\":\"{sha}\",\
             \"path\":\".github/workflows/ci.yml\",\"display_title\":\"Lab run {number}\",\"run_number\":{number},\
             \"event\":\"push\",\"status\":\"{}\",\"conclusion\":{conclusion},\"workflow_id\":161335,\
             \"check_suite_id\":{id},\"check_suite_node_id\":\"CS_kwDO{id:x}\",\"url\":\"{url}\",\
             \"html_url\":\"{}/actions/runs/{id}\",\"pull_requests\":[],\"created_at\":\"{created}\",\
             \"updated_at\":\"{updated}\",\"run_attempt\":{attempt},\"referenced_workflows\":[],\
             \"run_started_at\":\"{created}\",\"jobs_url\":\"{url}/jobs\",\"logs_url\":\"{url}/logs\",\
             \"check_suite_url\":\"{}/check-suites/{id}\",\"artifacts_url\":\"{url}/artifacts\",\
             \"cancel_url\":\"{url}/cancel\",\"rerun_url\":\"{url}/rerun\",\"previous_attempt_url\":null,\
             \"workflow_url\":\"{}/actions/workflows/161335\",",
            status.as_str(),
            repo.html_url,
            repo.url,
            repo.url,
        ),
    );
    push_display(
        out,
        format_args!(
            "\"actor\":{owner},\"triggering_actor\":{owner},\
             \"head_commit\":{{\"id\":\"{sha}\",\"tree_id\":\"{sha}\",\"message\":\"Lab run {number}\",\
             \"timestamp\":\"{created}\",\"author\":{{\"name\":\"Octo Cat\",\"email\":\"octocat@example.com\"}},\
             \"committer\":{{\"name\":\"Octo Cat\",\"email\":\"octocat@example.com\"}}}},\
             \"repository\":{minimal},\"head_repository\":{minimal}}}",
            owner = repo.owner,
            minimal = repo.minimal,
        ),
    );
}

/// Whether a run is listed under `?status=`: by its status or its conclusion.
pub(super) fn run_has_status(state: &State, run: &Run, wanted: &str) -> bool {
    let status = state.run_status(run);
    if status.as_str() == wanted {
        return true;
    }
    status == Status::Completed
        && state
            .run_conclusion(run)
            .is_some_and(|found| conclusion_text(found) == wanted)
}

/// The values `?status=` may have.
pub(super) const RUN_FILTERS: [&str; 14] = [
    "completed",
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "skipped",
    "stale",
    "success",
    "timed_out",
    "in_progress",
    "queued",
    "requested",
    "waiting",
    "pending",
];
