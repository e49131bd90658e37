//! The JSON object of a workflow run, as it is now or as one of its attempts was.

use jiff::Timestamp;

use crate::{
    github::state::runs::{run::Run, standing::Standing},
    json_text::{push_all, push_lower_hex, push_number, seconds},
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
    let (id, number) = (run.id.0.to_string(), run.number.to_string());
    let url = [&*repo.url, "/actions/runs/", &id].concat();
    let (created, updated) = (seconds(run.created_at), seconds(look.updated_at));
    let started = seconds(look.started_at);
    let (sha, attempt) = (&*run.head_sha, look.attempt);
    push_all(
        out,
        &["{\"id\":", &id, ",\"name\":\"CI\",\"node_id\":\"WFR_kwLO"],
    );
    push_lower_hex(out, run.id.0, 1);
    push_all(
        out,
        &["\",\"head_branch\":\"", BRANCH, "\",\"head_sha\":\"", sha],
    );
    push_all(
        out,
        &[
            "\",\"path\":\"",
            WORKFLOW_PATH,
            "\",\"display_title\":\"Lab run ",
        ],
    );
    push_all(
        out,
        &[
            &number,
            "\",\"run_number\":",
            &number,
            ",\"event\":\"",
            run.event,
        ],
    );
    push_all(out, &["\",\"status\":\"", look.standing.status.as_str()]);
    out.push_str("\",\"conclusion\":");
    match look.standing.conclusion {
        Some(conclusion) => push_all(out, &["\"", conclusion.as_str(), "\""]),
        None => out.push_str("null"),
    }
    out.push_str(",\"workflow_id\":");
    push_number(out, WORKFLOW_ID);
    push_all(
        out,
        &[
            ",\"check_suite_id\":",
            &id,
            ",\"check_suite_node_id\":\"CS_kwDO",
        ],
    );
    push_lower_hex(out, run.id.0, 1);
    push_all(
        out,
        &["\",\"url\":\"", &url, "\",\"html_url\":\"", &repo.html_url],
    );
    push_all(
        out,
        &[
            "/actions/runs/",
            &id,
            "\",\"pull_requests\":[],\"created_at\":\"",
        ],
    );
    push_all(
        out,
        &[
            &created,
            "\",\"updated_at\":\"",
            &updated,
            "\",\"run_attempt\":",
        ],
    );
    push_number(out, attempt.into());
    push_all(
        out,
        &[
            ",\"referenced_workflows\":[],\"run_started_at\":\"",
            &started,
        ],
    );
    push_all(
        out,
        &["\",\"jobs_url\":\"", &url, "/jobs\",\"logs_url\":\"", &url],
    );
    push_all(
        out,
        &[
            "/logs\",\"check_suite_url\":\"",
            &repo.url,
            "/check-suites/",
            &id,
        ],
    );
    push_all(
        out,
        &[
            "\",\"artifacts_url\":\"",
            &url,
            "/artifacts\",\"cancel_url\":\"",
        ],
    );
    push_all(out, &[&url, "/cancel\",\"rerun_url\":\"", &url, "/rerun\""]);
    out.push_str(",\"previous_attempt_url\":");
    if attempt > 1 {
        push_all(out, &["\"", &url, "/attempts/"]);
        push_number(out, u64::from(attempt - 1));
        out.push('"');
    } else {
        out.push_str("null");
    }
    push_all(
        out,
        &[",\"workflow_url\":\"", &repo.url, "/actions/workflows/"],
    );
    push_number(out, WORKFLOW_ID);
    push_people(out, run, &number, &created);
}

/// Appends what a run says of people, its commit and its repository, and the end of its object.
fn push_people(out: &mut String, run: &Run, number: &str, created: &str) {
    let (owner, sha) = (&*run.repo.owner, &*run.head_sha);
    let author = "{\"name\":\"Octo Cat\",\"email\":\"octocat@example.com\"}";
    push_all(
        out,
        &["\",\"actor\":", owner, ",\"triggering_actor\":", owner],
    );
    push_all(
        out,
        &[",\"head_commit\":{\"id\":\"", sha, "\",\"tree_id\":\"", sha],
    );
    push_all(
        out,
        &[
            "\",\"message\":\"Lab run ",
            number,
            "\",\"timestamp\":\"",
            created,
        ],
    );
    push_all(out, &["\",\"author\":", author, ",\"committer\":", author]);
    let minimal = &*run.repo.minimal;
    push_all(
        out,
        &[
            "},\"repository\":",
            minimal,
            ",\"head_repository\":",
            minimal,
            "}",
        ],
    );
}
