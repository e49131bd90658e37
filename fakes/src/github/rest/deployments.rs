//! The endpoints of approvals: what a run waits for, and the answer of a reviewer.
//!
//! All jobs of a run that wait do so for the one environment there is.

use std::sync::Arc;

use serde::Deserialize;

use super::route::{Access, Ask, Permission, Route};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::{
            body::read,
            invalid::Invalid,
            refusal::{Answer, Refusal},
            run::BRANCH,
        },
        state::{
            accounts::repository::Repository,
            runs::{job::Status, run::Run, table::Runs},
        },
    },
    json_text::seconds,
};

/// The one environment.
const ENVIRONMENT: &str = "production";
const ENVIRONMENT_ID: u64 = 161_171_787;

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments",
        "github.list-pending-deployments",
        Access::Repository(
            Permission::read("actions"),
            Github::list_pending_deployments,
        ),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments",
        "github.review-pending-deployments",
        Access::Repository(
            Permission::write("deployments"),
            Github::review_pending_deployments,
        ),
    ),
];

#[derive(Deserialize)]
struct Review {
    environment_ids: Vec<u64>,
    state: Verdict,
    /// Required, and shown nowhere here.
    #[serde(rename = "comment")]
    _comment: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Approved,
    Rejected,
}

impl Github {
    fn list_pending_deployments(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        if !state.runs.waits_for_approval(run) {
            return Ok(Reply::text(200, "[]".to_owned()));
        }
        let Repository { url, html_url, .. } = &**repo;
        let body = format!(
            "[{{\"environment\":{{\"id\":{ENVIRONMENT_ID},\"node_id\":\"EN_kwDO{ENVIRONMENT_ID:x}\",\"name\":\"{ENVIRONMENT}\",\
             \"url\":\"{url}/environments/{ENVIRONMENT}\",\
             \"html_url\":\"{html_url}/deployments/activity_log?environments_filter={ENVIRONMENT}\"}},\
             \"wait_timer\":0,\"wait_timer_started_at\":null,\"current_user_can_approve\":true,\"reviewers\":[]}}]"
        );
        Ok(Reply::text(200, body))
    }

    fn review_pending_deployments(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let review: Review = read(&ask.request.body)?;
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        if review.environment_ids != [ENVIRONMENT_ID] || !state.runs.waits_for_approval(run) {
            return Err(Invalid::NoPendingDeployment.into());
        }
        let (body, run) = (self.deployment(run), run.id);
        let because = Some(ask.call.received);
        match review.state {
            Verdict::Approved => self.approve_jobs(&mut state, run, because),
            Verdict::Rejected => self.reject_jobs(&mut state, run, because),
        }
        self.settle(&mut state);
        Ok(Reply::text(200, format!("[{body}]")).with_effect())
    }

    fn deployment(&self, run: &Run) -> String {
        let (id, repo) = (run.id.0, &run.repo);
        let url = format!("{}/deployments/{id}", repo.url);
        let (created, updated) = (seconds(run.created_at), seconds(self.now()));
        let (repo_url, owner, sha) = (&repo.url, &repo.owner, &run.head_sha);
        format!(
            "{{\"url\":\"{url}\",\"id\":{id},\"node_id\":\"DE_kwDO{id:x}\",\"sha\":\"{sha}\",\"ref\":\"{BRANCH}\",\
             \"task\":\"deploy\",\"payload\":{{}},\"original_environment\":\"{ENVIRONMENT}\",\"environment\":\"{ENVIRONMENT}\",\
             \"description\":null,\"creator\":{owner},\"created_at\":\"{created}\",\"updated_at\":\"{updated}\",\
             \"statuses_url\":\"{url}/statuses\",\"repository_url\":\"{repo_url}\",\"transient_environment\":false,\
             \"production_environment\":true}}"
        )
    }
}

impl Runs {
    fn waits_for_approval(&self, run: &Run) -> bool {
        let mut jobs = run.jobs.iter().filter_map(|job| self.jobs.get(job));
        jobs.any(|job| job.status == Status::Waiting)
    }
}
