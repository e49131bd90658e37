//! Jobs of a lane that were open from one event to another, found without looking at the others.

use std::collections::BTreeMap;

use fakes::ids::{EventId, JobId};

use super::{lanes::LaneId, ledger::Ledger};

/// For how long some jobs of each lane were open: from the last time they became dispatchable until they started or ended.
#[derive(Debug, Default)]
pub(super) struct Spans {
    by_lane: BTreeMap<LaneId, Lane>,
}

/// The spans of one lane, by their beginning.
#[derive(Debug, Default)]
struct Lane {
    spans: Vec<(EventId, JobId)>,
    /// The latest end of each and all before it.
    latest_ends: Vec<EventId>,
}

impl Spans {
    /// The spans of these jobs.
    pub(super) fn of(ledger: &Ledger<'_>, jobs: impl Iterator<Item = JobId>) -> Self {
        let mut ends: BTreeMap<LaneId, Vec<(EventId, JobId, EventId)>> = BTreeMap::new();
        for job in jobs {
            let Some((lane, life)) = ledger.routed(job) else {
                continue;
            };
            let Some(since) = life.dispatchable else {
                continue;
            };
            let end = life.settled().map_or(EventId(u64::MAX), |at| at.event);
            ends.entry(lane).or_default().push((since.event, job, end));
        }
        let lanes = ends.into_iter().map(|(lane, mut spans)| {
            spans.sort_unstable();
            let latest = spans.iter().scan(EventId(0), |latest, (.., end)| {
                *latest = (*latest).max(*end);
                Some(*latest)
            });
            let latest_ends = latest.collect();
            let spans = spans.iter().map(|(begin, job, _)| (*begin, *job)).collect();
            (lane, Lane { spans, latest_ends })
        });
        Self {
            by_lane: lanes.collect(),
        }
    }

    /// The first job of a lane that was open by `from` and stayed so to `until`.
    pub(super) fn covering(&self, lane: LaneId, from: EventId, until: EventId) -> Option<JobId> {
        let lane = self.by_lane.get(&lane)?;
        // The first at which the latest end is late enough is the first that ends so late itself.
        let first = lane.latest_ends.partition_point(|end| *end < until);
        let (begin, job) = lane.spans.get(first)?;
        (*begin <= from).then_some(*job)
    }
}
