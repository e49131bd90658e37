//! Durations as distributions: even between two bounds, or with a tail that quantiles state.

use std::time::Duration;

use crate::env::{Env, Length};

/// How a duration is distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Fixed, or even between two bounds.
    Even(Length),
    /// As its quantiles say.
    Tail(Tail),
}

impl Spread {
    /// Always `length`.
    #[must_use]
    pub const fn fixed(length: Duration) -> Self {
        Self::Even(Length::fixed(length))
    }
}

impl From<Length> for Spread {
    fn from(span: Length) -> Self {
        Self::Even(span)
    }
}

/// A distribution by its quantiles; between two that are stated it is even. The longest is always stated,
/// so that nothing lasts longer than somebody wrote down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The shortest.
    pub min: Duration,
    /// The median.
    pub p50: Duration,
    /// Nine of ten are no longer.
    pub p90: Option<Duration>,
    /// 19 of 20 are no longer.
    pub p95: Option<Duration>,
    /// 99 of a hundred are no longer.
    pub p99: Option<Duration>,
    /// The longest.
    pub max: Duration,
}

/// Millionths: how finely a quantile is drawn.
const WHOLE: u64 = 1_000_000;

impl Tail {
    /// What is stated, by millionths of all, in rising order.
    fn stated(&self) -> impl Iterator<Item = (u64, Duration)> {
        [
            (0, Some(self.min)),
            (500_000, Some(self.p50)),
            (900_000, self.p90),
            (950_000, self.p95),
            (990_000, self.p99),
            (WHOLE, Some(self.max)),
        ]
        .into_iter()
        .filter_map(|(share, length)| Some((share, length?)))
    }

    /// The duration that `share` millionths of all do not exceed, in whole milliseconds.
    fn quantile(&self, share: u64) -> Duration {
        let ms = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let (mut below, mut least) = (0, ms(self.min));
        for (above, length) in self.stated().skip(1) {
            let most = ms(length).max(least);
            if share <= above {
                let part = u128::from(most - least) * u128::from(share - below)
                    / u128::from(above - below);
                return Duration::from_millis(least + u64::try_from(part).unwrap_or(u64::MAX));
            }
            (below, least) = (above, most);
        }
        Duration::from_millis(least)
    }
}

impl Env {
    /// A duration of this distribution, whole milliseconds, for this entity and purpose.
    #[must_use]
    pub fn drawn_from(&self, spread: Spread, entity: &str, purpose: &str) -> Duration {
        match spread {
            Spread::Even(span) => self.within(span, entity, purpose),
            Spread::Tail(tail) => tail.quantile(self.draw.bits(entity, purpose) % (WHOLE + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tail(min: u64, p50: u64, p95: u64, max: u64) -> Tail {
        let secs = Duration::from_secs;
        Tail {
            min: secs(min),
            p50: secs(p50),
            p90: None,
            p95: Some(secs(p95)),
            p99: None,
            max: secs(max),
        }
    }

    #[test]
    fn a_stated_quantile_is_met_exactly_and_between_two_it_is_even() {
        let tail = tail(2, 10, 100, 1_100);
        let at = |share| tail.quantile(share).as_millis();
        assert_eq!(
            [at(0), at(500_000), at(950_000), at(WHOLE)],
            [2_000, 10_000, 100_000, 1_100_000]
        );
        assert_eq!(at(250_000), 6_000);
        assert_eq!(at(725_000), 55_000);
        assert_eq!(at(975_000), 600_000);
    }

    proptest! {
        #[test]
        fn a_larger_share_is_never_shorter_and_never_out_of_bounds(
            mut stated in prop::array::uniform4(0_u64..100_000),
            shares in prop::array::uniform2(0..=WHOLE),
        ) {
            stated.sort_unstable();
            let [min, p50, p95, max] = stated;
            let tail = tail(min, p50, p95, max);
            let [low, high] = [shares[0].min(shares[1]), shares[0].max(shares[1])];
            prop_assert!(tail.quantile(low) <= tail.quantile(high));
            prop_assert!(tail.quantile(low) >= tail.min && tail.quantile(high) <= tail.max);
        }
    }
}
