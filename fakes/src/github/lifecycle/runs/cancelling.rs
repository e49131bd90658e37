//! How a run is ended from outside: cancelled, by force or not, by a limit, or by whoever drives the world.

use std::time::Duration;

use crate::{
    github::{
        handle::Github,
        state::{
            records::State,
            runners::{orders::ToRunner, record::Link},
            runs::{
                job::Status,
                standing::{RunConclusion, RunStatus},
            },
        },
    },
    history::{Conclusion, What},
    ids::{EventId, JobId, RunId},
};

impl Github {
    /// Somebody cancels a run.
    pub fn cancel_run(&self, run: RunId, because: Option<EventId>) {
        let mut state = self.state();
        let event = self
            .history()
            .record(because, What::RunCancelRequested { run, call: None });
        self.cancel_jobs(&mut state, run, event);
        self.settle(&mut state);
    }

    /// Somebody cancels a run and waits for no runner.
    pub fn force_cancel_run(&self, run: RunId, because: Option<EventId>) {
        let mut state = self.state();
        let event = self
            .history()
            .record(because, What::RunCancelRequested { run, call: None });
        let cancelled = RunConclusion::Jobs(Conclusion::Cancelled);
        self.end_run(&mut state, run, cancelled, Some(event));
        self.settle(&mut state);
    }

    /// GitHub ends a run so, whatever its jobs do: they end with it, and runners are told to stop.
    pub fn complete_run(&self, run: RunId, conclusion: RunConclusion, because: Option<EventId>) {
        let mut state = self.state();
        self.end_jobs(&mut state, run, conclusion, Some(conclusion), because, &[]);
        if let Some(run) = state.runs.by_id.get_mut(&run) {
            run.ended = Some(conclusion);
        }
        state.runs.refile(run);
        self.settle(&mut state);
    }

    /// GitHub ends a run so and forgets those of its jobs that no runner works on: they stay queued or waiting for ever,
    /// and nobody is given them (<https://github.com/tuist/tuist/pull/12673>). Gives whether there is such a run and it
    /// had not ended.
    pub fn complete_run_over_jobs(
        &self,
        run: RunId,
        conclusion: RunConclusion,
        because: Option<EventId>,
    ) -> bool {
        let mut state = self.state();
        let found = state.runs.by_id.get(&run);
        if found.is_none_or(|run| state.runs.run_status(run) == RunStatus::Completed) {
            return false;
        }
        let forgotten: Vec<JobId> = state.runs.jobs_of(run);
        let forgotten = forgotten.into_iter().filter(|id| {
            let job = state.runs.jobs.get(id);
            job.is_some_and(|job| matches!(job.status, Status::Queued | Status::Waiting))
        });
        let forgotten: Vec<JobId> = forgotten.collect();
        for id in &forgotten {
            self.take_back(&mut state, *id, because);
            state.queue.jobs.remove(id);
            if let Some(job) = state.runs.jobs.get_mut(id) {
                job.held = false;
            }
        }
        let ends = Some(conclusion);
        self.end_jobs(&mut state, run, conclusion, ends, because, &forgotten);
        if let Some(found) = state.runs.by_id.get_mut(&run) {
            found.ended = Some(conclusion);
            found.updated_at = self.now();
        }
        state.runs.refile(run);
        if let Some(last) = forgotten.last().and_then(|id| state.runs.jobs.get(id)) {
            let (job, event) = (last.id, because.unwrap_or(last.last_event));
            self.note_end_of_run(&state, run, None, Some(event));
            self.emit_run_of(&mut state, job, "completed", event);
            state.runs.note_ended(run, event);
        }
        self.settle(&mut state);
        true
    }

    /// Ends all of the run's jobs at once. Jobs that nothing else explains ended because of themselves.
    pub(in crate::github) fn end_run(
        &self,
        state: &mut State,
        run: RunId,
        conclusion: RunConclusion,
        because: Option<EventId>,
    ) {
        self.end_jobs(state, run, conclusion, None, because, &[]);
    }

    /// The same for all of its jobs but some. The run ends so, or as the worst of its jobs.
    fn end_jobs(
        &self,
        state: &mut State,
        run: RunId,
        conclusion: RunConclusion,
        run_ends: Option<RunConclusion>,
        because: Option<EventId>,
        but: &[JobId],
    ) {
        if self.end_held(state, run, conclusion, because) {
            return;
        }
        let of_jobs = match conclusion {
            RunConclusion::Jobs(conclusion) => conclusion,
            RunConclusion::Stale => Conclusion::Cancelled,
            RunConclusion::StartupFailure => Conclusion::Failure,
        };
        for id in state.runs.jobs_to_end(run) {
            let Some(job) = state
                .runs
                .jobs
                .get(&id)
                .filter(|job| !but.contains(&job.id))
            else {
                continue;
            };
            let cause = because.unwrap_or(job.last_event);
            match job.status {
                Status::Completed => continue,
                Status::Waiting | Status::Queued => self.take_back(state, id, Some(cause)),
                Status::InProgress => {
                    if let Some(Link::Connected(runner)) = state.runners.link_of(job.runner) {
                        // A runner that just ended is noticed by its own end.
                        let _gone = runner.send(ToRunner::Cancel(cause));
                    }
                }
            }
            self.conclude_with_run(state, id, of_jobs, run_ends, cause);
        }
    }

    fn end_held(
        &self,
        state: &mut State,
        id: RunId,
        conclusion: RunConclusion,
        because: Option<EventId>,
    ) -> bool {
        let ended = state.runs.end_held(id, conclusion);
        if let Some(run) = state.runs.by_id.get_mut(&id).filter(|_| ended) {
            run.updated_at = self.now();
            self.note_end_of_run(state, id, Some(conclusion), because);
        }
        ended
    }

    /// Jobs without a runner end at once; a running job's runner is told. A run that never began just ends.
    pub(in crate::github) fn cancel_jobs(&self, state: &mut State, run: RunId, because: EventId) {
        let cancelled = RunConclusion::Jobs(Conclusion::Cancelled);
        if self.end_held(state, run, cancelled, Some(because)) {
            return;
        }
        for id in state.runs.jobs_to_end(run) {
            let Some(job) = state.runs.jobs.get(&id) else {
                continue;
            };
            match job.status {
                Status::Completed => {}
                Status::InProgress if !state.waits_for_pickup(id) => {
                    match state.runners.link_of(job.runner) {
                        Some(Link::Connected(runner)) => {
                            // A runner that just ended is noticed by its own end.
                            let _gone = runner.send(ToRunner::Cancel(because));
                        }
                        // A recording's job has no runner of ours, and a lost runner hears nothing.
                        _ => self.conclude(state, id, Conclusion::Cancelled, because),
                    }
                }
                // That which runs is a recorded one that its runner never took up.
                Status::Waiting | Status::Queued | Status::InProgress => {
                    self.take_back(state, id, Some(because));
                    self.conclude(state, id, Conclusion::Cancelled, because);
                }
            }
        }
    }

    /// Plans the look at runs that take too long, unless it is planned already.
    pub(in crate::github) fn plan_run_limit(&self, state: &mut State, wait: Duration) {
        if !state.runs.limit_is_planned {
            state.runs.limit_is_planned = true;
            self.after(wait, Self::cancel_overdue_runs);
        }
    }

    fn cancel_overdue_runs(&self) {
        let mut state = self.state();
        state.runs.limit_is_planned = false;
        let limit = self.settings().runs.run_takes_max;
        let now = self.now();
        let mut next: Option<Duration> = None;
        for id in state.runs.index.live().collect::<Vec<_>>() {
            let Some(run) = state.runs.by_id.get(&id) else {
                continue;
            };
            let age = now.duration_since(run.created_at).unsigned_abs();
            if age < limit {
                let left = limit.saturating_sub(age);
                next = Some(next.map_or(left, |next| next.min(left)));
            } else {
                let requested = What::RunCancelRequested {
                    run: id,
                    call: None,
                };
                let event = self.history().record(None, requested);
                self.cancel_jobs(&mut state, id, event);
            }
        }
        if let Some(wait) = next {
            self.plan_run_limit(&mut state, wait);
        }
        self.settle(&mut state);
    }
}
