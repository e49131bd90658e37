//! Randomness keyed by what it is for, so that one draw never depends on another.
//!
//! The one generator of the house: planning draws from it, and so does the world at run time.

use std::time::Duration;

use vocabulary::Length;

/// A generator whose values depend on the seed, an entity and a purpose, and on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The seed of the run.
    pub seed: u64,
}

impl Keyed {
    /// A generator for this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 64 evenly distributed bits for this entity and purpose.
    #[must_use]
    pub fn bits(&self, entity: &str, purpose: &str) -> u64 {
        // FNV-1a tells the keys apart; the finaliser spreads what FNV leaves in the low bits.
        let entity = fnv(0xcbf2_9ce4_8422_2325, entity.as_bytes());
        let hash = fnv(fnv(entity, &[0xff]), purpose.as_bytes());
        mix(hash ^ mix(self.seed))
    }

    /// A number from `min` to `max`, both included.
    #[must_use]
    pub fn between(&self, min: u64, max: u64, entity: &str, purpose: &str) -> u64 {
        let width = max.saturating_sub(min).saturating_add(1);
        min + self.bits(entity, purpose) % width
    }

    /// A time within `length`, in whole milliseconds.
    #[must_use]
    pub fn within(&self, length: Length, entity: &str, purpose: &str) -> Duration {
        Duration::from_millis(self.between(length.min_ms(), length.max_ms(), entity, purpose))
    }

    /// A number from 0 (included) to 1 (not included).
    #[must_use]
    pub fn unit(&self, entity: &str, purpose: &str) -> f64 {
        // 53 bits fill a double's fraction exactly.
        (self.bits(entity, purpose) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// These bytes behind those of `hash`, part by part: a chain of them is asked at each byte which part it is in.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(hash, step)
}

/// The finaliser of SplitMix64.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_entity_and_purpose_alone() {
        let keyed = Keyed::new(7);
        assert_eq!(keyed.bits("J1", "at"), Keyed::new(7).bits("J1", "at"));
        assert_ne!(keyed.bits("J1", "at"), Keyed::new(8).bits("J1", "at"));
        assert_ne!(keyed.bits("J1", "at"), keyed.bits("J2", "at"));
        assert_ne!(keyed.bits("J1", "at"), keyed.bits("J1", "runs_for"));
        assert_ne!(keyed.bits("J1", "at"), keyed.bits("J1a", "t"));
    }

    #[test]
    fn draws_are_spread_evenly() {
        let keyed = Keyed::new(1);
        let mut buckets = [0_u32; 10];
        for job in 0..10_000 {
            let bucket = keyed.between(0, 9, &format!("J{job}"), "at");
            buckets[usize::try_from(bucket).unwrap()] += 1;
        }
        assert!(
            buckets.iter().all(|count| (850..1150).contains(count)),
            "{buckets:?}"
        );
    }
}
