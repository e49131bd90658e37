//! Two figures of every run: dispatch latency (delivery of `queued` sent -> HF create received) and queue
//! time (job queued -> job started), in the world's own time.

use std::collections::BTreeMap;

use fakes::history::What;
use serde::{Deserialize, Serialize};

use crate::properties::Ledger;

/// Samples of both figures, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latencies {
    /// Delivery of `queued` sent -> HF create received, for the first create each delivery can explain.
    pub dispatch_ms: Vec<u64>,
    /// Job queued -> job started.
    pub queue_ms: Vec<u64>,
}

impl Latencies {
    /// Reads both figures off a history.
    #[must_use]
    pub fn read(ledger: &Ledger<'_>) -> Self {
        let queue_ms = ledger
            .jobs
            .values()
            .filter(|life| life.flavor.is_some())
            .filter_map(|life| {
                let (started, _) = life.started?;
                Some(started.at_ms.saturating_sub(life.queued?.at_ms))
            })
            .collect();
        Self {
            dispatch_ms: dispatch_ms(ledger),
            queue_ms,
        }
    }

    /// Adds another run's samples.
    pub fn extend(&mut self, other: Self) {
        self.dispatch_ms.extend(other.dispatch_ms);
        self.queue_ms.extend(other.queue_ms);
    }
}

/// Creates answer demand, not one job: per flavor, the n-th create is paired with the n-th distinct job whose
/// `queued` delivery was sent.
fn dispatch_ms(ledger: &Ledger<'_>) -> Vec<u64> {
    let mut sent: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for delivery in ledger
        .deliveries
        .values()
        .filter(|delivery| delivery.action == Some("queued"))
    {
        let (Some(moment), Some(job)) = (delivery.sent, delivery.job) else {
            continue;
        };
        let flavor = ledger.jobs.get(&job).and_then(|life| life.flavor);
        if let Some(flavor) = flavor.filter(|_| seen.insert(job)) {
            sent.entry(flavor).or_default().push(moment.at_ms);
        }
    }
    let mut created: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for event in ledger.events {
        let What::HfCreated { flavor, .. } = &event.event else {
            continue;
        };
        // An HF job exists because its call was received.
        let cause = event.because.and_then(|id| ledger.event(id));
        let received = cause.map_or(event.at_ms, |cause| cause.at_ms);
        created.entry(flavor).or_default().push(received);
    }
    let pairs = sent.iter_mut().flat_map(|(flavor, sent)| {
        sent.sort_unstable();
        let created = created.get(flavor).cloned().unwrap_or_default();
        sent.iter().copied().zip(created).collect::<Vec<_>>()
    });
    pairs
        .filter_map(|(sent, created)| created.checked_sub(sent))
        .collect()
}

/// The value below which `share` (0 to 1) of the samples lie, by the nearest-rank rule; none of no samples.
#[must_use]
pub fn percentile(samples: &[u64], share: f64) -> Option<u64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_follow_the_nearest_rank() {
        let samples: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(percentile(&samples, 0.5), Some(50));
        assert_eq!(percentile(&samples, 0.99), Some(99));
        assert_eq!(percentile(&[7], 0.99), Some(7));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
