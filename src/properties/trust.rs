//! trust (I25): what is not ours gets no credential and no compute: no token is asked of an installation that never was this App's,
//! and nothing is minted or created for a repository that is not served, under whatever name.

use std::collections::BTreeMap;

use fakes::{
    history::{Caller, Event, Origin, Signed, What},
    ids::DeliveryId,
};

use super::{Context, Judgement, ledger::CallLife, revoked_access::NOTICE_MS};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement = Judgement::new(
        "no signed delivery was forged, and no job was queued where the dispatcher does not serve",
    );
    let mut names = OldNames {
        context,
        of: BTreeMap::new(),
    };
    for event in context.ledger.events {
        names.enter(event);
        match &event.event {
            What::DeliveryAnswered { delivery, .. } => {
                let entry = context.ledger.deliveries.get(delivery);
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
                let call = context.ledger.calls.get(call);
                let why = call.and_then(|call| names.oversteps(call, event.at_ms));
                judgement.breach_if(event.id, why);
            }
            _ => {}
        }
    }
    judgement
}

/// What a repository was renamed to, and when the dispatcher was told.
struct Renamed<'a> {
    to: &'a str,
    told_ms: Option<u64>,
}

/// The names that repositories had, without letter case.
struct OldNames<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    of: BTreeMap<String, Renamed<'a>>,
}

impl<'a> OldNames<'_, '_, 'a> {
    fn enter(&mut self, event: &'a Event) {
        match &event.event {
            What::RepoRenamed { from, to, .. } => {
                self.of.remove(&to.to_lowercase());
                for old in self.of.values_mut() {
                    if old.to.eq_ignore_ascii_case(from) {
                        (old.to, old.told_ms) = (to, None);
                    }
                }
                let now = Renamed { to, told_ms: None };
                self.of.insert(from.to_lowercase(), now);
            }
            What::DeliveryAnswered { delivery, .. } => self.told_by_delivery(*delivery, event),
            What::CallAnswered {
                call,
                status: 301 | 307 | 404,
                ..
            } => {
                let about = self.context.ledger.calls.get(call);
                let repo = about.and_then(|call| call.about?.repo.as_deref());
                let old = repo.and_then(|repo| self.of.get_mut(&repo.to_lowercase()));
                if let Some(old) = old {
                    old.told_ms.get_or_insert(event.at_ms);
                }
            }
            _ => {}
        }
    }

    /// GitHub says that a repository was renamed, or tells of a job under its new name.
    fn told_by_delivery(&mut self, delivery: DeliveryId, event: &Event) {
        let ledger = self.context.ledger;
        let entry = ledger.deliveries.get(&delivery);
        let Some(entry) = entry.filter(|entry| entry.genuine() && entry.accepted().is_some())
        else {
            return;
        };
        let job = entry.job.and_then(|job| ledger.jobs.get(&job));
        for old in self.of.values_mut() {
            let is_its = job.is_some_and(|life| life.repo.eq_ignore_ascii_case(old.to));
            if entry.tells_of_a_rename() || is_its {
                old.told_ms.get_or_insert(event.at_ms);
            }
        }
    }

    /// Why a repository is not to be served, if it is not: as it is called, or as it is called by then, which the
    /// dispatcher has been told.
    fn unserved(&self, repo: &str, now_ms: u64) -> Option<String> {
        if self.context.is_unserved(repo) {
            return Some(format!("{repo}, which is not served"));
        }
        let Renamed { to, told_ms } = self.of.get(&repo.to_lowercase())?;
        let knew = told_ms.is_some_and(|told| now_ms > told.saturating_add(NOTICE_MS));
        (knew && self.context.is_unserved(to))
            .then(|| format!("{repo}, which is {to} now and is not served"))
    }

    /// What a call wants that is not ours, if it does.
    fn oversteps(&self, call: &CallLife<'_>, now_ms: u64) -> Option<String> {
        let about = call.about?;
        let unserved = |repo: &str| self.unserved(repo, now_ms);
        match call.name {
            "github.create-token" => {
                let stranger = about
                    .installation
                    .filter(|id| !self.context.ledger.is_installation_ours(*id, call));
                let mut restricted = about.repositories.iter();
                stranger
                    .map(|id| {
                        format!("a token was asked of installation {id}, which is not this App's")
                    })
                    .or_else(|| {
                        let why = restricted.find_map(|repo| unserved(repo))?;
                        Some(format!("a token was asked for {why}"))
                    })
            }
            "github.jit-config" | "github.registration-token" => {
                let why = unserved(about.repo.as_deref()?)?;
                Some(format!("{} was asked for {why}", call.name))
            }
            "hf.create" => {
                let why = unserved(about.repo.as_deref()?)?;
                Some(format!("an HF job was asked for a runner of {why}"))
            }
            _ => None,
        }
    }
}
