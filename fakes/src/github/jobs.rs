//! The life of workflow jobs and runs: queued, approved, started, completed, cancelled.

use std::{sync::Arc, time::Duration};

use super::{
    Github,
    connections::ToRunner,
    repository_text::Repository,
    runner_record::Link,
    state::{Birth, Job, KnownIds, Run, State, Status},
};
use crate::{
    drawn_text::{HEX, drawn},
    history::{Conclusion, What},
    ids::{EventId, JobId, RunId, RunnerId},
    settings::RepoSettings,
};

/// A job somebody pushes.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its name in the scenario.
    pub name: String,
    /// `owner/name`. A repository nobody has named before gets the App installed.
    pub repo: String,
    /// `runs-on`.
    pub labels: Vec<String>,
    /// Jobs with the same key and repository share a run; none gives the job a run of its own.
    pub run: Option<String>,
    /// How long it runs.
    pub runs_for: Duration,
    /// How it ends, if it runs to its end.
    pub conclusion: Conclusion,
    /// How many jobs of its run may run at once.
    pub max_parallel: Option<u32>,
    /// Whether it waits for an approval first.
    pub needs_approval: bool,
    /// The runner group that `runs-on` names, if it names one.
    pub group: Option<String>,
}

impl Github {
    /// A job is pushed: it is queued, or waits for an approval.
    pub fn queue(&self, job: NewJob, because: Option<EventId>) -> JobId {
        let mut state = self.state();
        let repo = self.repo_or_new(&mut state, &job.repo);
        let run = self.run_for(&mut state, &repo, &job);
        let id = state.counters.job();
        let status = if job.needs_approval {
            Status::Waiting
        } else {
            Status::Queued
        };
        let born = Job::born(Birth {
            id,
            name: job.name,
            run,
            attempt: 1,
            repo,
            labels: job.labels,
            created_at: self.now(),
        });
        let made = Job {
            runs_for: job.runs_for,
            will_conclude: job.conclusion,
            status,
            group: job.group,
            ..born
        };
        self.begin_job(&mut state, made, because, true);
        self.assign(&mut state);
        id
    }

    pub(super) fn repo_or_new(&self, state: &mut State, name: &str) -> Arc<Repository> {
        if let Some(known) = state.repo(name) {
            return known.clone();
        }
        state.add_repo(
            &RepoSettings::installed(name),
            self.settings(),
            self.env(),
            KnownIds::default(),
        )
    }

    fn run_for(&self, state: &mut State, repo: &Arc<Repository>, job: &NewJob) -> RunId {
        let key = job.run.as_ref().map_or_else(
            || format!("job {}", job.name),
            |key| format!("run {key} {}", repo.id),
        );
        let known = state
            .run_keys
            .get(&key)
            .copied()
            .filter(|_| job.run.is_some());
        let id = known.unwrap_or_else(|| {
            let id = state.counters.run();
            self.add_run(state, id, &key, repo, 1);
            id
        });
        if let Some(run) = state.runs.get_mut(&id)
            && job.max_parallel.is_some()
        {
            run.max_parallel = job.max_parallel;
        }
        id
    }

    pub(super) fn add_run(
        &self,
        state: &mut State,
        id: RunId,
        key: &str,
        repo: &Arc<Repository>,
        attempt: u32,
    ) {
        let now = self.now();
        let run = Run {
            id,
            repo: repo.clone(),
            number: state.runs.len() as u64 + 1,
            attempt,
            head_sha: drawn(self.env(), key, "head-sha", HEX, 40),
            created_at: now,
            updated_at: now,
            max_parallel: None,
            jobs: Vec::new(),
        };
        state.run_keys.insert(key.to_owned(), id);
        state.runs.insert(id, run);
    }

    /// Puts a new job into the world, in the status it has, and tells everybody.
    pub(super) fn begin_job(
        &self,
        state: &mut State,
        mut job: Job,
        because: Option<EventId>,
        emits: bool,
    ) {
        let (id, run, waits) = (job.id, job.run, job.status == Status::Waiting);
        let event = self.history().record(because, existence(&job));
        job.last_event = event;
        if let Some(run) = state.runs.get_mut(&run) {
            run.jobs.push(id);
            run.updated_at = job.created_at;
        }
        state.names.insert(job.name.clone(), id);
        let driven = job.driven;
        state.jobs.insert(id, job);
        if !waits && !driven {
            self.make_dispatchable(state, id, event);
        }
        if emits {
            self.emit(state, id, if waits { "waiting" } else { "queued" }, event);
        }
    }

    fn make_dispatchable(&self, state: &mut State, id: JobId, because: EventId) {
        let now = self.env().clock.elapsed_ms();
        if let Some(job) = state.jobs.get_mut(&id) {
            job.dispatchable_ms = now;
            job.dispatchable_because = because;
            state.queued.insert(id);
        }
    }

    /// Somebody approves the waiting jobs of a run.
    pub fn approve(&self, run: RunId, because: Option<EventId>) {
        let mut state = self.state();
        for id in state.jobs_of(run) {
            self.queue_waiting(&mut state, id, because, true);
        }
        self.assign(&mut state);
    }

    /// Waiting to queued.
    pub(super) fn queue_waiting(
        &self,
        state: &mut State,
        id: JobId,
        because: Option<EventId>,
        emits: bool,
    ) {
        let Some(job) = state
            .jobs
            .get_mut(&id)
            .filter(|job| job.status == Status::Waiting)
        else {
            return;
        };
        job.status = Status::Queued;
        let event = self
            .history()
            .record(because.or(Some(job.last_event)), existence(job));
        job.last_event = event;
        if !job.driven {
            self.make_dispatchable(state, id, event);
        }
        if emits {
            self.emit(state, id, "queued", event);
        }
    }

    /// Somebody cancels a run.
    pub fn cancel_run(&self, run: RunId, because: Option<EventId>) {
        let mut state = self.state();
        let event = self
            .history()
            .record(because, What::RunCancelRequested { run, call: None });
        self.cancel_jobs(&mut state, run, event);
    }

    /// Jobs without a runner end at once; a running job's runner is told.
    pub(super) fn cancel_jobs(&self, state: &mut State, run: RunId, because: EventId) {
        for id in state.jobs_of(run) {
            let Some(job) = state.jobs.get(&id) else {
                continue;
            };
            match job.status {
                Status::Completed => {}
                Status::Waiting | Status::Queued => {
                    state.let_go(id);
                    self.conclude(state, id, Conclusion::Cancelled, because);
                }
                Status::InProgress => {
                    let runner = job.runner.and_then(|runner| state.runners.get(&runner));
                    match runner.map(|runner| &runner.link) {
                        Some(Link::Connected(runner)) => {
                            // A runner that just ended is noticed by its own end.
                            let _gone = runner.send(ToRunner::Cancel(because));
                        }
                        // A recording's job has no runner of ours, and a lost runner hears nothing.
                        _ => self.conclude(state, id, Conclusion::Cancelled, because),
                    }
                }
            }
        }
        self.assign(state);
    }

    /// The job starts on a runner, or outside the lab.
    pub(super) fn start(
        &self,
        state: &mut State,
        id: JobId,
        runner: Option<RunnerId>,
        name: &str,
        because: EventId,
    ) {
        let now = self.now();
        state.queued.remove(&id);
        let group = runner.and_then(|runner| state.group_of(runner));
        let Some(job) = state.jobs.get_mut(&id) else {
            return;
        };
        job.runner_group = group;
        job.status = Status::InProgress;
        job.started_at = Some(now);
        job.runner = runner;
        name.clone_into(&mut job.runner_name);
        let runner_name = name.to_owned();
        let event = self.history().record(
            Some(because),
            What::JobStarted {
                job: id,
                runner,
                runner_name,
            },
        );
        job.last_event = event;
        let (run, driven) = (job.run, job.driven);
        if let Some(run) = state.runs.get_mut(&run) {
            run.updated_at = now;
        }
        if !driven {
            self.emit(state, id, "in_progress", event);
        }
    }

    /// The job ends. A completed job stays as it is.
    pub(super) fn conclude(
        &self,
        state: &mut State,
        id: JobId,
        conclusion: Conclusion,
        because: EventId,
    ) {
        let now = self.now();
        state.queued.remove(&id);
        let Some(job) = state
            .jobs
            .get_mut(&id)
            .filter(|job| job.status != Status::Completed)
        else {
            return;
        };
        job.status = Status::Completed;
        job.conclusion = Some(conclusion);
        job.completed_at = Some(now);
        let runner = job.runner;
        let event = self.history().record(
            Some(because),
            What::JobCompleted {
                job: id,
                conclusion,
                runner,
            },
        );
        job.last_event = event;
        let (run, driven) = (job.run, job.driven);
        if !driven {
            self.emit(state, id, "completed", event);
        }
        self.unblock(state, run, event);
    }

    /// A job of the run ended: with a limit on parallel jobs, the others could go from now on.
    fn unblock(&self, state: &mut State, run: RunId, because: EventId) {
        let now = self.env().clock.elapsed_ms();
        let Some(run) = state.runs.get_mut(&run) else {
            return;
        };
        run.updated_at = self.now();
        if run.max_parallel.is_none() {
            return;
        }
        for id in &run.jobs {
            if let Some(job) = state
                .jobs
                .get_mut(id)
                .filter(|job| state.queued.contains(&job.id))
            {
                job.dispatchable_ms = now;
                job.dispatchable_because = because;
            }
        }
    }
}

impl State {
    pub(super) fn jobs_of(&self, run: RunId) -> Vec<JobId> {
        self.runs
            .get(&run)
            .map(|run| run.jobs.clone())
            .unwrap_or_default()
    }
}

/// `job.queued` or `job.waiting`, as its status says.
fn existence(job: &Job) -> What {
    let (id, name, run, attempt) = (job.id, job.name.clone(), job.run, job.attempt);
    let (repo, labels) = (job.repo.name.clone(), job.labels.clone());
    if job.status == Status::Waiting {
        What::JobWaiting {
            job: id,
            name,
            run,
            attempt,
            repo,
            labels,
        }
    } else {
        What::JobQueued {
            job: id,
            name,
            run,
            attempt,
            repo,
            labels,
        }
    }
}
