//! A rule in a running world: whether it may strike, how often it still can, and how often it could have.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{FaultRule, Subject, known::Known, rule::covers, whom::Whom};
use crate::{
    history::{Closed, History, What},
    ids::EventId,
};

/// How often something came a rule's way. Each is at least the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Something came to one of its places, whoever it concerned and whether the rule was open or not.
    pub reached: u64,
    /// It was somebody the rule is meant for.
    pub matched: u64,
    /// The rule was open then.
    pub open: u64,
    /// Its effect would have made a difference, too.
    pub occasions: u64,
    /// It struck.
    pub strikes: u64,
}

pub(super) struct Installed {
    pub(super) rule: FaultRule,
    whom: Whom,
    pub(super) open: bool,
    pub(super) left: Option<u32>,
    /// Whether it was closed before.
    pub(super) ended: bool,
    /// Told when the rule is closed.
    pub(super) closed: Arc<Notify>,
    pub(super) counts: Counts,
    /// Whether the history says that it is open.
    told_open: bool,
}

impl Installed {
    pub(super) fn new(rule: FaultRule) -> Self {
        Self {
            open: rule.open,
            left: rule.times,
            ended: false,
            whom: Whom::new(&rule.only),
            closed: Arc::default(),
            counts: Counts::default(),
            told_open: false,
            rule,
        }
    }

    /// Whether the subject is at one of its places, and whether the rule is meant for it.
    pub(super) fn looks_at(&self, subject: &Subject<'_>, known: &Known) -> (bool, bool) {
        let mut places = self.rule.places.iter();
        let reached = places.any(|place| covers(place, subject.place));
        (reached, reached && self.whom.matches(subject, known))
    }

    pub(super) fn active(&self) -> bool {
        self.open && self.left != Some(0)
    }

    /// Lets it strike.
    pub(super) fn open(&mut self, fault: usize, history: &History) {
        self.open = true;
        self.tell_open(fault, history);
    }

    /// Says that it may strike, if that is so and nobody knows.
    pub(super) fn tell_open(&mut self, fault: usize, history: &History) {
        if self.active() && !self.told_open {
            self.told_open = true;
            history.record(None, What::FaultOpened { fault });
        }
    }

    /// Stops it, and lets go of everything it holds.
    pub(super) fn close(&mut self, fault: usize, why: Closed, history: &History) {
        self.open = false;
        self.ended = true;
        self.tell_closed(fault, why, None, history);
        self.closed.notify_waiters();
    }

    fn tell_closed(
        &mut self,
        fault: usize,
        why: Closed,
        because: Option<EventId>,
        history: &History,
    ) {
        if std::mem::take(&mut self.told_open) {
            history.record(because, What::FaultClosed { fault, why });
        }
    }

    /// Something came to a place of this rule, or what had come before turned out to be what it is meant for. Gives
    /// whether the rule is meant for it.
    pub(super) fn meets(&mut self, reached: bool, matched: bool) -> bool {
        self.counts.reached += u64::from(reached);
        self.counts.matched += u64::from(matched);
        // A process that takes one job after the other comes with each of them.
        self.counts.reached = self.counts.reached.max(self.counts.matched);
        self.counts.open += u64::from(matched && self.active());
        matched
    }

    /// The rule could strike here: by its window, and because its effect would make a difference. What comes
    /// later in the life of what it strikes is no occasion before it comes.
    pub(super) fn has_occasion(&mut self, misses: bool) {
        if misses || !self.rule.effect.kind().waits_for_a_moment() {
            self.counts.occasions += 1;
        }
    }

    /// It struck, with this event. The last of its times closes it.
    pub(super) fn struck(&mut self, fault: usize, applied: EventId, history: &History) {
        if self.rule.effect.kind().waits_for_a_moment() {
            self.counts.occasions += 1;
        }
        self.counts.strikes += 1;
        let last = self.rule.times.map(u64::from) == Some(self.counts.strikes);
        if last {
            self.tell_closed(fault, Closed::Times, Some(applied), history);
        }
    }
}
