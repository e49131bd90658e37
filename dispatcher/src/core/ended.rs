//! Launches that are over: remembered for a while, so that no name is given out twice and no HF job of theirs is taken for
//! a stray. A lane that fails for hours leaves thousands behind, so a new name is not looked for among all of them.

use std::{collections::BTreeMap, ops::Bound};

use jiff::Timestamp;

use super::model::{EndedLaunch, LaunchId};

/// Launches that are over, found by id and by the name of their runner.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    by_id: BTreeMap<LaunchId, EndedLaunch>,
    /// How many had each name.
    names: BTreeMap<String, usize>,
}

impl Ended {
    pub(super) fn insert(&mut self, id: LaunchId, ended: EndedLaunch) {
        *self.names.entry(ended.runner.clone()).or_default() += 1;
        if let Some(before) = self.by_id.insert(id, ended) {
            self.forget_name(&before.runner);
        }
    }

    pub(super) fn remove(&mut self, id: &LaunchId) {
        if let Some(ended) = self.by_id.remove(id) {
            self.forget_name(&ended.runner);
        }
    }

    pub(super) fn get(&self, id: &LaunchId) -> Option<&EndedLaunch> {
        self.by_id.get(id)
    }

    pub(super) fn contains(&self, id: &LaunchId) -> bool {
        self.by_id.contains_key(id)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &EndedLaunch> {
        self.by_id.values()
    }

    /// Those that ended so long ago.
    pub(super) fn that_ended(&self, is_old: impl Fn(Timestamp) -> bool) -> Vec<LaunchId> {
        let old = self.by_id.iter().filter(|(_, ended)| is_old(ended.at));
        old.map(|(id, _)| id.clone()).collect()
    }

    /// The names that begin like this, in order.
    pub(super) fn names_from<'a>(&'a self, base: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self
            .names
            .range::<str, _>((Bound::Included(base), Bound::Unbounded))
            .map(|(name, _)| name.as_str());
        names.take_while(move |name| name.starts_with(base))
    }

    fn forget_name(&mut self, name: &str) {
        if let Some(count) = self.names.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                self.names.remove(name);
            }
        }
    }
}
