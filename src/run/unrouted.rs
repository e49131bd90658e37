//! Jobs that nobody is responsible for: they look meant for the dispatcher, and its rules do not route them.

use serde::{Deserialize, Serialize};

use crate::properties::{Ledger, Terms};

/// A queued job that looks meant for the dispatcher and is not routed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unrouted {
    /// Its name in the scenario.
    pub job: String,
    /// Its repository.
    pub repo: String,
    /// `runs-on`, as written.
    pub labels: Vec<String>,
}

impl Unrouted {
    /// Those of a history, in the order they came to be.
    #[must_use]
    pub fn read(ledger: &Ledger<'_>, terms: &Terms) -> Vec<Self> {
        let routed = terms.rules.routed();
        let jobs = ledger.jobs.values();
        let nobodys = jobs.filter(|life| {
            life.queued.is_some()
                && life.flavor.is_none()
                && !terms.unserved_repos.contains(life.repo)
                && routed.seems_meant_by(life.labels.iter().map(String::as_str))
        });
        nobodys
            .map(|life| Self {
                job: life.name.to_owned(),
                repo: life.repo.to_owned(),
                labels: life.labels.to_vec(),
            })
            .collect()
    }
}
