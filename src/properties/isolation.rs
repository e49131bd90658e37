//! isolation (I14): a poisoned job, delivery or installation delays nobody else. A fault elsewhere grants no grace.

use fakes::{
    history::{Origin, Signed, What},
    ids::EventId,
};

use super::{
    Context, Judgement,
    disturbance::{ByScope, Scope},
    lanes::LaneId,
    ledger::{Kinds, Ledger, moment},
    queues::{Grace, Wait, waits},
    right_retry::is_permanent,
    served_or_told::judge_wait,
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement = Judgement::new(
        "nothing went wrong elsewhere while a job waited whose own lane nothing touched",
    );
    let poison = Poison::read(context.ledger);
    for wait in waits(context, Grace::None) {
        if poison.is_only_elsewhere(context, &wait) {
            judgement.occasion();
            judge_wait(context, &wait, &mut judgement);
        }
    }
    judgement
}

/// What was wrong, and where.
struct Poison<'a> {
    /// Permanent refusals and rate limits, by what they concern.
    refusals: ByScope<'a>,
    /// Everything that concerns some lane or nobody's, in order: the event and the lane.
    somewhere: Vec<(EventId, Option<LaneId>)>,
    /// For each of these the first behind it that concerns another lane.
    next_elsewhere: Vec<usize>,
}

impl<'a> Poison<'a> {
    fn read(ledger: &Ledger<'a>) -> Self {
        let mut refusals = ByScope::default();
        let mut somewhere = Vec::new();
        for call in ledger.calls.values() {
            let Some(answered) = call
                .answered
                .filter(|answered| answered.limited || is_permanent(call, answered))
            else {
                continue;
            };
            for scope in ledger.scopes_of_call(call) {
                refusals.note(scope, answered.at);
                if let Scope::Lane(lane) = scope {
                    somewhere.push((answered.at.event, Some(lane)));
                }
            }
        }
        refusals.sort();
        somewhere.extend(
            ledger
                .struck_lanes
                .iter()
                .map(|(at, lane)| (at.event, Some(*lane))),
        );
        for event in ledger.only(Kinds::DELIVERED) {
            let What::DeliveryAnswered { delivery, job, .. } = &event.event else {
                continue;
            };
            let forged = ledger.deliveries.get(delivery).is_some_and(|entry| {
                entry.signed != Signed::Lab || entry.origin == Origin::Forged || entry.bent
            });
            if forged {
                let lane = job.and_then(|job| ledger.routed(job)).map(|(lane, _)| lane);
                somewhere.push((moment(event).event, lane));
            }
        }
        somewhere.sort_unstable();
        let mut next_elsewhere = vec![somewhere.len(); somewhere.len()];
        for (at, pair) in somewhere.windows(2).enumerate().rev() {
            let is_other = pair[0].1 != pair[1].1;
            next_elsewhere[at] = if is_other {
                at + 1
            } else {
                next_elsewhere[at + 1]
            };
        }
        Self {
            refusals,
            somewhere,
            next_elsewhere,
        }
    }

    /// Whether, while this demand waited, something was wrong elsewhere and nothing with its own lane.
    fn is_only_elsewhere(&self, context: &Context<'_, '_>, wait: &Wait) -> bool {
        let ledger = context.ledger;
        let from = wait.since.event;
        let until = wait.taken.map_or(EventId(u64::MAX), |(at, ..)| at.event);
        let lanes = &ledger.lanes;
        let own = ledger.disturbances.touched(lanes, wait.lane, from, until)
            || self.refusals.first(lanes, wait.lane, from, until).is_some();
        let first = self.somewhere.partition_point(|(event, _)| *event < from);
        let elsewhere = match self.somewhere.get(first) {
            Some((_, lane)) if *lane == Some(wait.lane) => self.next_elsewhere.get(first).copied(),
            Some(_) | None => Some(first),
        };
        let elsewhere = elsewhere.and_then(|at| self.somewhere.get(at));
        !own && elsewhere.is_some_and(|(event, _)| *event < until)
    }
}
