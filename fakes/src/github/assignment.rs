//! Who gets which job: by labels, never by who asked for the runner.
//!
//! A job and a runner meet when the runner is online and idle, carries every label of the job and may serve
//! its repository. They are joined one assignment delay after both were there. A pass joins everything
//! that is due and plans the next pass; it runs whenever a job or a runner becomes available.

use std::time::Duration;

use super::{
    Github,
    agenda::Duty,
    connections::ToRunner,
    later,
    matching::{Class, JobKind, RunnerKind},
    runner_groups::DEFAULT_GROUP_NAME,
    runner_labels::folded_set,
    runner_record::{Link, Runner},
    runner_table::Scope,
    state::{Job, State, Status},
};
use crate::{
    history::{Conclusion, What},
    ids::{EventId, JobId, RunnerId},
    settings::{AssignmentPolicy, IdleRunner, WaitingJob},
};

/// Whom a job would be given to, and when.
struct Candidate {
    due_ms: u64,
    runner: RunnerId,
}

impl Github {
    /// One assignment pass.
    pub(super) fn assign(&self, state: &mut State) {
        self.follow(state);
        let now = self.env().clock.elapsed_ms();
        let mut next: Option<u64> = None;
        let mut line = state.matching.first_in_line();
        while let Some(turn) = line.pop_first() {
            let (_, id, class) = turn;
            if let Some(due_ms) = self.try_to_join(state, id, class, now) {
                next = Some(next.map_or(due_ms, |next: u64| next.min(due_ms)));
            }
            line.extend(state.matching.behind(turn));
        }
        if let Some(at_ms) = next {
            self.plan_pass(state, at_ms);
        }
    }

    /// Joins the job to a runner if that is due; gives the time when it will be.
    fn try_to_join(&self, state: &mut State, id: JobId, class: Class, now: u64) -> Option<u64> {
        let job = state.jobs.get(&id)?;
        if is_held_back(state, job) {
            return None;
        }
        let candidate = self.candidate(state, job, class, now)?;
        if candidate.due_ms > now {
            return Some(candidate.due_ms);
        }
        self.join(state, id, candidate.runner);
        self.follow(state);
        None
    }

    fn candidate(&self, state: &State, job: &Job, class: Class, now: u64) -> Option<Candidate> {
        let assignment = &self.settings().assignment;
        let delay = self
            .env()
            .within(assignment.delay, &job.name, "assignment.delay");
        let wait_ms = millis(delay).saturating_add(millis(self.settings().runners.staleness));
        let due =
            |since_ms: u64| std::cmp::max(job.dispatchable_ms, since_ms).saturating_add(wait_ms);
        let first = |(since_ms, runner)| Candidate {
            due_ms: due(since_ms),
            runner,
        };
        let longest_idle = state.matching.longest_idle(class).map(first);
        let AssignmentPolicy::Custom(rule) = &assignment.policy else {
            return longest_idle;
        };
        let waiting = self.waiting(job);
        let due_now = state
            .matching
            .all_idle(class)
            .filter(|(since_ms, ..)| due(*since_ms) <= now);
        let preferred = due_now.filter_map(|(since_ms, runner, labels)| {
            let name = &state.runners.get(&runner)?.name;
            let idle = IdleRunner {
                runner,
                name,
                labels,
                idle_since_ms: since_ms,
            };
            Some((rule.preference(&waiting, &idle), runner))
        });
        let preferred = preferred.min().map(|(_, runner)| Candidate {
            due_ms: now,
            runner,
        });
        preferred.or(longest_idle)
    }

    fn waiting<'a>(&self, job: &'a Job) -> WaitingJob<'a> {
        WaitingJob {
            job: job.id,
            name: &job.name,
            repo: &job.repo.name,
            labels: &job.labels,
            // The last event of a queued job is the one that queued it; ids say nothing, since recorded
            // jobs bring theirs along.
            queued: job.last_event,
            drawn: self.env().draw.bits(&job.name, "assignment.order"),
        }
    }

    /// Brings the index up to date with what was queued, taken, connected and lost.
    fn follow(&self, state: &mut State) {
        for id in state.idle.take_touched() {
            state.matching.remove_runner(id);
            let found = state.runners.get(&id).filter(|_| state.idle.contains(&id));
            if let Some(runner) = found {
                let (since_ms, kind) = (runner.online_ms, kind_of(runner));
                state
                    .matching
                    .add_runner(id, since_ms, kind, &state.runner_groups);
            }
        }
        for id in state.queued.take_touched() {
            state.matching.remove_job(id);
            let limit_ms = state.queue_limits.remove(&id);
            if let Some(at_ms) = limit_ms {
                state.agenda.strike(at_ms, Duty::QueueLimit(id));
            }
            let Some(job) = state.jobs.get(&id).filter(|_| state.queued.contains(&id)) else {
                continue;
            };
            let precedence = self
                .settings()
                .assignment
                .policy
                .precedence(&self.waiting(job));
            let kind = state.kind_of_job(job);
            state
                .matching
                .add_job(id, precedence, kind, &job.repo, &state.runner_groups);
            let limit = millis(self.settings().runners.queue_limit);
            let at_ms = job.dispatchable_ms.saturating_add(limit);
            state.queue_limits.insert(id, at_ms);
            self.plan(state, at_ms, Duty::QueueLimit(id));
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
        state.holders.insert(job, runner_id);
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
            _ => {
                let timeout = millis(self.settings().runners.pickup_timeout);
                let at_ms = self.env().clock.elapsed_ms().saturating_add(timeout);
                self.plan(state, at_ms, Duty::Pickup(runner_id, job));
                None
            }
        }
    }
}

impl State {
    /// The job is no longer the runner's that holds it. Gives that runner.
    pub(super) fn let_go(&mut self, job: JobId) -> Option<RunnerId> {
        let holder = self.holders.remove(&job)?;
        if let Some(runner) = self.runners.get_mut(&holder) {
            runner.job = None;
        }
        Some(holder)
    }

    /// An idle runner is not what it was: the index looks at it again.
    pub(super) fn look_again(&mut self, runner: RunnerId) {
        if self.idle.contains(&runner) {
            self.idle.insert(runner);
        }
    }

    fn kind_of_job(&self, job: &Job) -> JobKind {
        let login = job.repo.name.split('/').next().unwrap_or_default();
        let organization = self.organizations.get(&login.to_lowercase());
        JobKind {
            repo: job.repo.id,
            organization: organization.map(|found| found.id),
            group: job.group.as_ref().map(|group| group.to_lowercase()),
            labels: folded_set(job.labels.iter().map(String::as_str)),
        }
    }

    /// The id and name of a runner's group.
    pub(super) fn group_of(&self, runner: RunnerId) -> Option<(u64, String)> {
        let runner = self.runners.get(&runner)?;
        let name = match runner.owner.scope() {
            Scope::Repository(_) => DEFAULT_GROUP_NAME,
            Scope::Organization(id) => &self.runner_group(id, runner.group)?.name,
        };
        Some((runner.group, name.to_owned()))
    }
}

fn kind_of(runner: &Runner) -> RunnerKind {
    RunnerKind {
        scope: runner.owner.scope(),
        group: runner.group,
        labels: runner.labels.folded(),
    }
}

/// A duration in whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whether the limit on parallel jobs of its matrix keeps the job waiting.
fn is_held_back(state: &State, job: &Job) -> bool {
    let Some(run) = state.runs.get(&job.run) else {
        return false;
    };
    let Some(limit) = run.max_parallel.get(&job.matrix) else {
        return false;
    };
    let running = run.jobs.iter().filter(|id| {
        state.jobs.get(id).is_some_and(|other| {
            let runs = other.status == Status::InProgress || state.holders.contains_key(id);
            runs && other.matrix == job.matrix
        })
    });
    running.count() >= *limit as usize
}
