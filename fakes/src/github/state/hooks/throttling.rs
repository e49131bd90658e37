//! Surges of deliveries: a hook that has had its share of the last minute waits.

use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

const MINUTE_MS: u64 = 60_000;

/// When a hook's latest deliveries left, or will.
#[derive(Default)]
pub(in crate::github) struct Throttle {
    departures_ms: VecDeque<u64>,
}

impl Throttle {
    /// Books the next departure, and tells how long it must wait for it, if it must.
    pub(in crate::github) fn book(
        &mut self,
        now_ms: u64,
        per_minute: NonZeroU32,
    ) -> Option<Duration> {
        let share = per_minute.get() as usize;
        while self.departures_ms.len() > share {
            self.departures_ms.pop_front();
        }
        let full = self.departures_ms.len() == share;
        let free_ms = match self.departures_ms.front() {
            Some(first) if full => now_ms.max(first + MINUTE_MS),
            _ => now_ms,
        };
        self.departures_ms.push_back(free_ms);
        (free_ms > now_ms).then(|| Duration::from_millis(free_ms - now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_sees_more_departures_than_the_share() {
        let share = NonZeroU32::new(3).unwrap();
        let mut throttle = Throttle::default();
        let mut booked = |now_ms| {
            let wait = throttle.book(now_ms, share).unwrap_or_default();
            now_ms + u64::try_from(wait.as_millis()).unwrap()
        };
        let departures: Vec<u64> = [0, 10, 20, 30, 40, 50, 60, 200_000].map(&mut booked).into();
        let expected = [0, 10, 20, 60_000, 60_010, 60_020, 120_000, 200_000];
        assert_eq!(departures, expected);
    }
}
