//! Jobs that are not over: by number, by age, and by run.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Bound, Deref},
};

use jiff::Timestamp;

use super::{order::Order, table::Table};
use crate::core::{
    looks::look,
    model::{Job, JobId, JobKey, JobStatus, LastWord, RepoId, RunId},
};

/// What the indexes hold of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// It is queued, whether it wants a runner or not.
    pub(super) queued: bool,
    /// It wants a runner, if its repository is ours; with the last word that it is queued.
    pub(super) wanting: Option<LastWord>,
}

impl Standing {
    pub(super) fn of(job: &Job) -> Self {
        let queued = job.status == JobStatus::Queued;
        let wanting = queued && !job.held && !job.late && job.unservable.is_none();
        Self {
            queued,
            wanting: wanting.then(|| job.last_word()),
        }
    }
}

/// The open jobs. They are changed by [`Core::with_job`](crate::core::Core) and its like, and read like a map.
#[derive(Debug, Default)]
pub(in crate::core) struct Jobs {
    table: Table<JobKey, Job>,
    /// Queued jobs, oldest first.
    by_age: Order<(Timestamp, JobKey)>,
    /// The queued jobs of a run.
    runs: BTreeMap<RunId, BTreeSet<JobKey>>,
}

impl Deref for Jobs {
    type Target = Table<JobKey, Job>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

impl Jobs {
    /// The open jobs of one repository.
    pub(in crate::core) fn of_repo(&self, repo: RepoId) -> impl Iterator<Item = JobKey> {
        let first = JobKey {
            repo,
            job: JobId(0),
        };
        self.table
            .range(first..)
            .map(|(key, _)| *key)
            .take_while(move |key| key.repo == repo)
    }

    /// Queued jobs, oldest first.
    pub(in crate::core) fn by_age(&self) -> impl Iterator<Item = (Timestamp, JobKey)> {
        self.by_age.iter().copied()
    }

    /// The queued jobs of a run.
    pub(in crate::core) fn queued_of(&self, run: RunId) -> impl Iterator<Item = JobKey> {
        let jobs = self.runs.get(&run).into_iter().flatten();
        jobs.copied().inspect(|_| look())
    }

    /// So many runs with queued jobs, the next after this one first.
    pub(in crate::core) fn queued_runs(&self, after: RunId, at_most: usize) -> BTreeSet<RunId> {
        let next = self.runs.range((Bound::Excluded(after), Bound::Unbounded));
        let round = next.chain(self.runs.range(..=after));
        round.map(|(run, _)| *run).take(at_most).collect()
    }

    pub(super) fn table_mut(&mut self) -> &mut Table<JobKey, Job> {
        &mut self.table
    }

    pub(super) fn queue(
        &mut self,
        key: JobKey,
        (first_seen, run): (Timestamp, RunId),
        queued: bool,
    ) {
        let jobs = self.runs.entry(run).or_default();
        if queued {
            jobs.insert(key);
            self.by_age.insert((first_seen, key));
        } else {
            jobs.remove(&key);
            self.by_age.remove(&(first_seen, key));
        }
        if jobs.is_empty() {
            self.runs.remove(&run);
        }
    }
}
