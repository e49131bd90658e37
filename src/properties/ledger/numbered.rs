//! What is known by numbers that somebody gave out one after the other: found without a search, and gone through in order.

use std::{collections::BTreeMap, iter::Peekable};

use fakes::ids::{CallId, DeliveryId, JobId, RunnerId};

/// A number that things are known by.
pub trait Number: Copy + Ord {
    /// It.
    fn number(self) -> u64;
}

macro_rules! number {
    ($($id:ident)*) => {$(
        impl Number for $id {
            fn number(self) -> u64 {
                self.0
            }
        }
    )*};
}

number!(CallId DeliveryId JobId RunnerId);

/// An ordered map by numbers. Those that follow one another lie side by side; others, as recordings bring them along, are kept
/// beside them.
#[derive(Clone, Debug)]
pub struct Numbered<K, V> {
    first: u64,
    row: Vec<Option<(K, V)>>,
    others: BTreeMap<K, V>,
}

impl<K, V> Default for Numbered<K, V> {
    fn default() -> Self {
        Self {
            first: 0,
            row: Vec::new(),
            others: BTreeMap::new(),
        }
    }
}

/// So many places of the row may be left free in front of the next, besides as many as are taken.
const GAP_MAX: u64 = 64;

impl<K: Number, V> Numbered<K, V> {
    fn place(&self, key: K) -> Option<usize> {
        usize::try_from(key.number().checked_sub(self.first)?).ok()
    }

    /// What has this number.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        let place = self.place(*key);
        match place.and_then(|place| self.row.get(place)) {
            Some(Some((_, value))) => Some(value),
            Some(None) | None => self.others.get(key),
        }
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(*key);
        match place.and_then(|place| self.row.get_mut(place)) {
            Some(Some((_, value))) => Some(value),
            Some(None) | None => self.others.get_mut(key),
        }
    }

    /// Whether anything has this number.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// From now on this has the number.
    pub fn insert(&mut self, key: K, value: V) {
        if self.row.is_empty() {
            self.first = key.number();
        }
        if let Some(known) = self.get_mut(&key) {
            *known = value;
            return;
        }
        let near = self.row.len() as u64 * 2 + GAP_MAX;
        match self.place(key).filter(|place| (*place as u64) < near) {
            Some(place) => {
                if place >= self.row.len() {
                    self.row.resize_with(place + 1, || None);
                }
                self.row[place] = Some((key, value));
            }
            None => {
                self.others.insert(key, value);
            }
        }
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> + Clone {
        let row = self.row.iter().flatten();
        Merged {
            one: row.map(|(key, value)| (key, value)).peekable(),
            other: self.others.iter().peekable(),
        }
    }

    /// The numbers, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// What has them, in the same order.
    pub fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// The same to be changed, in no order.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let row = self.row.iter_mut().flatten().map(|(_, value)| value);
        row.chain(self.others.values_mut())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.row.iter().flatten().count() + self.others.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Two ordered rows as one.
struct Merged<One: Iterator, Other: Iterator> {
    one: Peekable<One>,
    other: Peekable<Other>,
}

impl<One: Iterator, Other: Iterator> Clone for Merged<One, Other>
where
    Peekable<One>: Clone,
    Peekable<Other>: Clone,
{
    fn clone(&self) -> Self {
        Self {
            one: self.one.clone(),
            other: self.other.clone(),
        }
    }
}

impl<'v, K, V, One, Other> Iterator for Merged<One, Other>
where
    K: Ord + 'v,
    V: 'v,
    One: Iterator<Item = (&'v K, &'v V)>,
    Other: Iterator<Item = (&'v K, &'v V)>,
{
    type Item = (&'v K, &'v V);

    fn next(&mut self) -> Option<Self::Item> {
        match (self.one.peek(), self.other.peek()) {
            (Some((one, _)), Some((other, _))) if other < one => self.other.next(),
            (None, Some(_)) => self.other.next(),
            (Some(_) | None, _) => self.one.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_as_a_map_of_any_numbers_in_any_order(numbers in proptest::collection::vec(
            prop_oneof![0_u64..40, 1_000_u64..1_200, any::<u64>()], 0..60
        )) {
            let (mut numbered, mut map) = (Numbered::default(), BTreeMap::new());
            for (value, number) in numbers.iter().enumerate() {
                numbered.insert(CallId(*number), value);
                map.insert(CallId(*number), value);
            }
            prop_assert!(numbered.iter().eq(map.iter()));
            prop_assert_eq!(numbered.len(), map.len());
            for number in numbers.iter().flat_map(|number| [*number, number ^ 1]) {
                prop_assert_eq!(numbered.get(&CallId(number)), map.get(&CallId(number)));
                prop_assert_eq!(numbered.get_mut(&CallId(number)), map.get_mut(&CallId(number)));
            }
        }
    }

    #[test]
    fn numbers_that_follow_one_another_lie_side_by_side() {
        let mut numbered = Numbered::default();
        for number in 48_000_000_000..48_000_001_000_u64 {
            numbered.insert(JobId(number), ());
        }
        assert_eq!((numbered.row.len(), numbered.others.len()), (1_000, 0));
    }
}
