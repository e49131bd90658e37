//! All registered runners, found by id, name, owner and group without looking at the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    groups::{DEFAULT_GROUP_NAME, RunnerGroup, RunnerGroups},
    record::{Link, Runner},
    token::RegistrationToken,
};
use crate::{
    github::state::accounts::owner::{Owner, Scope},
    ids::RunnerId,
    settings::RecordedWorld,
};

/// The last id before the first runner; others were there before the world began.
const BEFORE_FIRST_RUNNER: u64 = 20;

/// The runners.
pub(in crate::github) struct Runners {
    /// The runners.
    by_id: BTreeMap<RunnerId, Runner>,
    /// Their ids by what they belong to.
    by_owner: BTreeMap<Scope, BTreeSet<RunnerId>>,
    /// Their ids by owner and group.
    by_group: BTreeMap<(Scope, u64), BTreeSet<RunnerId>>,
    /// Names do not differ by case.
    by_name: BTreeMap<(Scope, String), RunnerId>,
    /// The runner groups of each organisation, by its id.
    pub(in crate::github) groups: BTreeMap<u64, RunnerGroups>,
    /// Tokens to register or remove a runner with, by their text.
    pub(in crate::github) tokens: BTreeMap<String, RegistrationToken>,
    /// The id that was given out last.
    last_id: u64,
    /// What recordings tell of runners: their ids are given to no other.
    taken: Arc<RecordedWorld>,
}

impl Runners {
    /// No runner yet.
    pub(in crate::github) fn new(taken: &Arc<RecordedWorld>) -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_owner: BTreeMap::new(),
            by_group: BTreeMap::new(),
            by_name: BTreeMap::new(),
            groups: BTreeMap::new(),
            tokens: BTreeMap::new(),
            last_id: BEFORE_FIRST_RUNNER,
            taken: taken.clone(),
        }
    }

    /// The id of the next runner.
    pub(in crate::github) fn next_id(&mut self) -> RunnerId {
        self.last_id = self.taken.next_runner(self.last_id);
        RunnerId(self.last_id)
    }

    /// Whether a runner ever had this id.
    pub(in crate::github) fn has_issued(&self, runner: RunnerId) -> bool {
        (BEFORE_FIRST_RUNNER + 1..=self.last_id).contains(&runner.0)
            && !self.taken.runners.contains(&runner.0)
    }

    pub(in crate::github) fn insert(&mut self, runner: Runner) {
        let (id, scope) = (runner.id, runner.owner.scope());
        let name = runner.name.to_ascii_lowercase();
        self.by_owner.entry(scope).or_default().insert(id);
        let group = (scope, runner.group);
        self.by_group.entry(group).or_default().insert(id);
        self.by_name.insert((scope, name), id);
        self.by_id.insert(id, runner);
    }

    pub(in crate::github) fn remove(&mut self, id: &RunnerId) -> Option<Runner> {
        let runner = self.by_id.remove(id)?;
        let scope = runner.owner.scope();
        if let Some(owned) = self.by_owner.get_mut(&scope) {
            owned.remove(id);
        }
        self.leave_group(scope, runner.group, *id);
        self.by_name
            .remove(&(scope, runner.name.to_ascii_lowercase()));
        Some(runner)
    }

    fn leave_group(&mut self, scope: Scope, group: u64, id: RunnerId) {
        if let Some(members) = self.by_group.get_mut(&(scope, group)) {
            members.remove(&id);
        }
    }

    pub(in crate::github) fn get(&self, id: &RunnerId) -> Option<&Runner> {
        self.by_id.get(id)
    }

    pub(in crate::github) fn get_mut(&mut self, id: &RunnerId) -> Option<&mut Runner> {
        self.by_id.get_mut(id)
    }

    pub(in crate::github) fn values(&self) -> impl Iterator<Item = &Runner> {
        self.by_id.values()
    }

    /// All runners, to change anything but what they are found by.
    pub(in crate::github) fn values_mut(&mut self) -> impl Iterator<Item = &mut Runner> {
        self.by_id.values_mut()
    }

    /// What the runners and their tokens belong to.
    pub(in crate::github) fn owners_mut(&mut self) -> impl Iterator<Item = &mut Owner> {
        let of_runners = self.by_id.values_mut().map(|runner| &mut runner.owner);
        of_runners.chain(self.tokens.values_mut().map(|token| &mut token.owner))
    }

    /// The runner of this owner with this name.
    pub(in crate::github) fn named(&self, scope: Scope, name: &str) -> Option<&Runner> {
        let key = (scope, name.to_ascii_lowercase());
        self.by_name.get(&key).and_then(|id| self.by_id.get(id))
    }

    /// The runners of an owner, in the order of their ids.
    pub(in crate::github) fn of(&self, scope: Scope) -> Option<&BTreeSet<RunnerId>> {
        self.by_owner.get(&scope)
    }

    /// The runners in a group, in the order of their ids.
    pub(in crate::github) fn in_group(
        &self,
        scope: Scope,
        group: u64,
    ) -> Option<&BTreeSet<RunnerId>> {
        self.by_group.get(&(scope, group))
    }

    /// How many runners a group has.
    pub(in crate::github) fn group_size(&self, scope: Scope, group: u64) -> usize {
        self.in_group(scope, group).map_or(0, BTreeSet::len)
    }

    /// Moves a runner to another group of its owner.
    pub(in crate::github) fn move_to_group(&mut self, id: RunnerId, group: u64) {
        let Some(runner) = self.by_id.get_mut(&id) else {
            return;
        };
        let (scope, old) = (runner.owner.scope(), runner.group);
        runner.group = group;
        self.leave_group(scope, old, id);
        self.by_group.entry((scope, group)).or_default().insert(id);
    }
}

impl Runners {
    /// The id and name of a runner's group.
    pub(in crate::github) fn group_of(&self, runner: RunnerId) -> Option<(u64, String)> {
        let runner = self.get(&runner)?;
        let name = match runner.owner.scope() {
            Scope::Repository(_) => DEFAULT_GROUP_NAME,
            Scope::Organization(id) => &self.runner_group(id, runner.group)?.name,
        };
        Some((runner.group, name.to_owned()))
    }

    pub(in crate::github) fn link_of(&self, runner: Option<RunnerId>) -> Option<&Link> {
        let runner = self.get(&runner?)?;
        Some(&runner.link)
    }

    /// A group of an organisation, both by their ids.
    pub(in crate::github) fn runner_group(
        &self,
        organization: u64,
        group: u64,
    ) -> Option<&RunnerGroup> {
        self.groups.get(&organization)?.get(group)
    }
}
