//! An ordered set that is kept in order as it changes, instead of being sorted when somebody asks.

use std::collections::BTreeSet;

use crate::core::looks::look;

/// An ordered set. Every entry that is read counts as one look.
#[derive(Debug)]
pub(in crate::core) struct Order<T>(BTreeSet<T>);

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<T: Ord> Order<T> {
    pub(in crate::core) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::core) fn first(&self) -> Option<&T> {
        look();
        self.0.first()
    }

    pub(in crate::core) fn last(&self) -> Option<&T> {
        look();
        self.0.last()
    }

    pub(in crate::core) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().inspect(|_| look())
    }

    pub(super) fn insert(&mut self, item: T) -> bool {
        look();
        self.0.insert(item)
    }

    pub(super) fn remove(&mut self, item: &T) -> bool {
        look();
        self.0.remove(item)
    }

    pub(super) fn pop_first(&mut self) -> Option<T> {
        look();
        self.0.pop_first()
    }

    pub(super) fn pop_last(&mut self) -> Option<T> {
        look();
        self.0.pop_last()
    }
}
