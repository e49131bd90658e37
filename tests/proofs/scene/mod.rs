//! The scene: what section 2 of docs/verdicts.md says of jobs, HF jobs, lanes and places, stated naively.
//!
//! Nothing here is clever. A state is asked for at a *position*: the place of an event in the history, and the state is
//! the one right after that event.

mod access;
mod causes;
mod counts;
mod hf_jobs;
mod jobs;
mod lanes;
mod loans;
mod strikes;

use std::collections::BTreeMap;

use dispatchlab::properties::Terms;
use fakes::{
    history::{CallAbout, Caller, CredentialUse, Event, Origin, Signed, What},
    ids::{CallId, DeliveryId, EventId, HfJobId, JobId, RunnerId},
};

pub(crate) use self::{
    hf_jobs::{HfJob, Spent},
    jobs::{Demand, Gone, Job},
    lanes::{Labels, Lane},
    loans::Loan,
    strikes::Strike,
};

/// One history with its terms, and who is who in it.
pub(crate) struct Scene<'a> {
    pub(crate) events: &'a [Event],
    pub(crate) terms: &'a Terms,
    pub(crate) calls: BTreeMap<CallId, Call<'a>>,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) hf_jobs: Vec<HfJob>,
    /// Each lane that a routed job or an HF job belongs to.
    pub(crate) lanes: Vec<Lane>,
    pub(crate) strikes: Vec<Strike>,
    pub(crate) tellings: Vec<jobs::Telling>,
    /// HF jobs that are lent to recorded jobs, in the order that they are.
    pub(crate) loans: Vec<Loan>,
    runners: BTreeMap<RunnerId, Runner>,
    renames: Vec<lanes::Rename>,
    /// Owners that stand for all their served repositories.
    owner_places: Vec<String>,
}

/// A call: when it came and what became of it, each by position.
pub(crate) struct Call<'a> {
    pub(crate) id: CallId,
    pub(crate) received: usize,
    pub(crate) by: Caller,
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    pub(crate) credential: Option<CredentialUse>,
    pub(crate) about: CallAbout,
    pub(crate) outcome: Option<Outcome>,
}

/// What became of a call.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) position: usize,
    /// None if it was lost.
    pub(crate) status: Option<u16>,
    pub(crate) limited: bool,
    pub(crate) retry_after_s: Option<u64>,
}

impl Outcome {
    pub(crate) fn is_2xx(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// 400 or more, or lost.
    pub(crate) fn is_failure(&self) -> bool {
        self.status.is_none_or(|status| status >= 400)
    }
}

impl Call<'_> {
    /// An answer 400, 403 (no rate limit), 404, 410, 451, or 422 other than for a busy runner.
    pub(crate) fn is_refused_permanently(&self) -> bool {
        let Some(outcome) = self.outcome else {
            return false;
        };
        match outcome.status {
            Some(403) => !outcome.limited,
            // Nothing but the deletion of a runner meets a busy one.
            Some(422) => self.name != "github.delete-runner",
            Some(status) => matches!(status, 400 | 404 | 410 | 451),
            None => false,
        }
    }

    /// The calls that a job needs in order to be served.
    pub(crate) fn is_need(&self) -> bool {
        is_need(self.name)
    }

    /// The calls by which a runner gets its credential.
    pub(crate) fn asks_for_runner_credential(&self) -> bool {
        matches!(self.name, "github.jit-config" | "github.registration-token")
    }
}

/// The calls that a job needs in order to be served.
pub(crate) fn is_need(name: &str) -> bool {
    matches!(
        name,
        "github.create-token" | "github.jit-config" | "github.registration-token" | "hf.create"
    )
}

/// A call that lists, or mints an installation token: it concerns every lane, of its place if it names one.
pub(crate) fn concerns_every_lane(name: &str) -> bool {
    let what = name.split_once('.').map_or(name, |(_, what)| what);
    what.starts_with("list")
        || matches!(
            what,
            "create-token" | "installations" | "installation-repos"
        )
}

/// A record that GitHub has of a runner.
struct Runner {
    created: Option<usize>,
    name: String,
    repo: String,
    labels: Vec<String>,
    removed: Option<usize>,
    /// When it came online, and the HF job it runs in.
    online: Vec<(usize, Option<HfJobId>)>,
}

impl<'a> Scene<'a> {
    pub(crate) fn read(events: &'a [Event], terms: &'a Terms) -> Self {
        let mut scene = Self {
            events,
            terms,
            calls: calls(events),
            jobs: BTreeMap::new(),
            hf_jobs: Vec::new(),
            lanes: Vec::new(),
            strikes: Vec::new(),
            tellings: Vec::new(),
            loans: Vec::new(),
            runners: runners(events),
            renames: lanes::renames(events),
            owner_places: Vec::new(),
        };
        scene.owner_places = lanes::owner_places(&scene);
        scene.jobs = jobs::announced(&scene);
        scene.hf_jobs = hf_jobs::created(&scene);
        scene.hf_jobs = hf_jobs::live(&scene);
        scene.lanes = lanes::read(&scene);
        scene.strikes = strikes::read(&scene);
        jobs::live(&mut scene);
        scene.loans = loans::made(&mut scene);
        scene
    }

    /// When the event at this position happened.
    pub(crate) fn at(&self, position: usize) -> u64 {
        self.events[position].at_ms
    }

    pub(crate) fn id(&self, position: usize) -> EventId {
        self.events[position].id
    }

    /// When the last event happened: a bound is decided if this is later.
    pub(crate) fn end(&self) -> u64 {
        self.events.last().map_or(0, |event| event.at_ms)
    }

    /// What two sides may not have heard of each other yet.
    pub(crate) fn latency_twice(&self) -> u64 {
        2 * self.terms.delays.latency_ms_max
    }

    /// The calls of the dispatcher, in the order they came.
    pub(crate) fn dispatcher_calls(&self) -> impl Iterator<Item = &Call<'a>> {
        let mut calls: Vec<_> = self.calls.values().collect();
        calls.sort_by_key(|call| call.received);
        calls
            .into_iter()
            .filter(|call| call.by == Caller::Dispatcher)
    }

    pub(crate) fn hf_job(&self, id: &HfJobId) -> Option<&HfJob> {
        self.hf_jobs.iter().find(|hf_job| hf_job.id == *id)
    }

    /// Whether a runner is this HF job's at a position: `runner.online` says so, before that it is the last one created with
    /// its name at its place.
    pub(crate) fn is_runner_of(&self, runner: RunnerId, hf_job: &HfJob, position: usize) -> bool {
        let Some(known) = self.runners.get(&runner) else {
            return false;
        };
        let mut said = known.online.iter().rev();
        if let Some((_, whose)) = said.find(|(online, _)| *online <= position) {
            return whose.as_ref() == Some(&hf_job.id);
        }
        let place = self.place(&known.repo);
        let mut named = self.hf_jobs.iter().filter(|named| {
            named.created <= position
                && named.runner_name.as_ref() == Some(&known.name)
                && named.place.as_ref() == Some(&place)
        });
        named.next_back().is_some_and(|named| named.id == hf_job.id)
    }

    /// Registrations: the runner, where GitHub made it, and where it was removed.
    pub(crate) fn registrations(&self) -> impl Iterator<Item = (RunnerId, usize, Option<usize>)> {
        let all = self.runners.iter();
        all.filter_map(|(id, runner)| Some((*id, runner.created?, runner.removed)))
    }

    pub(crate) fn is_registered(&self, runner: RunnerId) -> bool {
        self.runners.contains_key(&runner)
    }

    pub(crate) fn runner_name(&self, runner: RunnerId) -> &str {
        self.runners.get(&runner).map_or("", |runner| &runner.name)
    }

    /// The place that a runner's registration names.
    pub(crate) fn runner_place(&self, runner: RunnerId) -> String {
        let known = self.runners.get(&runner);
        known.map_or_else(String::new, |known| self.place(&known.repo))
    }

    /// Where a runner came online, in order, each with its HF job.
    pub(crate) fn online(&self, runner: RunnerId) -> &[(usize, Option<HfJobId>)] {
        self.runners
            .get(&runner)
            .map_or(&[], |runner| &runner.online)
    }

    /// Whether a delivery is genuine: signed, not bent before it was signed, and emitted by GitHub, recorded, or a
    /// repetition of such.
    pub(crate) fn is_genuine(&self, wanted: DeliveryId) -> bool {
        let created = |event: &'a Event| match &event.event {
            What::DeliveryCreated {
                delivery,
                guid,
                origin,
                ..
            } => Some((*delivery, guid, *origin)),
            _ => None,
        };
        let all: Vec<_> = self.events.iter().filter_map(created).collect();
        let Some((_, guid, _)) = all.iter().find(|(id, ..)| *id == wanted) else {
            return false;
        };
        let first = all.iter().find(|(_, other, _)| other == guid);
        let is_of_github = |origin| matches!(origin, Origin::Emitted | Origin::Recorded);
        first.is_some_and(|(.., origin)| is_of_github(*origin)) && self.announces(wanted)
    }

    /// Whether a delivery is signed with the secret in force, and was not bent before.
    pub(crate) fn announces(&self, wanted: DeliveryId) -> bool {
        let is_signed = self.events.iter().any(|event| match &event.event {
            What::DeliveryCreated {
                delivery, signed, ..
            } => *delivery == wanted && *signed == Signed::Lab,
            _ => false,
        });
        let is_bent = self.events.iter().any(|event| match &event.event {
            What::FaultApplied {
                effect, delivery, ..
            } => effect == "pretend" && *delivery == Some(wanted),
            _ => false,
        });
        is_signed && !is_bent
    }
}

fn calls(events: &[Event]) -> BTreeMap<CallId, Call<'_>> {
    let mut calls: BTreeMap<CallId, Call<'_>> = BTreeMap::new();
    for (position, event) in events.iter().enumerate() {
        match &event.event {
            What::CallReceived {
                call,
                by,
                name,
                path,
                credential,
                about,
                ..
            } => {
                let received = Call {
                    id: *call,
                    received: position,
                    by: *by,
                    name,
                    path: path.split('?').next().unwrap_or_default(),
                    credential: *credential,
                    about: about.as_deref().cloned().unwrap_or_default(),
                    outcome: None,
                };
                calls.entry(*call).or_insert(received);
            }
            What::CallAnswered {
                call,
                status,
                retry_after_s,
                limited,
                ..
            } => {
                if let Some(known) = calls.get_mut(call) {
                    known.outcome.get_or_insert(Outcome {
                        position,
                        status: Some(*status),
                        limited: *limited,
                        retry_after_s: *retry_after_s,
                    });
                }
            }
            What::CallLost { call, .. } => {
                if let Some(known) = calls.get_mut(call) {
                    known.outcome.get_or_insert(Outcome {
                        position,
                        status: None,
                        limited: false,
                        retry_after_s: None,
                    });
                }
            }
            _ => {}
        }
    }
    calls
}

fn runners(events: &[Event]) -> BTreeMap<RunnerId, Runner> {
    let mut runners: BTreeMap<RunnerId, Runner> = BTreeMap::new();
    let unknown = || Runner {
        created: None,
        name: String::new(),
        repo: String::new(),
        labels: Vec::new(),
        removed: None,
        online: Vec::new(),
    };
    for (position, event) in events.iter().enumerate() {
        match &event.event {
            What::RunnerCreated {
                runner,
                name,
                repo,
                labels,
            } => {
                let known = runners.entry(*runner).or_insert_with(unknown);
                known.created = Some(position);
                known.name.clone_from(name);
                known.repo.clone_from(repo);
                known.labels.clone_from(labels);
            }
            What::RunnerOnline { runner, hf_job, .. } => {
                let known = runners.entry(*runner).or_insert_with(unknown);
                known.online.push((position, hf_job.clone()));
            }
            What::RunnerRemoved { runner, .. } => {
                let known = runners.entry(*runner).or_insert_with(unknown);
                known.removed.get_or_insert(position);
            }
            _ => {}
        }
    }
    runners
}
