//! What a plan is drawn with: each value keyed by the seed, what it is for and why, and by nothing else.

use scenarios::Keyed;

/// The draws of one plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    keyed: Keyed,
}

impl Draws {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            keyed: Keyed::new(seed),
        }
    }

    pub(super) const fn seed(&self) -> u64 {
        self.keyed.seed
    }

    /// A number from `min` to `max`, both included.
    pub(super) fn between(&self, min: u64, max: u64, entity: &str, purpose: &str) -> u64 {
        self.keyed.between(min, max, entity, purpose)
    }

    /// True in so many of a hundred seeds.
    pub(super) fn percent(&self, percent: u64, entity: &str, purpose: &str) -> bool {
        self.between(0, 99, entity, purpose) < percent
    }

    /// One of these.
    pub(super) fn one_of<'a, T>(&self, all: &'a [T], entity: &str, purpose: &str) -> &'a T {
        let last = all.len() as u64 - 1;
        &all[self.between(0, last, entity, purpose) as usize]
    }
}
