//! The properties: what must hold of any dispatcher, judged from the history alone.
//!
//! A property is a pure function of the [`Context`]: the history, indexed once, and the [`Terms`] of the scenario. What
//! each demands stands in docs/verdicts.md. Each lives in a file of its own that opens with what it demands, and returns a [`Judgement`]; [`judge`]
//! applies all of them and makes each judgement a [`Verdict`].

mod at_most_one;
mod attempts;
mod cancel_before_start;
mod caps_and_slots;
mod context;
mod creates;
mod dead_run;
mod disturbance;
mod expectations;
mod fast_ack;
mod fresh_credentials;
mod hour;
mod isolation;
mod knowledge;
mod lanes;
mod ledger;
mod loans;
mod meant;
mod monotone_state;
mod names;
mod never_kill_busy;
mod no_leak;
mod no_silent_drop;
mod queues;
mod reconcile;
mod registrations;
mod restart_safe;
mod revoked_access;
mod right_retry;
mod routing;
mod rules;
mod served_or_told;
mod shortages;
mod signature;
mod spans;
mod supply_covers_demand;
mod tally;
mod telling;
mod terms;
mod tolerant_parse;
mod trust;
mod truthful;
mod turns;
mod verdict;
mod waiting_is_not_queued;

use std::collections::BTreeMap;

pub use context::Context;
pub use disturbance::{Bound, Disturbances, Scope};
pub use expectations::Expectations;
pub use knowledge::{Heard, Knowledge, News};
pub use lanes::{LabelSet, Lane, LaneId, Lanes, Reach};
pub use ledger::{
    Answered, CallLife, Calls, Delivery, HfLife, JobLife, Ledger, Moment, RunnerLife,
};
pub use meant::Routed;
pub use restart_safe::Twin;
pub use rules::Rules;
pub use telling::{Tellings, Told, Way};
pub(crate) use telling::{refuses_with_reason, says_failed};
pub use terms::{Bounds, Budgets, Caps, Delays, DispatcherTimes, Lives, Terms};
pub use turns::{Taken, Turn, Turns};
pub use verdict::{Breach, Finding, Judgement, Verdict, Verdicts};

/// A property: its name and its rule.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its name, as scenarios and reports write it.
    pub name: &'static str,
    /// What it demands, in one sentence.
    pub demands: &'static str,
    rule: fn(&Context<'_, '_>) -> Judgement,
}

/// Every property, in the order of the reports.
pub const ALL: &[Property] = &[
    Property {
        name: "served-or-told",
        demands: "a routed job gets a runner in time, or its user is told why not",
        rule: served_or_told::judge,
    },
    Property {
        name: "no-silent-drop",
        demands: "a delivery acknowledged with 2xx is acted on as long as its job waits",
        rule: no_silent_drop::judge,
    },
    Property {
        name: "at-most-one",
        demands: "no more HF jobs than jobs and spent HF jobs explain",
        rule: at_most_one::judge,
    },
    Property {
        name: "monotone-state",
        demands: "a finished job stays finished, whatever comes late or twice",
        rule: monotone_state::judge,
    },
    Property {
        name: "supply-covers-demand",
        demands: "booting and idle runners become as many as jobs wait, label set by label set",
        rule: supply_covers_demand::judge,
    },
    Property {
        name: "never-kill-busy",
        demands: "nothing is taken away from under a running job",
        rule: never_kill_busy::judge,
    },
    Property {
        name: "no-leak",
        demands: "an HF job without work or a reason ends in time, and so does a registration",
        rule: no_leak::judge,
    },
    Property {
        name: "fresh-credentials",
        demands: "no credential is used outside its life",
        rule: fresh_credentials::judge,
    },
    Property {
        name: "right-retry",
        demands: "failures are retried with patience, refusals are not asked for again, and limits are honoured",
        rule: right_retry::judge,
    },
    Property {
        name: "signature",
        demands: "a delivery that is not signed over its bytes with a secret in force is refused",
        rule: signature::judge,
    },
    Property {
        name: "routing",
        demands: "an HF job has the flavor and the runner labels some queued job asked for",
        rule: routing::judge,
    },
    Property {
        name: "restart-safe",
        demands: "a crash or a restart costs nobody a job and leaves nothing behind",
        rule: restart_safe::judge,
    },
    Property {
        name: "caps-and-slots",
        demands: "there are never more HF jobs than a cap allows, and free slots go round",
        rule: caps_and_slots::judge,
    },
    Property {
        name: "isolation",
        demands: "what is wrong with one lane delays no other",
        rule: isolation::judge,
    },
    Property {
        name: "revoked-access",
        demands: "where access is gone nothing more is started or asked",
        rule: revoked_access::judge,
    },
    Property {
        name: "cancel-before-start",
        demands: "no compute starts or stays for a job that was cancelled before it started",
        rule: cancel_before_start::judge,
    },
    Property {
        name: "attempts",
        demands: "a re-run is fresh demand, and events of other attempts do not cancel it out",
        rule: attempts::judge,
    },
    Property {
        name: "names",
        demands: "runner names are at most 64 characters long, and no two living runners share one",
        rule: names::judge,
    },
    Property {
        name: "fast-ack",
        demands: "a delivery is answered with 2xx before GitHub gives up",
        rule: fast_ack::judge,
    },
    Property {
        name: "tolerant-parse",
        demands: "odd payloads do no harm",
        rule: tolerant_parse::judge,
    },
    Property {
        name: "reconcile",
        demands: "what a lost delivery would have told is found out by other means",
        rule: reconcile::judge,
    },
    Property {
        name: "waiting-is-not-queued",
        demands: "jobs that wait for an approval, their group or their turn burn no runners",
        rule: waiting_is_not_queued::judge,
    },
    Property {
        name: "dead-run",
        demands: "no more is spent on a job whose run is over or that is older than a day",
        rule: dead_run::judge,
    },
    Property {
        name: "truthful",
        demands: "what the dispatcher claims to have done has happened",
        rule: truthful::judge,
    },
    Property {
        name: "trust",
        demands: "no token is asked of a foreign installation, and nothing is minted or created for what is not served",
        rule: trust::judge,
    },
];

/// Judges one history by every property and by what the scenario expects.
#[must_use]
pub fn judge(ledger: &Ledger<'_>, terms: &Terms) -> Verdicts {
    let context = Context::read(ledger, terms);
    let mut verdicts = BTreeMap::new();
    for property in ALL {
        let judged = (property.rule)(&context).verdict(ledger);
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
