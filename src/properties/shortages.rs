//! Shortages: how many open jobs of a lane nothing is there for. Each rise by one enters a place, each fall takes out the
//! oldest; docs/verdicts.md, "supply-covers-demand", has the rules. Shared by the properties that judge supply.

use std::collections::VecDeque;

use super::{
    Context,
    lanes::LaneId,
    ledger::{Kinds, Moment, moment},
    tally::Tally,
};

/// A place: one open job more than HF jobs that boot or idle, from then on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The lane.
    pub(super) lane: LaneId,
    /// When it was entered.
    pub(super) entered: Moment,
    /// Since when it counts: a slot was free, and no fault moved it.
    pub(super) beginning: Moment,
    /// By when it was due to be filled; none where no slot was free at the end.
    pub(super) due_ms: Option<u64>,
    /// Whether it was still there when that had passed.
    pub(super) late: bool,
    /// When it was filled.
    pub(super) filled: Option<Moment>,
    /// Whether it came of more than a first job: another was open, or supply was lost.
    pub(super) telling: bool,
}

/// Every place of every lane, in the order they were filled or, if they were not, left at the end.
pub(super) fn places(context: &Context<'_, '_>) -> Vec<Place> {
    let mut watch = Watch {
        context,
        lanes: vec![Line::new(); context.ledger.lanes.len()],
        done: Vec::new(),
    };
    let mut tally = Tally::lending(context);
    let capped = !context.terms.caps.is_none();
    for event in context.lent_changes_and(Kinds::CHANGES) {
        let mut touched = tally.enter(event).to_vec();
        if capped && (!touched.is_empty() || tally.slots_moved()) {
            // A slot that one lane frees is free for all of its scope.
            touched = context.ledger.lanes.iter().map(|(id, _)| id).collect();
        }
        for lane in touched {
            watch.look(&tally, lane, moment(event));
        }
    }
    watch.end();
    watch.done
}

/// The places of one lane, the oldest first.
#[derive(Clone, Debug)]
struct Line {
    places: VecDeque<Place>,
    /// Since when a slot is free.
    free: Option<Moment>,
    /// How many HF jobs booted or idled for it when it was last looked at.
    supply: usize,
}

impl Line {
    const fn new() -> Self {
        Self {
            places: VecDeque::new(),
            free: None,
            supply: 0,
        }
    }
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    lanes: Vec<Line>,
    done: Vec<Place>,
}

impl Watch<'_, '_, '_> {
    /// Takes in what a lane has come to.
    fn look(&mut self, tally: &Tally<'_, '_>, lane: LaneId, now: Moment) {
        let context = self.context;
        let Some(line) = self.lanes.get_mut(lane.0) else {
            return;
        };
        let is_free = tally.has_free_slot(lane, &context.terms.caps);
        if !is_free && line.free.is_some() {
            for place in &mut line.places {
                judge(context, place, line.free, now);
            }
        }
        match (is_free, line.free) {
            (true, None) => line.free = Some(now),
            (false, Some(_)) => line.free = None,
            (true, Some(_)) | (false, None) => {}
        }
        let shortage = tally.shortage(lane);
        while line.places.len() > shortage {
            if let Some(mut place) = line.places.pop_front() {
                judge(context, &mut place, line.free, now);
                place.filled = Some(now);
                self.done.push(place);
            }
        }
        let supply = tally.supply(lane);
        let is_lost = supply < std::mem::replace(&mut line.supply, supply);
        while line.places.len() < shortage {
            line.places.push_back(Place {
                lane,
                entered: now,
                beginning: now,
                due_ms: None,
                late: false,
                filled: None,
                telling: is_lost || tally.open(lane) > 1,
            });
        }
    }

    fn end(&mut self) {
        let end = self.context.ledger.after_end();
        for line in &mut self.lanes {
            for mut place in std::mem::take(&mut line.places) {
                judge(self.context, &mut place, line.free, end);
                self.done.push(place);
            }
        }
    }
}

/// Finds out whether a place was late by now, if it was not already.
fn judge(context: &Context<'_, '_>, place: &mut Place, free: Option<Moment>, now: Moment) {
    let Some(free) = free.filter(|_| !place.late) else {
        return;
    };
    let from = if free.event > place.entered.event {
        free
    } else {
        place.entered
    };
    let bound = context.patient_bound(place.lane, from, now.event);
    place.beginning = bound.beginning;
    place.due_ms = Some(bound.due_ms);
    place.late = bound.due_ms < now.at_ms;
}
