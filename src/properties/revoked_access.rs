//! revoked-access (I15): where access is gone (an installation suspended or deleted, a repository's old name) the dispatcher
//! stops: no compute, no hot loop. That it resumes is judged by served-or-told.

use std::collections::{BTreeMap, VecDeque};

use fakes::history::{Caller, Event, What};

use super::{
    Context, Judgement,
    ledger::{Moment, moment},
    verdict::time,
};

/// How long after it was told the dispatcher may still act as before.
pub(super) const NOTICE_MS: u64 = 10 * 60_000;
/// How many calls in ten minutes are no hot loop.
const CALLS: usize = 10;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut watch = Watch {
        context,
        judgement: Judgement::new(
            "no installation was suspended or deleted, and no repository renamed",
        ),
        gone: BTreeMap::new(),
    };
    for event in context.ledger.events {
        watch.enter(event);
    }
    watch.judgement
}

/// Whose access is gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// Of an owner's installation.
    Installation(u64, String),
    /// Under a repository's old name.
    Name(String),
}

#[derive(Debug, Default)]
struct Gone {
    /// When the dispatcher was told.
    told: Option<Moment>,
    calls: VecDeque<u64>,
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    judgement: Judgement,
    gone: BTreeMap<Whose, Gone>,
}

impl Watch<'_, '_, '_> {
    fn enter(&mut self, event: &Event) {
        match &event.event {
            What::InstallationSuspended {
                installation,
                owner,
            }
            | What::InstallationDeleted {
                installation,
                owner,
            } => {
                self.judgement.occasion();
                let whose = Whose::Installation(*installation, owner.to_lowercase());
                self.gone.insert(whose, Gone::default());
            }
            What::InstallationUnsuspended { installation, .. } => {
                self.gone.retain(
                    |whose, _| !matches!(whose, Whose::Installation(id, _) if id == installation),
                );
            }
            What::InstallationCreated { owner, .. } => {
                let owner = owner.to_lowercase();
                self.gone.retain(
                    |whose, _| !matches!(whose, Whose::Installation(_, of) if *of == owner),
                );
            }
            What::RepoRenamed { from, to, .. } => {
                self.judgement.occasion();
                self.gone.remove(&Whose::Name(to.to_lowercase()));
                self.gone
                    .insert(Whose::Name(from.to_lowercase()), Gone::default());
            }
            What::DeliveryAnswered { delivery, .. } => self.told_by_delivery(event, *delivery),
            What::CallReceived {
                call,
                by: Caller::Dispatcher,
                ..
            } => self.called(event, *call),
            What::CallAnswered { call, status, .. } => self.answered(event, *call, *status),
            What::HfCreated {
                repo: Some(repo),
                call: Some(_),
                ..
            } => self.created(event, repo),
            _ => {}
        }
    }

    fn told_by_delivery(&mut self, event: &Event, delivery: fakes::ids::DeliveryId) {
        let entry = self.context.ledger.deliveries.get(&delivery);
        let Some(entry) = entry.filter(|entry| entry.genuine() && entry.accepted().is_some())
        else {
            return;
        };
        for (whose, gone) in &mut self.gone {
            let says = match whose {
                Whose::Installation(..) => {
                    entry.name == "installation"
                        && matches!(entry.action, Some("suspend" | "deleted"))
                }
                Whose::Name(_) => entry.tells_of_a_rename(),
            };
            if says {
                gone.told.get_or_insert(moment(event));
            }
        }
    }

    /// A refusal of what is gone tells of it as well.
    fn answered(&mut self, event: &Event, call: fakes::ids::CallId, status: u16) {
        let Some(about) = self
            .context
            .ledger
            .calls
            .get(&call)
            .and_then(|call| call.about)
        else {
            return;
        };
        if !matches!(status, 301 | 307 | 401 | 403 | 404) {
            return;
        }
        for (whose, gone) in &mut self.gone {
            if whose.is_about(about.installation, about.repo.as_deref()) {
                gone.told.get_or_insert(moment(event));
            }
        }
    }

    fn called(&mut self, event: &Event, call: fakes::ids::CallId) {
        let Some(call) = self.context.ledger.calls.get(&call) else {
            return;
        };
        let Some(about) = call.about.filter(|_| call.name.starts_with("github.")) else {
            return;
        };
        let now = event.at_ms;
        let mut why = None;
        for (whose, gone) in &mut self.gone {
            let late = gone
                .told
                .is_some_and(|told| now > told.at_ms.saturating_add(NOTICE_MS));
            if !late || !whose.is_about(about.installation, about.repo.as_deref()) {
                continue;
            }
            while gone
                .calls
                .front()
                .is_some_and(|at| at.saturating_add(NOTICE_MS) <= now)
            {
                gone.calls.pop_front();
            }
            gone.calls.push_back(now);
            if gone.calls.len() > CALLS {
                why = Some(format!(
                    "{} was the {}. call in ten minutes for {whose}, told at {}",
                    call.name,
                    gone.calls.len(),
                    time(gone.told.map_or(0, |told| told.at_ms))
                ));
            }
        }
        self.judgement.breach_if(event.id, why);
    }

    fn created(&mut self, event: &Event, repo: &str) {
        let late = |gone: &Gone| {
            gone.told
                .filter(|told| event.at_ms > told.at_ms.saturating_add(NOTICE_MS))
        };
        let why = self.gone.iter().find_map(|(whose, gone)| {
            let told = late(gone).filter(|_| whose.is_about(None, Some(repo)))?;
            Some(format!(
                "an HF job was created for {whose}, told at {}",
                time(told.at_ms)
            ))
        });
        self.judgement.breach_if(event.id, why);
    }
}

impl Whose {
    /// Whether a call or an HF job of this installation or repository is for what is gone.
    fn is_about(&self, installation: Option<u64>, repo: Option<&str>) -> bool {
        let repo = repo.map(str::to_lowercase);
        match self {
            Self::Installation(id, owner) => {
                let of_owner = repo.is_some_and(|repo| repo.split('/').next() == Some(owner));
                installation == Some(*id) || of_owner
            }
            Self::Name(name) => repo.as_deref() == Some(name),
        }
    }
}

impl std::fmt::Display for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Installation(id, owner) => {
                write!(f, "installation {id} of {owner}, which is gone")
            }
            Self::Name(name) => write!(f, "{name}, which has another name"),
        }
    }
}
