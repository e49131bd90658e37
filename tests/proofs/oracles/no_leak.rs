//! An HF job without work and without a reason ends within the bound; so do registrations.

use fakes::{history::What, ids::RunnerId};

use super::Found;
use crate::{
    matter::{Matter, Whose, all_time},
    scene::{Call, HfJob, Scene},
};

pub(super) fn judge(scene: &Scene<'_>) -> Found {
    let mut found = Found::default();
    for hf_job in &scene.hf_jobs {
        hf_job_ends(scene, hf_job, &mut found);
    }
    for (runner, created, removed) in scene.registrations() {
        registration_ends(scene, runner, (created, removed), &mut found);
    }
    found
}

/// Stretches of positions in which something holds.
fn stretches(
    from: usize,
    until: usize,
    holds: impl Fn(usize) -> bool,
) -> Vec<(usize, Option<usize>)> {
    let (mut all, mut began) = (Vec::new(), None);
    for position in from..until {
        if holds(position) {
            began.get_or_insert(position);
        } else if let Some(began) = began.take() {
            all.push((began, Some(position)));
        }
    }
    all.extend(began.map(|began| (began, None)));
    all
}

fn hf_job_ends(scene: &Scene<'_>, hf_job: &HfJob, found: &mut Found) {
    let is_useless = |position| hf_job.is_alive(position) && !has_reason(scene, hf_job, position);
    for (began, over) in stretches(hf_job.created, scene.events.len(), is_useless) {
        found.occasions += 1;
        let whose = match &hf_job.lane {
            Some(lane) => Whose::Lane(lane),
            None => Whose::Flavor(&hf_job.flavor),
        };
        let deadline = deadline(scene, whose, began, over);
        if !is_excused(scene, hf_job, began, deadline) {
            let over = over.map(|over| scene.at(over));
            found.due(scene, scene.id(began), deadline, over);
        }
    }
}

fn deadline(scene: &Scene<'_>, whose: Whose<'_>, began: usize, over: Option<usize>) -> u64 {
    let matter = Matter {
        lane: whose,
        began: (began, scene.at(began)),
        over,
        bound: scene.terms.bounds.reclaimed_within_ms,
        endless: false,
    };
    matter.deadline(scene, all_time)
}

/// It works; or it is supply and among the oldest of its lane, as many as jobs are open or held there, plus `warm`. One
/// that hides its lane is judged against its flavor as a whole.
fn has_reason(scene: &Scene<'_>, hf_job: &HfJob, position: usize) -> bool {
    if hf_job.is_working(position) {
        return true;
    }
    let is_rival = |other: &&HfJob| match &hf_job.lane {
        Some(lane) => other.lane.as_ref() == Some(lane),
        None => other.flavor == hf_job.flavor,
    };
    let older = scene
        .hf_jobs
        .iter()
        .filter(|other| other.is_supply(position) && other.created < hf_job.created)
        .filter(is_rival)
        .count();
    let wanted = scene.jobs.values().filter(|job| {
        let lane = job.lane.as_ref();
        lane.is_some_and(|lane| hf_job.may_serve(lane))
            && (job.is_open(position) || job.is_held(position))
    });
    hf_job.is_supply(position) && older < wanted.count() + scene.warm_of(hf_job)
}

/// The dispatcher asked for its cancel within the bound, and every cancel failed by a fault without end that lets nothing
/// through.
fn is_excused(scene: &Scene<'_>, hf_job: &HfJob, began: usize, deadline: u64) -> bool {
    let is_cancel = |call: &&Call<'_>| {
        call.name == "hf.cancel" && call.about.hf_job.as_ref() == Some(&hf_job.id)
    };
    let cancels: Vec<_> = scene.dispatcher_calls().filter(is_cancel).collect();
    let in_time = |call: &&Call<'_>| call.received >= began && scene.at(call.received) <= deadline;
    let is_struck = |call: &&Call<'_>| {
        let endless = scene.strikes.iter();
        let mut endless = endless.filter(|strike| !strike.ends && !strike.by_chance);
        let is_failure = call.outcome.is_some_and(|outcome| outcome.is_failure());
        is_failure && endless.any(|strike| strike.call == Some(call.id))
    };
    cancels.iter().any(in_time) && cancels.iter().all(is_struck)
}

/// Offline, of no live HF job and without a job of its own for longer than the bound since the last of: its mint answered
/// or lost, the last `hf.create` that named it, its HF job's end, its job's end.
fn registration_ends(
    scene: &Scene<'_>,
    runner: RunnerId,
    (created, removed): (usize, Option<usize>),
    found: &mut Found,
) {
    let until = removed.unwrap_or(scene.events.len());
    let place = scene.runner_place(runner);
    let is_left = |position| is_left_behind(scene, runner, created, position);
    for (mut began, over) in stretches(created, until, is_left) {
        let over = over.or(removed);
        let creates = scene.dispatcher_calls().filter(|call| {
            call.name == "hf.create"
                && call.about.runner_name.as_deref() == Some(scene.runner_name(runner))
                && call
                    .about
                    .repo
                    .as_deref()
                    .is_none_or(|repo| scene.place(repo) == place)
        });
        // An HF job may end before its runner is through with coming online.
        let homes = scene
            .online(runner)
            .iter()
            .filter_map(|(_, home)| home.as_ref());
        let homes = homes.filter_map(|home| scene.hf_job(home)?.ended);
        let ends = homes.map(|(ended, _)| ended);
        let mut anew: Vec<_> = creates.map(|call| call.received).chain(ends).collect();
        anew.sort_unstable();
        let anew = anew.into_iter();
        let anew = anew.filter(|create| began < *create && over.is_none_or(|over| *create < over));
        for create in anew.collect::<Vec<_>>() {
            due(scene, runner, (began, Some(create)), found);
            began = create;
        }
        due(scene, runner, (began, over), found);
    }
}

fn due(
    scene: &Scene<'_>,
    runner: RunnerId,
    (began, over): (usize, Option<usize>),
    found: &mut Found,
) {
    found.occasions += 1;
    let Some(began) = with_access(scene, runner, began) else {
        return;
    };
    let lane = scene.runner_lane(runner);
    let deadline = deadline(scene, Whose::Lane(&lane), began, over);
    let over = over.map(|over| scene.at(over));
    found.due(scene, scene.id(began), deadline, over);
}

/// Where the access of its owner was gone by its deadline: since that was back, if it ever was.
fn with_access(scene: &Scene<'_>, runner: RunnerId, mut began: usize) -> Option<usize> {
    for (gone, back) in scene.absences(runner) {
        let deadline = scene.at(began) + scene.terms.bounds.reclaimed_within_ms;
        if back.is_none_or(|back| back >= began) && scene.at(gone) <= deadline {
            began = back?;
        }
    }
    Some(began)
}

fn is_left_behind(scene: &Scene<'_>, runner: RunnerId, created: usize, position: usize) -> bool {
    let mint = scene.events[created].because;
    let mint = scene
        .calls
        .values()
        .find(|call| mint == Some(scene.id(call.received)));
    let is_minted = mint.is_none_or(|call| {
        let outcome = call.outcome.map(|outcome| outcome.position);
        outcome.is_some_and(|outcome| outcome <= position)
    });
    let is_foreign = scene
        .online(runner)
        .iter()
        .any(|(online, hf_job)| *online <= position && hf_job.is_none());
    let has_live = scene
        .hf_jobs
        .iter()
        .any(|hf_job| hf_job.is_alive(position) && scene.is_runner_of(runner, hf_job, position));
    is_minted && !is_foreign && !has_live && !has_a_job(scene, runner, position)
}

/// Whether a job that started on it is not over.
fn has_a_job(scene: &Scene<'_>, runner: RunnerId, position: usize) -> bool {
    let started = scene.events[..=position]
        .iter()
        .filter_map(|event| match &event.event {
            What::JobStarted {
                job,
                runner: Some(whose),
                ..
            } if *whose == runner => Some(*job),
            _ => None,
        });
    started
        .filter_map(|job| scene.jobs.get(&job))
        .any(|job| job.completed.is_none_or(|completed| position < completed))
}
