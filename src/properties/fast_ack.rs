//! fast-ack (I19): while the dispatcher is up, every genuine delivery is answered with 2xx before GitHub
//! gives up, whatever GitHub's API, HF or the store are doing; also the ones that are not for it.

use fakes::{
    history::{Origin, Signed, What},
    ids::EventId,
};

use super::{
    Breach, Judgement, Terms,
    ledger::{Delivery, Ledger},
};

pub(super) fn judge(ledger: &Ledger<'_>, terms: &Terms) -> Judgement {
    let mut judgement = Judgement::new("no delivery reached a dispatcher that was up");
    let outages = Outages::read(ledger);
    for delivery in ledger
        .deliveries
        .values()
        .filter(|delivery| !delivery.faulted)
    {
        let Some(sent) = delivery.sent else { continue };
        let over = delivery
            .answered
            .map(|(at, ..)| at)
            .or(delivery.lost.map(|(at, _)| at));
        let until = over.map_or(ledger.end.event, |over| over.event);
        if outages.touch(sent.event, until) {
            continue;
        }
        judgement.occasion();
        judgement.extend(breach(delivery, terms));
    }
    judgement
}

fn breach(delivery: &Delivery<'_>, terms: &Terms) -> Option<Breach> {
    if let Some((lost, why)) = delivery.lost {
        let why = format!("a delivery got no answer ({why:?})");
        return Some(Breach::new(lost.event, why));
    }
    let (answered, status, took_ms) = delivery.answered?;
    let limit_ms = terms.delays.webhook_timeout_ms;
    if took_ms > limit_ms {
        let why = format!("a delivery was answered after {took_ms} ms; GitHub waits {limit_ms} ms");
        return Some(Breach::new(answered.event, why));
    }
    // A forged body may be refused; what GitHub itself would send must not be.
    let owed = delivery.signed == Signed::Lab && delivery.origin != Origin::Forged;
    let refused = (owed && status >= 400) || status >= 500;
    refused.then(|| Breach::new(answered.event, format!("a delivery was answered {status}")))
}

/// The stretches of the history in which the dispatcher was not up.
struct Outages(Vec<(EventId, EventId)>);

impl Outages {
    fn read(ledger: &Ledger<'_>) -> Self {
        let (mut found, mut down_since) = (Vec::new(), Some(EventId(0)));
        for event in ledger.events {
            match event.event {
                What::DispatcherStarted {} => {
                    found.extend(down_since.take().map(|since| (since, event.id)));
                }
                What::DispatcherStopped {} | What::DispatcherCrashed {} => {
                    down_since.get_or_insert(event.id);
                }
                _ => {}
            }
        }
        found.extend(down_since.map(|since| (since, EventId(u64::MAX))));
        Self(found)
    }

    fn touch(&self, from: EventId, until: EventId) -> bool {
        self.0.iter().any(|(down, up)| from < *up && until > *down)
    }
}
