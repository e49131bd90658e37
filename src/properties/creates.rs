//! Effective creates: HF jobs that a call of the dispatcher brought into being, seen from the moment the call was received. What
//! it knew then is what it is charged with.

use std::collections::BTreeMap;

use fakes::ids::{CallId, EventId, JobId};

use super::{
    Context,
    lanes::{LaneId, Reach},
    ledger::{Ledger, Moment},
    tally::Tally,
};

/// One effective create of a known lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Create {
    /// Its lane.
    pub(super) lane: LaneId,
    /// When the call was received.
    pub(super) received: Moment,
    /// When it took effect.
    pub(super) created: Moment,
}

/// Every effective create by its call. HF jobs that hide their lane are left out: nobody can say for whom they were.
pub(super) fn creates(ledger: &Ledger<'_>) -> BTreeMap<CallId, Create> {
    let lives = ledger.hf_jobs.iter().filter_map(|(hf_job, life)| {
        let id = life.call?;
        let call = ledger.calls.get(&id)?;
        let Some(Reach::Lane(lane)) = ledger.lanes.reach(hf_job) else {
            return None;
        };
        let create = Create {
            lane,
            received: call.received,
            created: life.created,
        };
        Some((id, create))
    });
    lives.collect()
}

/// Which lanes are over, to the dispatcher's knowledge, asked at one moment after the other: what it knew it knows until it
/// restarts, so each job is looked at once.
pub(super) struct Over<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    /// By lane, how many of its jobs are known to be over from the first announced on, and which of them ended last.
    known: BTreeMap<LaneId, (usize, Option<(EventId, JobId)>)>,
    /// The start of the dispatcher that this holds for.
    started: EventId,
}

impl<'c, 'l, 'a> Over<'c, 'l, 'a> {
    pub(super) const fn new(context: &'c Context<'l, 'a>) -> Self {
        Self {
            context,
            known: BTreeMap::new(),
            started: EventId(0),
        }
    }

    /// The job of a lane that ended last, if every job announced in it so far is over and the dispatcher knew of each.
    /// Moments are asked for in their order.
    pub(super) fn last(&mut self, lane: LaneId, by: Moment) -> Option<JobId> {
        let started = self.context.started_before(by);
        if started != self.started {
            self.known.clear();
            self.started = started;
        }
        let ledger = self.context.ledger;
        let (known, last) = self.known.entry(lane).or_default();
        for job in ledger.lanes.get(lane)?.jobs.iter().skip(*known) {
            let life = ledger.jobs.get(job)?;
            if life.announced.event > by.event {
                break;
            }
            let (over, _) = life.completed?;
            self.context.knew_over(*job, by)?;
            *known += 1;
            *last = (*last).max(Some((over.event, *job)));
        }
        last.map(|(_, job)| job)
    }
}

/// Whether an HF job more is the declared pool's: it leaves the supply at most the open jobs and the pool.
pub(super) fn is_of_pool(context: &Context<'_, '_>, tally: &Tally<'_, '_>, lane: LaneId) -> bool {
    let warm = context.warm(lane);
    warm > 0 && tally.supply(lane) < tally.open(lane) + warm
}
