//! The properties: what must hold of any dispatcher, judged from the history alone.
//!
//! A property is a pure function of the [`Context`]: the history, indexed once, and the [`Terms`] of the scenario. What
//! each demands stands in docs/verdicts.md. Each lives in a file of its own that opens with what it demands, and returns a [`Judgement`]; [`judge`]
//! applies all of them and makes each judgement a [`Verdict`].

mod context;
mod creates;
mod disturbance;
mod expectations;
mod hour;
mod knowledge;
mod lanes;
mod ledger;
mod line;
mod loans;
mod meant;
mod moves;
mod queues;
mod registrations;
mod rules;
mod shortages;
mod spans;
mod tally;
mod telling;
mod terms;
mod turns;
mod verdict;

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

/// The module of each property and how it is judged, by the rows of the vocabulary. One that has a name and no rule does not
/// build. `cargo fmt` does not see modules that a macro declares; ci/check hands it their files.
macro_rules! rules {
    ($($module:ident: $property:ident;)+) => {
        $(mod $module;)+

        const fn rule(property: PropertyName) -> fn(&Context<'_, '_>) -> Judgement {
            match property {
                $(PropertyName::$property => $module::judge,)+
            }
        }
    };
}
vocabulary::for_each_property! { rules }

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
