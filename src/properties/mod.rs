//! The properties: what must hold of any dispatcher, judged from the history alone.
//!
//! A property is a pure function of the [`Ledger`] (the history, indexed once) and the [`Terms`] of the
//! scenario. Each lives in a file of its own that opens with what it demands, and returns a [`Judgement`]; [`judge`]
//! applies all of them and makes each judgement a [`Verdict`].

mod at_most_one;
mod expectations;
mod fast_ack;
mod fresh_credentials;
mod ledger;
mod meant;
mod never_kill_busy;
mod no_leak;
mod routing;
mod rules;
mod served_or_told;
mod signature;
mod terms;
mod trust;
mod verdict;

use std::collections::BTreeMap;

pub use expectations::Expectations;
pub use ledger::{Delivery, HfLife, JobLife, Ledger, RunnerLife};
pub use meant::Routed;
pub use rules::Rules;
pub use terms::{Bounds, Budgets, Caps, Delays, DispatcherTimes, Lives, Terms};
pub use verdict::{Breach, Finding, Judgement, Verdict, Verdicts};

/// A property: its name and its rule.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its name, as scenarios and reports write it.
    pub name: &'static str,
    /// What it demands, in one sentence.
    pub demands: &'static str,
    rule: fn(&Ledger<'_>, &Terms) -> Judgement,
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
        demands: "no more HF jobs than queued jobs and HF jobs that ended without one explain",
        rule: at_most_one::judge,
    },
    Property {
        name: "never-kill-busy",
        demands: "no HF job or runner is taken away while a job runs on it",
        rule: never_kill_busy::judge,
    },
    Property {
        name: "no-leak",
        demands: "an HF job without work or a reason to wait ends within the bound",
        rule: no_leak::judge,
    },
    Property {
        name: "fresh-credentials",
        demands: "no credential is used outside its life",
        rule: fresh_credentials::judge,
    },
    Property {
        name: "signature",
        demands: "a delivery is refused with 401 or 403 if its signature is missing or wrong, and only then",
        rule: signature::judge,
    },
    Property {
        name: "routing",
        demands: "an HF job has the flavor and the runner labels some queued job asked for",
        rule: routing::judge,
    },
    Property {
        name: "fast-ack",
        demands: "a delivery is answered before GitHub gives up, and with 2xx if GitHub could have sent it",
        rule: fast_ack::judge,
    },
    Property {
        name: "trust",
        demands: "no token is asked for because of an event with a foreign installation id",
        rule: trust::judge,
    },
];

/// Judges one history by every property and by what the scenario expects.
#[must_use]
pub fn judge(ledger: &Ledger<'_>, terms: &Terms) -> Verdicts {
    let mut verdicts = BTreeMap::new();
    for property in ALL {
        let judged = (property.rule)(ledger, terms).verdict(ledger);
        let verdict = match terms.waived.get(property.name) {
            Some(waiver) => Verdict::Waived {
                reason: waiver.reason.clone(),
                link: waiver.link.clone(),
                expires: waiver.expires,
                instead_of: Box::new(judged),
            },
            None => judged,
        };
        verdicts.insert(property.name.to_owned(), verdict);
    }
    for (name, judgement) in expectations::judge(ledger, &terms.expect) {
        verdicts.insert(name.to_owned(), judgement.verdict(ledger));
    }
    Verdicts(verdicts)
}
