//! Moments by what they concern: strikes and releases of faults, outages of the dispatcher, visible failures. They say
//! from which moment on a demand (or anything else with a bound) is counted, and whether telling a user has a cause.
//! The rules stand in docs/verdicts.md, "Faults and time".

use std::collections::BTreeMap;

use fakes::ids::EventId;

use super::{
    lanes::{LaneId, Lanes, Reach},
    ledger::Moment,
};

/// What a moment concerns, as narrow as the history tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope<'a> {
    /// Everything.
    All,
    /// Every lane of a place.
    Place(&'a str),
    /// Every lane of a flavor.
    Flavor(&'a str),
    /// Every lane of a flavor at a place.
    Class(&'a str, &'a str),
    /// One lane.
    Lane(LaneId),
}

impl<'a> Scope<'a> {
    /// As wide as these two leave open.
    pub(super) const fn wide(place: Option<&'a str>, flavor: Option<&'a str>) -> Self {
        match (place, flavor) {
            (None, None) => Self::All,
            (Some(place), None) => Self::Place(place),
            (None, Some(flavor)) => Self::Flavor(flavor),
            (Some(place), Some(flavor)) => Self::Class(place, flavor),
        }
    }

    /// What an HF job of this reach can be for.
    pub(super) const fn of(reach: Reach<'a>) -> Self {
        match reach {
            Reach::Lane(lane) => Self::Lane(lane),
            Reach::Hidden(flavor) => Self::Flavor(flavor),
        }
    }
}

/// Every scope that a lane lies in.
fn around<'a>(lanes: &Lanes<'a>, lane: LaneId) -> [Scope<'a>; 5] {
    let known = lanes.get(lane);
    let (place, flavor) = known.map_or(("", ""), |lane| (lane.place, lane.flavor));
    [
        Scope::All,
        Scope::Place(place),
        Scope::Flavor(flavor),
        Scope::Class(place, flavor),
        Scope::Lane(lane),
    ]
}

/// What concerns lanes, filed by how narrow it is.
#[derive(Clone, Debug)]
struct Filed<'a, T>(BTreeMap<Scope<'a>, Vec<T>>);

impl<T> Default for Filed<'_, T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'a, T> Filed<'a, T> {
    fn note(&mut self, scope: Scope<'a>, what: T) {
        self.0.entry(scope).or_default().push(what);
    }

    /// The files of every scope that a lane lies in.
    fn concerning(&self, lanes: &Lanes<'a>, lane: LaneId) -> impl Iterator<Item = &Vec<T>> {
        self.of(around(lanes, lane))
    }

    /// The files of these scopes.
    fn of<const N: usize>(&self, scopes: [Scope<'a>; N]) -> impl Iterator<Item = &Vec<T>> {
        scopes.into_iter().filter_map(|scope| self.0.get(&scope))
    }
}

/// Moments by scope.
#[derive(Clone, Debug, Default)]
pub(super) struct ByScope<'a>(Filed<'a, Moment>);

impl<'a> ByScope<'a> {
    pub(super) fn note(&mut self, scope: Scope<'a>, moment: Moment) {
        self.0.note(scope, moment);
    }

    /// Puts the moments of each scope in the order of the history, as the questions below need them.
    pub(super) fn sort(&mut self) {
        for moments in self.0.0.values_mut() {
            moments.sort_by_key(|moment| moment.event);
        }
    }

    /// The first moment that concerns a lane, from `from` on and before `until`.
    #[must_use]
    pub(super) fn first(
        &self,
        lanes: &Lanes<'a>,
        lane: LaneId,
        from: EventId,
        until: EventId,
    ) -> Option<Moment> {
        let first = self.0.concerning(lanes, lane).filter_map(|moments| {
            let at = moments.partition_point(|moment| moment.event < from);
            moments.get(at).copied()
        });
        let first = first.min_by_key(|moment| moment.event);
        first.filter(|moment| moment.event < until)
    }
}

impl<'a> ByScope<'a> {
    /// Every moment that concerns a lane, from `from` on and before `until`, in order.
    #[must_use]
    pub(super) fn all(
        &self,
        lanes: &Lanes<'a>,
        lane: LaneId,
        from: EventId,
        until: EventId,
    ) -> Vec<Moment> {
        let during = self.0.concerning(lanes, lane).flat_map(|moments| {
            let first = moments.partition_point(|moment| moment.event < from);
            let moments = moments.get(first..).unwrap_or_default().iter();
            moments.take_while(|moment| moment.event < until)
        });
        let mut all: Vec<Moment> = during.copied().collect();
        all.sort_by_key(|moment| moment.event);
        all.dedup();
        all
    }
}

/// A fault's strike and what came of it: the release, where what was held back went on, or the strike itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    /// The strike.
    pub(super) from: Moment,
    /// The release.
    pub(super) until: Moment,
}

/// Holds by scope.
#[derive(Clone, Debug, Default)]
pub(super) struct Holds<'a>(Filed<'a, Hold>);

impl<'a> Holds<'a> {
    pub(super) fn note(&mut self, scope: Scope<'a>, hold: Hold) {
        self.0.note(scope, hold);
    }

    /// Puts the holds of each scope in the order of their strikes, and lets each end no earlier than one before it: so the
    /// last that struck in time tells how long all of them held.
    pub(super) fn sort(&mut self) {
        for holds in self.0.0.values_mut() {
            holds.sort_by_key(|hold| hold.from.event);
            let mut longest: Option<Moment> = None;
            for hold in holds {
                let end = longest.filter(|end| end.at_ms >= hold.until.at_ms);
                hold.until = end.unwrap_or(hold.until);
                longest = Some(hold.until);
            }
        }
    }

    /// The last moment at which something that struck in these scopes before `until`, and not later than `by_ms`, held back.
    fn last_by<const N: usize>(
        &self,
        scopes: [Scope<'a>; N],
        until: EventId,
        by_ms: u64,
    ) -> Option<Moment> {
        let last = self.0.of(scopes).filter_map(|holds| {
            let at =
                holds.partition_point(|hold| hold.from.event < until && hold.from.at_ms <= by_ms);
            Some(holds.get(at.checked_sub(1)?)?.until)
        });
        last.max_by_key(|end| (end.at_ms, end.event))
    }

    /// Every moment at which something that held a lane back let it go, in the order of the history.
    pub(super) fn ends(&self, lanes: &Lanes<'a>, lane: LaneId) -> Vec<Moment> {
        let holds = self.0.concerning(lanes, lane);
        let mut ends: Vec<_> = holds.flatten().map(|hold| hold.until).collect();
        ends.sort_by_key(|end| (end.at_ms, end.event));
        ends.dedup();
        ends
    }
}

/// How a fault that struck goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// It ends: what it delays counts from its last strike.
    Ends,
    /// It never ends, and lets some tries through.
    Unlucky,
    /// It never ends and stops every try.
    Endless,
}

/// A bound that runs: since when it counts, and when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The beginning: the matter's own moment, or the last strike or release that moved it.
    pub beginning: Moment,
    /// The last moment within the bound, milliseconds.
    pub due_ms: u64,
}

/// Every strike and release of a history.
#[derive(Clone, Debug, Default)]
pub struct Disturbances<'a> {
    /// Of faults that end.
    ending: Holds<'a>,
    /// Of faults without end that struck what serving needs and let some tries through.
    unlucky: ByScope<'a>,
    /// Of faults without end that struck what serving needs and stop every try.
    endless: ByScope<'a>,
    /// Of all faults.
    every: ByScope<'a>,
}

impl<'a> Disturbances<'a> {
    /// Notes a strike with its release, or a release by itself. Only what struck a need of the lane, an HF job or a
    /// runner can keep it from being served for ever.
    pub(super) fn note(&mut self, scope: Scope<'a>, course: Course, stops_tries: bool, hold: Hold) {
        self.every.note(scope, hold.from);
        match (course, stops_tries) {
            (Course::Ends, _) => self.ending.note(scope, hold),
            (Course::Unlucky, true) => self.unlucky.note(scope, hold.from),
            (Course::Endless, true) => self.endless.note(scope, hold.from),
            (Course::Unlucky | Course::Endless, false) => {}
        }
    }

    pub(super) fn sort(&mut self) {
        self.ending.sort();
        for moments in [&mut self.unlucky, &mut self.endless, &mut self.every] {
            moments.sort();
        }
    }

    /// The bound of a matter of this lane that came up at `from` and is open until `until` at the most: each strike of a
    /// fault that ends moves it, and the release of what it held back, as long as the strike comes within the bound.
    #[must_use]
    pub fn bound(
        &self,
        lanes: &Lanes<'a>,
        lane: LaneId,
        from: Moment,
        until: EventId,
        within_ms: u64,
    ) -> Bound {
        self.bound_in(around(lanes, lane), from, until, within_ms)
    }

    /// The same of a matter that is in no lane: what concerns its place, if that is known, and what concerns all moves it.
    #[must_use]
    pub fn bound_outside(
        &self,
        place: Option<&'a str>,
        from: Moment,
        until: EventId,
        within_ms: u64,
    ) -> Bound {
        let scopes = [Scope::All, place.map_or(Scope::All, Scope::Place)];
        self.bound_in(scopes, from, until, within_ms)
    }

    fn bound_in<const N: usize>(
        &self,
        scopes: [Scope<'a>; N],
        from: Moment,
        until: EventId,
        within_ms: u64,
    ) -> Bound {
        let mut beginning = from;
        loop {
            let due_ms = beginning.at_ms.saturating_add(within_ms);
            let moved = self.moved_in(scopes, beginning, until, due_ms);
            if moved == beginning {
                return Bound { beginning, due_ms };
            }
            beginning = moved;
        }
    }

    /// Where a beginning is moved to by what struck its lane before `until`, and not later than `due_ms`.
    #[must_use]
    pub fn moved(
        &self,
        lanes: &Lanes<'a>,
        lane: LaneId,
        beginning: Moment,
        until: EventId,
        due_ms: u64,
    ) -> Moment {
        self.moved_in(around(lanes, lane), beginning, until, due_ms)
    }

    fn moved_in<const N: usize>(
        &self,
        scopes: [Scope<'a>; N],
        beginning: Moment,
        until: EventId,
        due_ms: u64,
    ) -> Moment {
        let last = self.ending.last_by(scopes, until, due_ms);
        last.filter(|last| last.at_ms > beginning.at_ms)
            .unwrap_or(beginning)
    }

    /// The first strike between of a fault that never ends and stops every try.
    #[must_use]
    pub fn endless(
        &self,
        lanes: &Lanes<'a>,
        lane: LaneId,
        from: EventId,
        until: EventId,
    ) -> Option<Moment> {
        self.endless.first(lanes, lane, from, until)
    }

    /// The first strike between of a fault that never ends and lets some tries through.
    #[must_use]
    pub fn unlucky(
        &self,
        lanes: &Lanes<'a>,
        lane: LaneId,
        from: EventId,
        until: EventId,
    ) -> Option<Moment> {
        self.unlucky.first(lanes, lane, from, until)
    }

    /// True if anything struck the lane, or went on in it, between.
    #[must_use]
    pub fn touched(&self, lanes: &Lanes<'a>, lane: LaneId, from: EventId, until: EventId) -> bool {
        self.every.first(lanes, lane, from, until).is_some()
    }

    /// What faults that end held back, for whoever goes through a lane's history in order.
    pub(super) const fn ending(&self) -> &Holds<'a> {
        &self.ending
    }
}
