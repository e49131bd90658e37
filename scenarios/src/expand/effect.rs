//! The one effect of a fault, and which effects can happen where.

use crate::{
    error::Flaw,
    plan::{CancelReason, Effect, Failing, HfMoment, Moment},
    words,
    written::{self, Hang, LifeMoment, Outage, Placed},
};

/// The keys of all effects.
const EFFECTS: &[&str] = &[
    "drop",
    "delay",
    "duplicate",
    "reorder",
    "answer",
    "no_answer",
    "reset",
    "after_effect",
    "pretend",
    "omit",
    "truncate",
    "stale",
    "tamper",
    "hold",
    "stuck",
    "limbo",
    "fail",
    "hang",
    "die",
    "restart",
    "lose_network",
    "wrong_clock",
];

/// `reorder` has two forms, for two kinds of places.
const REORDER_WITHIN: &str = "reorder: { within: … }";
const REORDER_LIST: &str = "reorder: { list: true }";

const OF_WEBHOOKS: &[&str] = &[
    "drop",
    "delay",
    "duplicate",
    REORDER_WITHIN,
    "answer",
    "pretend",
    "tamper",
    "hold",
];
const OF_RUNNERS: &[&str] = &["hang", "die", "restart", "lose_network", "wrong_clock"];
const OF_SCHEDULES: &[&str] = &["delay", "hold", "stuck", "limbo", "fail"];
const OF_RUNNER_CALLS: &[&str] = &["delay", "answer", "no_answer", "reset", "after_effect"];
const OF_ANSWERS: &[&str] = &["pretend", "truncate"];
const OF_LISTINGS: &[&str] = &["omit", REORDER_LIST];

/// The effects a fault can have at a place.
pub(super) fn suiting(place: &str) -> Vec<&'static str> {
    match place {
        "webhook" => return OF_WEBHOOKS.to_vec(),
        "runner" => return OF_RUNNERS.to_vec(),
        "hf.schedule" => return OF_SCHEDULES.to_vec(),
        _ => {}
    }
    let mut effects = OF_RUNNER_CALLS.to_vec();
    if words::CALLS_OF_RUNNERS.contains(&place) {
        return effects;
    }
    effects.extend(OF_ANSWERS);
    if words::lists(place) {
        effects.extend(OF_LISTINGS);
    }
    if words::CALLS_ABOUT_THE_PAST.contains(&place) {
        effects.push("stale");
    }
    effects
}

/// The one effect of a fault, with the words for it.
pub(super) fn the_effect(fault: &Placed<written::Fault>) -> Result<(&'static str, Effect), Flaw> {
    let mut set = all(fault)?
        .into_iter()
        .filter_map(|(name, effect)| Some((name, effect?)));
    match (set.next(), set.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => {
            let what = format!(
                "this fault has no effect\nadd one of: {}",
                EFFECTS.join(", ")
            );
            Err(Flaw::at(fault.place, &what))
        }
        (Some((first, _)), Some((second, _))) => {
            let what = format!(
                "this fault has two effects, `{first}` and `{second}`\nmake two faults of it"
            );
            Err(Flaw::at(fault.place, &what))
        }
    }
}

/// Every effect that is written, in the order of [`EFFECTS`].
fn all(fault: &Placed<written::Fault>) -> Result<Vec<(&'static str, Option<Effect>)>, Flaw> {
    let f = &fault.value;
    let (reorder, reordered) = reordered(fault)?;
    let duplicate = f.duplicate.map(|duplicate| Effect::Duplicate {
        after: duplicate.after,
    });
    Ok(vec![
        ("drop", f.drop.map(Effect::Drop)),
        ("delay", f.delay.map(Effect::Delay)),
        ("duplicate", duplicate),
        (reorder, reordered),
        ("answer", f.answer.clone().map(Effect::Answer)),
        ("no_answer", f.no_answer.then_some(Effect::NoAnswer)),
        ("reset", f.reset.then_some(Effect::Reset)),
        (
            "after_effect",
            f.after_effect.clone().map(Effect::AfterEffect),
        ),
        ("pretend", pretended(fault)?),
        ("omit", f.omit.map(Effect::Omit)),
        ("truncate", f.truncate.then_some(Effect::Truncate)),
        ("stale", f.stale.map(Effect::Stale)),
        ("tamper", f.tamper.map(Effect::Tamper)),
        ("hold", f.hold.then_some(Effect::Hold)),
        (
            "stuck",
            f.stuck.map(|stuck| Effect::Stuck { every: stuck.every }),
        ),
        ("limbo", f.limbo.then_some(Effect::Limbo)),
        ("fail", failing(fault)?),
        ("hang", hung(fault)?),
        ("die", at_moment(fault, "die", f.die)?.map(Effect::Die)),
        (
            "restart",
            at_moment(fault, "restart", f.restart)?.map(Effect::Restart),
        ),
        ("lose_network", f.lose_network.map(lost_network)),
        ("wrong_clock", f.wrong_clock.map(Effect::WrongClock)),
    ])
}

fn hung(fault: &Placed<written::Fault>) -> Result<Option<Effect>, Flaw> {
    match fault.value.hang {
        None | Some(Hang::AfterJob(false)) => Ok(None),
        Some(Hang::AfterJob(true)) => Ok(Some(Effect::Hang)),
        Some(Hang::At(moment)) => {
            let moment = at_moment(fault, "hang", Some(moment))?;
            Ok(moment.map(Effect::Freeze))
        }
    }
}

/// The moment that an effect is given, which must be said in one way at least.
fn at_moment(
    fault: &Placed<written::Fault>,
    name: &str,
    moment: Option<LifeMoment>,
) -> Result<Option<Moment>, Flaw> {
    let Some(LifeMoment { at, after }) = moment else {
        return Ok(None);
    };
    if at.is_none() && after.is_none() {
        let what = format!(
            "`{name}` does not say when\nwrite `{name}: {{ at: listening }}`, `{name}: {{ after: 10s }}`, or both"
        );
        return Err(Flaw::at(fault.place, &what));
    }
    Ok(Some(Moment {
        at: at.unwrap_or_default(),
        after: after.unwrap_or_default(),
    }))
}

fn lost_network(outage: Outage) -> Effect {
    Effect::LoseNetwork {
        from: Moment {
            at: outage.at.unwrap_or_default(),
            after: outage.after.unwrap_or_default(),
        },
        lasts: outage.lasts,
    }
}

fn reordered(fault: &Placed<written::Fault>) -> Result<(&'static str, Option<Effect>), Flaw> {
    let Some(reorder) = fault.value.reorder else {
        return Ok(("reorder", None));
    };
    match (reorder.within, reorder.list) {
        (Some(within), false) => Ok((REORDER_WITHIN, Some(Effect::Reorder { within }))),
        (None, true) => Ok((REORDER_LIST, Some(Effect::SlipPages))),
        _ => {
            let what = "`reorder` takes one of two keys\nwrite `reorder: { within: 10m }` for deliveries, `reorder: { list: true }` for a listing";
            Err(Flaw::at(fault.place, what))
        }
    }
}

fn failing(fault: &Placed<written::Fault>) -> Result<Option<Effect>, Flaw> {
    let Some(fail) = &fault.value.fail else {
        return Ok(None);
    };
    let reason = fail.cancel_reason;
    let stage = match &fail.stage {
        Some(stage) if !matches!(stage.value, HfMoment::Error | HfMoment::Canceled) => {
            let what = "the platform leaves an HF job it ends in `error` or `canceled`\nuse one of the two, or leave `stage` out";
            return Err(Flaw::at(stage.place, what));
        }
        Some(stage) => stage.value,
        None if reason.is_some() => HfMoment::Canceled,
        None => HfMoment::Error,
    };
    let said = fail.message.as_ref().map(|message| message.0.clone());
    let usual = || reason.and_then(CancelReason::message).map(str::to_owned);
    Ok(Some(Effect::Fail(Failing {
        after: fail.after,
        stage,
        message: said.or_else(usual),
        cancel_reason: reason,
    })))
}

fn pretended(fault: &Placed<written::Fault>) -> Result<Option<Effect>, Flaw> {
    let Some(values) = &fault.value.pretend else {
        return Ok(None);
    };
    if values.is_empty() {
        let what = "`pretend` says nothing\nwrite what is to be false: `pretend: { busy: false }`";
        return Err(Flaw::at(fault.place, what));
    }
    let values = values
        .iter()
        .map(|(path, value)| (path.0.clone(), value.0.clone()));
    Ok(Some(Effect::Pretend(values.collect())))
}
