//! Who gets which job: by labels, never by who asked for the runner.
//!
//! A job and a runner suit each other when the runner is online and idle, carries every label of the job
//! and may serve its repository. The delay says when somebody is joined, the policy says who:
//! 1. Jobs of one class have a moment: one delay after the one of them that has waited longest and the
//!    runner that has been idle longest were both there.
//! 2. At that moment this runner is free to be given a job, and takes the first in the line of all that it
//!    may run, of whatever class. If that job would rather have another runner, it is that runner's turn,
//!    and so on: a job is never joined past one that comes before it, nor a runner past one it prefers.
//! 3. While the class still has a moment that has come, it goes on.
//!
//! A job that a recording starts or ends comes before all others, whatever the policy: its runner is kept for it until the
//! recording starts it, or has it at once if the recording has started it since the runner was launched; if the recording has
//! ended it since, too, the runner is gone at once.
//!
//! A pass does what is due and plans the next pass; it runs whenever a job or a runner becomes available.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    github::{
        handle::Github,
        state::{
            accounts::table::Accounts,
            queue::{
                agenda::Duty,
                matching::{Class, JobKind, RunnerKind},
                waiting_lines::{Place, Precedence},
            },
            records::State,
            runners::{
                labels::folded_set,
                orders::ToRunner,
                record::{Link, Runner},
            },
            runs::job::{Job, Matrix, Status},
        },
    },
    history::{Conclusion, Removal, What},
    ids::{EventId, JobId, RunnerId},
    settings::{AssignmentPolicy, IdleRunner, WaitingJob},
};

impl Github {
    /// One assignment pass.
    pub(in crate::github) fn assign(&self, state: &mut State) {
        self.follow(state);
        let now = self.env().clock.elapsed_ms();
        let mut next: Option<u64> = None;
        // A join only puts off the moments of others: nobody who was not due becomes so within the pass.
        let in_line = |class| Some((state.first_of(class)?, class));
        let mut turns: BTreeSet<_> = state
            .queue
            .matching
            .servable()
            .filter_map(in_line)
            .collect();
        while let Some((_, class)) = turns.pop_first() {
            let Some(due_ms) = self.moment_of(state, class) else {
                continue;
            };
            if due_ms > now {
                next = Some(next.map_or(due_ms, |next: u64| next.min(due_ms)));
            } else if let Some((job, runner)) = self.pair_at(state, class, now) {
                self.join(state, job, runner);
                self.follow(state);
                turns.extend(state.first_of(class).map(|first| (first, class)));
            }
        }
        if let Some(at_ms) = next {
            self.plan_pass(state, at_ms);
        }
    }

    /// When somebody is given a job because of this class of jobs.
    fn moment_of(&self, state: &State, class: Class) -> Option<u64> {
        let (idle_ms, _) = state.queue.matching.longest_idle(class)?;
        self.due(state, class, idle_ms)
    }

    /// When a runner that is idle since then may be given a job because of this class of jobs.
    fn due(&self, state: &State, class: Class, idle_ms: u64) -> Option<u64> {
        let line = state.queue.matching.line(class)?;
        let (waits_ms, eldest) = line.eldest(|matrix| state.may_start_of(matrix))?;
        let (span, name) = (
            self.settings().assignment.delay,
            &state.runs.jobs.get(&eldest)?.name,
        );
        let delay = self.env().within(span, name, "assignment.delay");
        let staleness = millis(self.settings().runners.staleness);
        let both_ms = std::cmp::max(waits_ms, idle_ms);
        Some(both_ms.saturating_add(millis(delay).saturating_add(staleness)))
    }

    /// Who is joined at a moment of this class of jobs. The search ends: each further runner is looked at
    /// for a job that comes before the last one.
    fn pair_at(&self, state: &State, class: Class, now: u64) -> Option<(JobId, RunnerId)> {
        let mut runner = self.preferred(state, class, now)?;
        loop {
            let suited = state.queue.matching.suited_by(runner);
            let firsts = suited.filter_map(|class| Some((state.first_of(class)?, class)));
            let ((_, job), its_class) = firsts.min()?;
            let preferred = self.preferred(state, its_class, now)?;
            if preferred == runner {
                return Some((job, runner));
            }
            runner = preferred;
        }
    }

    /// The runner that the first job of this class goes to, if it comes before all others that runner may
    /// run.
    fn preferred(&self, state: &State, class: Class, now: u64) -> Option<RunnerId> {
        let (_, longest_idle) = state.queue.matching.longest_idle(class)?;
        let AssignmentPolicy::Custom(rule) = &self.settings().assignment.policy else {
            return Some(longest_idle);
        };
        let (_, first) = state.first_of(class)?;
        let waiting = self.waiting(state.runs.jobs.get(&first)?);
        let idle = state.queue.matching.all_idle(class);
        let may_be_now = idle.filter(|(since_ms, ..)| {
            self.due(state, class, *since_ms)
                .is_some_and(|due| due <= now)
        });
        let ranked = may_be_now.filter_map(|(since_ms, runner, labels)| {
            let idle = IdleRunner {
                runner,
                name: &state.runners.get(&runner)?.name,
                labels,
                idle_since_ms: since_ms,
            };
            Some((rule.preference(&waiting, &idle), runner))
        });
        Some(ranked.min().map_or(longest_idle, |(_, runner)| runner))
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
        for id in state.queue.idle.take_touched() {
            state.queue.matching.remove_runner(id);
            let kept_for = state.queue.kept.let_go_of_runner(id);
            if let Some(job) = kept_for.filter(|job| state.queue.jobs.contains(job)) {
                state.queue.jobs.insert(job);
            }
            state.line_up(id);
        }
        for id in state.queue.jobs.take_touched() {
            state.queue.matching.remove_job(id);
            if let Some(runner) = state.queue.kept.let_go_of_job(id) {
                state.line_up(runner);
            }
            let limit_ms = state.queue.limits.remove(&id);
            if let Some(at_ms) = limit_ms {
                state.queue.agenda.strike(at_ms, Duty::QueueLimit(id));
            }
            let Some(job) = state
                .runs
                .jobs
                .get(&id)
                .filter(|_| state.queue.jobs.contains(&id))
            else {
                continue;
            };
            let since_ms = job.dispatchable_ms;
            let noticed_ms = since_ms.saturating_add(millis(self.settings().runners.staleness));
            let is_noticed = noticed_ms <= self.env().clock.elapsed_ms();
            if is_noticed {
                let place = Place {
                    precedence: self.precedence(job),
                    since_ms,
                    matrix: job.in_matrix(),
                };
                let kind = state.accounts.kind_of_job(job);
                state
                    .queue
                    .matching
                    .add_job(id, place, kind, &job.repo, &state.runners.groups);
            }
            if !job.driven {
                let limit = millis(self.settings().runners.queue_limit);
                let at_ms = since_ms.saturating_add(limit);
                state.queue.limits.insert(id, at_ms);
                self.plan(state, at_ms, Duty::QueueLimit(id));
            }
            if !is_noticed {
                self.plan(state, noticed_ms, Duty::Notice(id));
            }
        }
    }

    fn precedence(&self, job: &Job) -> Precedence {
        if job.driven {
            return Precedence::Recorded(job.dispatchable_because);
        }
        let policy = &self.settings().assignment.policy;
        Precedence::Policy(policy.precedence(&self.waiting(job)))
    }

    fn plan_pass(&self, state: &mut State, at_ms: u64) {
        if state
            .queue
            .next_pass_ms
            .is_some_and(|planned| planned <= at_ms)
        {
            return;
        }
        state.queue.next_pass_ms = Some(at_ms);
        let wait = at_ms.saturating_sub(self.env().clock.elapsed_ms());
        self.after(Duration::from_millis(wait), move |github| {
            let mut state = github.state();
            if state.queue.next_pass_ms == Some(at_ms) {
                state.queue.next_pass_ms = None;
            }
            github.settle(&mut state);
        });
    }

    /// Gives the job to the runner, which starts it by acquiring it. A runner whose process is gone never does.
    fn join(&self, state: &mut State, id: JobId, runner_id: RunnerId) {
        let Some(job) = state.runs.jobs.get(&id) else {
            return;
        };
        if job.driven {
            self.join_recorded(state, id, runner_id);
            return;
        }
        let (cause, (runs_for, conclusion)) = (job.dispatchable_because, self.course_of(job));
        self.give(state, id, runner_id, cause, Some(runs_for), conclusion);
    }

    /// A recorded job that has begun is taken up by a runner that was launched before, or uses it up if it is over; behind
    /// one that was not it waits for none any more. Before it has begun the two wait for the recording. A runner that is
    /// not connected waits for its connection.
    fn join_recorded(&self, state: &mut State, id: JobId, runner_id: RunnerId) {
        let runner = state.runners.get(&runner_id);
        let connected = runner.filter(|found| found.is_connected());
        let Some((runner, job)) = connected.zip(state.runs.jobs.get(&id)) else {
            state.queue.matching.remove_runner(runner_id);
            return;
        };
        let begun = job.started_event;
        let is_its = self.launched(runner) < begun;
        match job.status {
            Status::Waiting | Status::Queued => self.keep(state, id, runner_id),
            Status::InProgress if is_its => self.take_up(state, id, runner_id, begun),
            Status::Completed if is_its && runner.ephemeral => {
                let cause = job.last_event.max(runner.online_event);
                state.queue.jobs.remove(&id);
                self.remove_runner(state, runner_id, Removal::Ephemeral, cause);
            }
            Status::InProgress | Status::Completed => {
                state.queue.jobs.remove(&id);
            }
        }
    }

    /// The two wait for each other alone from now on.
    fn keep(&self, state: &mut State, job: JobId, runner: RunnerId) {
        state.queue.matching.remove_job(job);
        state.queue.matching.remove_runner(runner);
        state.queue.kept.keep(runner, job);
        let (Some(queued), Some(idle)) = (state.runs.jobs.get(&job), state.runners.get(&runner))
        else {
            return;
        };
        let because = later(queued.dispatchable_because, idle.online_event);
        let hf_job = idle.hf_job.clone();
        let kept = What::RunnerKept {
            runner,
            job,
            hf_job,
        };
        self.history().record(Some(because), kept);
    }

    /// What launched the runner: the creation of its HF job; of one that has none here, its connection.
    fn launched(&self, runner: &Runner) -> EventId {
        let mut cause = Some(runner.online_event);
        while let Some(event) = cause.and_then(|id| self.history().get(id)) {
            if matches!(event.event, What::HfCreated { .. }) {
                return event.id;
            }
            cause = event.because;
        }
        runner.online_event
    }

    /// Marks the runner as busy with the job and sends it its order. Gives the event if the runner lives. If it has
    /// not started the job in time, GitHub takes it back.
    pub(in crate::github) fn give(
        &self,
        state: &mut State,
        job: JobId,
        runner_id: RunnerId,
        cause: EventId,
        runs_for: Option<Duration>,
        conclusion: Conclusion,
    ) -> Option<EventId> {
        state.queue.idle.remove(&runner_id);
        state.queue.jobs.remove(&job);
        let timeout = millis(self.settings().runners.pickup_timeout);
        let pickup_ms = self.env().clock.elapsed_ms().saturating_add(timeout);
        let runner = state.runners.get_mut(&runner_id)?;
        runner.job = Some(job);
        runner.pickup_ms = Some(pickup_ms);
        state.queue.holders.insert(job, runner_id);
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
        let hears = match &runner.link {
            Link::Connected(process) => process.send(order).is_ok(),
            Link::Never | Link::Lost(_) | Link::Offline => false,
        };
        self.plan(state, pickup_ms, Duty::Pickup(runner_id, job));
        hears.then_some(event)
    }
}

impl State {
    /// Puts a runner into the index, if it is idle.
    fn line_up(&mut self, id: RunnerId) {
        let is_idle = self.queue.idle.contains(&id);
        if let Some(runner) = self.runners.get(&id).filter(|_| is_idle) {
            let (since_ms, kind) = (runner.online_ms, kind_of(runner));
            let groups = &self.runners.groups;
            self.queue.matching.add_runner(id, since_ms, kind, groups);
        }
    }

    /// The job is no longer the runner's that holds it. Gives that runner.
    pub(in crate::github) fn let_go(&mut self, job: JobId) -> Option<RunnerId> {
        let holder = self.queue.holders.remove(&job)?;
        self.picked_up(holder, job);
        if let Some(runner) = self.runners.get_mut(&holder) {
            runner.job = None;
        }
        Some(holder)
    }

    /// Whether a job was given to a runner that has not asked for it yet.
    pub(in crate::github) fn waits_for_pickup(&self, job: JobId) -> bool {
        let holder = self.queue.holders.get(&job);
        let runner = holder.and_then(|runner| self.runners.get(runner));
        runner.is_some_and(|runner| runner.pickup_ms.is_some())
    }

    /// Nobody waits any more for this runner to start the job.
    pub(in crate::github) fn picked_up(&mut self, runner: RunnerId, job: JobId) {
        let found = self.runners.get_mut(&runner);
        if let Some(at_ms) = found.and_then(|runner| runner.pickup_ms.take()) {
            self.queue.agenda.strike(at_ms, Duty::Pickup(runner, job));
        }
    }

    /// The first job in the line of a class that may start now: its precedence, and its id.
    fn first_of(&self, class: Class) -> Option<(Precedence, JobId)> {
        let line = self.queue.matching.line(class)?;
        line.first(|matrix| self.may_start_of(matrix))
    }

    /// Whether the matrix's limit on parallel jobs lets another one start.
    fn may_start_of(&self, matrix: &Matrix) -> bool {
        let Some(run) = self.runs.by_id.get(&matrix.run) else {
            return true;
        };
        let Some(limit) = run.max_parallel.get(&matrix.name) else {
            return true;
        };
        let limit = *limit as usize;
        let takes_a_place = |id: &&JobId| {
            let runs = |job: &Job| {
                let has_runner = self.queue.holders.contains_key(&job.id);
                job.matrix == matrix.name && (job.status == Status::InProgress || has_runner)
            };
            self.runs.jobs.get(id).is_some_and(runs)
        };
        run.jobs.iter().filter(takes_a_place).take(limit).count() < limit
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
pub(in crate::github) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The later of two causes: the one that completed the condition.
fn later(one: EventId, other: EventId) -> EventId {
    one.max(other)
}

impl Accounts {
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
}
