//! The endpoints of runs and jobs.

use std::sync::Arc;

use super::{
    Github,
    links::query_value,
    objects::{RUN_FILTERS, push_run, run_has_status},
    payload::{Look, push_job},
    reply::{error, invalid_request, not_found},
    repository_text::Repository,
    route::{Access, Ask, Permission, Route},
    state::{Job, Status},
};
use crate::{
    calls::Reply,
    history::What,
    ids::{JobId, RunId},
};

const READ: Permission = Permission::read("actions");
const WRITE: Permission = Permission::write("actions");

pub(super) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/runs",
        "github.list-runs",
        Access::Repository(READ, Github::list_runs),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
        "github.list-run-jobs",
        Access::Repository(READ, Github::list_run_jobs),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/jobs/{job_id}",
        "github.get-job",
        Access::Repository(READ, Github::get_job),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel",
        "github.cancel-run",
        Access::Repository(WRITE, Github::cancel_run_by_api),
    ),
];

impl Github {
    fn list_runs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let request = ask.request;
        let wanted = query_value(request, "status");
        if wanted
            .as_ref()
            .is_some_and(|wanted| !RUN_FILTERS.contains(&wanted.as_str()))
        {
            return invalid_request("status is not one of the known values.");
        }
        let state = self.seen_by(ask.call);
        // Newest first, as GitHub lists them.
        let runs: Vec<_> = state
            .runs
            .values()
            .rev()
            .filter(|run| run.repo.id == repo.id)
            .filter(|run| {
                wanted
                    .as_ref()
                    .is_none_or(|wanted| run_has_status(&state, run, wanted))
            })
            .collect();
        let (page, total) = (self.page(request), runs.len());
        let mut body = format!("{{\"total_count\":{total},\"workflow_runs\":[");
        for (index, run) in page.of(runs).into_iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            push_run(&mut body, &state, run);
        }
        body.push_str("]}");
        self.with_links(Reply::text(200, body), request, &page, total)
    }

    fn list_run_jobs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let (run, request) = (RunId(ask.number("run_id")), ask.request);
        let state = self.seen_by(ask.call);
        let Some(run) = state.runs.get(&run).filter(|run| run.repo.id == repo.id) else {
            return not_found();
        };
        let jobs: Vec<&Job> = match query_value(request, "filter").as_deref() {
            None | Some("latest") => state.latest_jobs(run).collect(),
            Some("all") => run
                .jobs
                .iter()
                .filter_map(|job| state.jobs.get(job))
                .collect(),
            Some(_) => return invalid_request("filter must be latest or all."),
        };
        let (page, total) = (self.page(request), jobs.len());
        let mut body = format!("{{\"total_count\":{total},\"jobs\":[");
        for (index, job) in page.of(jobs).into_iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            push_job(&mut body, job, run, &Look::of(job));
        }
        body.push_str("]}");
        self.with_links(Reply::text(200, body), request, &page, total)
    }

    fn get_job(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let job = JobId(ask.number("job_id"));
        let state = self.seen_by(ask.call);
        let found = state.jobs.get(&job).filter(|job| job.repo.id == repo.id);
        let Some((job, run)) = found.and_then(|job| Some((job, state.runs.get(&job.run)?))) else {
            return not_found();
        };
        let mut body = String::with_capacity(1600);
        push_job(&mut body, job, run, &Look::of(job));
        Reply::text(200, body)
    }

    fn cancel_run_by_api(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Reply {
        let (run, call) = (RunId(ask.number("run_id")), ask.call);
        let mut state = self.state();
        let Some(found) = state.runs.get(&run).filter(|run| run.repo.id == repo.id) else {
            return not_found();
        };
        if state.run_status(found) == Status::Completed {
            return error(409, "Cannot cancel a workflow run that is completed.");
        }
        let requested = What::RunCancelRequested {
            run,
            call: Some(call.call),
        };
        let requested = self.history().record(Some(call.received), requested);
        self.cancel_jobs(&mut state, run, requested);
        Reply::text(202, "{}".to_owned()).with_effect()
    }
}
