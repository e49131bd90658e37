//! What was made of the key that was asked for last. Where one key comes again and again it is made once, and anew for another.

use std::{
    borrow::Borrow,
    sync::{Mutex, PoisonError},
};

/// A key and what was made of it.
pub(crate) struct Last<K, V>(Mutex<Option<(K, V)>>);

impl<K, V> Last<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }
}

impl<K, V> Default for Last<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V: Clone> Last<K, V> {
    /// What `make` makes of the key.
    pub(crate) fn of<Q>(&self, key: &Q, make: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: PartialEq + ToOwned<Owned = K> + ?Sized,
    {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, made)) = &*last
            && known.borrow() == key
        {
            return made.clone();
        }
        let made = make();
        *last = Some((key.to_owned(), made.clone()));
        made
    }
}
