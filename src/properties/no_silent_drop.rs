//! no-silent-drop (I2): a delivery acknowledged with 2xx is acted on. As long as its job waits and nothing is there for it,
//! something is tried again and again; a job that nothing more is tried for has been dropped without a word.

use std::collections::BTreeSet;

use fakes::{
    history::{Caller, Event, What},
    ids::JobId,
};

use super::{
    Context, Judgement,
    lanes::LaneId,
    ledger::{Kinds, Moment, Numbered, moment},
    tally::Tally,
    turns::Turn,
    verdict::time,
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut watch = Watch {
        context,
        judgement: Judgement::new("no delivery of an open job was acknowledged"),
        lanes: vec![Lane::default(); context.ledger.lanes.len()],
        accepted: Numbered::default(),
    };
    let mut tally = Tally::lending(context);
    for event in context.lent_changes_and(Kinds::DELIVERED | Kinds::ASKED) {
        let touched = tally.enter(event).to_vec();
        for taken in tally.turned() {
            watch.turn(taken.lane, taken.job, taken.turn);
        }
        watch.enter(event);
        for lane in touched {
            watch.look(&tally, lane, moment(event));
        }
        if let Some((lane, _)) = watch.accepts(event) {
            watch.look(&tally, lane, moment(event));
        }
    }
    let end = context.ledger.after_end();
    for lane in 0..watch.lanes.len() {
        watch.measure(LaneId(lane), end, true);
    }
    watch.judgement
}

/// What a lane owes.
#[derive(Clone, Debug, Default)]
struct Lane {
    open: BTreeSet<JobId>,
    /// Open jobs of which a delivery was acknowledged.
    owed: BTreeSet<JobId>,
    /// Since when nothing was tried for them, though nothing is there for them and a slot is free.
    quiet: Option<Moment>,
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    judgement: Judgement,
    lanes: Vec<Lane>,
    accepted: Numbered<JobId, Moment>,
}

impl Watch<'_, '_, '_> {
    fn turn(&mut self, lane: LaneId, job: JobId, turn: Turn) {
        let accepted = self.accepted.contains_key(&job);
        let Some(lane) = self.lanes.get_mut(lane.0) else {
            return;
        };
        match turn {
            Turn::Opens | Turn::Renews => {
                lane.open.insert(job);
                if accepted {
                    lane.owed.insert(job);
                }
            }
            Turn::Holds | Turn::Starts | Turn::Leaves => {
                lane.open.remove(&job);
                lane.owed.remove(&job);
            }
        }
    }

    /// The lane and job of a genuine `queued` that this event acknowledges.
    fn accepts(&self, event: &Event) -> Option<(LaneId, JobId)> {
        let What::DeliveryAnswered { delivery, job, .. } = &event.event else {
            return None;
        };
        let entry = self.context.ledger.deliveries.get(delivery)?;
        let is_so = entry.action == Some("queued") && entry.genuine();
        entry
            .accepted()
            .filter(|at| is_so && at.event == event.id)?;
        let job = (*job)?;
        let (lane, _) = self.context.ledger.routed(job)?;
        Some((lane, job))
    }

    fn enter(&mut self, event: &Event) {
        if let Some((lane, job)) = self.accepts(event) {
            if !self.accepted.contains_key(&job) {
                self.accepted.insert(job, moment(event));
            }
            if let Some(lane) = self.lanes.get_mut(lane.0)
                && lane.open.contains(&job)
                && lane.owed.insert(job)
            {
                self.judgement.occasion();
            }
        }
        for lane in self.acts(event) {
            self.measure(lane, moment(event), false);
            if let Some(quiet) = self
                .lanes
                .get_mut(lane.0)
                .and_then(|lane| lane.quiet.as_mut())
            {
                *quiet = moment(event);
            }
        }
    }

    /// The lanes for which this event is an act.
    fn acts(&self, event: &Event) -> Vec<LaneId> {
        let What::CallReceived {
            call,
            by: Caller::Dispatcher,
            name,
            ..
        } = &event.event
        else {
            return Vec::new();
        };
        let ledger = self.context.ledger;
        let Some(call) = ledger.calls.get(call) else {
            return Vec::new();
        };
        match name.as_str() {
            "github.jit-config" | "github.registration-token" | "hf.create" => {
                let scopes = ledger.scopes_of_call(call).into_iter();
                scopes
                    .flat_map(|scope| ledger.lanes.within(scope))
                    .collect()
            }
            "github.get-job" => {
                let asked = call
                    .job()
                    .and_then(|job| Some((job, ledger.routed(job)?.0)));
                let open = asked.filter(|(job, lane)| {
                    self.lanes
                        .get(lane.0)
                        .is_some_and(|lane| lane.open.contains(job))
                });
                open.into_iter().map(|(_, lane)| lane).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Takes in what a lane has come to.
    fn look(&mut self, tally: &Tally<'_, '_>, lane: LaneId, now: Moment) {
        let owes = self
            .lanes
            .get(lane.0)
            .is_some_and(|lane| !lane.owed.is_empty());
        let is_short =
            tally.shortage(lane) > 0 && tally.has_free_slot(lane, &self.context.terms.caps);
        let was_quiet = self
            .lanes
            .get(lane.0)
            .is_some_and(|lane| lane.quiet.is_some());
        match (owes && is_short, was_quiet) {
            (true, false) => {
                if let Some(lane) = self.lanes.get_mut(lane.0) {
                    lane.quiet = Some(now);
                }
            }
            (false, true) => {
                self.measure(lane, now, false);
                if let Some(lane) = self.lanes.get_mut(lane.0) {
                    lane.quiet = None;
                }
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Finds out whether a lane has been quiet for too long by now.
    fn measure(&mut self, id: LaneId, now: Moment, at_end: bool) {
        let context = self.context;
        let Some((lane, quiet)) = self
            .lanes
            .get(id.0)
            .and_then(|lane| Some((lane, lane.quiet?)))
        else {
            return;
        };
        let Some(job) = lane.owed.iter().next() else {
            return;
        };
        let (lanes, within_ms) = (&context.ledger.lanes, context.terms.bounds.served_within_ms);
        let faults = &context.ledger.disturbances;
        let bound = faults.bound(lanes, id, quiet, now.event, within_ms);
        let is_late = bound.due_ms < now.at_ms && !context.ledger.is_gone_by(bound.due_ms);
        if !is_late && !at_end {
            return;
        }
        let accepted = self.accepted.get(job).map_or(quiet, |accepted| *accepted);
        let name = context.ledger.job_named(*job);
        let quiet_from = time(bound.beginning.at_ms);
        if is_late {
            let why = format!(
                "the `queued` of {name} was acknowledged at {}, and from {quiet_from} to {} nothing was tried for it, though it waited and nothing was there for it",
                time(accepted.at_ms),
                time(now.at_ms),
            );
            self.judgement.breach(accepted.event, why);
        } else {
            let why = format!(
                "the `queued` of {name} was acknowledged at {}, nothing was tried for it from {quiet_from} on, and the run ended at {}",
                time(accepted.at_ms),
                time(now.at_ms),
            );
            self.judgement.undecided(accepted.event, why);
        }
    }
}
