//! Lanes: a place and a label set, in which jobs demand runners and HF jobs supply them. Which job waits and which runner
//! serves is GitHub's choice, so properties about waiting and supply judge lanes by their counts.

use std::collections::{BTreeMap, BTreeSet};

use fakes::ids::{HfJobId, JobId};

use super::{disturbance::Scope, ledger::ByHfJob};

/// A lane's place in [`Lanes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneId(pub usize);

/// Labels as GitHub compares them: trimmed, without letter case, each once.
pub type LabelSet = BTreeSet<String>;

/// One lane.
#[derive(Clone, Debug)]
pub struct Lane<'a> {
    /// Its repository, by the name it had first; or the owner, where runners are registered for the whole of it.
    pub place: &'a str,
    /// Its labels.
    pub labels: LabelSet,
    /// The flavor these labels go to.
    pub flavor: &'a str,
    /// Its routed jobs, in the order GitHub announced them.
    pub jobs: Vec<JobId>,
}

/// For which lanes an HF job's runner can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach<'a> {
    /// One lane.
    Lane(LaneId),
    /// Nothing tells its labels: every lane of this flavor.
    Hidden(&'a str),
}

/// All lanes of a history.
#[derive(Clone, Debug, Default)]
pub struct Lanes<'a> {
    list: Vec<Lane<'a>>,
    by_key: BTreeMap<&'a str, BTreeMap<LabelSet, LaneId>>,
    /// How each name was spelt first, by its lower case: GitHub compares them so.
    spellings: BTreeMap<String, &'a str>,
    /// The name a repository had first, by each later one and each other spelling of one.
    first_names: BTreeMap<&'a str, &'a str>,
    /// Owners for the whole of which runners are registered, by their lower case.
    owners: BTreeMap<String, &'a str>,
    reaches: ByHfJob<'a, Reach<'a>>,
}

impl<'a> Lanes<'a> {
    /// The lane with this id. Ids come from the same [`Lanes`] only.
    #[must_use]
    pub fn get(&self, id: LaneId) -> Option<&Lane<'a>> {
        self.list.get(id.0)
    }

    /// Every lane with its id.
    pub fn iter(&self) -> impl Iterator<Item = (LaneId, &Lane<'a>)> {
        let numbered = self.list.iter().enumerate();
        numbered.map(|(index, lane)| (LaneId(index), lane))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The name a repository had first.
    #[must_use]
    pub fn first_name<'n>(&self, repo: &'n str) -> &'n str
    where
        'a: 'n,
    {
        self.first_names.get(repo).copied().unwrap_or(repo)
    }

    /// The place a repository's jobs wait at: itself, or its owner.
    #[must_use]
    pub fn place<'n>(&self, repo: &'n str) -> &'n str
    where
        'a: 'n,
    {
        let first = self.first_name(repo);
        if self.owners.is_empty() {
            return first;
        }
        let owner = first.split_once('/').map_or(first, |(owner, _)| owner);
        let owner = self.owners.get(&owner.to_lowercase());
        owner.copied().unwrap_or(first)
    }

    /// The lane of this repository (or owner) and these labels.
    #[must_use]
    pub fn of(&self, repo: &str, labels: &LabelSet) -> Option<LaneId> {
        let there = self.by_key.get(self.place(repo))?;
        there.get(labels).copied()
    }

    /// For which lanes this HF job can be.
    #[must_use]
    pub fn reach(&self, hf_job: &HfJobId) -> Option<Reach<'a>> {
        self.reaches.get(hf_job).copied()
    }

    /// Whether a runner of this reach could serve that lane.
    #[must_use]
    pub fn serves(&self, reach: Reach<'_>, id: LaneId) -> bool {
        match reach {
            Reach::Lane(its) => its == id,
            Reach::Hidden(flavor) => self.get(id).is_some_and(|lane| lane.flavor == flavor),
        }
    }
}

/// Which lanes a scope takes in.
impl<'a> Lanes<'a> {
    /// Every lane that what concerns this scope concerns.
    pub fn within(&self, scope: Scope<'a>) -> Vec<LaneId> {
        if let Scope::Lane(id) = scope {
            return vec![id];
        }
        let concerned = self.iter().filter(|(_, lane)| match scope {
            Scope::All => true,
            Scope::Place(place) => lane.place == place,
            Scope::Flavor(flavor) => lane.flavor == flavor,
            Scope::Class(place, flavor) => lane.place == place && lane.flavor == flavor,
            Scope::Lane(_) => false,
        });
        concerned.map(|(id, _)| id).collect()
    }
}

/// Building them. Owners and names come first: they hold for the whole history.
impl<'a> Lanes<'a> {
    /// Notes that a repository has another name from now on.
    pub(super) fn rename(&mut self, from: &'a str, to: &'a str) {
        self.spell(from);
        let first = self.first_name(from);
        self.first_names.insert(to, first);
        self.spellings.insert(to.to_lowercase(), to);
    }

    /// Notes a name as somebody wrote it. Renames come before.
    pub(super) fn spell(&mut self, name: &'a str) {
        if self.first_names.contains_key(name) {
            return;
        }
        let first = *self.spellings.entry(name.to_lowercase()).or_insert(name);
        if first != name {
            self.first_names.insert(name, self.first_name(first));
        }
    }

    /// Notes for whom an HF job registers its runner.
    pub(super) fn registers_for(&mut self, place: &'a str) {
        if !place.contains('/') {
            self.owners.entry(place.to_lowercase()).or_insert(place);
        }
    }

    /// The lane of this repository (or owner) and these labels, made if it is new.
    pub(super) fn lane(&mut self, repo: &'a str, labels: LabelSet, flavor: &'a str) -> LaneId {
        let place = self.place(repo);
        let there = self.by_key.entry(place).or_default();
        if let Some(id) = there.get(&labels) {
            return *id;
        }
        let id = LaneId(self.list.len());
        there.insert(labels.clone(), id);
        self.list.push(Lane {
            place,
            labels,
            flavor,
            jobs: Vec::new(),
        });
        id
    }

    /// Adds a routed job to its lane.
    pub(super) fn enter(&mut self, id: LaneId, job: JobId) {
        if let Some(lane) = self.list.get_mut(id.0) {
            lane.jobs.push(job);
        }
    }

    /// Files an HF job under the lanes its runner can be for.
    pub(super) fn file(&mut self, hf_job: &'a HfJobId, reach: Reach<'a>) {
        self.reaches.insert(hf_job, reach);
    }
}
