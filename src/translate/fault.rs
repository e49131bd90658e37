//! From the faults of a plan to the fakes' rules: the same words, and a rule says whether it is open.

use fakes::faults::FaultRule;
use scenarios::plan::{self, Plan};

/// The fault rules of this plan, in its order. A fault that begins later is installed closed.
pub(crate) fn fault_rules(plan: &Plan) -> Vec<FaultRule> {
    plan.faults.iter().map(fault_rule).collect()
}

/// One fault rule.
pub(crate) fn fault_rule(fault: &plan::Fault) -> FaultRule {
    FaultRule {
        places: fault.to.clone(),
        open: fault.from.is_none(),
        times: fault.times,
        chance: fault.chance,
        only: fault.only.clone(),
        effect: fault.effect.clone(),
    }
}
