//! The one effect of a fault.

use vocabulary::EffectKind;

use crate::{
    error::Flaw,
    plan::{CancelReason, Effect, Failing, HfMoment, Moment},
    words,
    written::{self, Hang, LifeMoment, Outage, Placed},
};

/// The one effect of a fault.
pub(super) fn the_effect(fault: &Placed<written::Fault>) -> Result<Effect, Flaw> {
    let mut set = all(fault)?.into_iter().flatten();
    match (set.next(), set.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => {
            let what = format!(
                "this fault has no effect\nadd one of: {}",
                keys().join(", ")
            );
            Err(Flaw::at(fault.place, &what))
        }
        (Some(first), Some(second)) => {
            let [first, second] = [first, second].map(|effect| effect.kind().word());
            let what = format!(
                "this fault has two effects, `{first}` and `{second}`\nmake two faults of it"
            );
            Err(Flaw::at(fault.place, &what))
        }
    }
}

/// The keys of all effects, each once.
fn keys() -> Vec<&'static str> {
    let mut keys: Vec<&str> = EffectKind::ALL.iter().map(|kind| kind.key()).collect();
    keys.dedup();
    keys
}

/// Every effect that is written.
fn all(fault: &Placed<written::Fault>) -> Result<Vec<Option<Effect>>, Flaw> {
    let f = &fault.value;
    let duplicate = f.duplicate.map(|duplicate| Effect::Duplicate {
        after: duplicate.after,
    });
    let end_early = f.end_early.map(|end| Effect::EndEarly { after: end.after });
    Ok(vec![
        f.drop.map(Effect::Drop),
        f.delay.map(Effect::Delay),
        duplicate,
        reordered(fault)?,
        f.answer.clone().map(Effect::Answer),
        f.no_answer.then_some(Effect::NoAnswer),
        f.reset.then_some(Effect::Reset),
        f.after_effect.clone().map(Effect::AfterEffect),
        pretended(fault)?,
        f.omit.map(|omission| Effect::Omit(omission.0)),
        f.truncate.then_some(Effect::Truncate),
        f.stale.map(Effect::Stale),
        f.stall.map(|stall| Effect::Stall { after: stall.after }),
        end_early,
        f.tamper.map(Effect::Tamper),
        f.hold.then_some(Effect::Hold),
        stuck(fault)?,
        f.limbo.then_some(Effect::Limbo),
        failing(fault)?,
        f.full.then_some(Effect::Full),
        f.broken.then_some(Effect::Broken),
        hung(fault)?,
        at_moment(fault, "die", f.die)?.map(Effect::Die),
        at_moment(fault, "restart", f.restart)?.map(Effect::Restart),
        f.lose_network.map(lost_network),
        f.wrong_clock.map(Effect::WrongClock),
    ])
}

fn stuck(fault: &Placed<written::Fault>) -> Result<Option<Effect>, Flaw> {
    let Some(stuck) = &fault.value.stuck else {
        return Ok(None);
    };
    if stuck.every.0.is_zero() {
        let what = "`stuck` writes to the log all the time, so that no time ever passes\nwrite how long it waits in between: `stuck: { every: 11m }`";
        return Err(Flaw::at(fault.place, what));
    }
    Ok(Some(Effect::Stuck { every: stuck.every }))
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

fn reordered(fault: &Placed<written::Fault>) -> Result<Option<Effect>, Flaw> {
    let Some(reorder) = fault.value.reorder else {
        return Ok(None);
    };
    match (reorder.within, reorder.list) {
        (Some(within), false) => Ok(Some(Effect::Reorder { within })),
        (None, true) => Ok(Some(Effect::SlipPages)),
        (Some(_), true) | (None, false) => {
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
    if let Some(stage) = fail.stage.as_ref().filter(|_| reason.is_none())
        && stage.value == HfMoment::Canceled
    {
        let what = "HF says why it cancels a job\nadd `cancel_reason: NO_CREDITS` or another, or write `stage: error`";
        return Err(Flaw::at(stage.place, what));
    }
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
    if let Some((word, meant)) = values.keys().find_map(|path| misspelt(&path.0)) {
        let what =
            format!("no answer and no webhook has the key `{word}`\ndid you mean `{meant}`?");
        return Err(Flaw::at(fault.place, &what));
    }
    let values = values
        .iter()
        .map(|(path, value)| (path.0.clone(), value.0.clone()));
    Ok(Some(Effect::Pretend(values.collect())))
}

/// A word of a path that is but for one letter a key of what the fakes say, and that key. A key that is like none of them may be
/// one that a client must get along with.
fn misspelt(path: &str) -> Option<(&str, &'static str)> {
    let known = |word: &str| words::KEYS_SAID.contains(&word);
    path.split('.').find_map(|word| {
        let near = |key: &&&str| strsim::osa_distance(word, key) == 1;
        let nearest = words::KEYS_SAID.iter().find(near)?;
        (word.len() > 2 && !known(word)).then_some((word, *nearest))
    })
}
