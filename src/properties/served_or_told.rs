//! served-or-told (I1): every routed job gets a runner within the bound, or its user is told why not. Judged by lane: a start
//! takes out the first demand of its queue, whichever job started. Nobody is told without a cause. Where the scenario writes
//! the rules, whoever queued a job that nearly follows them is told in time.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{history::What, ids::JobId};

use super::{
    Context, JobLife, Judgement,
    ledger::{Kinds, Ledger, Moment, moment},
    queues::{By, Wait},
    telling::{Told, Way},
    turns::owner_of,
    verdict::time,
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement = Judgement::new("no routed job was ever in demand");
    for wait in context.waits() {
        judgement.occasion();
        judge_wait(context, wait, &mut judgement);
    }
    for (job, told) in context.tellings.iter().filter(|(_, told)| !told.for_cause) {
        let how = match told.way {
            Way::Cancelled => "its run was cancelled",
            Way::CheckRun => "a check run says so",
            Way::Answer => "its delivery was refused",
        };
        let why = format!(
            "the user of {} was told that it will not be served ({how}), though nothing of its lane had failed for good",
            context.ledger.job_named(job)
        );
        judgement.breach(told.at.event, why);
    }
    if context.terms.rules.are_declared() {
        judge_strays(context, &mut judgement);
    }
    judgement
}

/// Judges who queued a job that looks meant for the dispatcher, and that the scenario's own rules do not route.
fn judge_strays(context: &Context<'_, '_>, judgement: &mut Judgement) {
    let ledger = context.ledger;
    let left = Strays::left(ledger);
    for (id, life) in ledger.jobs.iter() {
        let Some(queued) = life.queued.filter(|_| is_stray(context, life)) else {
            continue;
        };
        judgement.occasion();
        let due_ms = queued
            .at_ms
            .saturating_add(context.terms.bounds.told_within_ms);
        let told = context.tellings.of(*id).first().map(|told: &Told| told.at);
        let in_time = |at: &Moment| at.at_ms <= due_ms;
        if told.iter().chain(left.get(id)).any(in_time) {
            continue;
        }
        let (name, labels) = (life.name, life.labels);
        let (since, due) = (time(queued.at_ms), time(due_ms));
        let what = format!(
            "{name} looks meant for the dispatcher, whose rules do not route {labels:?}; it was queued at {since}"
        );
        if ledger.end.at_ms <= due_ms {
            let end = time(ledger.end.at_ms);
            let why =
                format!("{what}, its user is to be told by {due}, and the run ended at {end}");
            judgement.undecided(queued.event, why);
        } else if ledger.is_gone_by(due_ms) {
            let why = format!("{what}, and the dispatcher never came back");
            judgement.undecided(queued.event, why);
        } else {
            let outcome = told.map_or_else(
                || "nobody was".to_owned(),
                |told| format!("was at {}", time(told.at_ms)),
            );
            let why = format!("{what}, its user was to be told by {due}, and {outcome}");
            judgement.breach(queued.event, why);
        }
    }
}

/// True for a job of a served repository that no rule routes and that looks meant for one.
fn is_stray(context: &Context<'_, '_>, life: &JobLife<'_>) -> bool {
    life.flavor.is_none()
        && !context.is_unserved(life.repo)
        && context.terms.looks_meant(life.labels)
}

/// Jobs that nobody serves, as the history goes on.
#[derive(Default)]
struct Strays<'a> {
    /// When each was no longer the dispatcher's matter.
    left: BTreeMap<JobId, Moment>,
    /// Owners whose installation is gone, in lower case.
    gone: BTreeSet<String>,
    queued: BTreeMap<JobId, &'a str>,
}

impl<'a> Strays<'a> {
    /// When each job started, was over or dead, or could not be told of because its installation was gone.
    fn left(ledger: &Ledger<'a>) -> BTreeMap<JobId, Moment> {
        let mut strays = Self::default();
        for event in ledger.only(Kinds::LIVES | Kinds::RARE) {
            let at = moment(event);
            match &event.event {
                What::JobQueued { job, repo, .. } => {
                    strays.queued.insert(*job, repo);
                    if strays.gone.contains(&owner_of(repo)) {
                        strays.leave(*job, at);
                    }
                }
                What::JobStarted { job, .. } | What::JobCompleted { job, .. } => {
                    strays.leave(*job, at);
                }
                What::RunCompleted { run, .. } => {
                    for job in ledger.jobs_of_run(*run, at.event) {
                        strays.leave(job, at);
                    }
                }
                What::InstallationSuspended { owner, .. }
                | What::InstallationDeleted { owner, .. } => {
                    strays.gone.insert(owner.to_lowercase());
                    let of_owner = strays.queued.iter();
                    let jobs: Vec<JobId> = of_owner
                        .filter(|(_, repo)| owner_of(repo) == owner.to_lowercase())
                        .map(|(job, _)| *job)
                        .collect();
                    for job in jobs {
                        strays.leave(job, at);
                    }
                }
                What::InstallationUnsuspended { owner, .. }
                | What::InstallationCreated { owner, .. } => {
                    strays.gone.remove(&owner.to_lowercase());
                }
                _ => {}
            }
        }
        strays.left
    }

    fn leave(&mut self, job: JobId, at: Moment) {
        self.left.entry(job).or_insert(at);
        self.queued.remove(&job);
    }
}

/// Adds what a wait came to, under whichever property judges it.
pub(super) fn judge_wait(context: &Context<'_, '_>, wait: &Wait, judgement: &mut Judgement) {
    let ledger = context.ledger;
    let name = ledger.job_named(wait.job);
    let demanded = if wait.beginning == wait.since {
        format!("{name} wanted a runner at {}", time(wait.since.at_ms))
    } else {
        let (since, beginning) = (time(wait.since.at_ms), time(wait.beginning.at_ms));
        format!("{name} wanted a runner at {since}, which counts from {beginning}")
    };
    let Some(due_ms) = wait.due_ms else {
        if wait.taken.is_none() {
            let why =
                format!("{demanded}, and had no free slot for long enough before the run ended");
            judgement.undecided(wait.since.event, why);
        }
        return;
    };
    let due = time(due_ms);
    let late = wait.late && !ledger.is_gone_by(due_ms);
    match (late, wait.taken) {
        (false, None) if wait.late => {
            let why = format!("{demanded}, from a dispatcher that never came back");
            judgement.undecided(wait.since.event, why);
        }
        (true, taken) => {
            let outcome = match taken {
                Some((at, job, By::Start)) => {
                    format!(
                        "the start that served it, of {}, came at {}",
                        ledger.job_named(job),
                        time(at.at_ms)
                    )
                }
                Some((at, job, By::Loan)) => {
                    format!(
                        "the idle runner that would have served it, lent to {}, was there at {}",
                        ledger.job_named(job),
                        time(at.at_ms)
                    )
                }
                Some((at, _, By::Leaving)) => format!(
                    "nothing had started when it was withdrawn at {}",
                    time(at.at_ms)
                ),
                None => {
                    let instead = wait.instead.map(|other| ledger.job_named(other));
                    let instead =
                        instead.map(|other| format!(" (in its stead {other} waits still)"));
                    let instead = instead.unwrap_or_default();
                    format!("none came{instead}, and nobody was told")
                }
            };
            let why = format!("{demanded}; one was due by {due}, and {outcome}");
            judgement.breach(wait.since.event, why);
        }
        (false, None) => {
            let end = time(ledger.end.at_ms);
            let why = format!("{demanded}; one is due by {due}, and the run ended at {end}");
            judgement.undecided(wait.since.event, why);
        }
        (false, Some(_)) => {}
    }
}
