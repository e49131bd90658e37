//! What is over and must not come back: closed jobs and ended launches, each with its end in order.

use std::{
    collections::BTreeMap,
    ops::{Bound, Deref},
};

use jiff::Timestamp;

use super::{order::Order, table::Table};
use crate::core::{
    looks::look,
    model::{ClosedJob, EndedLaunch, HfJobId, JobKey, LaunchId},
};

/// Jobs that are out of the way.
#[derive(Debug, Default)]
pub(in crate::core) struct Closed {
    table: Table<JobKey, ClosedJob>,
    by_end: Order<(Timestamp, JobKey)>,
}

impl Deref for Closed {
    type Target = Table<JobKey, ClosedJob>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

impl Closed {
    pub(in crate::core) fn insert(&mut self, key: JobKey, closed: ClosedJob) {
        self.remove(key);
        self.by_end.insert((closed.at, key));
        self.table.insert(key, closed);
    }

    pub(in crate::core) fn remove(&mut self, key: JobKey) {
        if let Some(closed) = self.table.remove(&key) {
            self.by_end.remove(&(closed.at, key));
        }
    }

    /// The one that ended first.
    pub(in crate::core) fn first(&self) -> Option<(Timestamp, JobKey)> {
        self.by_end.first().copied()
    }

    /// By their end, the last one last.
    pub(in crate::core) fn by_end(&self) -> impl DoubleEndedIterator<Item = (Timestamp, JobKey)> {
        self.by_end.iter().copied()
    }
}

/// Launches that are over. Their names are not given out again while they are remembered, and no HF job of theirs is taken
/// for a stray. A lane that fails for hours leaves thousands behind, so a name is looked for among those that begin alike.
#[derive(Debug, Default)]
pub(in crate::core) struct Ended {
    table: Table<LaunchId, EndedLaunch>,
    by_end: Order<(Timestamp, LaunchId)>,
    names: BTreeMap<String, usize>,
    hf_jobs: BTreeMap<HfJobId, Timestamp>,
}

impl Deref for Ended {
    type Target = Table<LaunchId, EndedLaunch>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

impl Ended {
    pub(in crate::core) fn insert(&mut self, id: LaunchId, ended: EndedLaunch) {
        self.remove(&id);
        self.by_end.insert((ended.at, id.clone()));
        *self.names.entry(ended.runner.clone()).or_default() += 1;
        if let Some(hf_job) = ended.hf_job.clone() {
            self.hf_jobs.insert(hf_job, ended.at);
        }
        self.table.insert(id, ended);
    }

    pub(in crate::core) fn remove(&mut self, id: &LaunchId) {
        let Some(ended) = self.table.remove(id) else {
            return;
        };
        self.by_end.remove(&(ended.at, id.clone()));
        if let Some(count) = self.names.get_mut(&ended.runner) {
            *count -= 1;
            if *count == 0 {
                self.names.remove(&ended.runner);
            }
        }
        if let Some(hf_job) = &ended.hf_job
            && self.hf_jobs.get(hf_job) == Some(&ended.at)
        {
            self.hf_jobs.remove(hf_job);
        }
    }

    /// The one that ended first.
    pub(in crate::core) fn first(&self) -> Option<(Timestamp, LaunchId)> {
        self.by_end.first().cloned()
    }

    /// The names of their runners that begin like this.
    pub(in crate::core) fn names_from<'a>(
        &'a self,
        beginning: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        self.names
            .range::<str, _>((Bound::Included(beginning), Bound::Unbounded))
            .map(|(name, _)| name.as_str())
            .inspect(|_| look())
            .take_while(move |name| name.starts_with(beginning))
    }

    /// When the launch with this HF job ended.
    pub(in crate::core) fn end_of(&self, hf_job: &HfJobId) -> Option<Timestamp> {
        look();
        self.hf_jobs.get(hf_job).copied()
    }
}
