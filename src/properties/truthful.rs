//! truthful (I24): what the dispatcher claims to have done has happened. Read off its answers to deliveries, by the keys of
//! huggingface/jobs-actions.

use std::collections::BTreeSet;

use fakes::{
    history::{Event, What},
    ids::HfJobId,
};
use serde::Deserialize;

use super::{
    Context, Judgement,
    ledger::{HfLife, Kinds},
    rules::label_set,
};

/// What an answer claims. Other keys are no claims.
#[derive(Debug, Deserialize)]
struct Claims {
    hf_job_id: Option<String>,
    cancelled_hf_job_id: Option<String>,
    flavor: Option<String>,
    label: Option<String>,
}

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement = Judgement::new("no answer claimed that an HF job was created or cancelled");
    let mut cancelled: BTreeSet<&str> = BTreeSet::new();
    let ledger = context.ledger;
    for event in ledger.only(Kinds::ON_ITS_WAY | Kinds::DELIVERED) {
        match &event.event {
            What::CallEffect { call, name } if name == "hf.cancel" => {
                let hf_job = ledger
                    .calls
                    .get(call)
                    .and_then(|call| call.about?.hf_job.as_ref());
                if let Some(hf_job) = hf_job {
                    cancelled.insert(&hf_job.0);
                }
            }
            What::DeliveryAnswered {
                status: 200..300,
                body: Some(body),
                ..
            } => {
                let Ok(claims) = serde_json::from_str::<Claims>(body) else {
                    continue;
                };
                if let Some(id) = claims.hf_job_id.as_deref() {
                    judgement.occasion();
                    judgement.breach_if(event.id, created(context, event, id, &claims));
                }
                if let Some(id) = claims.cancelled_hf_job_id.as_deref() {
                    judgement.occasion();
                    let ended = life(context, event, id).is_some_and(|life| {
                        life.ended.is_some_and(|(ended, _)| ended.event < event.id)
                    });
                    let true_so =
                        ended || cancelled.contains(id) || was_told(context, event, "hf.cancel");
                    let why = format!(
                        "an answer says that HF job {id} was cancelled, and HF took no cancel of it"
                    );
                    judgement.breach_if(event.id, (!true_so).then_some(why));
                }
            }
            _ => {}
        }
    }
    judgement
}

/// The HF job of this id, if it was there by then.
fn life<'l, 'a>(context: &Context<'l, 'a>, event: &Event, id: &str) -> Option<&'l HfLife<'a>> {
    let life = context.ledger.hf_jobs.get(&HfJobId(id.trim().to_owned()))?;
    (life.created.event < event.id).then_some(life)
}

/// Why a claim to have created an HF job is false, if it is.
fn created(context: &Context<'_, '_>, event: &Event, id: &str, claims: &Claims) -> Option<String> {
    let Some(life) = life(context, event, id) else {
        let made_up = !was_told(context, event, "hf.create");
        return made_up
            .then(|| format!("an answer says that HF job {id} was created, and there is none"));
    };
    if let Some(flavor) = claims
        .flavor
        .as_deref()
        .filter(|flavor| !flavor.trim().eq_ignore_ascii_case(life.flavor))
    {
        return Some(format!(
            "an answer says that HF job {id} is on {flavor}, and it is on {}",
            life.flavor
        ));
    }
    let label = claims.label.as_deref()?;
    let given = label_set(life.runner_labels.iter().map(String::as_str));
    let has = given.is_empty() || given.is_superset(&label_set([label]));
    (!has).then(|| {
        format!("an answer says that HF job {id} serves {label}, and its runner has {given:?}")
    })
}

/// Whether a fault had made an answer to such a call before: then the claim repeats what the dispatcher was told.
fn was_told(context: &Context<'_, '_>, event: &Event, name: &str) -> bool {
    let first = context.ledger.faked_since(name);
    first.is_some_and(|first| first < event.id)
}
