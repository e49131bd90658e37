//! Jobs that nobody is responsible for: they look meant for the dispatcher, and its rules do not route them, or it has no
//! business in their repository.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::properties::{JobLife, Ledger, Terms};

/// A queued job that looks meant for the dispatcher and that it is not to serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unrouted {
    /// Its name in the scenario.
    pub job: String,
    /// Its repository.
    pub repo: String,
    /// `runs-on`, as written.
    pub labels: Vec<String>,
    /// Why.
    #[serde(default)]
    pub why: Unserved,
}

/// Why the dispatcher is not to serve a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unserved {
    /// Its rules do not route these labels.
    #[default]
    Labels,
    /// Its App is not installed in the repository, or not under the name that it has by then.
    NotInstalled,
    /// The repository is not on its allow-list.
    NotAllowed,
}

impl Unrouted {
    /// Those of a history, in the order they came to be; `closed` are the repositories that are not served.
    #[must_use]
    pub fn read(
        ledger: &Ledger<'_>,
        terms: &Terms,
        closed: &BTreeMap<String, Unserved>,
    ) -> Vec<Self> {
        let queued = ledger.jobs.values().filter(|life| life.queued.is_some());
        let nobodys = queued.filter_map(|life| {
            let why = why(life, terms, closed)?;
            // A repository may have come to be served meanwhile, under another name.
            let is_served = why != Unserved::Labels && life.started.is_some();
            if is_served {
                return None;
            }
            Some(Self {
                job: life.name.to_owned(),
                repo: life.repo.to_owned(),
                labels: life.labels.to_vec(),
                why,
            })
        });
        nobodys.collect()
    }

    /// The same as a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self {
            job, repo, labels, ..
        } = self;
        let why = match self.why {
            Unserved::Labels => format!("its rules do not route {labels:?}"),
            Unserved::NotInstalled => "its App is not installed there".to_owned(),
            Unserved::NotAllowed => "the repository is not on its allow-list".to_owned(),
        };
        format!("{job} ({repo}) looks meant for the dispatcher, and {why}: nobody will serve it")
    }
}

fn why(life: &JobLife<'_>, terms: &Terms, closed: &BTreeMap<String, Unserved>) -> Option<Unserved> {
    let looks_meant = life.flavor.is_some() || terms.looks_meant(life.labels);
    let of_repo = closed
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(life.repo));
    match of_repo {
        _ if !looks_meant => None,
        Some((_, why)) => Some(*why),
        None if life.flavor.is_none() => Some(Unserved::Labels),
        None => None,
    }
}
