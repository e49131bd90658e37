//! Relations: which calls, HF jobs, runners and lanes belong together. Asked by properties, answered from indexes.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Caller, Event, Lost, What},
    ids::{CallId, EventId, HfJobId, JobId, RunId, RunnerId},
};

use super::{
    ByHfJob, CallLife, Delivery, Kinds, Ledger, Moment, RunnerLife, strikes::longest_hold_ms,
};
use crate::properties::{
    lanes::{LaneId, Reach},
    rules::label_set,
    terms::Terms,
};

/// What is found once and asked often.
#[derive(Clone, Debug, Default)]
pub(super) struct Relations<'a> {
    /// The dispatcher's cancels of each HF job, in order.
    cancels: ByHfJob<'a, Vec<CallId>>,
    /// The creates that named a runner, in order.
    creates_by_name: BTreeMap<&'a str, Vec<Moment>>,
    /// The runner of each HF job.
    runners: ByHfJob<'a, RunnerId>,
    /// Installations that are or were this App's, as far as the history shows.
    installations: BTreeSet<u64>,
    /// When a fault first made the answer to a call of this name.
    faked_answers: BTreeMap<&'a str, EventId>,
    /// When a fault of the store struck, and until when it or one before it kept a write.
    store_strikes: Vec<(Moment, Moment)>,
    /// Faults that struck an HF job on its way to a runner, by their places in the plan.
    struck_hf_jobs: BTreeMap<&'a HfJobId, Vec<usize>>,
}

impl Relations<'_> {
    /// What a fault of the store kept is written.
    fn store_answers(&mut self, strike: EventId, event: &Event) {
        let at = self
            .store_strikes
            .binary_search_by_key(&strike, |(strike, _)| strike.event);
        if let Some((_, until)) = at.ok().and_then(|at| self.store_strikes.get_mut(at)) {
            *until = super::moment(event);
        }
    }

    /// Lets each strike hold as long as the longest up to it.
    fn join_store_strikes(&mut self) {
        let mut longest: Option<Moment> = None;
        for (_, until) in &mut self.store_strikes {
            let before = longest.filter(|longest| longest.event > until.event);
            *until = before.unwrap_or(*until);
            longest = Some(*until);
        }
    }
}

impl<'a> Ledger<'a> {
    pub(super) fn relate(&mut self) {
        let mut relations = Relations::default();
        for (id, call) in self.calls.iter() {
            if call.by != Caller::Dispatcher {
                continue;
            }
            let about = call.about;
            match (call.name, about) {
                ("hf.cancel", Some(about)) => {
                    if let Some(hf_job) = &about.hf_job {
                        match relations.cancels.get_mut(hf_job) {
                            Some(cancels) => cancels.push(*id),
                            None => relations.cancels.insert(hf_job, vec![*id]),
                        }
                    }
                }
                ("hf.create", Some(about)) => {
                    if let Some(name) = &about.runner_name {
                        let named = relations.creates_by_name.entry(name).or_default();
                        named.push(call.received);
                    }
                }
                ("github.create-token", Some(about)) if call.succeeded() => {
                    relations.installations.extend(about.installation);
                }
                _ => {}
            }
            let cause = call
                .answered
                .and_then(|answered| self.event(answered.at.event)?.because);
            if let Some(What::FaultApplied { .. }) = cause
                .and_then(|cause| self.event(cause))
                .map(|event| &event.event)
            {
                let answered = call.answered.map(|answered| answered.at.event);
                let first = relations.faked_answers.entry(call.name);
                first.or_insert(answered.unwrap_or(call.received.event));
            }
        }
        for (runner, life) in self.runners.iter() {
            if let Some(hf_job) = life.hf_job {
                relations.runners.insert(hf_job, *runner);
            }
        }
        for event in self.only(Kinds::RARE) {
            match &event.event {
                What::InstallationCreated { installation, .. }
                | What::InstallationSuspended { installation, .. }
                | What::InstallationUnsuspended { installation, .. }
                | What::InstallationDeleted { installation, .. } => {
                    relations.installations.insert(*installation);
                }
                What::FaultApplied { place, .. } if place == "store" => {
                    let at = super::moment(event);
                    relations.store_strikes.push((at, at));
                }
                What::FaultReleased { strike, .. } => relations.store_answers(*strike, event),
                What::FaultApplied {
                    fault,
                    hf_job: Some(hf_job),
                    ..
                } => relations
                    .struck_hf_jobs
                    .entry(hf_job)
                    .or_default()
                    .push(*fault),
                _ => {}
            }
        }
        relations.join_store_strikes();
        self.relations = relations;
    }

    /// The dispatcher's cancels of an HF job, in the order they came.
    pub fn cancels_of(&self, hf_job: &HfJobId) -> impl Iterator<Item = &CallLife<'a>> {
        let cancels = self.relations.cancels.get(hf_job).into_iter().flatten();
        cancels.filter_map(|call| self.calls.get(call))
    }

    /// The runner of an HF job.
    #[must_use]
    pub fn runner_of(&self, hf_job: &HfJobId) -> Option<&RunnerLife<'a>> {
        self.runners.get(self.relations.runners.get(hf_job)?)
    }

    /// The lane of a runner, if its labels are those of one.
    #[must_use]
    pub fn lane_of_runner(&self, life: &RunnerLife<'_>) -> Option<LaneId> {
        let labels = label_set(life.labels.iter().map(String::as_str));
        self.lanes.of(life.repo, &labels)
    }

    /// The lane that a create or a mint is for, by what it says.
    #[must_use]
    pub fn lane_of_call(&self, call: &CallLife<'_>) -> Option<LaneId> {
        let about = call.about?;
        let labels = label_set(about.labels.iter().map(String::as_str));
        self.lanes.of(about.repo.as_deref()?, &labels)
    }

    /// The HF job, and its lane, that a cancel or a delete by the dispatcher asks to end.
    #[must_use]
    pub fn supply_ended_by(&self, call: &CallLife<'a>) -> Option<(&'a HfJobId, LaneId)> {
        let about = call.about?;
        let hf_job = match call.name {
            "hf.cancel" => about.hf_job.as_ref()?,
            "github.delete-runner" => self.runners.get(&about.runner?)?.hf_job?,
            _ => return None,
        };
        match self.lanes.reach(hf_job)? {
            Reach::Lane(lane) => Some((hf_job, lane)),
            Reach::Hidden(_) => None,
        }
    }

    /// When an HF job was asked for that was to run this runner.
    fn creates_naming(&self, life: &RunnerLife<'_>) -> impl Iterator<Item = Moment> + '_ {
        let named = self.relations.creates_by_name.get(life.name);
        named.into_iter().flatten().copied()
    }

    /// Every stretch in which nothing stood behind a runner's record: from its mint to its HF job, and from the end of that
    /// and of its job to the next. An HF job that is asked for by its name begins another.
    #[must_use]
    pub fn left_behind(&self, runner: RunnerId) -> Vec<(Moment, Option<Moment>)> {
        let Some(life) = self.runners.get(&runner) else {
            return Vec::new();
        };
        let minted = match life.minted_by.and_then(|call| self.calls.get(&call)) {
            Some(call) => call.over(),
            None => Some(life.created),
        };
        let Some(mut since) = minted else {
            return Vec::new();
        };
        let mut spells = Vec::new();
        let hf_jobs = life.hf_jobs();
        let next = hf_jobs
            .iter()
            .skip(1)
            .map(|(at, _)| Some(*at))
            .chain([None]);
        for ((from, hf_job), next) in hf_jobs.iter().zip(next) {
            spells.push((since, Some(*from)));
            // One that runs outside HF is none of this dispatcher's business.
            let over = hf_job.and_then(|hf_job| self.stood_behind_until(hf_job));
            let Some(over) = over.into_iter().chain(next).min_by_key(|at| at.event) else {
                since = self.after_end();
                break;
            };
            if over.event > since.event {
                since = over;
            }
        }
        let gone = life.removed.map(|(at, _)| at);
        spells.push((since, gone));
        let whole = spells.into_iter().map(|(since, until)| {
            let ends = until.into_iter().chain(gone);
            (since, ends.min_by_key(|at| at.event))
        });
        whole
            .flat_map(|spell| self.broken_by_creates(life, spell))
            .collect()
    }

    /// Until when an HF job, or the job that started on it, stood behind its runner's record.
    fn stood_behind_until(&self, hf_job: &HfJobId) -> Option<Moment> {
        let life = self.hf_jobs.get(hf_job)?;
        let (ended, _) = life.ended?;
        let Some((_, job)) = life.job else {
            return Some(ended);
        };
        let (over, _) = self.jobs.get(&job)?.completed?;
        Some(if over.event > ended.event {
            over
        } else {
            ended
        })
    }

    /// The parts of a stretch between the creates that name its runner; none of one that is over before it begins.
    fn broken_by_creates(
        &self,
        life: &RunnerLife<'_>,
        (mut since, until): (Moment, Option<Moment>),
    ) -> Vec<(Moment, Option<Moment>)> {
        let end = until.unwrap_or_else(|| self.after_end());
        let is_before = |at: Moment| at.event < end.event;
        let mut parts = Vec::new();
        for create in self.creates_naming(life) {
            if create.event > since.event && is_before(create) {
                parts.push((since, Some(create)));
                since = create;
            }
        }
        if is_before(since) {
            parts.push((since, until));
        }
        parts
    }

    /// The jobs of a run that had been announced by this event. A re-run adds more of them later, which nothing that
    /// happened to the run before was about.
    pub fn jobs_of_run(&self, run: RunId, by: EventId) -> impl Iterator<Item = JobId> + '_ {
        let jobs = self.runs.get(&run).into_iter().flatten();
        jobs.copied().filter(move |job| {
            self.jobs
                .get(job)
                .is_some_and(|life| life.announced.event <= by)
        })
    }

    /// True if a call's fate was a fault's that never ends and lets nothing through.
    #[must_use]
    pub fn is_stopped_for_ever(&self, call: &CallLife<'_>) -> bool {
        call.failed()
            && call
                .struck_by
                .iter()
                .any(|fault| self.endless_faults.contains(fault))
    }

    /// True if an installation is, or was, this App's, as far as can be told from a call that names it.
    #[must_use]
    pub fn is_installation_ours(&self, installation: u64, call: &CallLife<'_>) -> bool {
        let unknown = call.answered.is_some_and(|answered| answered.status == 404)
            && call.struck_by.is_empty();
        !unknown || self.relations.installations.contains(&installation)
    }

    /// How long faults would have kept an HF job from its runner, at the most, if it was struck on its way there.
    #[must_use]
    pub fn held_for_ms(&self, hf_job: &HfJobId, terms: &Terms) -> Option<u64> {
        let faults = self.relations.struck_hf_jobs.get(hf_job)?.iter();
        let effects = faults.filter_map(|fault| terms.faults.get(*fault));
        effects
            .filter_map(|fault| longest_hold_ms(&fault.effect))
            .max()
    }

    /// When a fault first made the answer to a call of this name.
    #[must_use]
    pub fn faked_since(&self, name: &str) -> Option<EventId> {
        self.relations.faked_answers.get(name).copied()
    }

    /// True if the dispatcher's store failed it, or kept what it wrote, while it had this delivery.
    #[must_use]
    pub fn store_struck(&self, delivery: &Delivery<'_>) -> bool {
        let (Some(sent), Some((answered, ..))) = (delivery.sent, delivery.answered) else {
            return false;
        };
        let strikes = &self.relations.store_strikes;
        let before = strikes.partition_point(|(strike, _)| strike.event < answered.event);
        before
            .checked_sub(1)
            .and_then(|last| strikes.get(last))
            .is_some_and(|(_, until)| until.event >= sent.event)
    }

    /// True if a delivery ever reached it. One that takes no webhooks cannot be asked how it takes them.
    #[must_use]
    pub fn takes_webhooks(&self) -> bool {
        self.deliveries.values().any(|delivery| {
            let hung_up = |why| matches!(why, Lost::TimedOut | Lost::Reset);
            let connected = delivery.lost.is_some_and(|(_, why)| hung_up(why));
            delivery.answered.is_some() || (connected && !delivery.faulted)
        })
    }
}
