//! From the faults of a plan to the fakes' rules.

use bytes::Bytes;
use fakes::{
    JsonPath,
    env::{Shift, Span},
    faults::{Effect, Failing, FaultRule, Only, RunnerPoint},
};
use scenarios::plan::{self, DropMode, Plan};

use super::{job::stage, span};

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
        only: Only {
            jobs: fault
                .only
                .job
                .as_ref()
                .map(|jobs| jobs.iter().cloned().collect()),
            action: fault.only.action.clone(),
            repo: fault.only.repo.clone(),
            flavor: fault.only.flavor.clone(),
        },
        effect: effect(&fault.effect),
    }
}

fn effect(effect: &plan::Effect) -> Effect {
    match effect {
        plan::Effect::Drop(mode) => Effect::Drop {
            logged: *mode == DropMode::Logged,
        },
        plan::Effect::Delay(length) => Effect::Delay(span(*length)),
        plan::Effect::Duplicate { after } => Effect::Duplicate {
            after: span(*after),
        },
        plan::Effect::Reorder { within } => Effect::Reorder { within: within.max },
        plan::Effect::Answer(answer) => answered(answer),
        plan::Effect::NoAnswer => Effect::NoAnswer,
        plan::Effect::Reset => Effect::Reset,
        plan::Effect::AfterEffect(after) => Effect::AfterEffect(Box::new(match after {
            plan::AfterEffect::Reset => Effect::Reset,
            plan::AfterEffect::NoAnswer => Effect::NoAnswer,
            plan::AfterEffect::Answer(answer) => answered(answer),
        })),
        plan::Effect::Pretend(values) => Effect::Pretend(
            values
                .iter()
                .map(|(path, value)| (JsonPath::new(path), value.clone()))
                .collect(),
        ),
        plan::Effect::Omit(omit) => Effect::Omit(*omit),
        plan::Effect::SlipPages => Effect::SlipPages,
        plan::Effect::Truncate => Effect::Truncate,
        plan::Effect::Stale(by) => Effect::Stale(span(*by)),
        plan::Effect::Stall { after } => Effect::Stall {
            after: span(*after),
        },
        plan::Effect::EndEarly { after } => Effect::EndEarly {
            after: span(*after),
        },
        plan::Effect::Full => Effect::Full,
        plan::Effect::Broken => Effect::Broken,
        plan::Effect::Tamper(how) => Effect::Tamper(*how),
        plan::Effect::Hold => Effect::Hold,
        plan::Effect::Stuck { every } => Effect::Stuck { every: every.0 },
        plan::Effect::Limbo => Effect::Limbo,
        plan::Effect::Fail(failing) => Effect::Fail(Failing {
            after: span(failing.after),
            stage: stage(failing.stage),
            message: failing.message.clone(),
            cancel_reason: failing
                .cancel_reason
                .map(|reason| reason.as_str().to_owned()),
        }),
        plan::Effect::Hang => Effect::Hang,
        plan::Effect::Freeze(moment) => {
            let (at, after) = when(*moment);
            Effect::Freeze { at, after }
        }
        plan::Effect::Die(moment) => {
            let (at, after) = when(*moment);
            Effect::Die { at, after }
        }
        plan::Effect::Restart(moment) => {
            let (at, after) = when(*moment);
            Effect::Restart { at, after }
        }
        plan::Effect::LoseNetwork { from, lasts } => {
            let (at, after) = when(*from);
            let lasts = span(*lasts);
            Effect::LoseNetwork { at, after, lasts }
        }
        plan::Effect::WrongClock(ahead) => Effect::WrongClock {
            ahead: Shift {
                min_ms: ahead.min.0,
                max_ms: ahead.max.0,
            },
        },
    }
}

/// A time in the life of a runner's process.
const fn when(moment: plan::Moment) -> (RunnerPoint, Span) {
    (moment.at, span(moment.after))
}

fn answered(answer: &plan::Answer) -> Effect {
    Effect::Answer {
        status: answer.status,
        headers: answer.headers.clone().into_iter().collect(),
        body: Bytes::from(answer.body.clone()),
    }
}
