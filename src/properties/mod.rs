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
mod line;
mod loans;
mod meant;
mod monotone_state;
mod moves;
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
    Answered, ByHfJob, CallLife, Calls, Delivery, HfLife, JobLife, Ledger, Moment, Number,
    Numbered, RunnerLife,
};
pub use meant::Routed;
pub use restart_safe::Twin;
pub use rules::Rules;
pub use telling::{Tellings, Told, Way};
pub(crate) use telling::{refuses_with_reason, says_failed};
pub use terms::{Bounds, Budgets, Caps, Delays, DispatcherTimes, Lives, Terms};
pub use turns::{Taken, Turn, Turns};
pub use verdict::{Breach, Finding, Judgement, Verdict, Verdicts};
use vocabulary::PropertyName;

/// A property: its name and its rule.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its name, as scenarios and reports write it.
    pub name: &'static str,
    /// What it demands, in one sentence.
    pub demands: &'static str,
    rule: fn(&Context<'_, '_>) -> Judgement,
}

/// How a property is judged. A property that has a name and no rule does not build.
const fn rule(property: PropertyName) -> fn(&Context<'_, '_>) -> Judgement {
    match property {
        PropertyName::ServedOrTold => served_or_told::judge,
        PropertyName::NoSilentDrop => no_silent_drop::judge,
        PropertyName::AtMostOne => at_most_one::judge,
        PropertyName::MonotoneState => monotone_state::judge,
        PropertyName::SupplyCoversDemand => supply_covers_demand::judge,
        PropertyName::NeverKillBusy => never_kill_busy::judge,
        PropertyName::NoLeak => no_leak::judge,
        PropertyName::FreshCredentials => fresh_credentials::judge,
        PropertyName::RightRetry => right_retry::judge,
        PropertyName::Signature => signature::judge,
        PropertyName::Routing => routing::judge,
        PropertyName::RestartSafe => restart_safe::judge,
        PropertyName::CapsAndSlots => caps_and_slots::judge,
        PropertyName::Isolation => isolation::judge,
        PropertyName::RevokedAccess => revoked_access::judge,
        PropertyName::CancelBeforeStart => cancel_before_start::judge,
        PropertyName::Attempts => attempts::judge,
        PropertyName::Names => names::judge,
        PropertyName::FastAck => fast_ack::judge,
        PropertyName::TolerantParse => tolerant_parse::judge,
        PropertyName::Reconcile => reconcile::judge,
        PropertyName::WaitingIsNotQueued => waiting_is_not_queued::judge,
        PropertyName::DeadRun => dead_run::judge,
        PropertyName::Truthful => truthful::judge,
        PropertyName::Trust => trust::judge,
    }
}

const TABLE: [Property; PropertyName::ALL.len()] = {
    let mut table = [of(PropertyName::ALL[0]); PropertyName::ALL.len()];
    let mut at = 1;
    while at < table.len() {
        table[at] = of(PropertyName::ALL[at]);
        at += 1;
    }
    table
};

const fn of(property: PropertyName) -> Property {
    Property {
        name: property.as_str(),
        demands: property.demands(),
        rule: rule(property),
    }
}

/// Every property, in the order of the reports.
pub const ALL: &[Property] = &TABLE;

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
