//! Who gets which job: by labels, never by who asked for the runner.
//!
//! A job and a runner of the same repository meet when the runner is online and idle and carries every
//! label of the job. They are joined one assignment delay after both were there. A pass joins everything
//! that is due and plans the next pass; it runs whenever a job or a runner becomes available.

use std::{cmp::Reverse, time::Duration};

use super::{
    Github,
    connections::ToRunner,
    later,
    state::{Job, Link, Runner, State, Status},
};
use crate::{
    history::{Conclusion, What},
    ids::{EventId, JobId, RunnerId},
    settings::AssignmentPolicy,
};

impl Github {
    /// One assignment pass.
    pub(super) fn assign(&self, state: &mut State) {
        let now = self.env().clock.elapsed_ms();
        if state.idle.is_empty() || state.queued.is_empty() {
            return;
        }
        let mut next: Option<u64> = None;
        for id in self.in_order(state) {
            let Some(job) = state.jobs.get(&id) else {
                continue;
            };
            if is_held_back(state, job) {
                continue;
            }
            let delay = self.env().within(
                self.settings().assignment.delay,
                &job.name,
                "assignment.delay",
            );
            let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            let due = |runner: &Runner| {
                job.dispatchable_ms
                    .max(runner.online_ms)
                    .saturating_add(delay_ms)
            };
            let candidate = state
                .idle
                .iter()
                .filter_map(|runner| state.runners.get(runner))
                .filter(|runner| can_run(runner, job))
                .min_by_key(|runner| (due(runner), runner.online_ms, runner.id));
            let Some((due, runner)) = candidate.map(|runner| (due(runner), runner.id)) else {
                continue;
            };
            if due <= now {
                self.join(state, id, runner);
            } else {
                next = Some(next.map_or(due, |next: u64| next.min(due)));
            }
        }
        if let Some(at_ms) = next {
            self.plan_pass(state, at_ms);
        }
    }

    fn plan_pass(&self, state: &mut State, at_ms: u64) {
        if state.next_pass_ms.is_some_and(|planned| planned <= at_ms) {
            return;
        }
        state.next_pass_ms = Some(at_ms);
        let wait = at_ms.saturating_sub(self.env().clock.elapsed_ms());
        self.after(Duration::from_millis(wait), move |github| {
            let mut state = github.state();
            if state.next_pass_ms == Some(at_ms) {
                state.next_pass_ms = None;
            }
            github.assign(&mut state);
        });
    }

    /// Queued jobs in the order of the policy.
    fn in_order(&self, state: &State) -> Vec<JobId> {
        let mut jobs: Vec<JobId> = state.queued.iter().copied().collect();
        // The last event of a queued job is the one that queued it; ids say nothing, since recorded
        // jobs bring theirs along.
        let queued = |job: &JobId| state.jobs.get(job).map(|job| job.last_event);
        match self.settings().assignment.policy {
            AssignmentPolicy::Oldest => jobs.sort_by_key(queued),
            AssignmentPolicy::Newest => jobs.sort_by_key(|job| Reverse(queued(job))),
            AssignmentPolicy::Random => jobs.sort_by_key(|job| {
                let name = state.jobs.get(job).map_or("", |job| job.name.as_str());
                (self.env().draw.bits(name, "assignment.order"), *job)
            }),
        }
        jobs
    }

    /// Gives the job to the runner. A runner whose process is gone takes it too, and never starts it.
    fn join(&self, state: &mut State, id: JobId, runner_id: RunnerId) {
        let Some(job) = state.jobs.get(&id) else {
            return;
        };
        let (cause, (runs_for, conclusion)) = (job.dispatchable_because, self.course_of(job));
        if let Some(assigned) = self.give(state, id, runner_id, cause, Some(runs_for), conclusion) {
            let name = state
                .runners
                .get(&runner_id)
                .map(|runner| runner.name.clone())
                .unwrap_or_default();
            self.start(state, id, Some(runner_id), &name, assigned);
        }
    }

    /// Marks the runner as busy with the job and sends it its order. Gives the event if the runner lives.
    pub(super) fn give(
        &self,
        state: &mut State,
        job: JobId,
        runner_id: RunnerId,
        cause: EventId,
        runs_for: Option<Duration>,
        conclusion: Conclusion,
    ) -> Option<EventId> {
        state.idle.remove(&runner_id);
        state.queued.remove(&job);
        let runner = state.runners.get_mut(&runner_id)?;
        runner.job = Some(job);
        let because = later(cause, runner.online_event);
        let hf_job = runner.hf_job.clone();
        let event = self.history().record(
            Some(because),
            What::RunnerAssigned {
                runner: runner_id,
                job,
                hf_job,
            },
        );
        let order = ToRunner::Run {
            job,
            runs_for,
            conclusion,
            because: event,
        };
        match &runner.link {
            Link::Connected(process) if process.send(order).is_ok() => Some(event),
            _ => None,
        }
    }
}

/// Whether the runner may take the job at all.
fn can_run(runner: &Runner, job: &Job) -> bool {
    runner.owner.serves(&job.repo)
        && !job.labels.is_empty()
        && job
            .folded_labels
            .iter()
            .all(|label| runner.folded_labels.contains(label))
}

/// Whether the run's limit on parallel jobs keeps the job waiting.
fn is_held_back(state: &State, job: &Job) -> bool {
    let Some(run) = state.runs.get(&job.run) else {
        return false;
    };
    let Some(limit) = run.max_parallel else {
        return false;
    };
    let running = run.jobs.iter().filter(|id| {
        let runs = state
            .jobs
            .get(id)
            .is_some_and(|job| job.status == Status::InProgress);
        runs || state
            .runners
            .values()
            .any(|runner| runner.job == Some(**id))
    });
    running.count() >= limit as usize
}
