//! signature (I10): a delivery whose signature is missing, wrong or over other bytes is answered 401 or 403;
//! a genuine one never is.

use fakes::history::Signed;

use super::{Judgement, Terms, ledger::Ledger};

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Judgement {
    let mut judgement = Judgement::new("no delivery with a bad signature was answered");
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
        judgement.occasions(usize::from(!genuine));
        if genuine && refused {
            judgement.breach(
                answered.event,
                format!("a genuine delivery was refused with {status}"),
            );
        }
        if !genuine && !refused {
            let how = match delivery.signed {
                Signed::None => "without a signature",
                Signed::Wrong => "signed with another secret",
                Signed::OldSecret => "signed with the secret of before",
                Signed::Tampered | Signed::Lab => "changed after it was signed",
            };
            judgement.breach(
                answered.event,
                format!("a delivery {how} was answered {status}"),
            );
        }
    }
    judgement
}
