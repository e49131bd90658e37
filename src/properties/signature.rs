//! signature (I10): a delivery whose signature is missing, wrong or over other bytes is answered 401 or 403;
//! a genuine one never is.

use fakes::history::Signed;

use super::{Terms, Verdict, ledger::Ledger, verdict};

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Verdict {
    let (mut forged, mut breaches) = (false, Vec::new());
    for delivery in ledger
        .deliveries
        .values()
        .filter(|delivery| !delivery.faulted)
    {
        let Some((answered, status, _)) = delivery.answered else {
            continue;
        };
        let refused = matches!(status, 401 | 403);
        let genuine = delivery.signed == Signed::Lab;
        forged |= !genuine;
        if genuine && refused {
            breaches.push((
                answered.event,
                format!("a genuine delivery was refused with {status}"),
            ));
        }
        if !genuine && !refused {
            let how = match delivery.signed {
                Signed::None => "without a signature",
                Signed::Wrong => "signed with another secret",
                Signed::OldSecret => "signed with the secret of before",
                Signed::Tampered | Signed::Lab => "changed after it was signed",
            };
            breaches.push((
                answered.event,
                format!("a delivery {how} was answered {status}"),
            ));
        }
    }
    if !forged && breaches.is_empty() {
        return Verdict::not_exercised("no delivery with a bad signature was answered");
    }
    verdict(breaches)
}
