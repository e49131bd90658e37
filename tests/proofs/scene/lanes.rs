//! Places and lanes: a place and a label set, in which jobs demand runners and HF jobs supply them.

use std::collections::BTreeSet;

use fakes::history::{Event, What};

use super::{Scene, hf_jobs};

/// Labels as GitHub compares them: trimmed, lower case, as a set.
pub(crate) type Labels = BTreeSet<String>;

pub(crate) fn folded(labels: &[String]) -> Labels {
    let fold = |label: &String| label.trim().to_ascii_lowercase();
    labels.iter().map(fold).collect()
}

/// A place and a label set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lane {
    pub(crate) place: String,
    pub(crate) labels: Labels,
    /// Where its jobs go, by the scenario's rules.
    pub(crate) flavor: Option<&'static str>,
}

/// A repository has another name from a position on; in lower case.
pub(super) struct Rename {
    position: usize,
    from: String,
    to: String,
}

pub(super) fn renames(events: &[Event]) -> Vec<Rename> {
    let rename = |(position, event): (usize, &Event)| match &event.event {
        What::RepoRenamed { from, to, .. } => Some(Rename {
            position,
            from: from.to_ascii_lowercase(),
            to: to.to_ascii_lowercase(),
        }),
        _ => None,
    };
    events.iter().enumerate().filter_map(rename).collect()
}

pub(super) fn owner(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

/// Owners that an HF job of the history names without a repository.
pub(super) fn owner_places(scene: &Scene<'_>) -> Vec<String> {
    let named = hf_jobs::named_places(scene).into_iter();
    named.filter(|name| !name.contains('/')).collect()
}

/// Each lane that a routed job or an HF job belongs to.
pub(super) fn read(scene: &Scene<'_>) -> Vec<Lane> {
    let of_jobs = scene.jobs.values().filter_map(|job| job.lane.clone());
    let of_hf_jobs = scene
        .hf_jobs
        .iter()
        .filter_map(|hf_job| hf_job.lane.clone());
    let all: BTreeSet<Lane> = of_jobs.chain(of_hf_jobs).collect();
    all.into_iter().collect()
}

impl Scene<'_> {
    /// The name that a repository had first.
    pub(super) fn first_name(&self, name: &str) -> String {
        let mut name = name.to_ascii_lowercase();
        for rename in self.renames.iter().rev() {
            if rename.to == name {
                name.clone_from(&rename.from);
            }
        }
        name
    }

    /// The name a repository has at a position, by the name it had first.
    pub(super) fn name_at(&self, first: &str, position: usize) -> String {
        let mut name = first.to_owned();
        let until = self
            .renames
            .iter()
            .take_while(|rename| rename.position <= position);
        for rename in until {
            if rename.from == name {
                name.clone_from(&rename.to);
            }
        }
        name
    }

    /// Whether the dispatcher serves this repository: installed, and on the allow-list if there is one.
    pub(crate) fn is_served(&self, repo: &str) -> bool {
        let mut unserved = self.terms.unserved_repos.iter();
        !unserved.any(|unserved| unserved.eq_ignore_ascii_case(repo))
    }

    /// The place that a name stands for.
    pub(crate) fn place(&self, name: &str) -> String {
        let first = self.first_name(name);
        let owner = owner(&first).to_owned();
        if self.owner_places.contains(&owner) && self.is_served(name) {
            return owner;
        }
        first
    }

    /// The lane of a place and labels, whatever its flavor.
    pub(crate) fn lane_of(&self, repo: &str, labels: &[String]) -> Lane {
        let labels = folded(labels);
        Lane {
            place: self.place(repo),
            flavor: self.terms.rules.flavor(labels.iter().map(String::as_str)),
            labels,
        }
    }

    /// The lane of a routed job: its labels go to a flavor, and its repository is served.
    pub(super) fn routed(&self, repo: &str, labels: &[String]) -> Option<Lane> {
        let lane = self.lane_of(repo, labels);
        (lane.flavor.is_some() && self.is_served(repo)).then_some(lane)
    }

    /// A name that covers a place: the place itself, or its owner.
    pub(super) fn covers(&self, name: &str, place: &str) -> bool {
        let named = self.place(name);
        named == place || (!named.contains('/') && owner(place) == named)
    }
}
