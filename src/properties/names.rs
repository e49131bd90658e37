//! names (I18): runner names are at most 64 characters long, and no two living runners of one place share one.

use std::collections::BTreeMap;

use fakes::{
    history::{Caller, What},
    ids::HfJobId,
};

use super::{Context, Judgement, ledger::Moment};

/// The longest name GitHub takes.
const NAME_MAX: usize = 64;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let ledger = context.ledger;
    let mut judgement =
        Judgement::new("fewer than two HF jobs had runner names, and GitHub knew no name already");
    let mut named = 0_usize;
    let mut last: BTreeMap<(String, String), &HfJobId> = BTreeMap::new();
    for event in ledger.events {
        match &event.event {
            What::HfCreated {
                hf_job,
                runner_name: Some(name),
                repo,
                ..
            } => {
                named += 1;
                if named > 1 {
                    judgement.occasion();
                }
                judgement.breach_if(event.id, too_long(name));
                let place = repo.as_deref().map_or("", |repo| ledger.lanes.place(repo));
                let key = (place.to_lowercase(), name.to_lowercase());
                let before = last.insert(key, hf_job);
                let lives = before.filter(|before| is_there(context, before, event.id));
                let why = lives.map(|before| {
                    format!("the runner name {name} is that of {before}, which is still there")
                });
                judgement.breach_if(event.id, why);
            }
            What::CallReceived {
                call,
                by: Caller::Dispatcher,
                ..
            } => {
                let asked = ledger.calls.get(call);
                let name = asked.and_then(|call| call.about?.runner_name.as_deref());
                judgement.breach_if(event.id, name.and_then(too_long));
            }
            What::CallAnswered {
                name, status: 409, ..
            } if name == "github.jit-config" => judgement.occasion(),
            _ => {}
        }
    }
    judgement
}

fn too_long(name: &str) -> Option<String> {
    let length = name.chars().count();
    (length > NAME_MAX).then(|| format!("a runner name of {length} characters: {name}"))
}

/// Whether an HF job is alive, or its registration exists, when another is created by this event.
fn is_there(context: &Context<'_, '_>, hf_job: &HfJobId, at: fakes::ids::EventId) -> bool {
    let ledger = context.ledger;
    let gone = |moment: Option<Moment>| moment.is_some_and(|gone| gone.event < at);
    let Some(life) = ledger.hf_jobs.get(hf_job) else {
        return false;
    };
    let ended = gone(life.ended.map(|(ended, _)| ended));
    let registered = ledger.runner_of(hf_job).is_some_and(|runner| {
        runner.created.event < at && !gone(runner.removed.map(|(removed, _)| removed))
    });
    !ended || registered
}
