//! The past: jobs, runs and runners as GitHub showed them at an earlier moment, for a call answered stale.
//!
//! It is read back from the history, so that a world without stale answers pays nothing for it.

use std::{collections::BTreeMap, ops::Deref, sync::MutexGuard};

use jiff::Timestamp;

use super::runners::assigning::millis;
use crate::{
    calls::CallContext,
    github::{
        handle::Github,
        state::{
            records::State,
            runners::{
                groups::DEFAULT_GROUP,
                labels::RunnerLabels,
                record::{Link, Runner},
            },
            runs::{
                job::{Job, Status},
                standing::{Standing, Tally},
            },
        },
    },
    history::{Event, What},
    ids::{HfJobId, JobId, RunId, RunnerId},
};

/// What a call sees: the world as it is, or as it was.
pub(in crate::github) enum Seen<'a> {
    Now(MutexGuard<'a, State>),
    Then(Box<State>),
}

impl Deref for Seen<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        match self {
            Self::Now(state) => state,
            Self::Then(state) => state,
        }
    }
}

impl Github {
    /// The state that this call is answered from.
    pub(in crate::github) fn seen_by(&self, call: CallContext) -> Seen<'_> {
        match call.as_of_ms {
            None => Seen::Now(self.state()),
            Some(as_of_ms) => Seen::Then(Box::new(self.as_of(as_of_ms))),
        }
    }

    fn as_of(&self, as_of_ms: u64) -> State {
        let mut past = Past {
            then: State::new(self.settings(), self.env()),
            now: &self.state(),
            touched: BTreeMap::new(),
            exits: Vec::new(),
        };
        self.history().read_while(|event| {
            let happened = event.at_ms <= as_of_ms;
            if happened {
                past.relive(event);
            }
            happened
        });
        let loss_ms = millis(self.settings().runners.loss_noticed_after);
        past.notice_losses(as_of_ms.saturating_sub(loss_ms));
        let elapsed_ms = self.env().clock.elapsed_ms();
        let now = self.now();
        past.gather_runs(|at_ms| now - std::time::Duration::from_millis(elapsed_ms - at_ms));
        past.then
    }
}

struct Past<'a> {
    then: State,
    now: &'a State,
    /// When something last happened to each run, in milliseconds of the world.
    touched: BTreeMap<RunId, u64>,
    /// When the process in each HF job ended.
    exits: Vec<(HfJobId, u64)>,
}

impl Past<'_> {
    /// Takes one event in, in the order of the history.
    fn relive(&mut self, event: &Event) {
        match &event.event {
            What::JobWaiting { job, .. } => self.enter_job(*job, Status::Waiting, event.at_ms),
            What::JobQueued { job, .. } => self.enter_job(*job, Status::Queued, event.at_ms),
            What::JobStarted {
                job,
                runner,
                runner_name,
            } => self.change_job(*job, event.at_ms, |then, now| {
                then.status = Status::InProgress;
                then.started_at = now.started_at;
                then.runner = *runner;
                then.runner_name.clone_from(runner_name);
            }),
            What::JobCompleted {
                job,
                conclusion,
                runner,
            } => {
                self.change_job(*job, event.at_ms, |then, now| {
                    then.status = Status::Completed;
                    then.conclusion = Some(*conclusion);
                    then.completed_at = now.completed_at;
                });
                if runner.is_none() {
                    self.take_back(*job);
                }
            }
            What::RunnerCreated {
                runner,
                name,
                repo,
                labels,
            } => self.enter_runner(event, *runner, name, repo, labels),
            What::RunnerOnline { runner, hf_job, .. } => {
                if let Some(runner) = self.then.runners.get_mut(runner) {
                    // How it is connected shows nowhere; that it is does.
                    runner.link = Link::Lost(event.id);
                    runner.hf_job.clone_from(hf_job);
                }
            }
            What::RunnerAssigned { runner, job, .. } => {
                if let Some(runner) = self.then.runners.get_mut(runner) {
                    runner.job = Some(*job);
                }
            }
            What::JobTakenBack { job, .. } => self.take_back(*job),
            What::RunnerRemoved { runner, .. } => {
                self.then.runners.remove(runner);
            }
            What::RunnerExited { hf_job, .. } => self.exits.push((hf_job.clone(), event.at_ms)),
            _ => {}
        }
    }

    fn enter_job(&mut self, id: JobId, status: Status, at_ms: u64) {
        let Some(now) = self.now.runs.jobs.get(&id) else {
            return;
        };
        let then = Job {
            status,
            conclusion: None,
            started_at: None,
            completed_at: None,
            runner: None,
            runner_name: String::new(),
            ..now.clone()
        };
        self.touched.insert(then.run, at_ms);
        self.then.runs.jobs.insert(id, then);
    }

    fn change_job(&mut self, id: JobId, at_ms: u64, change: impl FnOnce(&mut Job, &Job)) {
        if let (Some(then), Some(now)) = (
            self.then.runs.jobs.get_mut(&id),
            self.now.runs.jobs.get(&id),
        ) {
            change(then, now);
            self.touched.insert(then.run, at_ms);
        }
    }

    /// A job that ends before it started leaves the runner it was meant for.
    fn take_back(&mut self, job: JobId) {
        let meant = self.then.runners.values_mut();
        for runner in meant.filter(|runner| runner.job == Some(job)) {
            runner.job = None;
        }
    }

    fn enter_runner(
        &mut self,
        event: &Event,
        id: RunnerId,
        name: &str,
        repo: &str,
        labels: &[String],
    ) {
        let Some(owner) = self.now.accounts.owner_named(repo) else {
            return;
        };
        // What the history does not tell of a runner hardly ever changes.
        let now = self.now.runners.get(&id);
        self.then.runners.insert(Runner {
            id,
            name: name.to_owned(),
            owner,
            group: now.map_or(DEFAULT_GROUP, |runner| runner.group),
            labels: now.map_or_else(
                || RunnerLabels::new(labels.to_vec(), false),
                |runner| runner.labels.clone(),
            ),
            ephemeral: now.is_none_or(|runner| runner.ephemeral),
            jit: None,
            link: Link::Never,
            job: None,
            pickup_ms: None,
            lingers: false,
            hf_job: None,
            online_ms: event.at_ms,
            online_event: event.id,
            away: None,
        });
    }

    /// Runners whose process had ended by then were known to be offline.
    fn notice_losses(&mut self, ended_by_ms: u64) {
        let noticed = self.exits.iter().filter(|(_, at_ms)| *at_ms <= ended_by_ms);
        for (hf_job, _) in noticed {
            let lost = self.then.runners.values_mut();
            for runner in lost.filter(|runner| runner.hf_job.as_ref() == Some(hf_job)) {
                runner.link = Link::Offline;
                let job = runner.job.and_then(|job| self.then.runs.jobs.get(&job));
                if job.is_some_and(|job| job.status == Status::Queued) {
                    runner.job = None;
                }
            }
        }
    }

    /// Puts the jobs there were into their runs.
    fn gather_runs(&mut self, time_of: impl Fn(u64) -> Timestamp) {
        for (id, touched_ms) in &self.touched {
            let Some(run) = self.now.runs.by_id.get(id) else {
                continue;
            };
            let mut run = run.clone();
            run.jobs.retain(|job| self.then.runs.jobs.contains_key(job));
            let attempts = run
                .jobs
                .iter()
                .filter_map(|job| self.then.runs.jobs.get(job));
            run.attempt = attempts.map(|job| job.attempt).max().unwrap_or(1);
            run.attempts.retain(|attempt| attempt.number <= run.attempt);
            run.updated_at = time_of(*touched_ms);
            run.hold = None;
            run.tally = Tally::default();
            run.standing = Standing::EMPTY;
            let jobs = run.jobs.clone();
            self.then.runs.index.add(&run);
            self.then.runs.by_id.insert(*id, run);
            for job in jobs {
                self.then.runs.count_job(job);
            }
        }
    }
}
