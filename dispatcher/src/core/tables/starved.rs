//! Lanes that a cap keeps from launching what they want, by the cap that does: each is looked at when that one gives way.

use std::collections::BTreeSet;

use crate::core::{
    looks::look,
    model::{Lane, RepoId},
};

/// What keeps a lane from launching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum Cap {
    /// There may be no more launches at all.
    Total,
    /// There may be no more launches in the lane's repository.
    Repo,
}

/// The lanes that a cap starves. Each is kept under one of the caps.
#[derive(Debug, Default)]
pub(in crate::core) struct Starved {
    by_total: BTreeSet<Lane>,
    by_repo: BTreeSet<Lane>,
}

impl Starved {
    pub(in crate::core) fn is_empty(&self) -> bool {
        self.by_total.is_empty() && self.by_repo.is_empty()
    }

    pub(in crate::core) fn insert(&mut self, lane: Lane, by: Cap) {
        look();
        match by {
            Cap::Total => self.by_total.insert(lane),
            Cap::Repo => self.by_repo.insert(lane),
        };
    }

    pub(in crate::core) fn remove(&mut self, lane: &Lane) {
        look();
        self.by_total.remove(lane);
        self.by_repo.remove(lane);
    }

    /// Lanes that wait for any launch to end.
    pub(in crate::core) fn by_total(&self) -> impl Iterator<Item = &Lane> {
        self.by_total.iter().inspect(|_| look())
    }

    /// Lanes of one repository that wait for a launch of theirs to end.
    pub(super) fn by_repo(&self, repo: RepoId) -> impl Iterator<Item = &Lane> {
        let first = Lane {
            repo,
            label: String::new(),
        };
        self.by_repo
            .range(first..)
            .inspect(|_| look())
            .take_while(move |lane| lane.repo == repo)
    }

    #[cfg(test)]
    pub(in crate::core) fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.by_total.iter().chain(&self.by_repo)
    }
}
