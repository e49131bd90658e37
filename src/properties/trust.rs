//! trust (I25): because of an event whose installation id is zero, missing or another App's, no token is asked for.
//! Asking is what is judged: GitHub answers it with 404, and that answer is the evidence.

use fakes::history::{Origin, Signed, What};

use super::{Judgement, Terms, ledger::Ledger};

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Judgement {
    let mut judgement = Judgement::new("no forged event with a good signature was answered");
    let tried = ledger.deliveries.values().filter(|delivery| {
        delivery.origin == Origin::Forged
            && delivery.signed == Signed::Lab
            && delivery.answered.is_some()
    });
    judgement.occasions(tried.count());
    for event in ledger.events {
        if let What::CallAnswered {
            name, status: 404, ..
        } = &event.event
            && name == "github.create-token"
        {
            let why = "a token was asked for of an installation this App does not have";
            judgement.breach(event.id, why);
        }
    }
    judgement
}
