//! The endpoints that show runs, their attempts, and jobs.

use std::sync::Arc;

use super::{
    pages::query_value,
    route::{Access, Ask, Permission, Route},
    run_filter::RunFilter,
};
use crate::{
    calls::{Incoming, Reply},
    github::{
        handle::Github,
        objects::{
            invalid::Invalid,
            job::{Look, push_job},
            refusal::{Answer, Refusal},
            run::{RunLook, push_run},
        },
        state::{
            accounts::repository::Repository,
            runs::{job::Job, run::Run, table::Runs},
        },
    },
    ids::{JobId, RunId},
    json_text::push_display,
};

const READ: Permission = Permission::read("actions");

/// Room for a run, with its repository, and for a job.
const RUN_BYTES: usize = 16_000;
const JOB_BYTES: usize = 1600;

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/runs",
        "github.list-runs",
        Access::Repository(READ, Github::list_runs),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}",
        "github.get-run",
        Access::Repository(READ, Github::get_run),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
        "github.get-run-attempt",
        Access::Repository(READ, Github::get_run_attempt),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs",
        "github.list-run-attempt-jobs",
        Access::Repository(READ, Github::list_attempt_jobs),
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
];

impl Github {
    fn list_runs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let filter = RunFilter::of(ask.request)?;
        let page = self.page(ask.request);
        let given_max = if filter.limits() {
            self.settings().runs.filtered_max
        } else {
            usize::MAX
        };
        let skip = (page.number - 1).saturating_mul(page.per_page);
        let take = page.per_page.min(given_max.saturating_sub(skip));
        let state = self.seen_by(ask.call);
        let (total, runs) = filter.choose(&state, repo, skip, take);
        let mut body = String::with_capacity(64 + runs.len() * RUN_BYTES);
        push_display(
            &mut body,
            format_args!("{{\"total_count\":{total},\"workflow_runs\":["),
        );
        for (index, run) in runs.into_iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            push_run(&mut body, run, &RunLook::of(run));
        }
        body.push_str("]}");
        let reachable = total.min(given_max);
        Ok(self.with_links(Reply::text(200, body), ask.request, &page, reachable))
    }

    fn get_run(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.seen_by(ask.call);
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        Ok(run_reply(run, &RunLook::of(run)))
    }

    fn get_run_attempt(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.seen_by(ask.call);
        let found = state.runs.run_of_repo(repo, ask).and_then(|run| {
            let look = RunLook::of_attempt(run, attempt_number(ask)?)?;
            Some((run, look))
        });
        match found {
            Some((run, look)) => Ok(run_reply(run, &look)),
            None => Err(Refusal::NotFound),
        }
    }

    fn list_attempt_jobs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.seen_by(ask.call);
        let found = state.runs.run_of_repo(repo, ask).zip(attempt_number(ask));
        let Some((run, number)) =
            found.filter(|(run, number)| run.attempts.iter().any(|known| known.number == *number))
        else {
            return Err(Refusal::NotFound);
        };
        let mut jobs = state.runs.jobs_as_of(run, number);
        if !self.settings().runs.attempts_carry_jobs {
            jobs.retain(|job| job.attempt == number);
        }
        Ok(self.jobs_reply(ask.request, run, jobs))
    }

    fn list_run_jobs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.seen_by(ask.call);
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        let jobs: Vec<&Job> = match query_value(ask.request, "filter").as_deref() {
            None | Some("latest") => state.runs.latest_jobs(run),
            Some("all") => run
                .jobs
                .iter()
                .filter_map(|job| state.runs.jobs.get(job))
                .collect(),
            Some(_) => return Err(Invalid::Filter.into()),
        };
        Ok(self.jobs_reply(ask.request, run, jobs))
    }

    fn jobs_reply(&self, request: &Incoming, run: &Run, jobs: Vec<&Job>) -> Reply {
        let (page, total) = (self.page(request), jobs.len());
        let jobs = page.of(jobs);
        let mut body = String::with_capacity(64 + jobs.len() * JOB_BYTES);
        push_display(
            &mut body,
            format_args!("{{\"total_count\":{total},\"jobs\":["),
        );
        for (index, job) in jobs.into_iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            push_job(&mut body, job, run, &Look::of(job));
        }
        body.push_str("]}");
        self.with_links(Reply::text(200, body), request, &page, total)
    }

    fn get_job(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.seen_by(ask.call);
        let found = state.runs.job_of_repo(repo, ask);
        let Some((job, run)) = found.and_then(|job| Some((job, state.runs.by_id.get(&job.run)?)))
        else {
            return Err(Refusal::NotFound);
        };
        let mut body = String::with_capacity(JOB_BYTES);
        push_job(&mut body, job, run, &Look::of(job));
        Ok(Reply::text(200, body))
    }
}

impl Runs {
    /// The run that the path names, if it is one of this repository.
    pub(in crate::github) fn run_of_repo(&self, repo: &Repository, ask: &Ask<'_>) -> Option<&Run> {
        let run = self.by_id.get(&RunId(ask.number("run_id")))?;
        (run.repo.id == repo.id).then_some(run)
    }

    /// The job that the path names, if it is one of this repository.
    pub(in crate::github) fn job_of_repo(&self, repo: &Repository, ask: &Ask<'_>) -> Option<&Job> {
        let job = self.jobs.get(&JobId(ask.number("job_id")))?;
        (job.repo.id == repo.id).then_some(job)
    }
}

/// The attempt that the path names.
pub(in crate::github) fn attempt_number(ask: &Ask<'_>) -> Option<u32> {
    u32::try_from(ask.number("attempt_number")).ok()
}

fn run_reply(run: &Run, look: &RunLook) -> Reply {
    let mut body = String::with_capacity(RUN_BYTES);
    push_run(&mut body, run, look);
    Reply::text(200, body)
}
