//! signature (I10): a delivery that is not signed with the secret in force over its bytes is answered 401 or 403; a signed one
//! never is, once the dispatcher can know the secret. For ten minutes after a rotation the secret before it is still in force,
//! and either answer to it is right.

use std::collections::BTreeMap;

use fakes::history::{Signed, What};

use super::{
    Context, Judgement,
    ledger::{Kinds, Moment},
};

/// How long a rotated secret stays in force.
const ROTATION_MS: u64 = 10 * 60_000;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement =
        Judgement::new("no delivery with a bad signature was answered, and no secret was rotated");
    let mut rotated: BTreeMap<Option<u64>, Moment> = BTreeMap::new();
    for event in context.ledger.only(Kinds::DELIVERED | Kinds::RARE) {
        if let What::HookSecretRotated { hook } = &event.event {
            rotated.insert(hook.map(|hook| hook.0), super::ledger::moment(event));
        }
        let What::DeliveryAnswered {
            delivery, status, ..
        } = &event.event
        else {
            continue;
        };
        let Some(entry) = context.ledger.deliveries.get(delivery) else {
            continue;
        };
        let refused = matches!(status, 401 | 403);
        let lately = rotated
            .values()
            .any(|at| event.at_ms <= at.at_ms.saturating_add(ROTATION_MS));
        let how = match entry.signed {
            Signed::Lab => {
                if lately {
                    judgement.occasion();
                }
                if refused && context.ledger.knows_secret(event.id) {
                    judgement.breach(
                        event.id,
                        format!(
                            "a delivery signed with the secret in force was refused with {status}"
                        ),
                    );
                }
                continue;
            }
            // Who cannot know yet that it was rotated away takes it for the one in force.
            Signed::OldSecret if lately || !context.ledger.knows_secret(event.id) => {
                judgement.occasion();
                continue;
            }
            Signed::None => "without a signature",
            Signed::Wrong => "with a signature made with another secret",
            Signed::OldSecret => "signed with a secret that was rotated away",
            Signed::Tampered => "changed after it was signed",
        };
        judgement.occasion();
        if !refused {
            judgement.breach(event.id, format!("a delivery {how} was answered {status}"));
        }
    }
    judgement
}
