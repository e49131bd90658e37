//! What is known by the ids of HF jobs: found by a look at one of them, numbered as they came, and gone through in the order
//! of the ids.

use std::cell::OnceCell;

use fakes::ids::HfJobId;

/// A map by ids of HF jobs.
#[derive(Clone, Debug)]
pub struct ByHfJob<'a, V> {
    /// In the order they came.
    entries: Vec<(&'a HfJobId, V)>,
    /// Each at the place that its hash says or the next that was free.
    places: Vec<Place>,
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

/// Eight bytes of a text each.
const WORDS: usize = 3;

/// An id as it is compared: all of it, if it is no longer than HF's own are. It stands in the table itself, so that the search
/// goes to no text that lies elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Key {
    words: [u64; WORDS],
    bytes: u32,
}

/// A place in the table.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    key: Key,
    /// From 1; 0 is free.
    number: u32,
}

impl Key {
    fn of(id: &HfJobId) -> Self {
        let text = id.0.as_bytes();
        let mut words = [0; WORDS];
        for (into, chunk) in words.iter_mut().zip(text.chunks(8)) {
            *into = word(chunk);
        }
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self { words, bytes }
    }

    const fn is_all(self) -> bool {
        self.bytes as usize <= WORDS * 8
    }

    /// Where the search begins. The same in every run.
    fn hash(self, id: &HfJobId) -> usize {
        let step =
            |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        let mut hash = self.words.into_iter().fold(0, step);
        if !self.is_all() {
            let rest = id.0.as_bytes().chunks(8).skip(WORDS);
            hash = rest.map(word).fold(hash, step);
        }
        // The upper half of a product is where all of a word shows.
        (hash >> 32) as usize
    }
}

/// Up to eight bytes as a number.
fn word(chunk: &[u8]) -> u64 {
    chunk.first_chunk().map_or_else(
        || {
            let bytes = chunk.iter().rev();
            bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
        },
        |eight| u64::from_le_bytes(*eight),
    )
}

impl<'a, V> ByHfJob<'a, V> {
    /// The number of an HF job: how many came before it.
    #[must_use]
    pub fn number(&self, id: &HfJobId) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        let key = Key::of(id);
        let mut at = key.hash(id);
        loop {
            at &= self.places.len() - 1;
            let place = self.places[at];
            let number = (place.number as usize).checked_sub(1)?;
            if place.key == key && (key.is_all() || self.entries[number].0 == id) {
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
            self.places = vec![Place::default(); more];
            for number in 0..self.entries.len() {
                self.enter(number);
            }
        } else {
            self.enter(self.entries.len() - 1);
        }
    }

    fn enter(&mut self, number: usize) {
        let id = self.entries[number].0;
        let key = Key::of(id);
        let mut at = key.hash(id);
        loop {
            at &= self.places.len() - 1;
            if self.places[at].number == 0 {
                self.places[at] = Place {
                    key,
                    number: number as u32 + 1,
                };
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
        fn is_as_a_map_of_any_texts(texts in proptest::collection::vec("[0-9a-f]{0,3}|[0-9a-f]{24}|x{24}[0-9a-f]{0,10}|.{0,20}", 0..80)) {
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
