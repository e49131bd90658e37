//! What the fake HF remembers of its jobs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::{cost::Meter, logs::JobLog, origin::Origin, schedules::Schedules, spec::JobSpec};
use crate::{
    history::Stage,
    ids::{EventId, HfJobId},
};

/// What can interrupt the life of an HF job.
pub(super) enum Command {
    /// Start now, whatever the schedule says.
    Start,
    /// It has been ended.
    Stop,
}

/// What changes in the course of a job and can be seen of it.
#[derive(Clone)]
pub(super) struct Status {
    pub(super) stage: Stage,
    pub(super) message: Option<String>,
    pub(super) cancel_reason: Option<String>,
    pub(super) failures: u32,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
}

pub(super) struct HfJob {
    pub(super) id: HfJobId,
    /// Its place in the order of creation, from 1.
    pub(super) ordinal: usize,
    pub(super) namespace: String,
    pub(super) origin: Origin,
    /// The repository or organisation whose runner it was created for.
    pub(super) repo: Option<String>,
    pub(super) spec: JobSpec,
    pub(super) timeout_s: u64,
    pub(super) status: Status,
    /// What its status was before, each until that moment: for answers that are out of date.
    past: Vec<(u64, Status)>,
    pub(super) created_at: Timestamp,
    pub(super) created_ms: u64,
    pub(super) meter: Meter,
    /// It ended so long ago that HF has forgotten it.
    pub(super) forgotten: bool,
    pub(super) log: JobLog,
    /// Its latest event in the history.
    pub(super) last_event: EventId,
    pub(super) commands: UnboundedSender<Command>,
}

/// A job that is created.
pub(super) struct NewHfJob {
    pub(super) id: HfJobId,
    pub(super) namespace: String,
    pub(super) origin: Origin,
    pub(super) repo: Option<String>,
    pub(super) spec: JobSpec,
    pub(super) timeout_s: u64,
    /// Why it does not run yet.
    pub(super) message: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) created_ms: u64,
    pub(super) meter: Meter,
    pub(super) log: JobLog,
    pub(super) created: EventId,
    pub(super) commands: UnboundedSender<Command>,
}

impl HfJob {
    /// The key of its draws.
    pub(super) fn entity(&self) -> String {
        format!("hf-job#{}", self.ordinal)
    }

    /// Changes what can be seen of it.
    pub(super) fn update(&mut self, now_ms: u64, change: impl FnOnce(&mut Status)) {
        let before = self.status.clone();
        change(&mut self.status);
        self.past.push((now_ms, before));
    }

    /// Everything that could be seen of it, in order.
    pub(super) fn statuses(&self) -> impl Iterator<Item = &Status> {
        let past = self.past.iter().map(|(_, status)| status);
        past.chain(std::iter::once(&self.status))
    }

    /// What could be seen of it at a moment, or now; nothing if it was not there yet.
    pub(super) fn status_at(&self, as_of_ms: Option<u64>) -> Option<&Status> {
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

#[derive(Default)]
pub(super) struct State {
    /// In order of creation.
    pub(super) jobs: Vec<HfJob>,
    by_id: BTreeMap<HfJobId, usize>,
    pub(super) schedules: Schedules,
    /// The namespaces whose balance has ended.
    pub(super) broke: BTreeSet<String>,
}

impl State {
    pub(super) fn add(&mut self, new: NewHfJob) {
        let ordinal = self.jobs.len() + 1;
        self.by_id.insert(new.id.clone(), self.jobs.len());
        self.jobs.push(HfJob {
            id: new.id,
            ordinal,
            namespace: new.namespace,
            origin: new.origin,
            repo: new.repo,
            spec: new.spec,
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

    pub(super) fn get(&self, id: &HfJobId) -> Option<&HfJob> {
        self.jobs.get(*self.by_id.get(id)?)
    }

    /// The job, if it is in this namespace and not forgotten.
    pub(super) fn in_namespace(&self, namespace: &str, id: &HfJobId) -> Option<&HfJob> {
        self.get(id)
            .filter(|job| job.namespace == namespace && !job.forgotten)
    }

    /// The jobs of a namespace that are not forgotten, in order of creation.
    pub(super) fn of_namespace(&self, namespace: &str) -> impl DoubleEndedIterator<Item = &HfJob> {
        self.jobs
            .iter()
            .filter(move |job| job.namespace == namespace && !job.forgotten)
    }

    /// The job, if it is in this namespace and can be changed.
    pub(super) fn in_namespace_mut(&mut self, namespace: &str, id: &HfJobId) -> Option<&mut HfJob> {
        self.get_mut(id)
            .filter(|job| job.namespace == namespace && !job.forgotten)
    }

    pub(super) fn get_mut(&mut self, id: &HfJobId) -> Option<&mut HfJob> {
        self.jobs.get_mut(*self.by_id.get(id)?)
    }
}
