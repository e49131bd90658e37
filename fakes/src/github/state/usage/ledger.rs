//! The counts themselves: hours of primary limits, windows of secondary ones, open requests.

use std::collections::BTreeMap;

use super::{
    account::{Account, Excess, Resource},
    price::Price,
};
use crate::settings::{PointsScope, SecondaryLimits};

const HOUR_S: i64 = 3600;
const MINUTE_MS: u64 = 60_000;
const FIVE_MINUTES_MS: u64 = 5 * MINUTE_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// One hour of a primary limit. Whole seconds of GitHub's clock, so that `reset` is the very moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) struct Bucket {
    pub(in crate::github) limit: u32,
    pub(in crate::github) used: u32,
    pub(in crate::github) reset_s: i64,
}

impl Bucket {
    pub(in crate::github) const fn beginning(now_s: i64, limit: u32) -> Self {
        Self {
            limit,
            used: 0,
            reset_s: now_s + HOUR_S,
        }
    }

    pub(in crate::github) const fn remaining(self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// What a secondary limit is counted for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    Points(Account, &'static str),
    ContentMinute(Account),
    ContentHour(Account),
    Registrations(String),
}

#[derive(Clone, Copy, Default)]
struct Window {
    ends_ms: u64,
    used: u32,
}

/// All counts.
#[derive(Default)]
pub(in crate::github) struct Ledger {
    open: BTreeMap<Account, u32>,
    buckets: BTreeMap<(Account, Resource), Bucket>,
    windows: BTreeMap<Count, Window>,
}

impl Ledger {
    pub(in crate::github) fn opened(&mut self, account: Account) {
        *self.open.entry(account).or_insert(0) += 1;
    }

    pub(in crate::github) fn closed(&mut self, account: Account) {
        if let Some(open) = self.open.get_mut(&account) {
            *open = open.saturating_sub(1);
        }
    }

    /// The account's current hour of a resource, if one has begun and not ended.
    pub(in crate::github) fn bucket(
        &self,
        account: Account,
        resource: Resource,
        now_s: i64,
    ) -> Option<Bucket> {
        let found = self.buckets.get(&(account, resource)).copied();
        found.filter(|bucket| bucket.reset_s > now_s)
    }

    /// Counts a call against everything it counts for, or against nothing if one limit is reached.
    /// `bucket` is the current hour of its resource, `owner` whose runner it registers.
    pub(in crate::github) fn charge(
        &mut self,
        account: Account,
        price: &Price,
        bucket: Option<(Resource, Bucket)>,
        (limits, owner): (&SecondaryLimits, &str),
        now_ms: u64,
    ) -> Result<(), Excess> {
        if let Some((_, bucket)) = bucket
            && bucket.remaining() == 0
        {
            return Err(Excess::Primary);
        }
        if self
            .open
            .get(&account)
            .is_some_and(|&open| open > limits.concurrent)
        {
            return Err(Excess::Secondary);
        }
        let endpoint = match limits.points_scope {
            PointsScope::Endpoint => price.endpoint,
            PointsScope::Caller => "",
        };
        let points = Count::Points(account, endpoint);
        let mut counts = vec![(points, MINUTE_MS, price.points, limits.points_per_minute)];
        if price.creates_content {
            counts.extend([
                (
                    Count::ContentMinute(account),
                    MINUTE_MS,
                    1,
                    limits.contents_per_minute,
                ),
                (
                    Count::ContentHour(account),
                    HOUR_MS,
                    1,
                    limits.contents_per_hour,
                ),
            ]);
        }
        let fits = counts
            .iter()
            .all(|(count, _, cost, max)| self.used(count, now_ms).saturating_add(*cost) <= *max);
        let max = limits.registrations_per_five_minutes;
        if !fits || price.registers && self.registrations(owner, now_ms) >= max {
            return Err(Excess::Secondary);
        }
        for (count, length_ms, cost, _) in counts {
            self.add(count, length_ms, cost, now_ms);
        }
        if let Some((resource, bucket)) = bucket {
            let used = bucket.used + 1;
            self.buckets
                .insert((account, resource), Bucket { used, ..bucket });
        }
        Ok(())
    }

    pub(in crate::github) fn registered(&mut self, owner: &str, now_ms: u64) {
        self.add(registrations(owner), FIVE_MINUTES_MS, 1, now_ms);
    }

    pub(in crate::github) fn registrations(&self, owner: &str, now_ms: u64) -> u32 {
        self.used(&registrations(owner), now_ms)
    }

    fn used(&self, count: &Count, now_ms: u64) -> u32 {
        let window = self.windows.get(count);
        window.map_or(0, |window| {
            if window.ends_ms > now_ms {
                window.used
            } else {
                0
            }
        })
    }

    fn add(&mut self, count: Count, length_ms: u64, cost: u32, now_ms: u64) {
        let window = self.windows.entry(count).or_default();
        if window.ends_ms <= now_ms {
            *window = Window {
                ends_ms: now_ms + length_ms,
                used: 0,
            };
        }
        window.used = window.used.saturating_add(cost);
    }
}

fn registrations(owner: &str) -> Count {
    Count::Registrations(owner.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_with_its_first_call_and_forgets_at_its_end() {
        let mut ledger = Ledger::default();
        ledger.registered("octo/app", 1_000);
        ledger.registered("Octo/App", 300_999);
        assert_eq!(ledger.registrations("octo/app", 300_999), 2);
        assert_eq!(ledger.registrations("octo/app", 301_000), 0);
        assert_eq!(ledger.registrations("octo/lib", 2_000), 0);
    }
}
