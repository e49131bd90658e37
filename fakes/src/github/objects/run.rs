//! The JSON object of a workflow run, as it is now or as one of its attempts was.

use jiff::Timestamp;

use crate::{
    github::state::runs::{run::Run, standing::Standing},
    json_text::{push_display, seconds},
};

/// The one workflow of every repository.
pub(in crate::github) const WORKFLOW_ID: u64 = 161_335;
/// Its file.
pub(in crate::github) const WORKFLOW_PATH: &str = ".github/workflows/ci.yml";
/// The branch of every run.
pub(in crate::github) const BRANCH: &str = "main";

/// What a run looks like as of one attempt.
pub(in crate::github) struct RunLook {
    attempt: u32,
    standing: Standing,
    started_at: Timestamp,
    updated_at: Timestamp,
}

impl RunLook {
    /// As the run is now.
    pub(in crate::github) fn of(run: &Run) -> Self {
        let started_at = run
            .attempts
            .last()
            .map_or(run.created_at, |attempt| attempt.started_at);
        Self {
            attempt: run.attempt,
            standing: run.standing,
            started_at,
            updated_at: run.updated_at,
        }
    }

    /// As this attempt is, or was when it ended.
    pub(in crate::github) fn of_attempt(run: &Run, number: u32) -> Option<Self> {
        let attempt = run
            .attempts
            .iter()
            .find(|attempt| attempt.number == number)?;
        let (standing, updated_at) = attempt.ended.unwrap_or((run.standing, run.updated_at));
        Some(Self {
            attempt: number,
            standing,
            started_at: attempt.started_at,
            updated_at,
        })
    }
}

/// Appends a workflow run object.
pub(in crate::github) fn push_run(out: &mut String, run: &Run, look: &RunLook) {
    let repo = &run.repo;
    let (id, number, attempt) = (run.id.0, run.number, look.attempt);
    let url = format!("{}/actions/runs/{id}", repo.url);
    let (created, updated) = (seconds(run.created_at), seconds(look.updated_at));
    let started = seconds(look.started_at);
    let status = look.standing.status.as_str();
    let conclusion = look.standing.conclusion.map_or_else(
        || "null".to_owned(),
        |conclusion| format!("\"{}\"", conclusion.as_str()),
    );
    let previous = if attempt > 1 {
        format!("\"{url}/attempts/{}\"", attempt - 1)
    } else {
        "null".to_owned()
    };
    let (sha, event) = (&run.head_sha, run.event);
    push_display(
        out,
        format_args!(
            "{{\"id\":{id},\"name\":\"CI\",\"node_id\":\"WFR_kwLO{id:x}\",\"head_branch\":\"{BRANCH}\",\"head_sha\":\"{sha}\",\
             \"path\":\"{WORKFLOW_PATH}\",\"display_title\":\"Lab run {number}\",\"run_number\":{number},\
             \"event\":\"{event}\",\"status\":\"{status}\",\"conclusion\":{conclusion},\"workflow_id\":{WORKFLOW_ID},\
             \"check_suite_id\":{id},\"check_suite_node_id\":\"CS_kwDO{id:x}\",\"url\":\"{url}\",\
             \"html_url\":\"{}/actions/runs/{id}\",\"pull_requests\":[],\"created_at\":\"{created}\",\
             \"updated_at\":\"{updated}\",\"run_attempt\":{attempt},\"referenced_workflows\":[],\
             \"run_started_at\":\"{started}\",\"jobs_url\":\"{url}/jobs\",\"logs_url\":\"{url}/logs\",\
             \"check_suite_url\":\"{}/check-suites/{id}\",\"artifacts_url\":\"{url}/artifacts\",\
             \"cancel_url\":\"{url}/cancel\",\"rerun_url\":\"{url}/rerun\",\"previous_attempt_url\":{previous},\
             \"workflow_url\":\"{}/actions/workflows/{WORKFLOW_ID}\",",
            repo.html_url, repo.url, repo.url,
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
