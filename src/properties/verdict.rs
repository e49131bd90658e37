//! What a property says: its [`Judgement`] while it reads a history, and the [`Verdict`] that follows from it.
//!
//! A rule only collects: breaches, what stayed open, and how often its occasion came. Which verdict that makes is
//! decided here, the same way for every property.

use std::{borrow::Cow, collections::BTreeMap};

use fakes::ids::EventId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ledger::Ledger;

/// How many further breaches a verdict names by their events; it counts them all.
const OTHERS_NAMED: usize = 100;

/// A moment of the history, for people.
pub(super) fn time(at_ms: u64) -> String {
    format!("{}.{:03} s", at_ms / 1000, at_ms % 1000)
}

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The event that broke it.
    pub event: EventId,
    /// What happened, for people.
    pub why: String,
}

impl Breach {
    pub(super) fn new(event: EventId, why: impl Into<String>) -> Self {
        Self {
            event,
            why: why.into(),
        }
    }
}

/// What a rule found in one history.
///
/// An *occasion* is a moment at which the rule could have been broken: it lies in the world, not in the mistake, so a
/// restraint that held counts like a step taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    occasions: u64,
    breaches: Vec<Breach>,
    open: Vec<Breach>,
    without_occasion: Cow<'static, str>,
}

impl Judgement {
    /// Nothing seen so far. `without_occasion` is the reason to give if it stays that way: what would have had to
    /// happen.
    pub(super) fn new(without_occasion: impl Into<Cow<'static, str>>) -> Self {
        Self {
            occasions: 0,
            breaches: Vec::new(),
            open: Vec::new(),
            without_occasion: without_occasion.into(),
        }
    }

    /// The rule could have been broken here.
    pub(super) const fn occasion(&mut self) {
        self.occasions += 1;
    }

    /// The same, so many times.
    pub(super) const fn occasions(&mut self, count: usize) {
        self.occasions += count as u64;
    }

    /// The rule was broken by this event.
    pub(super) fn breach(&mut self, event: EventId, why: impl Into<String>) {
        self.breaches.push(Breach::new(event, why));
    }

    /// The rule was broken by this event, if there is something to say of it.
    pub(super) fn breach_if(&mut self, event: EventId, why: Option<String>) {
        self.breaches.extend(why.map(|why| Breach::new(event, why)));
    }

    /// The history ends before it is known whether the rule holds for what began with this event.
    pub(super) fn undecided(&mut self, event: EventId, why: impl Into<String>) {
        self.open.push(Breach::new(event, why));
    }

    /// The verdict: broken by the earliest breach; else open; else never tried; else held.
    pub(super) fn verdict(self, ledger: &Ledger<'_>) -> Verdict {
        let occasions = self.occasions;
        if let Some(found) = Finding::earliest(ledger, self.breaches, occasions) {
            return Verdict::Violated(found);
        }
        if let Some(found) = Finding::earliest(ledger, self.open, occasions) {
            return Verdict::Undecided(found);
        }
        if occasions == 0 {
            let why = self.without_occasion.into_owned();
            return Verdict::NotExercised { why };
        }
        Verdict::Held { occasions }
    }
}

/// What broke a property, or left it open: the earliest event, and how many more like it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The first event.
    pub event: EventId,
    /// When that was, in milliseconds from the world's start.
    pub at_ms: u64,
    /// What happened, for people.
    pub why: String,
    /// How many more like it there are.
    pub more: u64,
    /// The events of these others; of very many, the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<EventId>,
    /// How often the property's occasion came.
    pub occasions: u64,
}

impl Finding {
    fn earliest(ledger: &Ledger<'_>, mut found: Vec<Breach>, occasions: u64) -> Option<Self> {
        // Stable: of several breaches by one event the rule's own order decides.
        found.sort_by_key(|breach| breach.event);
        let mut found = found.into_iter();
        let Breach { event, why } = found.next()?;
        let at_ms = ledger.event(event).map_or(0, |event| event.at_ms);
        Some(Self {
            event,
            at_ms,
            why,
            more: found.len() as u64,
            others: found
                .take(OTHERS_NAMED)
                .map(|breach| breach.event)
                .collect(),
            occasions,
        })
    }

    /// What happened, with the number of the others.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self.more {
            0 => self.why.clone(),
            more => format!("{}, and {more} more like it", self.why),
        }
    }
}

/// What a property says of one history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It was put to the test and held.
    Held {
        /// How often its occasion came.
        occasions: u64,
    },
    /// It was broken.
    Violated(Finding),
    /// It was broken, and the lab's own list of known faults of the reference dispatcher says so.
    Known {
        /// The list's reason.
        reason: String,
        /// What broke it.
        found: Box<Finding>,
    },
    /// The user does not want it judged, until a day.
    Waived {
        /// The user's reason.
        reason: String,
        /// Where it is written down.
        link: String,
        /// The last day on which the waiver is good. Whether that day is over is not judged here: a
        /// verdict never depends on today's date.
        expires: Date,
        /// What the verdict would have been.
        instead_of: Box<Verdict>,
    },
    /// Nothing in this history could have broken it. Never the same as held.
    NotExercised {
        /// What would have had to happen.
        why: String,
    },
    /// The history ends too early to tell. Never the same as held.
    Undecided(Finding),
}

impl Verdict {
    /// True for [`Verdict::Violated`].
    #[must_use]
    pub const fn is_violated(&self) -> bool {
        matches!(self, Self::Violated(_))
    }

    /// True for [`Verdict::Undecided`].
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        matches!(self, Self::Undecided(_))
    }

    /// True if the occasion lay in the history and nobody asked to look away.
    #[must_use]
    pub const fn is_exercised(&self) -> bool {
        match self {
            Self::Held { .. } | Self::Violated(_) | Self::Known { .. } => true,
            // A job that waits may be all the occasion there was.
            Self::Undecided(found) => found.occasions > 0,
            Self::Waived { .. } | Self::NotExercised { .. } => false,
        }
    }

    /// How often the property's occasion came.
    #[must_use]
    pub fn occasions(&self) -> u64 {
        match self {
            Self::Held { occasions } => *occasions,
            Self::Violated(found) | Self::Undecided(found) => found.occasions,
            Self::Known { found, .. } => found.occasions,
            Self::Waived { instead_of, .. } => instead_of.occasions(),
            Self::NotExercised { .. } => 0,
        }
    }
}

/// The verdicts on one history, by property name, plus `expect.*` for what the scenario counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verdicts(pub BTreeMap<String, Verdict>);

impl Verdicts {
    /// The violated ones, in the order of their first event.
    #[must_use]
    pub fn violated(&self) -> Vec<(&str, &Finding)> {
        self.findings(|verdict| match verdict {
            Verdict::Violated(found) => Some(found),
            Verdict::Held { .. }
            | Verdict::Known { .. }
            | Verdict::Waived { .. }
            | Verdict::NotExercised { .. }
            | Verdict::Undecided(_) => None,
        })
    }

    /// The undecided ones, in the order of their first event.
    #[must_use]
    pub fn undecided(&self) -> Vec<(&str, &Finding)> {
        self.findings(|verdict| match verdict {
            Verdict::Undecided(found) => Some(found),
            Verdict::Held { .. }
            | Verdict::Violated(_)
            | Verdict::Known { .. }
            | Verdict::Waived { .. }
            | Verdict::NotExercised { .. } => None,
        })
    }

    fn findings(&self, of: fn(&Verdict) -> Option<&Finding>) -> Vec<(&str, &Finding)> {
        let named = self.0.iter();
        let mut found: Vec<_> = named
            .filter_map(|(name, verdict)| Some((name.as_str(), of(verdict)?)))
            .collect();
        found.sort_by_key(|(_, finding)| finding.event);
        found
    }

    /// True if the user does not want the named property judged.
    #[must_use]
    pub fn is_waived(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Verdict::Waived { .. }))
    }

    /// True if the named property was put to the test.
    #[must_use]
    pub fn exercised(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Verdict::is_exercised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::Terms;

    fn judged(fill: impl FnOnce(&mut Judgement)) -> Verdict {
        let terms = Terms::default();
        let ledger = Ledger::read(&[], &terms);
        let mut judgement = Judgement::new("nothing was tried");
        fill(&mut judgement);
        judgement.verdict(&ledger)
    }

    #[test]
    fn the_earliest_breach_stands_for_all_and_the_others_are_counted() {
        let verdict = judged(|judgement| {
            judgement.occasions(300);
            for event in (1..=201).rev() {
                judgement.breach(EventId(event), format!("event {event}"));
            }
            judgement.undecided(EventId(1), "open");
        });
        let Verdict::Violated(found) = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(found.event, EventId(1));
        assert_eq!(found.in_words(), "event 1, and 200 more like it");
        assert_eq!((found.others.len(), found.occasions), (100, 300));
        assert_eq!(found.others.first(), Some(&EventId(2)));
    }

    #[test]
    fn one_breach_has_none_like_it() {
        let verdict = judged(|judgement| judgement.breach(EventId(7), "a leak"));
        let Verdict::Violated(found) = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!((found.in_words().as_str(), found.more), ("a leak", 0));
    }

    #[test]
    fn what_stays_open_is_never_held_however_often_it_was_tried() {
        let verdict = judged(|judgement| {
            judgement.occasions(5);
            judgement.undecided(EventId(3), "the bound lies behind the end");
        });
        assert!(verdict.is_undecided() && verdict.is_exercised());
        assert_eq!(verdict.occasions(), 5);
    }

    #[test]
    fn without_an_occasion_nothing_is_held() {
        assert_eq!(
            judged(|_| ()),
            Verdict::NotExercised {
                why: "nothing was tried".to_owned()
            }
        );
        assert_eq!(judged(Judgement::occasion), Verdict::Held { occasions: 1 });
    }
}
