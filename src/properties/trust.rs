//! trust (I25): what is not ours gets no credential and no compute: no token is asked of an installation that never was this App's,
//! and nothing is minted or created for a repository that is not served.

use fakes::history::{Caller, Origin, Signed, What};

use super::{Context, Judgement, ledger::CallLife};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let ledger = context.ledger;
    let mut judgement = Judgement::new(
        "no signed delivery was forged, and no job was queued where the dispatcher does not serve",
    );
    for event in ledger.events {
        match &event.event {
            What::DeliveryAnswered { delivery, .. } => {
                let entry = ledger.deliveries.get(delivery);
                if entry.is_some_and(|entry| {
                    entry.origin == Origin::Forged && entry.signed == Signed::Lab
                }) {
                    judgement.occasion();
                }
            }
            What::JobQueued { repo, .. } if context.terms.unserved_repos.contains(repo) => {
                judgement.occasion();
            }
            What::CallReceived {
                call,
                by: Caller::Dispatcher,
                ..
            } => {
                let call = ledger.calls.get(call);
                judgement.breach_if(event.id, call.and_then(|call| oversteps(context, call)));
            }
            _ => {}
        }
    }
    judgement
}

/// What a call wants that is not ours, if it does.
fn oversteps(context: &Context<'_, '_>, call: &CallLife<'_>) -> Option<String> {
    let about = call.about?;
    let unserved = |repo: &str| context.is_unserved(repo);
    match call.name {
        "github.create-token" => {
            let stranger = about
                .installation
                .filter(|id| !context.ledger.is_installation_ours(*id, call));
            let restricted = about.repositories.iter().find(|repo| unserved(repo));
            stranger
                .map(|id| {
                    format!("a token was asked of installation {id}, which is not this App's")
                })
                .or_else(|| {
                    restricted
                        .map(|repo| format!("a token was asked for {repo}, which is not served"))
                })
        }
        "github.jit-config" | "github.registration-token" => {
            let repo = about.repo.as_deref().filter(|repo| unserved(repo))?;
            Some(format!(
                "{} was asked for {repo}, which is not served",
                call.name
            ))
        }
        "hf.create" => {
            let repo = about.repo.as_deref().filter(|repo| unserved(repo))?;
            Some(format!(
                "an HF job was asked for a runner of {repo}, which is not served"
            ))
        }
        _ => None,
    }
}
