//! All registered runners, found by id, name, owner and group without looking at the others.

use std::collections::{BTreeMap, BTreeSet};

use super::record::Runner;
use crate::{github::rest::route::Owner, ids::RunnerId};

/// What a runner belongs to, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum Scope {
    Repository(u64),
    Organization(u64),
}

impl Owner {
    pub(in crate::github) fn scope(&self) -> Scope {
        match self {
            Self::Repository(repo) => Scope::Repository(repo.id),
            Self::Organization(organization) => Scope::Organization(organization.id),
        }
    }
}

/// The runners.
#[derive(Default)]
pub(in crate::github) struct RunnerTable {
    by_id: BTreeMap<RunnerId, Runner>,
    by_owner: BTreeMap<Scope, BTreeSet<RunnerId>>,
    by_group: BTreeMap<(Scope, u64), BTreeSet<RunnerId>>,
    /// Names do not differ by case.
    by_name: BTreeMap<(Scope, String), RunnerId>,
}

impl RunnerTable {
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
