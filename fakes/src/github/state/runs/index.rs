//! Which runs a repository has, by where they stand and by commit: the listings read this.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    run::Run,
    standing::{RunConclusion, RunStatus, Standing},
};
use crate::ids::RunId;

/// A shelf of the index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum Shelf {
    All,
    Status(RunStatus),
    Conclusion(RunConclusion),
    Commit(String),
}

/// Runs by repository and shelf. Repositories are known by their ids.
#[derive(Default)]
pub(in crate::github) struct RunIndex(BTreeMap<(u64, Shelf), BTreeSet<RunId>>);

impl RunIndex {
    pub(in crate::github) fn add(&mut self, run: &Run) {
        for shelf in shelves(run) {
            self.put(run.repo.id, shelf, run.id);
        }
    }

    pub(in crate::github) fn remove(&mut self, run: &Run) {
        for shelf in shelves(run) {
            self.take(run.repo.id, shelf, run.id);
        }
    }

    pub(in crate::github) fn refile(
        &mut self,
        repo: u64,
        run: RunId,
        from: Standing,
        to: Standing,
    ) {
        if from == to {
            return;
        }
        for shelf in of_standing(from) {
            self.take(repo, shelf, run);
        }
        for shelf in of_standing(to) {
            self.put(repo, shelf, run);
        }
    }

    /// The runs on a shelf.
    pub(in crate::github) fn on(&self, repo: u64, shelf: Shelf) -> &BTreeSet<RunId> {
        const NOTHING: &BTreeSet<RunId> = &BTreeSet::new();
        self.0.get(&(repo, shelf)).unwrap_or(NOTHING)
    }

    /// All runs that are not completed.
    pub(in crate::github) fn live(&self) -> impl Iterator<Item = RunId> + '_ {
        self.0
            .iter()
            .filter(|((_, shelf), _)| {
                matches!(shelf, Shelf::Status(status) if *status != RunStatus::Completed)
            })
            .flat_map(|(_, runs)| runs.iter().copied())
    }

    fn put(&mut self, repo: u64, shelf: Shelf, run: RunId) {
        self.0.entry((repo, shelf)).or_default().insert(run);
    }

    fn take(&mut self, repo: u64, shelf: Shelf, run: RunId) {
        let key = (repo, shelf);
        if let Some(runs) = self.0.get_mut(&key) {
            runs.remove(&run);
            if runs.is_empty() {
                self.0.remove(&key);
            }
        }
    }
}

fn shelves(run: &Run) -> impl Iterator<Item = Shelf> {
    [Shelf::All, Shelf::Commit(run.head_sha.clone())]
        .into_iter()
        .chain(of_standing(run.standing))
}

fn of_standing(standing: Standing) -> impl Iterator<Item = Shelf> {
    [
        Some(Shelf::Status(standing.status)),
        standing.conclusion.map(Shelf::Conclusion),
    ]
    .into_iter()
    .flatten()
}
