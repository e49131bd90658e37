//! What is known by the ids of HF jobs: found by a look at one of them, numbered as they came, and gone through in the order
//! of the ids.

use std::cell::OnceCell;

use fakes::ids::HfJobId;

/// A map by ids of HF jobs.
#[derive(Clone, Debug)]
pub struct ByHfJob<'a, V> {
    /// In the order they came.
    entries: Vec<(&'a HfJobId, V)>,
    /// Part of a hash and a number from 1, at the place that the hash says or the next that was free; 0 is free.
    places: Vec<(u32, u32)>,
    /// Their numbers in the order of the ids, once somebody asks.
    sorted: OnceCell<Vec<usize>>,
}

impl<V> Default for ByHfJob<'_, V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            places: Vec::new(),
            sorted: OnceCell::new(),
        }
    }
}

/// Where the search begins, and what stands there. The same in every run.
fn hash(id: &HfJobId) -> (usize, u32) {
    let hash = id.0.as_bytes().chunks(8).fold(0_u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95)
    });
    // The upper half of a product is where all of a word shows.
    ((hash >> 32) as usize, (hash ^ (hash >> 32)) as u32)
}

impl<'a, V> ByHfJob<'a, V> {
    /// The number of an HF job: how many came before it.
    #[must_use]
    pub fn number(&self, id: &HfJobId) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        let (mut at, part) = hash(id);
        loop {
            at &= self.places.len() - 1;
            let (its, number) = self.places[at];
            let number = (number as usize).checked_sub(1)?;
            if its == part && self.entries[number].0 == id {
                return Some(number);
            }
            at += 1;
        }
    }

    /// What is known of an HF job.
    #[must_use]
    pub fn get(&self, id: &HfJobId) -> Option<&V> {
        self.number(id).map(|number| &self.entries[number].1)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: &HfJobId) -> Option<&mut V> {
        self.number(id).map(|number| &mut self.entries[number].1)
    }

    /// From now on this is known of the HF job.
    pub fn insert(&mut self, id: &'a HfJobId, value: V) {
        if let Some(known) = self.get_mut(id) {
            *known = value;
            return;
        }
        self.sorted.take();
        self.entries.push((id, value));
        if self.entries.len() * 2 > self.places.len() {
            let more = (self.places.len() * 2).max(16);
            self.places = vec![(0, 0); more];
            for number in 0..self.entries.len() {
                self.enter(number);
            }
        } else {
            self.enter(self.entries.len() - 1);
        }
    }

    fn enter(&mut self, number: usize) {
        let (mut at, part) = hash(self.entries[number].0);
        loop {
            at &= self.places.len() - 1;
            if self.places[at].1 == 0 {
                self.places[at] = (part, number as u32 + 1);
                return;
            }
            at += 1;
        }
    }

    /// All of them as they came: each stands at its number.
    #[must_use]
    pub fn in_order(&self) -> &[(&'a HfJobId, V)] {
        &self.entries
    }

    /// All of them, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = (&'a HfJobId, &V)> + Clone {
        let sorted = self.sorted.get_or_init(|| {
            let mut numbers: Vec<usize> = (0..self.entries.len()).collect();
            numbers.sort_unstable_by_key(|number| self.entries[*number].0);
            numbers
        });
        sorted.iter().map(|number| {
            let (id, value) = &self.entries[*number];
            (*id, value)
        })
    }

    /// What is known of each, in the same order.
    pub fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_as_a_map_of_any_texts(texts in proptest::collection::vec("[0-9a-f]{0,3}|[0-9a-f]{24}|.{0,20}", 0..80)) {
            let ids: Vec<HfJobId> = texts.into_iter().map(HfJobId).collect();
            let (mut by_hf_job, mut map) = (ByHfJob::default(), BTreeMap::new());
            for (value, id) in ids.iter().enumerate() {
                by_hf_job.insert(id, value);
                map.insert(id, value);
                prop_assert_eq!(by_hf_job.get(id), Some(&value));
            }
            prop_assert!(by_hf_job.iter().eq(map.iter().map(|(id, value)| (*id, value))));
            prop_assert_eq!(by_hf_job.get(&HfJobId("none of them".to_owned())), None);
            for (number, (id, _)) in by_hf_job.in_order().iter().enumerate() {
                prop_assert_eq!(by_hf_job.number(id), Some(number));
            }
        }
    }
}
