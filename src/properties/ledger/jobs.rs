//! The life of a workflow job.

use fakes::{
    history::{Conclusion, Event, What},
    ids::{EventId, JobId, RunId, RunnerId},
};

use super::{Ledger, Moment, moment};
use crate::properties::{lanes::LaneId, rules::label_set, terms::Terms};

/// The life of a workflow job.
#[derive(Clone, Debug)]
pub struct JobLife<'a> {
    /// Its name in the scenario.
    pub name: &'a str,
    /// Its run.
    pub run: RunId,
    /// The attempt of its run, from 1.
    pub attempt: u32,
    /// Its repository.
    pub repo: &'a str,
    /// `runs-on`, as written.
    pub labels: &'a [String],
    /// The flavor it routes to by the scenario's rules.
    pub flavor: Option<&'a str>,
    /// The lane it waits in: it routes, and its repository is served.
    pub lane: Option<LaneId>,
    /// When GitHub first announced it, queued or waiting.
    pub announced: Moment,
    /// When GitHub first called it queued.
    pub queued: Option<Moment>,
    /// Since when GitHub would give it to a runner: it is queued, and neither its run nor its group holds it back.
    pub dispatchable: Option<Moment>,
    /// When it started, and on which of our runners.
    pub started: Option<(Moment, Option<RunnerId>)>,
    /// When and how it ended.
    pub completed: Option<(Moment, Conclusion)>,
}

impl JobLife<'_> {
    /// True if it completed without having started.
    #[must_use]
    pub const fn withdrawn(&self) -> bool {
        self.started.is_none() && self.completed.is_some()
    }

    /// When it started; or ended, if it never did.
    #[must_use]
    pub fn settled(&self) -> Option<Moment> {
        let completed = || self.completed.map(|(at, _)| at);
        self.started.map(|(at, _)| at).or_else(completed)
    }
}

impl<'a> Ledger<'a> {
    /// The job that a runner works on from this event on: it starts there, or it is a recorded one that had started
    /// before and is taken up.
    #[must_use]
    pub fn works_on(&self, event: &Event) -> Option<(JobId, RunnerId)> {
        match &event.event {
            What::JobStarted {
                job,
                runner: Some(runner),
                ..
            } => Some((*job, *runner)),
            What::RunnerAssigned { job, runner, .. } => {
                self.had_started(*job, event.id).map(|_| (*job, *runner))
            }
            _ => None,
        }
    }

    /// When a job had started, if that was before this event.
    pub(in crate::properties) fn had_started(&self, job: JobId, by: EventId) -> Option<Moment> {
        let (started, _) = self.jobs.get(&job)?.started?;
        (started.event < by).then_some(started)
    }

    pub(super) fn enter_job(&mut self, event: &'a Event, terms: &Terms) {
        match &event.event {
            What::JobQueued { job, held_by, .. } => {
                self.announce(event, terms);
                if let Some(life) = self.jobs.get_mut(job) {
                    life.queued.get_or_insert(moment(event));
                    life.dispatchable = held_by.is_none().then(|| moment(event));
                }
            }
            What::JobWaiting { job, .. } => {
                self.announce(event, terms);
                if let Some(life) = self.jobs.get_mut(job) {
                    life.dispatchable = None;
                }
            }
            What::JobDispatchable { job } => {
                if let Some(life) = self.jobs.get_mut(job) {
                    life.dispatchable = Some(moment(event));
                }
            }
            What::JobStarted { job, runner, .. } => {
                if let Some(life) = self.jobs.get_mut(job) {
                    life.started = Some((moment(event), *runner));
                }
            }
            What::JobCompleted {
                job, conclusion, ..
            } => {
                if let Some(life) = self.jobs.get_mut(job) {
                    life.completed = Some((moment(event), *conclusion));
                }
            }
            _ => {}
        }
    }

    fn announce(&mut self, event: &'a Event, terms: &Terms) {
        let (What::JobQueued {
            job,
            name,
            run,
            attempt,
            repo,
            labels,
            ..
        }
        | What::JobWaiting {
            job,
            name,
            run,
            attempt,
            repo,
            labels,
        }) = &event.event
        else {
            return;
        };
        if self.jobs.contains_key(job) {
            return;
        }
        let flavor = terms.rules.flavor(labels.iter().map(String::as_str));
        let served = !terms.unserved_repos.contains(repo);
        let lane = flavor.filter(|_| served).map(|flavor| {
            let labels = label_set(labels.iter().map(String::as_str));
            let lane = self.lanes.lane(repo, labels, flavor);
            self.lanes.enter(lane, *job);
            lane
        });
        let life = JobLife {
            name,
            run: *run,
            attempt: *attempt,
            repo,
            labels,
            flavor,
            lane,
            announced: moment(event),
            queued: None,
            dispatchable: None,
            started: None,
            completed: None,
        };
        self.jobs.insert(*job, life);
        self.runs.entry(*run).or_default().push(*job);
    }
}
