//! An ordered map that everybody may read and only this room may change.

use std::{
    collections::{BTreeMap, btree_map},
    fmt,
    ops::{Index, RangeBounds},
};

use crate::core::looks::look;

/// An ordered map. Every entry that is read counts as one look.
pub(in crate::core) struct Table<K, V>(BTreeMap<K, V>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V> Table<K, V> {
    pub(in crate::core) fn get(&self, key: &K) -> Option<&V> {
        look();
        self.0.get(key)
    }

    pub(in crate::core) fn contains_key(&self, key: &K) -> bool {
        look();
        self.0.contains_key(key)
    }

    #[cfg(test)]
    pub(in crate::core) fn len(&self) -> usize {
        self.0.len()
    }

    #[cfg(test)]
    pub(in crate::core) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::core) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().inspect(|_| look())
    }

    pub(in crate::core) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.keys().inspect(|_| look())
    }

    pub(in crate::core) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values().inspect(|_| look())
    }

    pub(super) fn range(&self, range: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &V)> {
        self.0.range(range).inspect(|_| look())
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        look();
        self.0.get_mut(key)
    }

    pub(super) fn entry(&mut self, key: K) -> btree_map::Entry<'_, K, V> {
        look();
        self.0.entry(key)
    }

    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        look();
        self.0.insert(key, value)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        look();
        self.0.remove(key)
    }
}

impl<K: Ord, V> Index<&K> for Table<K, V> {
    type Output = V;

    fn index(&self, key: &K) -> &V {
        &self.0[key]
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
