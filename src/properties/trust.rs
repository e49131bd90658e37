//! trust (I25): an event whose installation id is zero, missing or another App's mints no token. A mint for
//! an installation this App does not have is answered 404, and that answer is the evidence.

use fakes::history::{Origin, Signed, What};

use super::{Terms, Verdict, ledger::Ledger, verdict};

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Verdict {
    let tried = ledger.deliveries.values().any(|delivery| {
        delivery.origin == Origin::Forged
            && delivery.signed == Signed::Lab
            && delivery.answered.is_some()
    });
    let breaches: Vec<_> = ledger
        .events
        .iter()
        .filter_map(|event| match &event.event {
            What::CallAnswered {
                name, status: 404, ..
            } if name == "github.create-token" => {
                let why = "a token was asked for of an installation this App does not have";
                Some((event.id, why.to_owned()))
            }
            _ => None,
        })
        .collect();
    if !tried && breaches.is_empty() {
        return Verdict::not_exercised("no genuinely signed event was forged");
    }
    verdict(breaches)
}
