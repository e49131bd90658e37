//! What the fake HF remembers of its jobs.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::{
    job::{cost::Meter, logs::JobLog, origin::Origin, spec::JobSpec, written::Written},
    schedules::record::Schedules,
};
use crate::{
    history::Stage,
    ids::{EventId, HfJobId},
};

/// What can interrupt the life of an HF job.
pub(in crate::hf) enum Command {
    /// Start now, whatever the schedule says.
    Start,
    /// It has been ended.
    Stop,
}

/// What changes in the course of a job and can be seen of it.
#[derive(Clone)]
pub(in crate::hf) struct Status {
    pub(in crate::hf) stage: Stage,
    pub(in crate::hf) message: Option<String>,
    pub(in crate::hf) cancel_reason: Option<String>,
    pub(in crate::hf) failures: u32,
    pub(in crate::hf) started_at: Option<Timestamp>,
    pub(in crate::hf) finished_at: Option<Timestamp>,
}

pub(in crate::hf) struct HfJob {
    pub(in crate::hf) id: HfJobId,
    /// Its place in the order of creation, from 1.
    pub(in crate::hf) ordinal: usize,
    pub(in crate::hf) namespace: String,
    pub(in crate::hf) origin: Origin,
    /// The repository or organisation whose runner it was created for.
    pub(in crate::hf) repo: Option<String>,
    pub(in crate::hf) spec: JobSpec,
    /// What its JSON says of the specification and of those who made it, once somebody asked.
    pub(in crate::hf) written: OnceCell<Written>,
    pub(in crate::hf) timeout_s: u64,
    pub(in crate::hf) status: Status,
    /// What its status was before, each until that moment: for answers that are out of date.
    past: Vec<(u64, Status)>,
    pub(in crate::hf) created_at: Timestamp,
    pub(in crate::hf) created_ms: u64,
    pub(in crate::hf) meter: Meter,
    /// It ended so long ago that HF has forgotten it.
    pub(in crate::hf) forgotten: bool,
    pub(in crate::hf) log: JobLog,
    /// Its latest event in the history.
    pub(in crate::hf) last_event: EventId,
    pub(in crate::hf) commands: UnboundedSender<Command>,
}

/// A job that is created.
pub(in crate::hf) struct NewHfJob {
    pub(in crate::hf) id: HfJobId,
    pub(in crate::hf) namespace: String,
    pub(in crate::hf) origin: Origin,
    pub(in crate::hf) repo: Option<String>,
    pub(in crate::hf) spec: JobSpec,
    pub(in crate::hf) timeout_s: u64,
    /// Why it does not run yet.
    pub(in crate::hf) message: Option<String>,
    pub(in crate::hf) created_at: Timestamp,
    pub(in crate::hf) created_ms: u64,
    pub(in crate::hf) meter: Meter,
    pub(in crate::hf) log: JobLog,
    pub(in crate::hf) created: EventId,
    pub(in crate::hf) commands: UnboundedSender<Command>,
}

impl HfJob {
    /// The key of its draws.
    pub(in crate::hf) fn entity(&self) -> String {
        format!("hf-job#{}", self.ordinal)
    }

    /// Changes what it consists of.
    fn change_spec(&mut self, change: impl FnOnce(&mut JobSpec)) {
        change(&mut self.spec);
        self.written = OnceCell::new();
    }

    /// Changes what can be seen of it.
    pub(in crate::hf) fn update(&mut self, now_ms: u64, change: impl FnOnce(&mut Status)) {
        let before = self.status.clone();
        change(&mut self.status);
        self.past.push((now_ms, before));
    }

    /// Everything that could be seen of it, in order.
    pub(in crate::hf) fn statuses(&self) -> impl Iterator<Item = &Status> {
        let past = self.past.iter().map(|(_, status)| status);
        past.chain(std::iter::once(&self.status))
    }

    /// What could be seen of it at a moment, or now; nothing if it was not there yet.
    pub(in crate::hf) fn status_at(&self, as_of_ms: Option<u64>) -> Option<&Status> {
        let Some(as_of_ms) = as_of_ms else {
            return Some(&self.status);
        };
        if as_of_ms < self.created_ms {
            return None;
        }
        let then = self.past.iter().find(|(until_ms, _)| as_of_ms < *until_ms);
        Some(then.map_or(&self.status, |(_, status)| status))
    }
}

/// Where to look for jobs, so that those are not looked at that cannot be meant: places below `before` only.
#[derive(Clone, Copy, Debug)]
pub(in crate::hf) enum Among<'a> {
    All {
        before: usize,
    },
    /// Those that have not ended.
    Live {
        before: usize,
    },
    /// Those with this label now.
    Labelled {
        label: (&'a str, &'a str),
        before: usize,
    },
}

#[derive(Default)]
pub(in crate::hf) struct State {
    /// In order of creation. Who adds one or changes its stage or its labels does so by the functions below.
    pub(in crate::hf) jobs: Vec<HfJob>,
    by_id: BTreeMap<HfJobId, usize>,
    /// The places of those that have not ended.
    live: BTreeSet<usize>,
    /// The places of those that carry each label.
    by_label: BTreeMap<String, BTreeMap<String, BTreeSet<usize>>>,
    pub(in crate::hf) schedules: Schedules,
    /// The namespaces whose balance has ended.
    pub(in crate::hf) broke: BTreeSet<String>,
}

impl State {
    pub(in crate::hf) fn add(&mut self, new: NewHfJob) {
        let place = self.jobs.len();
        let ordinal = place + 1;
        self.by_id.insert(new.id.clone(), place);
        self.live.insert(place);
        self.label(place, &new.spec.labels, true);
        self.jobs.push(HfJob {
            id: new.id,
            ordinal,
            namespace: new.namespace,
            origin: new.origin,
            repo: new.repo,
            spec: new.spec,
            written: OnceCell::new(),
            timeout_s: new.timeout_s,
            status: Status {
                stage: Stage::Scheduling,
                message: new.message,
                cancel_reason: None,
                failures: 0,
                started_at: None,
                finished_at: None,
            },
            past: Vec::new(),
            created_at: new.created_at,
            created_ms: new.created_ms,
            meter: new.meter,
            forgotten: false,
            log: new.log,
            last_event: new.created,
            commands: new.commands,
        });
    }

    pub(in crate::hf) fn get(&self, id: &HfJobId) -> Option<&HfJob> {
        self.jobs.get(*self.by_id.get(id)?)
    }

    /// The job, if it is in this namespace and not forgotten.
    pub(in crate::hf) fn in_namespace(&self, namespace: &str, id: &HfJobId) -> Option<&HfJob> {
        self.get(id)
            .filter(|job| job.namespace == namespace && !job.forgotten)
    }

    /// The jobs among which all are that a question is about, in order of creation.
    pub(in crate::hf) fn among(
        &self,
        among: &Among<'_>,
    ) -> Box<dyn DoubleEndedIterator<Item = &HfJob> + '_> {
        const NOTHING: &BTreeSet<usize> = &BTreeSet::new();
        let places = match among {
            Among::All { before } => {
                let end = self.jobs.len().min(*before);
                return Box::new(self.jobs[..end].iter());
            }
            Among::Live { before } => self.live.range(..before),
            Among::Labelled { label, before } => {
                let (key, value) = label;
                let with_key = self.by_label.get(*key);
                let labelled = with_key.and_then(|values| values.get(*value));
                labelled.unwrap_or(NOTHING).range(..before)
            }
        };
        Box::new(places.filter_map(|place| self.jobs.get(*place)))
    }

    /// The jobs that have not ended, in order of creation.
    pub(in crate::hf) fn live(&self) -> impl Iterator<Item = &HfJob> {
        self.live.iter().filter_map(|place| self.jobs.get(*place))
    }

    /// A job has ended.
    pub(in crate::hf) fn ended(&mut self, id: &HfJobId) {
        if let Some(place) = self.by_id.get(id) {
            self.live.remove(place);
        }
    }

    /// Changes what a job was ordered as, if it is in this namespace.
    pub(in crate::hf) fn respecify(
        &mut self,
        namespace: &str,
        id: &HfJobId,
        change: impl FnOnce(&mut JobSpec),
    ) -> Option<&HfJob> {
        let place = *self.by_id.get(id)?;
        let job = self.jobs.get_mut(place)?;
        if job.namespace != namespace || job.forgotten {
            return None;
        }
        let before = job.spec.labels.clone();
        job.change_spec(change);
        let after = job.spec.labels.clone();
        if before != after {
            self.label(place, &before, false);
            self.label(place, &after, true);
        }
        self.jobs.get(place)
    }

    /// The job at this place carries these labels from now on, or no longer.
    fn label(&mut self, place: usize, labels: &BTreeMap<String, String>, carries: bool) {
        for (key, value) in labels {
            let values = self.by_label.entry(key.clone()).or_default();
            if carries {
                values.entry(value.clone()).or_default().insert(place);
            } else if let Some(places) = values.get_mut(value) {
                places.remove(&place);
                if places.is_empty() {
                    values.remove(value);
                }
            }
        }
    }

    pub(in crate::hf) fn get_mut(&mut self, id: &HfJobId) -> Option<&mut HfJob> {
        self.jobs.get_mut(*self.by_id.get(id)?)
    }
}
