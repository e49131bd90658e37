//! cancel-before-start (I16): once it can be seen that a job was cancelled before it started, no compute starts for it, and
//! what had been started for it ends.

use fakes::{
    history::{Conclusion, What},
    ids::JobId,
};

use super::{
    Context, Judgement,
    creates::{Over, is_of_pool},
    ledger::Kinds,
    no_leak::{Cause, judge_idler},
    tally::Tally,
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement = Judgement::new("no routed job was cancelled before it started");
    let withdrawn = |job: &JobId| {
        context
            .ledger
            .jobs
            .get(job)
            .is_some_and(super::JobLife::withdrawn)
    };
    let creates = context.creates();
    let (mut tally, mut over) = (Tally::new(context), Over::new(context));
    for event in context.changes_and(Kinds::ASKED | Kinds::LIVES) {
        tally.enter(event);
        match &event.event {
            What::CallReceived { call, .. } => {
                let Some(create) = creates.get(call) else {
                    continue;
                };
                let last = over.last(create.lane, create.received).filter(withdrawn);
                if let Some(last) = last.filter(|_| !is_of_pool(context, &tally, create.lane)) {
                    let why = format!(
                        "an HF job was created though every job of its lane was over and known to be; the last, {}, had been cancelled before it started",
                        context.ledger.job_named(last)
                    );
                    judgement.breach(create.created.event, why);
                }
            }
            What::JobCompleted {
                job, conclusion, ..
            } => {
                let cancelled = *conclusion == Conclusion::Cancelled && withdrawn(job);
                if cancelled && context.ledger.routed(*job).is_some() {
                    judgement.occasion();
                }
            }
            _ => {}
        }
    }
    let cancelled = |job: JobId| {
        let life = context
            .ledger
            .jobs
            .get(&job)
            .filter(|life| life.withdrawn());
        life.and_then(|life| life.completed)
            .is_some_and(|(_, how)| how == Conclusion::Cancelled)
    };
    for idler in context.idlers() {
        if matches!(idler.cause, Cause::Withdrawn(job) if cancelled(job)) {
            judge_idler(context, idler, &mut judgement);
        }
    }
    judgement
}
