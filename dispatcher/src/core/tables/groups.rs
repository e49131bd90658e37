//! Launches by something they have in common: a repository, a runner's name, an HF job, a job.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use crate::core::{looks::look, model::LaunchId};

/// Launches by a key. Groups are never empty.
#[derive(Debug)]
pub(in crate::core) struct Groups<K>(BTreeMap<K, BTreeSet<LaunchId>>);

impl<K> Default for Groups<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Groups<K> {
    pub(super) fn add(&mut self, key: K, id: &LaunchId) {
        look();
        self.0.entry(key).or_default().insert(id.clone());
    }

    pub(super) fn remove(&mut self, key: &K, id: &LaunchId) {
        look();
        if let Some(group) = self.0.get_mut(key) {
            group.remove(id);
            if group.is_empty() {
                self.0.remove(key);
            }
        }
    }

    pub(super) fn count(&self, key: &K) -> usize {
        look();
        self.0.get(key).map_or(0, BTreeSet::len)
    }

    /// The keys from this one on.
    pub(super) fn keys_from<'a, Q: Ord + ?Sized>(
        &'a self,
        first: &Q,
    ) -> impl Iterator<Item = &'a K> + use<'a, K, Q>
    where
        K: Borrow<Q>,
    {
        let keys = self.0.range((Bound::Included(first), Bound::Unbounded));
        keys.map(|(key, _)| key).inspect(|_| look())
    }

    /// The launches of one group, in their order.
    pub(super) fn of<'a, Q: Ord + ?Sized>(
        &'a self,
        key: &Q,
    ) -> impl Iterator<Item = &'a LaunchId> + use<'a, K, Q>
    where
        K: Borrow<Q>,
    {
        look();
        self.0.get(key).into_iter().flatten().inspect(|_| look())
    }
}
