//! A set that remembers what was put into it and taken out of it, so that an index can follow it later.

use std::collections::BTreeSet;

/// A set of ids, with those that were touched since somebody last asked.
pub(in crate::github) struct Watched<Id> {
    set: BTreeSet<Id>,
    touched: BTreeSet<Id>,
}

impl<Id: Copy + Ord> Default for Watched<Id> {
    fn default() -> Self {
        Self {
            set: BTreeSet::new(),
            touched: BTreeSet::new(),
        }
    }
}

impl<Id: Copy + Ord> Watched<Id> {
    /// Puts it in; if it was there already, whoever follows looks at it again.
    pub(in crate::github) fn insert(&mut self, id: Id) {
        self.set.insert(id);
        self.touched.insert(id);
    }

    pub(in crate::github) fn remove(&mut self, id: &Id) -> bool {
        let was_there = self.set.remove(id);
        if was_there {
            self.touched.insert(*id);
        }
        was_there
    }

    pub(in crate::github) fn contains(&self, id: &Id) -> bool {
        self.set.contains(id)
    }

    pub(in crate::github) fn iter(&self) -> impl Iterator<Item = &Id> {
        self.set.iter()
    }

    /// What was touched since the last time, in the order of ids.
    pub(in crate::github) fn take_touched(&mut self) -> BTreeSet<Id> {
        std::mem::take(&mut self.touched)
    }
}
