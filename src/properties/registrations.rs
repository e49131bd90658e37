//! Registrations of runners that nothing stands behind any more: the second half of no-leak (I7).

use super::{
    Context, Judgement,
    ledger::{Moment, RunnerLife},
    verdict::time,
};

/// Judges how long each runner's record stays that nothing stands behind.
pub(super) fn judge(context: &Context<'_, '_>, judgement: &mut Judgement) {
    for (id, life) in context.ledger.runners.iter() {
        for spell in context.ledger.left_behind(*id) {
            judgement.occasion();
            judge_spell(context, life, spell, judgement);
        }
    }
}

fn judge_spell(
    context: &Context<'_, '_>,
    life: &RunnerLife<'_>,
    (left, gone): (Moment, Option<Moment>),
    judgement: &mut Judgement,
) {
    let ledger = context.ledger;
    let end = ledger.after_end();
    let until = gone.unwrap_or(end);
    let within_ms = context.terms.bounds.reclaimed_within_ms;
    // Where its access is gone it cannot remove anything.
    let Some(since) = ledger.with_access(life.repo, left, within_ms) else {
        return;
    };
    let bound = match ledger.lane_of_runner(life) {
        Some(lane) => ledger
            .disturbances
            .bound(&ledger.lanes, lane, since, until.event, within_ms),
        None => {
            let place = ledger.lanes.place(life.repo);
            let outside = &ledger.disturbances;
            outside.bound_outside(Some(place), since, until.event, within_ms)
        }
    };
    let is_late = until.at_ms > bound.due_ms;
    if !is_late && gone.is_some() {
        return;
    }
    let (from, due) = (time(since.at_ms), time(bound.due_ms));
    if is_late && ledger.is_gone_by(bound.due_ms) {
        if gone.is_none() {
            let why = format!(
                "the registration {} has been offline without a live HF job since {from}, and the dispatcher never came back",
                life.name
            );
            judgement.undecided(since.event, why);
        }
    } else if is_late {
        let outcome = match gone {
            Some(gone) => format!("that was over at {}", time(gone.at_ms)),
            None => "is still there at the end".to_owned(),
        };
        let why = format!(
            "the registration {} has been offline without a live HF job from {from} on; it was to go by {due}, and {outcome}",
            life.name
        );
        judgement.breach(since.event, why);
    } else if gone.is_none() {
        let why = format!(
            "the registration {} has been offline without a live HF job since {from}; it is to go by {due}, and the run ended at {}",
            life.name,
            time(ledger.end.at_ms)
        );
        judgement.undecided(since.event, why);
    }
}
