//! The endpoints that change runs: cancelling, running again, approving, deleting.

use std::sync::Arc;

use serde::Deserialize;

use super::route::{Access, Ask, Permission, Route};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        lifecycle::runs::rerunning::{Again, Refused},
        objects::reply::{error, not_found, parse},
        state::{
            accounts::repository::Repository,
            records::State,
            runs::standing::{RunConclusion, RunStatus},
        },
    },
    history::{Conclusion, What},
    ids::{EventId, RunId},
};

const WRITE: Permission = Permission::write("actions");

const CANNOT_CANCEL: &str = "Cannot cancel a workflow run that is completed.";
const NOT_YET_QUEUED: &str = "Cannot cancel a workflow re-run that has not yet queued.";
const TOO_OLD: &str = "Unable to retry this workflow run because it was created over a month ago";

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel",
        "github.cancel-run",
        Access::Repository(WRITE, Github::cancel_run_by_api),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/force-cancel",
        "github.force-cancel-run",
        Access::Repository(WRITE, Github::force_cancel_run_by_api),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun",
        "github.rerun-run",
        Access::Repository(WRITE, Github::rerun_run_by_api),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs",
        "github.rerun-failed-jobs",
        Access::Repository(WRITE, Github::rerun_failed_by_api),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/jobs/{job_id}/rerun",
        "github.rerun-job",
        Access::Repository(WRITE, Github::rerun_job_by_api),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/approve",
        "github.approve-run",
        Access::Repository(WRITE, Github::approve_run_by_api),
    ),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runs/{run_id}",
        "github.delete-run",
        Access::Repository(WRITE, Github::delete_run_by_api),
    ),
];

#[derive(Default, Deserialize)]
struct RerunRequest {
    #[serde(default)]
    enable_debug_logging: bool,
    /// Taken, and without effect: no debugger ever connects.
    #[serde(default, rename = "enable_debugger")]
    _enable_debugger: bool,
}

impl Github {
    fn cancel_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return not_found();
        };
        if run.standing.status == RunStatus::Completed {
            return error(409, CANNOT_CANCEL);
        }
        let run = run.id;
        let requested = self.cancel_requested(run, ask);
        self.cancel_jobs(&mut state, run, requested);
        self.settle(&mut state);
        Reply::text(202, "{}".to_owned()).with_effect()
    }

    fn force_cancel_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return not_found();
        };
        if run.standing.status == RunStatus::Completed {
            return error(409, CANNOT_CANCEL);
        }
        if run.attempt > 1 && run.hold.is_some() {
            return error(409, NOT_YET_QUEUED);
        }
        let run = run.id;
        let requested = self.cancel_requested(run, ask);
        let cancelled = RunConclusion::Jobs(Conclusion::Cancelled);
        self.end_run(&mut state, run, cancelled, Some(requested));
        self.settle(&mut state);
        Reply::text(202, "{}".to_owned()).with_effect()
    }

    fn cancel_requested(&self, run: RunId, ask: &Ask<'_>) -> EventId {
        let requested = What::RunCancelRequested {
            run,
            call: Some(ask.call.call),
        };
        self.history().record(Some(ask.call.received), requested)
    }

    fn rerun_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        self.rerun_by_api(repo, ask, &Again::All)
    }

    fn rerun_failed_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        self.rerun_by_api(repo, ask, &Again::Failed)
    }

    fn rerun_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>, again: &Again) -> Reply {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask).map(|run| run.id) else {
            return not_found();
        };
        self.answer_rerun(&mut state, run, again, ask)
    }

    fn rerun_job_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let mut state = self.state();
        let Some(job) = state.runs.job_of_repo(repo, ask) else {
            return not_found();
        };
        let (run, again) = (job.run, Again::Job(job.base_name.clone()));
        self.answer_rerun(&mut state, run, &again, ask)
    }

    fn answer_rerun(&self, state: &mut State, run: RunId, again: &Again, ask: &Ask<'_>) -> Reply {
        let wanted = if ask.request.body.is_empty() {
            Ok(RerunRequest::default())
        } else {
            parse(&ask.request.body)
        };
        let wanted: RerunRequest = match wanted {
            Ok(wanted) => wanted,
            Err(refusal) => return refusal,
        };
        let debug = wanted.enable_debug_logging;
        let because = Some(ask.call.received);
        let made = self.run_again(state, run, again, debug, because);
        self.settle(state);
        match made {
            Ok(_) => Reply::text(201, "{}".to_owned()).with_effect(),
            Err(Refused::Unknown) => not_found(),
            Err(Refused::NotCompleted) => error(403, already_running(again)),
            Err(Refused::TooOld) => error(403, TOO_OLD),
            // What GitHub says here is not documented.
            Err(Refused::NothingToRun) => error(403, "This workflow run has no failed jobs"),
        }
    }

    fn approve_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask).map(|run| run.id) else {
            return not_found();
        };
        if self.approve_fork(&mut state, run, Some(ask.call.received)) {
            self.settle(&mut state);
            return Reply::text(201, "{}".to_owned()).with_effect();
        }
        // What GitHub says here is not documented.
        error(403, "This run does not wait for approval")
    }

    fn delete_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return not_found();
        };
        if run.standing.status != RunStatus::Completed {
            // GitHub only says that a run has to be completed.
            return error(403, "Could not delete the workflow run");
        }
        let run = run.id;
        state.runs.forget_run(run);
        Reply::empty(204).with_effect()
    }
}

/// Why a run that has not ended cannot be run again.
fn already_running(again: &Again) -> &'static str {
    match again {
        Again::All | Again::Failed => "This workflow is already running",
        Again::Job(_) => "The workflow run containing this job is already running",
    }
}
