//! Runs that may not begin yet: those of a busy concurrency group, and those of forks.
//!
//! In a group one run goes at a time, and one more may wait. A third takes the place of the one that
//! waits, which is cancelled. The jobs of a run that is held come into being when it is let go.

use crate::{
    github::{
        handle::Github,
        state::{
            records::State,
            runs::{
                claims::{Claim, key_of},
                job::Job,
                standing::RunStatus,
            },
        },
    },
    history::What,
    ids::{EventId, RunId},
};

impl Github {
    /// Puts a new job into the world, now or when its run may begin.
    pub(in crate::github) fn bring(&self, state: &mut State, job: Job, because: Option<EventId>) {
        let run = job.run;
        let claim = state.runs.claim(run);
        if let Claim::Granted = claim {
            self.begin_job(state, job, because, true);
            return;
        }
        state.runs.names.insert(job.name.clone(), job.id);
        state.runs.unborn.entry(run).or_default().push(job);
        state.runs.refile(run);
        let Claim::Blocked { holder, displaced } = claim else {
            return;
        };
        if let Some(displaced) = displaced {
            let event = self.cancel_asked(displaced, because);
            self.cancel_jobs(state, displaced, event);
        }
        if state.runs.cancels_in_progress(run) {
            let event = self.cancel_asked(holder, because);
            self.cancel_jobs(state, holder, event);
        }
    }

    fn cancel_asked(&self, run: RunId, because: Option<EventId>) -> EventId {
        self.history()
            .record(because, What::RunCancelRequested { run, call: None })
    }

    /// If the run is over, the next of its group begins.
    pub(in crate::github) fn pass_group_on(&self, state: &mut State, run: RunId, because: EventId) {
        let Some(key) = state
            .runs
            .by_id
            .get(&run)
            .filter(|run| run.standing.status == RunStatus::Completed)
            .and_then(key_of)
        else {
            return;
        };
        let Some(group) = state
            .runs
            .groups
            .get_mut(&key)
            .filter(|group| group.holder == run)
        else {
            return;
        };
        match group.waiting.take() {
            Some(next) => {
                group.holder = next;
                self.let_go(state, next, Some(because));
            }
            None => {
                state.runs.groups.remove(&key);
            }
        }
    }

    /// The run is held no longer: its jobs begin.
    pub(in crate::github) fn let_go(
        &self,
        state: &mut State,
        run: RunId,
        because: Option<EventId>,
    ) {
        if let Some(run) = state.runs.by_id.get_mut(&run) {
            run.hold = None;
        }
        let now = self.now();
        for job in state.runs.unborn.remove(&run).unwrap_or_default() {
            let job = Job {
                created_at: now,
                ..job
            };
            self.bring(state, job, because);
        }
        state.runs.refile(run);
    }
}
