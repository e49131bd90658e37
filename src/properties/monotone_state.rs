//! monotone-state (I4): a finished job stays finished, whatever comes late, twice or in another order: nothing more is created,
//! cancelled or told for it.

use fakes::{
    history::{Event, Signed, What},
    ids::JobId,
};

use super::{
    Context, Judgement,
    creates::{Over, is_of_pool},
    ledger::{Kinds, Moment, moment},
    tally::Tally,
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement =
        Judgement::new("no delivery came of a job that the dispatcher knew to be over");
    let creates = context.creates();
    let (mut tally, mut over) = (Tally::new(context), Over::new(context));
    for event in context.changes_and(Kinds::ASKED | Kinds::LIVES | Kinds::DELIVERED) {
        tally.enter(event);
        match &event.event {
            What::CallReceived { call, .. } => {
                let Some(create) = creates.get(call) else {
                    continue;
                };
                let last = over.last(create.lane, create.received);
                let started = |job: &JobId| {
                    context
                        .ledger
                        .jobs
                        .get(job)
                        .is_some_and(|life| life.started.is_some())
                };
                if let Some(last) = last
                    .filter(started)
                    .filter(|_| !is_of_pool(context, &tally, create.lane))
                {
                    let why = format!(
                        "an HF job was created though every job of its lane was over and known to be, the last of them {}",
                        context.ledger.job_named(last)
                    );
                    judgement.breach(create.created.event, why);
                }
            }
            What::RunCancelRequested {
                run,
                call: Some(call),
            } => {
                let received = context.ledger.calls.get(call).map(|call| call.received);
                let jobs: Vec<JobId> = context.ledger.jobs_of_run(*run, event.id).collect();
                let why = "a run was cancelled though every job of it was over and known to be";
                let over = received.is_some_and(|by| all_known_over(context, &jobs, by));
                judgement.breach_if(event.id, over.then(|| why.to_owned()));
            }
            What::CheckRunCreated { call, jobs, .. } => {
                let received = context.ledger.calls.get(call).map(|call| call.received);
                let why = "a check run was created though every job of its commit was over and known to be";
                let over = received.is_some_and(|by| all_known_over(context, jobs, by));
                judgement.breach_if(event.id, over.then(|| why.to_owned()));
            }
            What::DeliveryAnswered { .. } if comes_late(context, event) => {
                judgement.occasion();
            }
            _ => {}
        }
    }
    judgement
}

fn all_known_over(context: &Context<'_, '_>, jobs: &[JobId], by: Moment) -> bool {
    !jobs.is_empty() && jobs.iter().all(|job| context.knew_over(*job, by).is_some())
}

/// Whether this answers a delivery of a job that the dispatcher already knew to be over.
fn comes_late(context: &Context<'_, '_>, event: &Event) -> bool {
    let What::DeliveryAnswered {
        delivery,
        job: Some(job),
        ..
    } = &event.event
    else {
        return false;
    };
    let Some(entry) = context.ledger.deliveries.get(delivery) else {
        return false;
    };
    let says = ["queued", "waiting", "in_progress", "completed"];
    let about = entry.action.is_some_and(|action| says.contains(&action));
    let sent = entry.sent.unwrap_or(moment(event));
    about && entry.signed == Signed::Lab && context.knew_over(*job, sent).is_some()
}
