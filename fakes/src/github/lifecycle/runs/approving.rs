//! Approvals: of jobs that wait for one, and of runs that come from forks.

use crate::{
    github::{
        handle::Github,
        state::{
            records::State,
            runs::{hold::Hold, job::Status},
        },
    },
    history::Conclusion,
    ids::{EventId, RunId},
};

impl Github {
    /// Somebody approves the waiting jobs of a run, or a run that comes from a fork. Gives whether anything waited for
    /// that.
    pub fn approve(&self, run: RunId, because: Option<EventId>) -> bool {
        let mut state = self.state();
        let forks = self.approve_fork(&mut state, run, because);
        let jobs = state.runs.jobs_of(run).iter().any(|id| {
            let job = state.runs.jobs.get(id);
            job.is_some_and(|job| job.status == Status::Waiting)
        });
        self.approve_jobs(&mut state, run, because);
        self.settle(&mut state);
        forks || jobs
    }

    pub(in crate::github) fn approve_jobs(
        &self,
        state: &mut State,
        run: RunId,
        because: Option<EventId>,
    ) {
        for id in state.runs.jobs_of(run) {
            self.queue_waiting(state, id, because, true);
        }
    }

    /// A maintainer lets a fork's run begin. Says whether it waited for that.
    pub(in crate::github) fn approve_fork(
        &self,
        state: &mut State,
        run: RunId,
        because: Option<EventId>,
    ) -> bool {
        let waits = state
            .runs
            .by_id
            .get(&run)
            .is_some_and(|run| run.hold == Some(Hold::Fork));
        if waits {
            self.let_go(state, run, because);
        }
        waits
    }

    /// Somebody rejects the waiting jobs of a run: they fail.
    pub fn reject(&self, run: RunId, because: Option<EventId>) {
        let mut state = self.state();
        self.reject_jobs(&mut state, run, because);
        self.settle(&mut state);
    }

    pub(in crate::github) fn reject_jobs(
        &self,
        state: &mut State,
        run: RunId,
        because: Option<EventId>,
    ) {
        for id in state.runs.jobs_of(run) {
            let waiting = state
                .runs
                .jobs
                .get(&id)
                .filter(|job| job.status == Status::Waiting);
            if let Some(cause) = waiting.map(|job| because.unwrap_or(job.last_event)) {
                self.conclude(state, id, Conclusion::Failure, cause);
            }
        }
    }
}
