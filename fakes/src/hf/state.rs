//! What the fake HF remembers of its jobs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::{logs::JobLog, origin::Origin, schedules::Schedules, spec::JobSpec};
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

pub(super) struct HfJob {
    pub(super) id: HfJobId,
    /// Its place in the order of creation, from 1.
    pub(super) ordinal: usize,
    pub(super) namespace: String,
    pub(super) origin: Origin,
    pub(super) spec: JobSpec,
    pub(super) timeout_s: u64,
    pub(super) stage: Stage,
    pub(super) message: Option<String>,
    pub(super) failures: u32,
    pub(super) created_at: Timestamp,
    pub(super) created_ms: u64,
    pub(super) started_at: Option<Timestamp>,
    pub(super) started_ms: Option<u64>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) cost_micro_usd: Option<u64>,
    pub(super) log: JobLog,
    /// Its latest event in the history.
    pub(super) last_event: EventId,
    pub(super) commands: UnboundedSender<Command>,
}

impl HfJob {
    /// The key of its draws.
    pub(super) fn entity(&self) -> String {
        format!("hf-job#{}", self.ordinal)
    }
}

#[derive(Default)]
pub(super) struct State {
    /// In order of creation.
    pub(super) jobs: Vec<HfJob>,
    pub(super) by_id: BTreeMap<HfJobId, usize>,
    pub(super) schedules: Schedules,
}

impl State {
    pub(super) fn get(&self, id: &HfJobId) -> Option<&HfJob> {
        self.jobs.get(*self.by_id.get(id)?)
    }

    /// The job, if it is in this namespace.
    pub(super) fn in_namespace(&self, namespace: &str, id: &HfJobId) -> Option<&HfJob> {
        self.get(id).filter(|job| job.namespace == namespace)
    }

    /// The job, if it is in this namespace and can be changed.
    pub(super) fn in_namespace_mut(&mut self, namespace: &str, id: &HfJobId) -> Option<&mut HfJob> {
        self.get_mut(id).filter(|job| job.namespace == namespace)
    }

    pub(super) fn get_mut(&mut self, id: &HfJobId) -> Option<&mut HfJob> {
        self.jobs.get_mut(*self.by_id.get(id)?)
    }
}
