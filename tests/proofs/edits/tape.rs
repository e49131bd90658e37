//! A history that is being edited: what is in it, and how something is put in or taken out. Events are numbered anew at the
//! end, in one place, so that an edit never has to think of ids.

mod cut;
mod put;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{CredentialKind, CredentialState, CredentialUse, Entity, Event, What},
    ids::{EventId, HfJobId, JobId, RunId, RunnerId},
};
use scenarios::plan::Plan;

pub(super) use self::put::{about_repo, created, flavor_of};

/// What is put in is numbered from here until it has its place.
const NEW: u64 = 1 << 40;
/// Ids of what is put in begin here; GitHub's own are smaller or much larger.
const ADDED: u64 = 1 << 50;

/// One minute, in milliseconds.
pub(super) const MINUTE: u64 = 60_000;
/// One hour.
pub(super) const HOUR: u64 = 60 * MINUTE;

/// A history under the scissors.
pub(super) struct Tape<'a> {
    /// The plan it came from.
    pub(super) plan: &'a Plan,
    /// The events; those put in have numbers of their own.
    pub(super) events: Vec<Event>,
    pick: usize,
    added: u64,
}

/// A job as its history tells it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) run: RunId,
    pub(super) repo: String,
    pub(super) labels: Vec<String>,
    pub(super) attempt: u32,
    /// When it was first announced.
    pub(super) announced: u64,
    pub(super) started: Option<u64>,
    pub(super) completed: Option<u64>,
}

/// An HF job, and its runner, as their history tells it.
#[derive(Clone, Debug)]
pub(super) struct Hf {
    pub(super) id: HfJobId,
    pub(super) flavor: String,
    pub(super) repo: Option<String>,
    pub(super) name: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) created: u64,
    pub(super) runner: Option<RunnerId>,
    pub(super) online: Option<u64>,
    /// The job it was given first, and when.
    pub(super) assigned: Option<(u64, JobId)>,
    pub(super) ended: Option<u64>,
}

/// The dispatcher's usual credentials.
pub(super) const fn fresh(kind: CredentialKind) -> CredentialUse {
    CredentialUse {
        kind,
        state: CredentialState::Fresh,
    }
}

impl<'a> Tape<'a> {
    pub(super) fn new(plan: &'a Plan, events: Vec<Event>, pick: usize) -> Self {
        // Another edit may have added something before.
        let numbers = events.iter().flat_map(|event| event.event.entities());
        let added = numbers.filter_map(|entity| match entity {
            Entity::Job(id) => Some(id.0),
            Entity::Run(id) => Some(id.0),
            Entity::Runner(id) => Some(id.0),
            Entity::Delivery(id) => Some(id.0),
            Entity::Call(id) => Some(id.0),
            Entity::HfJob(id) => u64::from_str_radix(&id.0, 16).ok(),
        });
        let added = added.filter_map(|number| number.checked_sub(ADDED));
        let added = added.filter(|added| *added < ADDED).max().unwrap_or(0);
        Self {
            plan,
            events,
            pick,
            added,
        }
    }

    /// The history, numbered anew.
    pub(super) fn finish(self) -> Vec<Event> {
        let numbers: BTreeMap<EventId, EventId> = self
            .events
            .iter()
            .zip(1..)
            .map(|(event, number)| (event.id, EventId(number)))
            .collect();
        let renumbered = self.events.into_iter().filter_map(|mut event| {
            event.id = numbers[&event.id];
            event.because = event.because.and_then(|cause| numbers.get(&cause).copied());
            if let What::FaultReleased { strike, .. } = &mut event.event {
                *strike = *numbers.get(strike)?;
            }
            Some(event)
        });
        let mut events: Vec<Event> = renumbered.collect();
        // A release without its strike is gone as well, and leaves a gap.
        if events.last().map(|event| event.id.0) != Some(events.len() as u64) {
            let again = Tape::new(self.plan, std::mem::take(&mut events), self.pick);
            return again.finish();
        }
        events
    }

    /// One of these, as the edit was told to pick.
    pub(super) fn pick<T>(&self, mut of: Vec<T>) -> Option<T> {
        let place = self.pick.checked_rem(of.len())?;
        Some(of.swap_remove(place))
    }

    /// Where an event like this stands; the one that the edit was told to pick.
    pub(super) fn find(&self, is: impl Fn(&What) -> bool) -> Option<usize> {
        let places = self.events.iter().enumerate();
        let fitting: Vec<usize> = places
            .filter(|(_, event)| is(&event.event))
            .map(|(place, _)| place)
            .collect();
        self.pick(fitting)
    }

    /// When the history ends.
    pub(super) fn end(&self) -> u64 {
        self.events.last().map_or(0, |event| event.at_ms)
    }

    /// Where the last words begin: the counts of faults, and the end.
    fn tail(&self) -> usize {
        let last_words = |event: &&Event| {
            matches!(
                event.event,
                What::WorldEnded { .. } | What::FaultCounted { .. }
            )
        };
        self.events.len() - self.events.iter().rev().take_while(last_words).count()
    }

    /// How long a job may wait, milliseconds.
    pub(super) fn served_within(&self) -> u64 {
        dispatchlab::run::terms_of(self.plan)
            .bounds
            .served_within_ms
    }

    /// The jobs that recordings alone start and end.
    pub(super) fn recorded(&self) -> BTreeSet<JobId> {
        dispatchlab::run::terms_of(self.plan).recorded_jobs
    }

    /// Lets the history go on until then.
    pub(super) fn until(&mut self, at_ms: u64) {
        let tail = self.tail();
        for event in &mut self.events[tail..] {
            event.at_ms = event.at_ms.max(at_ms);
        }
    }

    /// Puts an event in, behind all that happened until then.
    pub(super) fn add(&mut self, at_ms: u64, event: What) -> EventId {
        self.add_for(at_ms, None, event)
    }

    /// The same, with its cause.
    pub(super) fn add_for(&mut self, at_ms: u64, because: Option<EventId>, event: What) -> EventId {
        self.until(at_ms);
        let tail = self.tail();
        let place = self.events[..tail].partition_point(|event| event.at_ms <= at_ms);
        self.added += 1;
        let id = EventId(NEW + self.added);
        let event = Event {
            id,
            at_ms,
            because,
            event,
        };
        self.events.insert(place, event);
        id
    }

    /// Takes events out; whether there were any.
    pub(super) fn remove(&mut self, is: impl Fn(&What) -> bool) -> Option<()> {
        let before = self.events.len();
        self.events.retain(|event| !is(&event.event));
        (self.events.len() < before).then_some(())
    }

    /// Lets everything from then on happen so much later.
    pub(super) fn postpone(&mut self, from_ms: u64, by_ms: u64) {
        for event in &mut self.events {
            if event.at_ms >= from_ms {
                event.at_ms += by_ms;
            }
        }
    }

    /// A number that nothing in the history has.
    pub(super) const fn number(&mut self) -> u64 {
        self.added += 1;
        ADDED + self.added
    }

    /// An HF job id that nothing in the history has.
    pub(super) fn hf_id(&mut self) -> HfJobId {
        HfJobId(format!("{:024x}", self.number()))
    }
}
