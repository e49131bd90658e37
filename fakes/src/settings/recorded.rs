//! What is recorded of a world that is played again: what there was before the recording began, and which ids are taken.

use std::collections::{BTreeMap, BTreeSet};

/// What recorded payloads tell that holds from the start. GitHub gives none of these ids to anything of its own, and what
/// was recorded keeps the id it had, whatever the world is called otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedWorld {
    /// The repositories by their full names. They were there before the first of their deliveries.
    pub repos: BTreeMap<String, RecordedRepo>,
    /// Runs.
    pub runs: BTreeSet<u64>,
    /// Jobs.
    pub jobs: BTreeSet<u64>,
    /// Runners.
    pub runners: BTreeSet<u64>,
}

/// A repository as payloads tell of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordedRepo {
    /// Its id.
    pub id: Option<u64>,
    /// The App's installation on its owner.
    pub installation: Option<u64>,
    /// Whether it is private.
    pub private: bool,
}

impl RecordedWorld {
    /// The recorded id of this repository.
    pub(crate) fn repository(&self, name: &str) -> Option<u64> {
        self.find(name).and_then(|repo| repo.id)
    }

    /// The recorded installation on this account.
    pub(crate) fn installation(&self, owner: &str) -> Option<u64> {
        let of_owner = self.repos.iter().filter(|(name, _)| is_of(name, owner));
        of_owner.filter_map(|(_, repo)| repo.installation).next()
    }

    /// Whether another repository was recorded under this id.
    pub(crate) fn is_another_repository(&self, id: u64, name: &str) -> bool {
        self.repository(name) != Some(id) && self.repos.values().any(|repo| repo.id == Some(id))
    }

    /// Whether another account was recorded with this installation.
    pub(crate) fn is_another_installation(&self, id: u64, owner: &str) -> bool {
        self.installation(owner) != Some(id)
            && self
                .repos
                .values()
                .any(|repo| repo.installation == Some(id))
    }

    /// The id of the next run of GitHub's own.
    pub(crate) fn next_run(&self, last: u64) -> u64 {
        next_free(last, &self.runs)
    }

    /// The id of the next job of GitHub's own.
    pub(crate) fn next_job(&self, last: u64) -> u64 {
        next_free(last, &self.jobs)
    }

    /// The id of the next runner of GitHub's own.
    pub(crate) fn next_runner(&self, last: u64) -> u64 {
        next_free(last, &self.runners)
    }

    fn find(&self, name: &str) -> Option<&RecordedRepo> {
        let mut repos = self.repos.iter();
        repos
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, repo)| repo)
    }
}

fn is_of(repo: &str, owner: &str) -> bool {
    let login = repo.split('/').next().unwrap_or_default();
    login.eq_ignore_ascii_case(owner)
}

/// The next number that no recording has taken.
fn next_free(last: u64, taken: &BTreeSet<u64>) -> u64 {
    let mut next = last + 1;
    while taken.contains(&next) {
        next += 1;
    }
    next
}
