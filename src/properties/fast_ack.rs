//! fast-ack (I19): while the dispatcher is up, every delivery that reaches it is answered before GitHub gives up, and every genuine
//! one with 2xx, whatever GitHub's API, HF or the store are doing; also the ones that are not for it.

use fakes::{history::Lost, ids::EventId};

use super::{
    Context, Judgement,
    ledger::{Delivery, Ledger, Moment},
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let ledger = context.ledger;
    let mut judgement =
        Judgement::new("no delivery reached a dispatcher that was up and takes webhooks");
    // One that never answered any takes no webhooks, which is a way to live.
    if !ledger.takes_webhooks() {
        return judgement;
    }
    for delivery in ledger.deliveries.values() {
        if reached(ledger, delivery).is_none() {
            continue;
        }
        judgement.occasion();
        if let Some((event, why)) = breach(context, delivery) {
            judgement.breach(event, why);
        }
    }
    judgement
}

/// When a delivery that no fault took and no outage touched was sent.
pub(super) fn reached(ledger: &Ledger<'_>, delivery: &Delivery<'_>) -> Option<Moment> {
    let sent = delivery.sent.filter(|_| !delivery.faulted)?;
    let over = delivery
        .answered
        .map(|(at, ..)| at)
        .or(delivery.lost.map(|(at, _)| at));
    let until = over.map_or(ledger.end.event, |over| over.event);
    let touched = ledger.outages.iter().any(|(down, up)| {
        sent.event < up.map_or(EventId(u64::MAX), |up| up.event) && until > down.event
    });
    (!touched && ledger.first_start.is_some_and(|up| up.event < sent.event)).then_some(sent)
}

fn breach(context: &Context<'_, '_>, delivery: &Delivery<'_>) -> Option<(EventId, String)> {
    if let Some((lost, why)) = delivery.lost {
        let why = match why {
            Lost::Refused => "was refused a connection",
            Lost::TimedOut => "got no answer in time",
            Lost::Reset => "had its connection broken",
            Lost::Dropped | Lost::TooLarge | Lost::FailedThen => return None,
        };
        return Some((lost.event, format!("a delivery {why}")));
    }
    let (answered, status, took_ms) = delivery.answered?;
    let limit_ms = context.terms.delays.webhook_timeout_ms;
    if took_ms > limit_ms {
        let why = format!("a delivery was answered after {took_ms} ms; GitHub waits {limit_ms} ms");
        return Some((answered.event, why));
    }
    let server_error = status >= 500 && !(status == 503 && context.ledger.store_struck(delivery));
    let cannot_know = matches!(status, 401 | 403) && !context.ledger.knows_secret(answered.event);
    let refused = delivery.genuine()
        && (400..500).contains(&status)
        && !cannot_know
        && !tells(context, delivery, status);
    (server_error || refused).then(|| (answered.event, format!("a delivery was answered {status}")))
}

/// Whether a refusal tells the user of a job that cannot be served: one that looks meant for the dispatcher but is not
/// routed, or of which something failed for good.
fn tells(context: &Context<'_, '_>, delivery: &Delivery<'_>, status: u16) -> bool {
    let says = delivery.body.is_some_and(|body| !body.trim().is_empty());
    let Some(life) = delivery.job.and_then(|job| context.ledger.jobs.get(&job)) else {
        return false;
    };
    let answered = delivery.answered.map(|(at, ..)| at.event);
    let told = delivery
        .job
        .map(|job| context.tellings.of(job))
        .unwrap_or_default();
    let for_cause = told
        .iter()
        .any(|told| told.for_cause && Some(told.at.event) == answered);
    let meant = life.flavor.is_some() || context.terms.looks_meant(life.labels);
    says && [400, 409, 410, 422].contains(&status) && for_cause && meant
}
