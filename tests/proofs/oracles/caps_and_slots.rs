//! Never more HF jobs than the cap in force, and free slots go round.

use std::collections::BTreeSet;

use super::Found;
use crate::scene::{Demand, HfJob, Lane, Scene};

pub(super) fn judge(scene: &Scene<'_>) -> Found {
    let mut found = Found::default();
    for hf_job in scene.hf_jobs.iter().filter(|hf_job| hf_job.call.is_some()) {
        if exceeds(scene, hf_job) || passes_over(scene, hf_job) {
            found.breach(scene.id(hf_job.created));
        }
    }
    let caps = scene.terms.caps;
    occasions(scene, caps.total, |_| true, |_| true, &mut found);
    for place in each(scene, |lane| Some(lane.place.as_str())) {
        let is_there = |at: &HfJob| at.place.as_deref() == Some(place);
        occasions(
            scene,
            caps.per_repo,
            |lane| lane.place == place,
            is_there,
            &mut found,
        );
    }
    for flavor in each(scene, |lane| lane.flavor) {
        let is_of = |lane: &Lane| lane.flavor == Some(flavor);
        occasions(
            scene,
            caps.per_flavor,
            is_of,
            |at| at.flavor == flavor,
            &mut found,
        );
    }
    found
}

/// What the lanes are told apart by, each once.
fn each<'s>(scene: &'s Scene<'_>, by: impl Fn(&'s Lane) -> Option<&'s str>) -> BTreeSet<&'s str> {
    scene.lanes.iter().filter_map(by).collect()
}

/// With this one, the HF jobs created by calls that are not terminal exceed a cap.
fn exceeds(scene: &Scene<'_>, newest: &HfJob) -> bool {
    let alive = scene
        .hf_jobs
        .iter()
        .filter(|hf_job| hf_job.call.is_some() && hf_job.is_alive(newest.created));
    let of_place = alive.clone().filter(|hf_job| hf_job.place == newest.place);
    let over = |cap: Option<u32>, count: usize| cap.is_some_and(|cap| count > cap as usize);
    let of_flavor = alive
        .clone()
        .filter(|hf_job| hf_job.flavor == newest.flavor);
    over(scene.terms.caps.total, alive.count())
        || (newest.place.is_some() && over(scene.terms.caps.per_repo, of_place.count()))
        || over(scene.terms.caps.per_flavor, of_flavor.count())
}

/// It fills the total, for a lane whose oldest open job came more than `served_within` later than that of another lane
/// that has been short, free in its narrower scopes and unstruck all that time.
fn passes_over(scene: &Scene<'_>, newest: &HfJob) -> bool {
    let (Some(total), Some(lane)) = (scene.terms.caps.total, &newest.lane) else {
        return false;
    };
    let now = newest.created;
    let Some(own) = oldest(scene, lane, now) else {
        return false;
    };
    let by_calls = scene.hf_jobs.iter().filter(|hf_job| hf_job.call.is_some());
    let alive = by_calls.filter(|hf_job| hf_job.is_alive(now)).count();
    let fills = alive >= total as usize;
    fills
        && scene
            .lanes
            .iter()
            .filter(|other| *other != lane)
            .any(|other| {
                oldest(scene, other, now).is_some_and(|waits| {
                    own.at > waits.at + scene.terms.bounds.served_within_ms
                        && is_neglected(scene, other, waits.position, now)
                })
            })
}

fn oldest<'s>(scene: &'s Scene<'_>, lane: &'s Lane, position: usize) -> Option<&'s Demand> {
    let jobs = scene.jobs_of(lane);
    let demands = jobs.filter_map(|job| scene.waits(job, position));
    demands.min_by_key(|demand| demand.position)
}

fn is_neglected(scene: &Scene<'_>, lane: &Lane, since: usize, now: usize) -> bool {
    let caps = scene.terms.caps;
    let fits = |cap: Option<u32>, alive: usize| cap.is_none_or(|cap| alive < cap as usize);
    let has_room = |position| {
        let of_flavor = |flavor| fits(caps.per_flavor, scene.alive_on(flavor, position));
        fits(caps.per_repo, scene.alive_of(&lane.place, position))
            && lane.flavor.is_none_or(of_flavor)
    };
    let is_struck = scene.strikes.iter().any(|strike| {
        let in_time = (since..=now).contains(&strike.position);
        in_time && !strike.is_harmless && scene.concerns(strike, lane)
    });
    !is_struck
        && (since..=now).all(|position| scene.shortage(lane, position) > 0 && has_room(position))
}

/// Each time what the lanes of a scope are short of and its alive HF jobs came to exceed its cap.
fn occasions(
    scene: &Scene<'_>,
    cap: Option<u32>,
    has_lane: impl Fn(&Lane) -> bool,
    has_hf_job: impl Fn(&HfJob) -> bool,
    found: &mut Found,
) {
    let Some(cap) = cap else {
        return;
    };
    let mut exceeded = false;
    for position in 0..scene.events.len() {
        let lanes = scene.lanes.iter().filter(|lane| has_lane(lane));
        let short: usize = lanes.map(|lane| scene.shortage(lane, position)).sum();
        let of_scope = scene.hf_jobs.iter().filter(|hf_job| has_hf_job(hf_job));
        let alive = of_scope.filter(|hf_job| hf_job.call.is_some() && hf_job.is_alive(position));
        let exceeds = short + alive.count() > cap as usize;
        found.occasion_if(exceeds && !exceeded);
        exceeded = exceeds;
    }
}
