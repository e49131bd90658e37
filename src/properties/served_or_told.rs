//! served-or-told (I1): every routed job gets a runner within the bound, or its user is told why not. Judged by lane: a start
//! takes out the first demand of its queue, whichever job started. Nobody is told without a cause.

use super::{Context, Judgement, queues::Wait, telling::Way, turns::Turn, verdict::time};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement = Judgement::new("no routed job was ever in demand");
    for wait in context.waits() {
        judgement.occasion();
        judge_wait(context, wait, &mut judgement);
    }
    for (job, told) in context.tellings.iter().filter(|(_, told)| !told.for_cause) {
        let how = match told.way {
            Way::Cancelled => "its run was cancelled",
            Way::CheckRun => "a check run says so",
            Way::Answer => "its delivery was refused",
        };
        let why = format!(
            "the user of {} was told that it will not be served ({how}), though nothing of its lane had failed for good",
            context.ledger.job_named(job)
        );
        judgement.breach(told.at.event, why);
    }
    judgement
}

/// Adds what a wait came to, under whichever property judges it.
pub(super) fn judge_wait(context: &Context<'_, '_>, wait: &Wait, judgement: &mut Judgement) {
    let ledger = context.ledger;
    let name = ledger.job_named(wait.job);
    let demanded = if wait.beginning == wait.since {
        format!("{name} wanted a runner at {}", time(wait.since.at_ms))
    } else {
        let (since, beginning) = (time(wait.since.at_ms), time(wait.beginning.at_ms));
        format!("{name} wanted a runner at {since}, which counts from {beginning}")
    };
    let Some(due_ms) = wait.due_ms else {
        if wait.taken.is_none() {
            let why =
                format!("{demanded}, and had no free slot for long enough before the run ended");
            judgement.undecided(wait.since.event, why);
        }
        return;
    };
    let due = time(due_ms);
    let gone_since = ledger.gone_since().filter(|gone| gone.at_ms <= due_ms);
    match (wait.late, wait.taken) {
        (true, None) if gone_since.is_some() => {
            let why = format!("{demanded}, from a dispatcher that never came back");
            judgement.undecided(wait.since.event, why);
        }
        (true, taken) => {
            let outcome = match taken {
                Some((at, job, Turn::Starts)) => {
                    format!(
                        "the start that served it, of {}, came at {}",
                        ledger.job_named(job),
                        time(at.at_ms)
                    )
                }
                Some((at, ..)) => format!(
                    "nothing had started when it was withdrawn at {}",
                    time(at.at_ms)
                ),
                None => "none came, and nobody was told".to_owned(),
            };
            let why = format!("{demanded}; one was due by {due}, and {outcome}");
            judgement.breach(wait.since.event, why);
        }
        (false, None) => {
            let end = time(ledger.end.at_ms);
            let why = format!("{demanded}; one is due by {due}, and the run ended at {end}");
            judgement.undecided(wait.since.event, why);
        }
        (false, Some(_)) => {}
    }
}
