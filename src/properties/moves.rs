//! Moves: what the events of a history do to the supply, read once for all passes over it. Each HF job is known by its number.

use std::collections::BTreeMap;

use fakes::{
    history::{Event, What},
    ids::{EventId, JobId},
};

use super::{
    lanes::Reach,
    ledger::{Kinds, Ledger, ends_hf_job},
};

/// What an event does to an HF job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is there.
    Created,
    /// A job runs on it.
    Works,
    /// It takes no job any more.
    Spent,
    /// The same, if it still might.
    GivenUp,
    /// It has ended.
    Ended,
}

/// A change with the event that made it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// The event.
    pub(super) event: EventId,
    /// The number of the HF job.
    pub(super) hf_job: usize,
    /// What happened to it.
    pub(super) change: Change,
}

/// What does not change of an HF job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made<'a> {
    /// The place it was made for, by the name that had first.
    pub(super) place: Option<&'a str>,
    /// Its flavor.
    pub(super) flavor: &'a str,
    /// For which lanes it can be.
    pub(super) reach: Option<Reach<'a>>,
}

/// All moves of a history, in order, and what each HF job was made as, at its number.
#[derive(Clone, Debug)]
pub(super) struct Moves<'a> {
    pub(super) all: Vec<Move>,
    pub(super) made: Vec<Made<'a>>,
}

impl<'a> Moves<'a> {
    pub(super) fn read(ledger: &Ledger<'a>) -> Self {
        let made = ledger.hf_jobs.in_order().iter().map(|(hf_job, life)| Made {
            place: life.repo.map(|repo| ledger.lanes.first_name(repo)),
            flavor: life.flavor,
            reach: ledger.lanes.reach(hf_job),
        });
        let mut reader = Reader {
            ledger,
            on: BTreeMap::new(),
            moves: Vec::new(),
        };
        for event in ledger.only(Kinds::LIVES) {
            reader.enter(event);
        }
        Self {
            all: reader.moves,
            made: made.collect(),
        }
    }
}

struct Reader<'l, 'a> {
    ledger: &'l Ledger<'a>,
    /// On which HF job each job runs, by its number.
    on: BTreeMap<JobId, usize>,
    moves: Vec<Move>,
}

impl<'a> Reader<'_, 'a> {
    fn enter(&mut self, event: &'a Event) {
        let ledger = self.ledger;
        let hf_job_of = |runner| {
            let hf_job = ledger.hf_job_of(runner, event.id)?;
            ledger.hf_jobs.number(hf_job)
        };
        if let Some((job, runner)) = ledger.works_on(event)
            && let Some(hf_job) = hf_job_of(runner)
        {
            self.on.insert(job, hf_job);
            self.note(event, hf_job, Change::Works);
        }
        match &event.event {
            What::JobCompleted { job, .. } => {
                if let Some(hf_job) = self.on.remove(job) {
                    self.note(event, hf_job, Change::Spent);
                }
            }
            What::JobTakenBack { runner, .. } => {
                if let Some(hf_job) = hf_job_of(*runner) {
                    self.note(event, hf_job, Change::Spent);
                }
            }
            What::HfCreated { hf_job, .. } => {
                if let Some(hf_job) = ledger.hf_jobs.number(hf_job) {
                    self.note(event, hf_job, Change::Created);
                }
            }
            other => {
                let (hf_job, change) = match ends_hf_job(other) {
                    Some((hf_job, ..)) => (Some(hf_job), Change::Ended),
                    None => (ledger.spends(event), Change::GivenUp),
                };
                if let Some(hf_job) = hf_job.and_then(|hf_job| ledger.hf_jobs.number(hf_job)) {
                    self.note(event, hf_job, change);
                }
            }
        }
    }

    fn note(&mut self, event: &Event, hf_job: usize, change: Change) {
        self.moves.push(Move {
            event: event.id,
            hf_job,
            change,
        });
    }
}
