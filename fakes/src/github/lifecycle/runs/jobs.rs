//! The life of workflow jobs and runs: queued, approved, started, completed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    drawn_text::{HEX, drawn},
    github::{
        handle::Github,
        state::{
            accounts::repository::Repository,
            records::{KnownIds, State},
            runs::{
                hold::Hold,
                job::{Birth, Job, Matrix, Status},
                new_job::{NewJob, NotQueued},
                run::{Attempt, Run},
                standing::{RunConclusion, Standing, Tally},
            },
        },
    },
    history::{Conclusion, HeldBy, What},
    ids::{EventId, JobId, RunId, RunnerId},
    settings::RepoSettings,
};

impl Github {
    /// A job is pushed: it is queued, or waits for an approval, or for its run to begin.
    ///
    /// # Errors
    /// When its matrix has as many jobs as it can make, or its run has ended.
    pub fn queue(&self, job: NewJob, because: Option<EventId>) -> Result<JobId, NotQueued> {
        let mut state = self.state();
        let repo = self.repo_or_new(&mut state, &job.repo);
        let run = self.run_for(&mut state, &repo, &job);
        let runs = &state.runs;
        if runs.by_id.get(&run).is_some_and(|run| runs.is_over(run)) {
            return Err(NotQueued::RunIsOver { run });
        }
        let jobs_max = self.settings().runs.jobs_max;
        let jobs = state.runs.first_jobs(run, job.matrix.as_deref(), jobs_max);
        if jobs >= jobs_max {
            return Err(NotQueued::RunIsFull { run, jobs });
        }
        let id = state.runs.next_job();
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
            matrix: job.matrix.map(Arc::from),
            runs_for: job.runs_for,
            timeout: job.timeout,
            will_conclude: job.conclusion,
            status,
            group: job.group,
            ..born
        };
        self.bring(&mut state, made, because);
        self.settle(&mut state);
        Ok(id)
    }

    pub(in crate::github) fn repo_or_new(&self, state: &mut State, name: &str) -> Arc<Repository> {
        // What is pushed to the old name of a repository reaches it, as git's redirects do.
        if let Some(known) = state.accounts.repo_or_moved(name) {
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
            .runs
            .by_key
            .get(&key)
            .copied()
            .filter(|_| job.run.is_some());
        let id = known.unwrap_or_else(|| {
            let id = state.runs.next_id();
            self.add_run(state, id, &key, repo, 1);
            if let Some(run) = state.runs.by_id.get_mut(&id) {
                run.concurrency.clone_from(&job.concurrency);
                if job.from_fork {
                    run.event = "pull_request";
                    run.hold = Some(Hold::Fork);
                }
            }
            id
        });
        if let Some(run) = state.runs.by_id.get_mut(&id)
            && let Some(limit) = job.max_parallel
        {
            let matrix = job.matrix.as_deref().map(Arc::from);
            run.max_parallel.insert(matrix, limit);
        }
        id
    }

    pub(in crate::github) fn add_run(
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
            number: state.runs.next_number(),
            attempt,
            head_sha: drawn(self.env(), key, "head-sha", HEX, 40),
            created_at: now,
            updated_at: now,
            max_parallel: BTreeMap::new(),
            jobs: Vec::new(),
            event: "push",
            concurrency: None,
            hold: None,
            ended: None,
            tally: Tally::default(),
            standing: Standing::EMPTY,
            attempts: vec![Attempt::begun(attempt, now)],
            logs_deleted: 0,
            without_runner: self.settings().runs.without_runner,
        };
        state.runs.by_key.insert(key.to_owned(), id);
        state.runs.index.add(&run);
        state.runs.by_id.insert(id, run);
        self.plan_run_limit(state, self.settings().runs.run_takes_max);
    }

    /// Puts a new job into the world, in the status it has, and tells everybody.
    pub(in crate::github) fn begin_job(
        &self,
        state: &mut State,
        mut job: Job,
        because: Option<EventId>,
        emits: bool,
    ) {
        let (id, run, waits) = (job.id, job.run, job.status == Status::Waiting);
        let skipped = job.will_conclude == Conclusion::Skipped && !job.driven;
        job.held = !waits && !job.driven && !skipped && state.runs.is_full(&job.in_matrix());
        let event = self.history().record(because, existence(&job));
        job.last_event = event;
        if let Some(run) = state.runs.by_id.get_mut(&run) {
            run.jobs.push(id);
            run.updated_at = job.created_at;
        }
        state.runs.names.insert(job.name.clone(), id);
        let free = !job.held;
        state.runs.jobs.insert(id, job);
        state.runs.count_job(id);
        if !waits && free && !skipped {
            self.make_dispatchable(state, id, event);
        }
        if emits && (!skipped || self.settings().runs.skipped_are_queued) {
            self.emit(state, id, if waits { "waiting" } else { "queued" }, event);
        }
        if skipped {
            self.conclude(state, id, Conclusion::Skipped, event);
        }
    }

    fn make_dispatchable(&self, state: &mut State, id: JobId, because: EventId) {
        let now = self.env().clock.elapsed_ms();
        if state.runs.has_forgotten(id) {
            return;
        }
        if let Some(job) = state.runs.jobs.get_mut(&id) {
            job.dispatchable_ms = now;
            job.dispatchable_because = because;
            state.queue.jobs.insert(id);
        }
    }

    /// Waiting to queued.
    pub(in crate::github) fn queue_waiting(
        &self,
        state: &mut State,
        id: JobId,
        because: Option<EventId>,
        emits: bool,
    ) {
        if state
            .runs
            .jobs
            .get(&id)
            .is_none_or(|job| job.status != Status::Waiting)
        {
            return;
        }
        let is_full = state
            .runs
            .jobs
            .get(&id)
            .is_some_and(|job| state.runs.is_full(&job.in_matrix()));
        state.runs.move_job(id, Status::Queued);
        let Some(job) = state.runs.jobs.get_mut(&id) else {
            return;
        };
        job.held = is_full && !job.driven;
        let event = self
            .history()
            .record(because.or(Some(job.last_event)), existence(job));
        job.last_event = event;
        if !job.held {
            self.make_dispatchable(state, id, event);
        }
        if emits {
            self.emit(state, id, "queued", event);
        }
    }

    /// The job starts on a runner, or outside the lab.
    pub(in crate::github) fn start(
        &self,
        state: &mut State,
        id: JobId,
        runner: Option<RunnerId>,
        name: &str,
        because: EventId,
    ) {
        let now = self.now();
        state.queue.jobs.remove(&id);
        let group = runner.and_then(|runner| state.runners.group_of(runner));
        state.runs.move_job(id, Status::InProgress);
        let Some(job) = state.runs.jobs.get_mut(&id) else {
            return;
        };
        job.runner_group = group;
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
        job.started_event = event;
        let (run, driven) = (job.run, job.driven);
        if let Some(run) = state.runs.by_id.get_mut(&run) {
            run.updated_at = now;
        }
        if !driven {
            self.emit(state, id, "in_progress", event);
        }
    }

    /// The job ends. A completed job stays as it is.
    pub(in crate::github) fn conclude(
        &self,
        state: &mut State,
        id: JobId,
        conclusion: Conclusion,
        because: EventId,
    ) {
        self.conclude_with_run(state, id, conclusion, None, because);
    }

    /// The same. If it was the last of its run, the run ends so, or as the worst of its jobs.
    pub(in crate::github) fn conclude_with_run(
        &self,
        state: &mut State,
        id: JobId,
        conclusion: Conclusion,
        run_ends: Option<RunConclusion>,
        because: EventId,
    ) {
        let now = self.now();
        state.queue.jobs.remove(&id);
        let Some(job) = state
            .runs
            .jobs
            .get_mut(&id)
            .filter(|job| job.status != Status::Completed)
        else {
            return;
        };
        job.conclusion = Some(conclusion);
        job.completed_at = Some(now);
        job.held = false;
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
        let (run, is_told, matrix) = (job.run, job.end_is_told, job.in_matrix());
        let went_on = state.runs.goes_on(run);
        state.runs.move_job(id, Status::Completed);
        if !is_told {
            self.emit(state, id, "completed", event);
        }
        if went_on {
            self.note_end_of_run(state, run, run_ends, Some(event));
        }
        self.unblock(state, &matrix, event);
        state.runs.note_ended(run, event);
    }

    /// Records that a run is over, if it is.
    pub(in crate::github) fn note_end_of_run(
        &self,
        state: &State,
        run: RunId,
        ends: Option<RunConclusion>,
        because: Option<EventId>,
    ) {
        let Some(standing) = state.runs.by_id.get(&run).map(|run| run.standing) else {
            return;
        };
        let Some(conclusion) = standing.conclusion.map(|own| ends.unwrap_or(own)) else {
            return;
        };
        let conclusion = conclusion.as_str().to_owned();
        self.history()
            .record(because, What::RunCompleted { run, conclusion });
    }

    /// How long the job will run, and how it will end: its time limits may come first.
    pub(in crate::github) fn course_of(&self, job: &Job) -> (Duration, Conclusion) {
        let settings = &self.settings().runs;
        let limit = job.timeout.unwrap_or(Duration::MAX);
        let limit = limit.min(settings.job_runs_max);
        if job.runs_for > limit {
            (limit, settings.timeout_conclusion)
        } else {
            (job.runs_for, job.will_conclude)
        }
    }

    /// A job of a matrix ended: with a limit on parallel jobs, the next of it that is held goes.
    fn unblock(&self, state: &mut State, matrix: &Matrix, because: EventId) {
        if let Some(run) = state.runs.by_id.get_mut(&matrix.run) {
            run.updated_at = self.now();
        }
        while let Some(next) = state.runs.next_held(matrix) {
            if let Some(job) = state.runs.jobs.get_mut(&next) {
                job.held = false;
            }
            let event = self
                .history()
                .record(Some(because), What::JobDispatchable { job: next });
            self.make_dispatchable(state, next, event);
        }
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
            held_by: job.held.then_some(HeldBy::MaxParallel),
        }
    }
}
