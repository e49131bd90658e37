//! Effective creates: HF jobs that a call of the dispatcher brought into being, seen from the moment the call was received. What
//! it knew then is what it is charged with.

use std::collections::BTreeMap;

use fakes::ids::{CallId, JobId};

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

/// The job of a lane that ended last, if every job announced in it so far is over and the dispatcher knew of each.
pub(super) fn all_over(context: &Context<'_, '_>, lane: LaneId, by: Moment) -> Option<JobId> {
    let lane = context.ledger.lanes.get(lane)?;
    let mut last = None;
    // The newest first: as long as a job is not over it is most likely one of the last.
    for job in lane.jobs.iter().rev() {
        let life = context.ledger.jobs.get(job)?;
        if life.announced.event > by.event {
            continue;
        }
        let (over, _) = life.completed?;
        context.knew_over(*job, by)?;
        if last.is_none_or(|(_, latest)| over.event > latest) {
            last = Some((*job, over.event));
        }
    }
    last.map(|(job, _)| job)
}

/// Whether an HF job more is the declared pool's: it leaves the supply at most the open jobs and the pool.
pub(super) fn is_of_pool(context: &Context<'_, '_>, tally: &Tally<'_, '_>, lane: LaneId) -> bool {
    let warm = context.warm(lane);
    warm > 0 && tally.supply(lane) < tally.open(lane) + warm
}
