//! The endpoints of logs: they lead to a link, and the link leads to the log.
//!
//! On GitHub the link leads to a storage service; here to a path of the fake itself, which GitHub's
//! description of its API does not have.

use std::sync::Arc;

use super::{
    route::{Access, Ask, Permission, Route},
    runs::attempt_number,
};
use crate::{
    calls::Reply,
    drawn_text::{HEX, drawn},
    github::{
        handle::Github,
        objects::{
            log_text::{job_log, run_archive},
            refusal::{Answer, Refusal},
            reply::file,
        },
        state::{
            accounts::repository::Repository,
            records::State,
            runs::{
                log_links::{Followed, LogOf},
                run::Run,
                standing::RunStatus,
                table::Runs,
            },
        },
    },
};

const READ: Permission = Permission::read("actions");
const WRITE: Permission = Permission::write("actions");

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs",
        "github.job-logs",
        Access::Repository(READ, Github::job_logs),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/logs",
        "github.run-logs",
        Access::Repository(READ, Github::run_logs),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/logs",
        "github.run-attempt-logs",
        Access::Repository(READ, Github::run_attempt_logs),
    ),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/logs",
        "github.delete-run-logs",
        Access::Repository(WRITE, Github::delete_run_logs),
    ),
    Route::get(
        "/_logs/{token}",
        "github.download-logs",
        Access::Public(Github::download_logs),
    ),
];

impl Github {
    fn job_logs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let job = state.runs.job_of_repo(repo, ask);
        let Some(job) = job.filter(|job| state.runs.has_log(job)).map(|job| job.id) else {
            return Err(Refusal::NotFound);
        };
        Ok(self.log_link(&mut state, LogOf::Job(job)))
    }

    fn run_logs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let of = state
            .runs
            .run_of_repo(repo, ask)
            .and_then(|run| state.runs.logs_of(run, run.attempt));
        match of {
            Some(of) => Ok(self.log_link(&mut state, of)),
            None => Err(Refusal::NotFound),
        }
    }

    fn run_attempt_logs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let of = state
            .runs
            .run_of_repo(repo, ask)
            .and_then(|run| state.runs.logs_of(run, attempt_number(ask)?));
        match of {
            Some(of) => Ok(self.log_link(&mut state, of)),
            None => Err(Refusal::NotFound),
        }
    }

    fn log_link(&self, state: &mut State, of: LogOf) -> Reply {
        let entity = format!("log link {}", state.runs.log_links.next());
        let token = drawn(self.env(), &entity, "token", HEX, 40);
        let location = format!("{}/_logs/{token}", self.settings().base_url);
        let now_ms = self.env().clock.elapsed_ms();
        let expires_ms = self.ends_ms(self.settings().runs.log_link);
        state.runs.log_links.add(token, of, now_ms, expires_ms);
        Reply::empty(302).with_header("location", location)
    }

    fn delete_run_logs(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let Some(run) = state.runs.run_of_repo(repo, ask) else {
            return Err(Refusal::NotFound);
        };
        if run.standing.status != RunStatus::Completed {
            return Err(Refusal::LogsOfUnfinished);
        }
        let (run, attempt) = (run.id, run.attempt);
        if let Some(run) = state.runs.by_id.get_mut(&run) {
            run.logs_deleted = attempt;
        }
        Ok(Reply::empty(204).with_effect())
    }

    /// A link that is not good any more is gone.
    fn download_logs(&self, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let now_ms = self.env().clock.elapsed_ms();
        let found = match state.runs.log_links.follow(ask.text("token"), now_ms) {
            Followed::Unknown => None,
            Followed::Expired => return Err(Refusal::Gone),
            Followed::To(LogOf::Job(job)) => {
                let job = state
                    .runs
                    .jobs
                    .get(&job)
                    .filter(|job| state.runs.has_log(job));
                job.and_then(|job| {
                    let text = job_log(state.runs.by_id.get(&job.run)?, job);
                    Some(Ok(file("text/plain; charset=utf-8", text.into())))
                })
            }
            Followed::To(LogOf::Run(run, attempt)) => state.runs.by_id.get(&run).map(|run| {
                let jobs = state.runs.logged_jobs(run, attempt);
                match run_archive(run, &jobs) {
                    Ok(archive) => Ok(file("application/zip", archive.into())),
                    Err(_) => Err(Refusal::ServerError),
                }
            }),
        };
        found.unwrap_or(Err(Refusal::NotFound))
    }
}

impl Runs {
    /// The logs of an attempt, once it has ended and if there are any.
    fn logs_of(&self, run: &Run, attempt: u32) -> Option<LogOf> {
        let known = run.attempts.iter().find(|known| known.number == attempt)?;
        let ended = known.ended.is_some() || run.standing.status == RunStatus::Completed;
        let logged = ended && !self.logged_jobs(run, attempt).is_empty();
        logged.then_some(LogOf::Run(run.id, attempt))
    }
}
