//! The history, indexed once for all properties: lives of jobs, HF jobs, runners, deliveries and calls, the lanes
//! they belong to, and what disturbed them.

mod access;
mod by_hf_job;
mod calls;
mod deliveries;
mod hf_jobs;
mod jobs;
mod kinds;
mod numbered;
mod relations;
mod runners;
mod strikes;

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Event, Stage, StageCause, What},
    ids::{CallId, DeliveryId, EventId, HfJobId, JobId, RunId, RunnerId},
};

pub use by_hf_job::ByHfJob;
use calls::is_deletion;
pub use calls::{Answered, CallLife, Calls};
pub use deliveries::Delivery;
pub use hf_jobs::HfLife;
pub use jobs::JobLife;
pub(super) use kinds::{Kinds, among};
pub use numbered::{Number, Numbered};
pub use runners::RunnerLife;

use super::{
    disturbance::Disturbances,
    lanes::{LaneId, Lanes, Reach},
    rules::label_set,
    terms::Terms,
};

/// A moment: when, and which event says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The event.
    pub event: EventId,
    /// Its time.
    pub at_ms: u64,
}

/// The history, indexed.
#[derive(Debug)]
pub struct Ledger<'a> {
    /// Everything, in order.
    pub events: &'a [Event],
    /// What each of them is.
    pub(super) kinds: Vec<Kinds>,
    /// Workflow jobs.
    pub jobs: Numbered<JobId, JobLife<'a>>,
    /// The jobs of each run.
    pub runs: BTreeMap<RunId, Vec<JobId>>,
    /// HF jobs.
    pub hf_jobs: ByHfJob<'a, HfLife<'a>>,
    /// Runner records.
    pub runners: Numbered<RunnerId, RunnerLife<'a>>,
    /// Deliveries.
    pub deliveries: Numbered<DeliveryId, Delivery<'a>>,
    /// Calls.
    pub calls: Calls<'a>,
    /// Repositories with their labels, in which jobs wait and HF jobs serve.
    pub lanes: Lanes<'a>,
    /// Strikes and releases of faults, and outages of the dispatcher.
    pub disturbances: Disturbances<'a>,
    /// When the dispatcher was down: from, until (none if it never came back).
    pub outages: Vec<(Moment, Option<Moment>)>,
    /// When the dispatcher first came up.
    pub first_start: Option<Moment>,
    /// When each owner's installation was suspended or deleted, and when it was back.
    pub absences: BTreeMap<String, Vec<(Moment, Option<Moment>)>>,
    /// When the App's secret was rotated by nobody's call, and when the dispatcher started next.
    pub rotations: Vec<(Moment, Option<Moment>)>,
    /// Faults of the plan that never end and let nothing through.
    pub endless_faults: BTreeSet<usize>,
    /// Strikes that concern one lane, in order.
    pub struck_lanes: Vec<(Moment, LaneId)>,
    relations: relations::Relations<'a>,
    /// True if the world came to rest before the run ended: then nothing that is open would still have come.
    pub settled: bool,
    /// The last event.
    pub end: Moment,
}

impl<'a> Ledger<'a> {
    /// Reads a history.
    #[must_use]
    pub fn read(events: &'a [Event], terms: &Terms) -> Self {
        let nothing = Moment {
            event: EventId(0),
            at_ms: 0,
        };
        let mut ledger = Self {
            events,
            kinds: events.iter().map(Kinds::of).collect(),
            jobs: Numbered::default(),
            runs: BTreeMap::new(),
            hf_jobs: ByHfJob::default(),
            runners: Numbered::default(),
            deliveries: Numbered::default(),
            calls: Numbered::default(),
            lanes: Lanes::default(),
            disturbances: Disturbances::default(),
            outages: Vec::new(),
            first_start: None,
            absences: BTreeMap::new(),
            rotations: Vec::new(),
            endless_faults: BTreeSet::new(),
            struck_lanes: Vec::new(),
            relations: relations::Relations::default(),
            settled: false,
            end: events.last().map_or(nothing, moment),
        };
        ledger.name_places();
        for event in events {
            calls::enter(&mut ledger.calls, event);
            ledger.enter_world(event);
            ledger.enter_job(event, terms);
            ledger.enter_hf_job(event);
            ledger.enter_runner(event);
            ledger.enter_delivery(event);
        }
        ledger.name_runners();
        ledger.file_hf_jobs(terms);
        ledger.note_strikes(terms);
        ledger.relate();
        ledger
    }

    /// The events of these kinds, in order. None of them is known by its changes here.
    pub(super) fn only(&self, kinds: Kinds) -> impl Iterator<Item = &'a Event> {
        among(self.events, &self.kinds, kinds)
    }

    /// The event with this id.
    #[must_use]
    pub fn event(&self, id: EventId) -> Option<&'a Event> {
        self.events.get(usize::try_from(id.0.checked_sub(1)?).ok()?)
    }

    /// What all HF jobs cost together, in millionths of a US dollar.
    #[must_use]
    pub fn cost_micro_usd(&self) -> u64 {
        self.hf_jobs.values().map(|life| life.cost_micro_usd).sum()
    }

    /// The name of a job in the scenario, or its id.
    #[must_use]
    pub fn job_named(&self, job: JobId) -> String {
        self.jobs
            .get(&job)
            .map_or_else(|| job.to_string(), |life| life.name.to_owned())
    }

    /// The lane and the life of a job that the dispatcher has to serve.
    #[must_use]
    pub fn routed(&self, job: JobId) -> Option<(LaneId, &JobLife<'a>)> {
        let life = self.jobs.get(&job)?;
        Some((life.lane?, life))
    }

    /// The HF job that, by this event, takes no further job although it has not ended: its runner was refused and is not
    /// online later, or its registration is gone.
    #[must_use]
    pub fn spends(&self, event: &'a Event) -> Option<&'a HfJobId> {
        match &event.event {
            What::RunnerRefused { hf_job, .. } => {
                let life = self.hf_jobs.get(hf_job);
                let last = life.and_then(|life| life.last_online);
                last.is_none_or(|online| online.event < event.id)
                    .then_some(hf_job)
            }
            What::RunnerRemoved { runner, .. } => self.hf_job_of(*runner, event.id),
            What::CallAnswered {
                call,
                name,
                status: 200..300 | 404,
                ..
            } => {
                // Most answers are of other calls: only for the rest is the call looked up.
                if !is_deletion(name) {
                    return None;
                }
                let call = self.calls.get(call)?;
                let runner = call.about?.runner?;
                // Whatever GitHub still has: who was told that it is gone cannot count on it.
                let life = self.runners.get(&runner)?;
                life.hf_job_at(event.id)
            }
            _ => None,
        }
    }

    /// The time of the last event, as a moment behind all events.
    #[must_use]
    pub const fn after_end(&self) -> Moment {
        Moment {
            event: EventId(u64::MAX),
            at_ms: self.end.at_ms,
        }
    }

    /// When the dispatcher went down for good, if it did.
    #[must_use]
    pub fn gone_since(&self) -> Option<Moment> {
        let (from, until) = self.outages.last()?;
        until.is_none().then_some(*from)
    }

    /// Whether it went down for good while a bound that ends then still ran: such a bound is never over.
    #[must_use]
    pub fn is_gone_by(&self, due_ms: u64) -> bool {
        self.gone_since().is_some_and(|gone| gone.at_ms <= due_ms)
    }

    fn enter_world(&mut self, event: &'a Event) {
        match &event.event {
            What::WorldEnded { settled } => self.settled = *settled,
            What::DispatcherStopped {} | What::DispatcherCrashed {} => {
                let is_up = self.outages.last().is_none_or(|(_, until)| until.is_some());
                if is_up {
                    self.outages.push((moment(event), None));
                }
            }
            What::InstallationSuspended { owner, .. } | What::InstallationDeleted { owner, .. } => {
                let absences = self.absences.entry(owner.to_lowercase()).or_default();
                if absences.last().is_none_or(|(_, back)| back.is_some()) {
                    absences.push((moment(event), None));
                }
            }
            What::InstallationUnsuspended { owner, .. }
            | What::InstallationCreated { owner, .. } => {
                let absences = self.absences.entry(owner.to_lowercase()).or_default();
                if let Some((_, back @ None)) = absences.last_mut() {
                    *back = Some(moment(event));
                }
            }
            What::HookSecretRotated { hook: None } if event.because.is_none() => {
                self.rotations.push((moment(event), None));
            }
            What::DispatcherStarted {} => {
                let untold = self.rotations.iter_mut().filter(|(_, told)| told.is_none());
                untold.for_each(|(_, told)| *told = Some(moment(event)));
                self.first_start.get_or_insert(moment(event));
                if let Some((_, until @ None)) = self.outages.last_mut() {
                    *until = Some(moment(event));
                }
            }
            _ => {}
        }
    }

    /// Places come first: what they were renamed to, how they are spelt, and for which owners runners are registered.
    fn name_places(&mut self) {
        let rare = among(self.events, &self.kinds, Kinds::RARE);
        for event in rare {
            if let What::RepoRenamed { from, to, .. } = &event.event {
                self.lanes.rename(from, to);
            }
        }
        let naming = Kinds::RARE | Kinds::LIVES | Kinds::ASKED;
        for event in among(self.events, &self.kinds, naming) {
            match &event.event {
                What::JobQueued { repo, .. }
                | What::JobWaiting { repo, .. }
                | What::RunnerCreated { repo, .. }
                | What::FaultApplied {
                    repo: Some(repo), ..
                } => self.lanes.spell(repo),
                What::HfCreated {
                    repo: Some(place), ..
                } => {
                    self.lanes.spell(place);
                    self.lanes.registers_for(place);
                }
                What::CallReceived {
                    about: Some(about), ..
                } => {
                    if let Some(repo) = &about.repo {
                        self.lanes.spell(repo);
                    }
                }
                _ => {}
            }
        }
    }

    /// Finds out for which lanes each HF job was: by what it was given, or by the runner that came up in it.
    fn file_hf_jobs(&mut self, terms: &Terms) {
        let mut seen: ByHfJob<'a, (&'a str, &'a [String])> = ByHfJob::default();
        for life in self.runners.values().filter(|life| life.online.is_some()) {
            if let Some(hf_job) = life.hf_job {
                seen.insert(hf_job, (life.repo, life.labels));
            }
        }
        for (hf_job, life) in self.hf_jobs.iter() {
            let seen = seen.get(hf_job).copied();
            let labels = if life.runner_labels.is_empty() {
                seen.map_or(life.runner_labels, |(_, labels)| labels)
            } else {
                life.runner_labels
            };
            let place = life.repo.or(seen.map(|(repo, _)| repo));
            let reach = match place.filter(|_| !labels.is_empty()) {
                Some(place) => {
                    let set = label_set(labels.iter().map(String::as_str));
                    let routed = terms.rules.flavor(labels.iter().map(String::as_str));
                    let lane = self.lanes.lane(place, set, routed.unwrap_or(life.flavor));
                    Reach::Lane(lane)
                }
                None => Reach::Hidden(life.flavor),
            };
            self.lanes.file(hf_job, reach);
        }
    }
}

/// When this event happened.
pub(super) const fn moment(event: &Event) -> Moment {
    Moment {
        event: event.id,
        at_ms: event.at_ms,
    }
}

/// True for a stage change that ends an HF job.
pub(super) fn ends_hf_job(event: &What) -> Option<(&HfJobId, Stage, StageCause)> {
    match event {
        What::HfStage {
            hf_job,
            stage,
            cause,
            ..
        } if stage.is_terminal() => Some((hf_job, *stage, *cause)),
        _ => None,
    }
}

/// The call an event is about, if it is one of a call's life.
#[must_use]
pub(super) const fn call_of(event: &What) -> Option<CallId> {
    match event {
        What::CallReceived { call, .. }
        | What::CallEffect { call, .. }
        | What::CallAnswered { call, .. }
        | What::CallLost { call, .. } => Some(*call),
        _ => None,
    }
}
