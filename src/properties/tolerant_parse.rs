//! tolerant-parse (I20): odd payloads do no harm. Forged, recorded, bent and foreign events are answered without a 5xx, and the
//! dispatcher goes on.

use fakes::{
    history::{Lost, Origin, Signed, What},
    ids::DeliveryId,
};

use super::{
    Context, Judgement,
    fast_ack::reached,
    ledger::{Delivery, Kinds},
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let ledger = context.ledger;
    let mut judgement = Judgement::new("no odd payload with a good signature was answered");
    let takes_webhooks = ledger.takes_webhooks();
    let mut last_odd: Option<DeliveryId> = None;
    for event in ledger.only(Kinds::DELIVERED) {
        let (delivery, lost) = match &event.event {
            What::DeliveryAnswered { delivery, .. } => (delivery, None),
            What::DeliveryLost { delivery, why, .. } => (delivery, Some(*why)),
            _ => continue,
        };
        let Some(entry) = ledger.deliveries.get(delivery) else {
            continue;
        };
        if reached(ledger, entry).is_none() {
            continue;
        }
        if is_odd(entry) {
            let status = entry.answered.map(|(_, status, _)| status);
            let unavailable = status == Some(503) && ledger.store_struck(entry);
            match (status, lost) {
                (_, Some(Lost::Reset)) => {
                    judgement.occasion();
                    judgement.breach(event.id, "an odd payload broke the connection");
                }
                (Some(status), _) => {
                    judgement.occasion();
                    let why = format!("an odd payload was answered {status}");
                    judgement.breach_if(event.id, (status >= 500 && !unavailable).then_some(why));
                }
                (None, _) => {}
            }
            last_odd = Some(*delivery);
        } else if entry.genuine() {
            let silent =
                lost.is_some_and(|why| matches!(why, Lost::TimedOut | Lost::Reset | Lost::Refused));
            if last_odd.take().is_some() && silent && takes_webhooks {
                judgement.breach(
                    event.id,
                    "the next genuine delivery after an odd payload was not answered",
                );
            }
        }
    }
    judgement
}

/// Whether a signed delivery differs from what GitHub itself sends about jobs.
fn is_odd(delivery: &Delivery<'_>) -> bool {
    let strange = delivery.bent
        || matches!(delivery.origin, Origin::Forged | Origin::Recorded)
        || delivery.name != "workflow_job";
    delivery.signed == Signed::Lab && strange
}
