//! The properties: what must hold of any dispatcher, judged from the history alone.
//!
//! A property is a pure function of the [`Ledger`] (the history, indexed once) and the [`Terms`] of the
//! scenario. Each lives in a file of its own that opens with what it demands. [`judge`] applies all of them.

mod at_most_one;
mod expectations;
mod fast_ack;
mod fresh_credentials;
mod ledger;
mod never_kill_busy;
mod no_leak;
mod routing;
mod rules;
mod served_or_told;
mod signature;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use fakes::ids::EventId;
use serde::{Deserialize, Serialize};

pub use expectations::Expectations;
pub use ledger::{Delivery, HfLife, JobLife, Ledger, RunnerLife};
pub use rules::Rules;

/// What a scenario says that a property needs to know and no history shows.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Which label set goes to which flavor.
    pub rules: Rules,
    /// The pools it declares: how many runners of each label set, folded, it keeps ready beyond what jobs ask for.
    pub warm: BTreeMap<BTreeSet<String>, u32>,
    /// Repositories the dispatcher must not serve (not installed, or outside its allow-list).
    pub unserved_repos: BTreeSet<String>,
    /// How long after the last fault (or after it was queued) a job may wait for its start.
    pub served_within_ms: Option<u64>,
    /// Names of jobs of runs in which only some may run at a time: such a job could start only when an earlier
    /// one of its run had ended.
    pub serial_jobs: BTreeSet<String>,
    /// How long an HF job may live without work or a reason.
    pub reclaimed_within_ms: u64,
    /// How long GitHub waits for the answer to a delivery.
    pub webhook_timeout_ms: u64,
    /// Counts and budgets the scenario asks for.
    pub expect: Expectations,
    /// Properties the user does not want judged, with the reason.
    pub waived: BTreeMap<String, String>,
}

/// What a property says of one history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It was put to the test and held.
    Held,
    /// It was broken.
    Violated {
        /// The first event that broke it.
        event: EventId,
        /// What happened, for people.
        why: String,
    },
    /// The user does not want it judged.
    Waived {
        /// The user's reason.
        reason: String,
    },
    /// Nothing in this history could have broken it. Never the same as held.
    NotExercised {
        /// What would have had to happen.
        why: String,
    },
}

impl Verdict {
    fn not_exercised(why: &str) -> Self {
        Self::NotExercised {
            why: why.to_owned(),
        }
    }

    /// True for [`Verdict::Violated`].
    #[must_use]
    pub const fn is_violated(&self) -> bool {
        matches!(self, Self::Violated { .. })
    }
}

/// The first breach a property found: the event and what it means.
type Breach = (EventId, String);

/// Held, or violated by the earliest of these breaches.
fn verdict(breaches: Vec<Breach>) -> Verdict {
    match breaches.into_iter().min_by_key(|(event, _)| *event) {
        Some((event, why)) => Verdict::Violated { event, why },
        None => Verdict::Held,
    }
}

/// A property: its name and its rule.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its name, as scenarios and reports write it.
    pub name: &'static str,
    /// What it demands, in one sentence.
    pub demands: &'static str,
    rule: fn(&Ledger<'_>, &Terms) -> Verdict,
}

/// Every property, in the order of the reports.
pub const ALL: &[Property] = &[
    Property {
        name: "served-or-told",
        demands: "a routed job gets a runner, or its user is told why not",
        rule: served_or_told::judge,
    },
    Property {
        name: "at-most-one",
        demands: "no more HF jobs than jobs and ended attempts explain",
        rule: at_most_one::judge,
    },
    Property {
        name: "never-kill-busy",
        demands: "no HF job or runner is taken away while a job runs on it",
        rule: never_kill_busy::judge,
    },
    Property {
        name: "no-leak",
        demands: "an HF job without work ends within the bound",
        rule: no_leak::judge,
    },
    Property {
        name: "fresh-credentials",
        demands: "no credential is used outside its life",
        rule: fresh_credentials::judge,
    },
    Property {
        name: "signature",
        demands: "a delivery that is not signed over its bytes is refused",
        rule: signature::judge,
    },
    Property {
        name: "routing",
        demands: "an HF job has the flavor and the runner labels some queued job asked for",
        rule: routing::judge,
    },
    Property {
        name: "fast-ack",
        demands: "a delivery is answered with 2xx before GitHub gives up",
        rule: fast_ack::judge,
    },
    Property {
        name: "trust",
        demands: "an event with a foreign installation id mints no token",
        rule: trust::judge,
    },
];

/// The verdicts on one history, by property name, plus `expect.*` for what the scenario counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verdicts(pub BTreeMap<String, Verdict>);

impl Verdicts {
    /// The violated ones, in the order of their first event.
    #[must_use]
    pub fn violated(&self) -> Vec<(&str, EventId, &str)> {
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter_map(|(name, verdict)| match verdict {
                Verdict::Violated { event, why } => Some((name.as_str(), *event, why.as_str())),
                Verdict::Held | Verdict::Waived { .. } | Verdict::NotExercised { .. } => None,
            })
            .collect();
        found.sort_by_key(|(_, event, _)| *event);
        found
    }

    /// True if the user does not want the named property judged.
    #[must_use]
    pub fn is_waived(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Verdict::Waived { .. }))
    }

    /// True if the named property was put to the test (held or violated).
    #[must_use]
    pub fn exercised(&self, name: &str) -> bool {
        matches!(
            self.0.get(name),
            Some(Verdict::Held | Verdict::Violated { .. })
        )
    }
}

/// Judges one history by every property and by what the scenario expects.
#[must_use]
pub fn judge(ledger: &Ledger<'_>, terms: &Terms) -> Verdicts {
    let mut verdicts = BTreeMap::new();
    for property in ALL {
        let verdict = match terms.waived.get(property.name) {
            Some(reason) => Verdict::Waived {
                reason: reason.clone(),
            },
            None => (property.rule)(ledger, terms),
        };
        verdicts.insert(property.name.to_owned(), verdict);
    }
    verdicts.extend(expectations::judge(ledger, &terms.expect));
    Verdicts(verdicts)
}
