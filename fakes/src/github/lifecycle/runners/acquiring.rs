//! The moment between assigned and started: the runner asks for the job it was assigned, and gets it or does not.
//!
//! A runner that is refused says so in its diagnostic log alone and listens on. If it is an ephemeral one, its
//! registration was used up by the assignment: it listens for ever, and GitHub knows it no more
//! (<https://github.com/actions/runner/issues/4617>).

use crate::{
    github::{
        handle::Github,
        objects::runner_refusal::RunnerRefusal,
        state::{records::State, runners::record::Link, runs::job::Status},
    },
    history::{Conclusion, Removal, What},
    ids::{EventId, JobId, RunnerId},
};

impl Github {
    /// The runner asks for its job: it starts. Asked again, the answer is the same; what GitHub says then is
    /// UNCONFIRMED.
    pub(crate) fn acquire(
        &self,
        runner: RunnerId,
        job: JobId,
        because: EventId,
    ) -> Result<(), RunnerRefusal> {
        let mut state = self.state();
        let status = state.runs.jobs.get(&job).map(|job| job.status);
        if state.queue.holders.get(&job) != Some(&runner) {
            return Err(match status {
                Some(Status::Waiting | Status::Queued | Status::InProgress) => {
                    RunnerRefusal::JobAcquired
                }
                Some(Status::Completed) | None => RunnerRefusal::JobNotFound,
            });
        }
        state.picked_up(runner, job);
        if status == Some(Status::Queued) {
            let found = state.runners.get(&runner);
            let name = found.map(|runner| runner.name.clone()).unwrap_or_default();
            self.start(&mut state, job, Some(runner), &name, because);
        }
        Ok(())
    }

    /// The runner was told that there is no such job: GitHub takes it for cancelled, as it does where it says so of
    /// itself.
    pub(crate) fn job_was_not_found(&self, runner: RunnerId, job: JobId, because: EventId) {
        let mut state = self.state();
        let status = state.runs.jobs.get(&job).map(|job| job.status);
        if state.queue.holders.get(&job) == Some(&runner) && status == Some(Status::Queued) {
            self.take_back(&mut state, job, Some(because));
            self.conclude(&mut state, job, Conclusion::Cancelled, because);
            self.settle(&mut state);
        }
    }

    /// GitHub takes the job back from whoever was assigned it and has not started it. A runner that stays can have
    /// another one; the record of an ephemeral one that is there goes without a word to its process.
    pub(in crate::github) fn take_back(
        &self,
        state: &mut State,
        job: JobId,
        because: Option<EventId>,
    ) {
        let Some((holder, taken_back)) = self.unassign(state, job, because) else {
            return;
        };
        let Some(runner) = state.runners.get_mut(&holder) else {
            return;
        };
        match (&runner.link, runner.ephemeral) {
            (Link::Connected(_), true) => {
                runner.link = Link::Offline;
                self.remove_runner(state, holder, Removal::Ephemeral, taken_back);
            }
            (Link::Connected(_), false) => {
                runner.online_ms = self.env().clock.elapsed_ms();
                runner.online_event = taken_back;
                state.queue.idle.insert(holder);
            }
            (Link::Never | Link::Lost(_) | Link::Offline, _) => {
                state.queue.idle.remove(&holder);
            }
        }
    }

    /// GitHub takes a job back from the runner it was assigned to, which has not started it: it is queued again. Gives
    /// whether there was such a runner.
    pub fn take_job_back(&self, job: JobId, because: Option<EventId>) -> bool {
        let mut state = self.state();
        let status = state.runs.jobs.get(&job).map(|job| job.status);
        if status != Some(Status::Queued) || !state.queue.holders.contains_key(&job) {
            return false;
        }
        self.queue_again(&mut state, job, because);
        self.settle(&mut state);
        true
    }

    /// The same as [`Github::take_back`], and the job waits for another runner.
    pub(in crate::github) fn queue_again(
        &self,
        state: &mut State,
        job: JobId,
        because: Option<EventId>,
    ) {
        self.take_back(state, job, because);
        state.queue.jobs.insert(job);
    }

    /// The job is no longer that runner's which was assigned it and has not started it, even if the recording says it
    /// runs. Gives that runner, and the event.
    pub(in crate::github) fn unassign(
        &self,
        state: &mut State,
        job: JobId,
        because: Option<EventId>,
    ) -> Option<(RunnerId, EventId)> {
        let runner = state.let_go(job)?;
        let found = state.runs.jobs.get_mut(&job)?;
        let because = because.unwrap_or(found.last_event);
        let event = self
            .history()
            .record(Some(because), What::JobTakenBack { job, runner });
        found.dispatchable_because = event;
        found.runner = None;
        Some((runner, event))
    }
}
