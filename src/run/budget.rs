//! What a run may come to: what its plan says, and for the rest defaults that grow with the plan.

use fakes::{Budget, Spent, Used};
use scenarios::plan::{Amount, Plan};
use serde::{Deserialize, Serialize};

/// Of what the plan does not bound: so much for any plan, and so much more for each of its steps. A dispatcher that
/// works is far from these however many jobs there are; one that spins is there in no time.
const EVENTS: (u64, u64) = (100_000, 500);
const CALLS: (u64, u64) = (20_000, 100);
const CALLS_OF_ONE: (u64, u64) = (10_000, 50);
const BYTES: (u64, u64) = (256_000_000, 100_000);

/// What a plan may come to.
pub(super) fn budget(plan: &Plan) -> Budget {
    let steps = plan.timeline.len() as u64;
    let said = &plan.expect.budget;
    let or = |said: Option<Amount>, (any, each): (u64, u64)| {
        said.map_or(any.saturating_add(each.saturating_mul(steps)), Amount::get)
    };
    Budget {
        events: or(said.events, EVENTS),
        calls: or(said.calls, CALLS),
        calls_of_one: or(said.calls_of_one, CALLS_OF_ONE),
        bytes: or(said.bytes, BYTES),
    }
}

/// What a run came to, what it might have come to, and what ended it if it came to that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spending {
    /// What it came to.
    pub used: Used,
    /// What it might have come to.
    pub budget: Budget,
    /// What ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
}

impl Spending {
    /// Of a history, at its end.
    pub(super) fn of(history: &fakes::History) -> Self {
        Self {
            used: history.used(),
            budget: history.budget(),
            spent: history.spent(),
        }
    }
}

/// What was done, and how to allow twice as much.
#[must_use]
pub fn in_words(spent: &Spent) -> String {
    let word = spent.budget.word();
    let more = spent.count.saturating_mul(2);
    format!(
        "{spent}\n  a run that has to do so is given more: `--budget {word}={more}`, or `expect: {{ budget: {{ {word}: {more} }} }}`"
    )
}
