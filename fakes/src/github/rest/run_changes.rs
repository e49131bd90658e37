//! The endpoints that change runs: cancelling, running again, approving, deleting.

use std::sync::Arc;

use serde::Deserialize;

use super::route::{Access, Ask, Permission, Route};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        lifecycle::runs::rerunning::{Again, Refused},
        objects::{
            body::read,
            refusal::{Answer, Refusal},
        },
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
    fn cancel_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        if run.standing.status == RunStatus::Completed {
            return Err(Refusal::CancelOfCompleted);
        }
        let run = run.id;
        let requested = self.cancel_requested(run, ask);
        self.cancel_jobs(&mut state, run, requested);
        self.settle(&mut state);
        Ok(Reply::text(202, "{}".to_owned()).with_effect())
    }

    fn force_cancel_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        if run.standing.status == RunStatus::Completed {
            return Err(Refusal::CancelOfCompleted);
        }
        if run.attempt > 1 && run.hold.is_some() {
            return Err(Refusal::CancelOfHeldRerun);
        }
        let run = run.id;
        let requested = self.cancel_requested(run, ask);
        let cancelled = RunConclusion::Jobs(Conclusion::Cancelled);
        self.end_run(&mut state, run, cancelled, Some(requested));
        self.settle(&mut state);
        Ok(Reply::text(202, "{}".to_owned()).with_effect())
    }

    fn cancel_requested(&self, run: RunId, ask: &Ask<'_>) -> EventId {
        let requested = What::RunCancelRequested {
            run,
            call: Some(ask.call.call),
        };
        self.history().record(Some(ask.call.received), requested)
    }

    fn rerun_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        self.rerun_by_api(repo, ask, &Again::All)
    }

    fn rerun_failed_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        self.rerun_by_api(repo, ask, &Again::Failed)
    }

    fn rerun_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>, again: &Again) -> Answer {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask).map(|run| run.id) else {
            return Err(Refusal::NotFound);
        };
        self.answer_rerun(&mut state, run, again, ask)
    }

    fn rerun_job_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let Some(job) = state.runs.job_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        let (run, again) = (job.run, Again::Job(job.base_name.clone()));
        self.answer_rerun(&mut state, run, &again, ask)
    }

    fn answer_rerun(&self, state: &mut State, run: RunId, again: &Again, ask: &Ask<'_>) -> Answer {
        let wanted = if ask.request.body.is_empty() {
            Ok(RerunRequest::default())
        } else {
            read(&ask.request.body)
        };
        let wanted: RerunRequest = wanted?;
        let debug = wanted.enable_debug_logging;
        let because = Some(ask.call.received);
        let made = self.run_again(state, run, again, debug, because);
        self.settle(state);
        match made {
            Ok(_) => Ok(Reply::text(201, "{}".to_owned()).with_effect()),
            Err(Refused::Unknown) => Err(Refusal::NotFound),
            Err(Refused::NotCompleted) => Err(already_running(again)),
            Err(Refused::TooOld) => Err(Refusal::RerunTooLate),
            Err(Refused::NothingToRun) => Err(Refusal::NothingFailed),
        }
    }

    fn approve_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask).map(|run| run.id) else {
            return Err(Refusal::NotFound);
        };
        if self.approve_fork(&mut state, run, Some(ask.call.received)) {
            self.settle(&mut state);
            return Ok(Reply::text(201, "{}".to_owned()).with_effect());
        }
        Err(Refusal::NotAwaitingApproval)
    }

    fn delete_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        if run.standing.status != RunStatus::Completed {
            // GitHub only says that a run has to be completed.
            return Err(Refusal::DeleteOfUnfinished);
        }
        let run = run.id;
        state.runs.forget_run(run);
        Ok(Reply::empty(204).with_effect())
    }
}

/// Why a run that has not ended cannot be run again.
fn already_running(again: &Again) -> Refusal {
    match again {
        Again::All | Again::Failed => Refusal::RerunOfRunning,
        Again::Job(_) => Refusal::RerunOfRunningJob,
    }
}
