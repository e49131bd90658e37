//! Telling for cause: what must have gone wrong with a lane until its user may be told that a job is not served.

use fakes::history::{Caller, What};

use super::{Call, Lane, Scene};

const TEN_MINUTES_MS: u64 = 10 * 60_000;

/// Whether a job without a lane, or of this lane with its demand since a position, may be told of at `position`.
pub(super) fn has_cause(
    scene: &Scene<'_>,
    lane: Option<&Lane>,
    since: Option<usize>,
    position: usize,
) -> bool {
    let Some(lane) = lane else {
        return true;
    };
    let Some(since) = since else {
        return false;
    };
    let in_time = |moment: usize| since < moment && moment <= position;
    let mut failures = Vec::new();
    for call in scene.calls.values() {
        let Some(outcome) = call.outcome.filter(|outcome| in_time(outcome.position)) else {
            continue;
        };
        if call.by == Caller::Dispatcher && call.is_need() && is_need_of(scene, call, lane) {
            if call.is_refused_permanently() {
                return true;
            }
            failures.extend(outcome.is_failure().then_some(outcome.position));
        }
    }
    for hf_job in scene.hf_jobs.iter().filter(|hf_job| hf_job.may_serve(lane)) {
        let spent = hf_job.spent.filter(|spent| in_time(spent.position));
        let in_vain = spent.filter(|spent| {
            spent.unused && (!spent.by_dispatcher || hf_job.had_its_chance(scene, *spent))
        });
        failures.extend(in_vain.map(|spent| spent.position));
    }
    failures.sort_unstable();
    is_thrice(scene, lane, &failures)
}

/// Three times in all, the last at least 10 min after the first and no runner of the lane coming online in between.
fn is_thrice(scene: &Scene<'_>, lane: &Lane, failures: &[usize]) -> bool {
    failures.iter().enumerate().any(|(index, first)| {
        let later = failures.iter().skip(index + 2);
        later.clone().any(|last| {
            let is_long = scene.at(*last) >= scene.at(*first) + TEN_MINUTES_MS;
            is_long && !(*first..*last).any(|position| is_online_of(scene, lane, position))
        })
    })
}

fn is_online_of(scene: &Scene<'_>, lane: &Lane, position: usize) -> bool {
    let What::RunnerOnline { hf_job, runner, .. } = &scene.events[position].event else {
        return false;
    };
    match hf_job.as_ref().and_then(|hf_job| scene.hf_job(hf_job)) {
        Some(hf_job) => hf_job.may_serve(lane),
        None => scene.runner_lane(*runner) == *lane,
    }
}

/// A need of a lane names it, or its place alone, or its HF job; a token's mint is a need of every lane of its place, or of all.
fn is_need_of(scene: &Scene<'_>, call: &Call<'_>, lane: &Lane) -> bool {
    let about = &call.about;
    if let Some(hf_job) = about.hf_job.as_ref().and_then(|id| scene.hf_job(id)) {
        return hf_job.may_serve(lane);
    }
    match &about.repo {
        Some(repo) if !about.labels.is_empty() => {
            return scene.lane_of(repo, &about.labels) == *lane;
        }
        Some(repo) => return scene.covers(repo, &lane.place),
        None => {}
    }
    match &about.flavor {
        Some(flavor) => lane.flavor == Some(flavor.as_str()),
        None => names_repository(about.repositories.as_slice(), lane),
    }
}

/// Repositories are named without their owner, or by an id that no history explains.
fn names_repository(names: &[String], lane: &Lane) -> bool {
    let own = lane.place.split_once('/').map(|(_, name)| name);
    let Some(own) = own.filter(|_| !names.is_empty()) else {
        return true;
    };
    let is_id = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    names
        .iter()
        .any(|name| is_id(name) || name.eq_ignore_ascii_case(own))
}
