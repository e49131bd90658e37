//! No more HF jobs than jobs and spent HF jobs explain.

use fakes::{
    history::What,
    ids::{CallId, HfJobId, JobId},
};

use super::Found;
use crate::scene::{HfJob, Scene, Spent};

const MINUTE_MS: u64 = 60_000;

pub(super) fn judge(scene: &Scene<'_>) -> Found {
    let mut found = Found::default();
    for hf_job in &scene.hf_jobs {
        found.occasions += 1;
        if too_many(scene, hf_job) {
            found.breach(scene.id(hf_job.created));
        }
    }
    found
}

/// Whether, with this one, the HF jobs ever created for its lane outnumber what explains them. One that hides its lane
/// is judged against its flavor as a whole.
fn too_many(scene: &Scene<'_>, newest: &HfJob) -> bool {
    let now = newest.created;
    let ever: Vec<_> = scene
        .hf_jobs
        .iter()
        .filter(|hf_job| hf_job.created <= now)
        .filter(|hf_job| match &newest.lane {
            Some(lane) => hf_job.lane.as_ref() == Some(lane),
            None => hf_job.flavor == newest.flavor,
        })
        .collect();
    let jobs = scene
        .jobs
        .values()
        .filter(|job| job.lane.as_ref().is_some_and(|lane| newest.may_serve(lane)))
        .filter(|job| {
            job.queued.iter().any(|queued| *queued <= now) || is_announced(scene, job.id, now)
        })
        .count();
    let explained = ever
        .iter()
        .filter(|hf_job| explains_another(scene, hf_job, now));
    let lookups = ever
        .iter()
        .filter(|hf_job| is_looked_up(scene, hf_job, now));
    ever.len() > jobs + explained.count() + scene.warm_of(newest) + lookups.count()
}

/// Whether a delivery announced the job `queued` that was signed, and not bent before.
fn is_announced(scene: &Scene<'_>, wanted: JobId, now: usize) -> bool {
    scene.events[..=now].iter().any(|event| match &event.event {
        What::DeliveryCreated {
            delivery,
            action: Some(action),
            job: Some(job),
            ..
        } => *job == wanted && action == "queued" && scene.announces(*delivery),
        _ => false,
    })
}

/// An HF job spent unused explains another if a job of its lane was open or held then, or would have been if its installation
/// had been there, or its pool is not empty; one that the dispatcher ended only if it had been refused before, had had its
/// time, or the installation was gone.
fn explains_another(scene: &Scene<'_>, hf_job: &HfJob, now: usize) -> bool {
    let Some(spent) =
        lost_to_its_lane(scene, hf_job).filter(|spent| spent.position <= now && spent.unused)
    else {
        return false;
    };
    let its_jobs = || {
        let jobs = scene.jobs.values();
        jobs.filter(|job| job.lane.as_ref().is_some_and(|lane| hf_job.may_serve(lane)))
    };
    let is_wanted =
        its_jobs().any(|job| job.is_open(spent.position) || job.is_held(spent.position));
    let is_away = its_jobs().any(|job| job.is_away(spent.position));
    (is_wanted || is_away || scene.warm_of(hf_job) > 0)
        && (!spent.by_dispatcher || is_away || hf_job.had_its_chance(scene, spent))
}

/// When it was spent; one on which a job of another lane starts counts as that from there on.
fn lost_to_its_lane(scene: &Scene<'_>, hf_job: &HfJob) -> Option<Spent> {
    let is_foreign = |job: &JobId| {
        let lane = scene.jobs.get(job).and_then(|job| job.lane.as_ref());
        lane.is_none_or(|lane| !hf_job.may_serve(lane))
    };
    let mut worked = hf_job.worked.iter();
    let foreign = worked.find(|(job, ..)| is_foreign(job));
    let taken = foreign.map(|(_, started, _)| Spent {
        position: *started,
        by_dispatcher: false,
        unused: true,
        refused_before: false,
    });
    let all = hf_job.spent.into_iter().chain(taken);
    all.min_by_key(|spent| spent.position)
}

/// A create whose answer was lost or failed, then two listings of HF jobs answered 2xx, the first at least 60 s after it,
/// the second 60 s after the first, each leaving out that HF job.
fn is_looked_up(scene: &Scene<'_>, hf_job: &HfJob, now: usize) -> bool {
    let create = hf_job.call.and_then(|call| scene.calls.get(&call));
    let outcome = create.and_then(|call| call.outcome);
    let Some(outcome) = outcome.filter(|outcome| outcome.is_failure() && outcome.position <= now)
    else {
        return false;
    };
    let lists: Vec<u64> = scene
        .dispatcher_calls()
        .filter(|call| call.name == "hf.list")
        .filter(|call| {
            call.outcome
                .is_some_and(|list| list.is_2xx() && list.position <= now)
        })
        .filter(|call| leaves_out(scene, call.id, &hf_job.id))
        .map(|call| scene.at(call.received))
        .collect();
    let lost = scene.at(outcome.position);
    lists.iter().any(|first| {
        *first >= lost + MINUTE_MS && lists.iter().any(|second| *second >= *first + MINUTE_MS)
    })
}

fn leaves_out(scene: &Scene<'_>, list: CallId, wanted: &HfJobId) -> bool {
    scene.events.iter().any(|event| match &event.event {
        What::ReadingFalse {
            call,
            hf_job: Some(hf_job),
            shown,
            ..
        } => *call == list && hf_job == wanted && shown == "absent",
        _ => false,
    })
}
