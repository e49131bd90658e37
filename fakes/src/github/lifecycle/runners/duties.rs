//! What GitHub has to look at when its time comes: one list of dates, and one sleeper for the earliest.
//!
//! A task for every runner and job would cost more than the runners and jobs.

use std::time::Duration;

use crate::{
    github::{
        handle::Github,
        state::{queue::agenda::Duty, records::State, runs::job::Status},
    },
    history::Removal,
    ids::{JobId, RunnerId},
};

impl Github {
    /// Puts a duty on the list.
    pub(in crate::github) fn plan(&self, state: &mut State, at_ms: u64, duty: Duty) {
        state.queue.agenda.duties.insert((at_ms, duty));
        self.wake_for_first(state);
    }

    /// Sees to it that somebody wakes in time for the earliest duty.
    fn wake_for_first(&self, state: &mut State) {
        let Some(&(at_ms, _)) = state.queue.agenda.duties.first() else {
            return;
        };
        if state
            .queue
            .agenda
            .wakes
            .first()
            .is_some_and(|wake| *wake <= at_ms)
        {
            return;
        }
        state.queue.agenda.wakes.insert(at_ms);
        let wait = at_ms.saturating_sub(self.env().clock.elapsed_ms());
        self.after(Duration::from_millis(wait), move |github| {
            let mut state = github.state();
            state.queue.agenda.wakes.remove(&at_ms);
            github.do_what_is_due(&mut state);
            github.wake_for_first(&mut state);
        });
    }

    fn do_what_is_due(&self, state: &mut State) {
        let now = self.env().clock.elapsed_ms();
        let mut matters = false;
        while let Some(duty) = state.queue.agenda.next_due(now) {
            matters |= self.fulfil(state, duty);
        }
        if matters {
            self.settle(state);
        }
    }

    /// Does one duty. Gives whether jobs may have become free for other runners.
    fn fulfil(&self, state: &mut State, duty: Duty) -> bool {
        match duty {
            Duty::Age(runner, because) => {
                self.remove_runner(state, runner, Removal::Aged, because);
                false
            }
            Duty::Release(runner, because) => {
                self.remove_runner(state, runner, Removal::Ephemeral, because);
                false
            }
            Duty::Unsee(runner) => {
                let gone = state.runners.get(&runner);
                if gone.is_none_or(|runner| !runner.is_online()) {
                    state.queue.idle.remove(&runner);
                }
                false
            }
            Duty::Pickup(runner, job) => self.give_up_on(state, runner, job),
            Duty::QueueLimit(job) => self.end_overdue(state, job),
            Duty::Notice(job) => {
                let waits = state.queue.jobs.contains(&job);
                if waits {
                    state.queue.jobs.insert(job);
                }
                waits
            }
        }
    }

    /// The runner never started the job, or never took up a recorded one that runs: that waits for another one.
    fn give_up_on(&self, state: &mut State, runner: RunnerId, job: JobId) -> bool {
        let waits = state
            .runs
            .jobs
            .get(&job)
            .is_some_and(|job| job.status == Status::Queued || job.driven);
        let holder = state.queue.holders.get(&job);
        let is_elsewhere =
            state.queue.jobs.contains(&job) || holder.is_some_and(|it| *it != runner);
        // A run that was completed over its jobs keeps nothing for another runner.
        if !waits || is_elsewhere || state.runs.has_forgotten(job) {
            return false;
        }
        if state.runs.jobs.get(&job).map(|job| job.status) == Some(Status::Completed) {
            // The recording has ended the job meanwhile.
            self.take_back(state, job, None);
            return false;
        }
        self.queue_again(state, job, None);
        true
    }

    /// The job waited for too long and ends without having run.
    fn end_overdue(&self, state: &mut State, job: JobId) -> bool {
        let Some(because) = state.runs.jobs.get(&job).map(|job| job.last_event) else {
            return false;
        };
        if !state.queue.jobs.contains(&job) {
            return false;
        }
        let conclusion = self.settings().runners.queue_limit_conclusion;
        self.conclude(state, job, conclusion, because);
        true
    }
}
