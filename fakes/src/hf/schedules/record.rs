//! What is remembered of scheduled jobs.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::times::Schedule;
use crate::{
    hf::job::{origin::ScheduleId, spec::JobSpec},
    ids::{EventId, HfJobId},
};

/// A scheduled job.
pub(in crate::hf) struct ScheduledJob {
    pub(in crate::hf) id: ScheduleId,
    pub(in crate::hf) namespace: String,
    pub(in crate::hf) created_by: String,
    pub(in crate::hf) created_at: Timestamp,
    pub(in crate::hf) spec: JobSpec,
    pub(in crate::hf) schedule: Schedule,
    pub(in crate::hf) suspend: bool,
    /// Whether it may run while an earlier run is not over.
    pub(in crate::hf) concurrency: bool,
    pub(in crate::hf) last_job: Option<(HfJobId, Timestamp)>,
    /// What it was last changed by, which is why it runs.
    pub(in crate::hf) because: EventId,
    /// Told of every change.
    pub(in crate::hf) changed: Arc<Notify>,
}

impl ScheduledJob {
    /// Has its task look at it anew.
    pub(in crate::hf) fn change(&mut self, because: EventId, change: impl FnOnce(&mut Self)) {
        change(self);
        self.because = because;
        self.changed.notify_one();
    }
}

/// All scheduled jobs.
#[derive(Default)]
pub(in crate::hf) struct Schedules {
    /// In order of creation.
    pub(in crate::hf) live: Vec<ScheduledJob>,
    /// How many there ever were.
    pub(in crate::hf) created: usize,
}

impl Schedules {
    pub(in crate::hf) fn of_namespace(
        &self,
        namespace: &str,
    ) -> impl DoubleEndedIterator<Item = &ScheduledJob> {
        self.live
            .iter()
            .filter(move |job| job.namespace == namespace)
    }

    pub(in crate::hf) fn get(&self, id: &ScheduleId) -> Option<&ScheduledJob> {
        self.live.iter().find(|job| job.id == *id)
    }

    pub(in crate::hf) fn in_namespace(
        &self,
        namespace: &str,
        id: &ScheduleId,
    ) -> Option<&ScheduledJob> {
        self.get(id).filter(|job| job.namespace == namespace)
    }

    pub(in crate::hf) fn in_namespace_mut(
        &mut self,
        namespace: &str,
        id: &ScheduleId,
    ) -> Option<&mut ScheduledJob> {
        self.live
            .iter_mut()
            .find(|job| job.id == *id && job.namespace == namespace)
    }

    pub(in crate::hf) fn get_mut(&mut self, id: &ScheduleId) -> Option<&mut ScheduledJob> {
        self.live.iter_mut().find(|job| job.id == *id)
    }

    /// Takes it out. Its jobs go on.
    pub(in crate::hf) fn delete(
        &mut self,
        namespace: &str,
        id: &ScheduleId,
    ) -> Option<ScheduledJob> {
        let place = self
            .live
            .iter()
            .position(|job| job.id == *id && job.namespace == namespace)?;
        let deleted = self.live.remove(place);
        deleted.changed.notify_one();
        Some(deleted)
    }
}
