//! A routed job gets a runner within the bound, or its user is told why not.

use fakes::ids::JobId;

use super::Found;
use crate::{
    matter::{Matter, Whose, all_time},
    scene::{Gone, Lane, Scene},
};

/// A demand in its lane's queue.
struct Place {
    job: JobId,
    began: (usize, u64),
    /// Its number in the queue, from 1, from each position on.
    numbers: Vec<(usize, usize)>,
    /// When it was taken out.
    left: Option<(usize, u64)>,
}

pub(super) fn judge(scene: &Scene<'_>) -> Found {
    let mut found = Found::default();
    for lane in &scene.lanes {
        for place in queue(scene, lane) {
            found.occasions += 1;
            let matter = Matter {
                lane: Whose::Lane(lane),
                began: place.began,
                over: place.left.map(|(position, _)| position),
                bound: scene.terms.bounds.served_within_ms,
                endless: true,
            };
            let deadline = matter.deadline(scene, |since, length| {
                counted(scene, lane, &place, since, length)
            });
            let left = place.left.map(|(_, at)| at);
            found.due(scene, scene.id(place.began.0), deadline, left);
        }
    }
    for telling in scene.tellings.iter().filter(|telling| !telling.for_cause) {
        found.breach(scene.id(telling.position));
    }
    if scene.terms.rules.are_declared() {
        unrouted_are_told(scene, &mut found);
    }
    found
}

/// The queue of a lane: a start takes out the first demand, whichever job started; a withdrawal its own job's demand, or
/// the first if that is gone. A loan is the start of its job, which nothing else takes out any more.
fn queue(scene: &Scene<'_>, lane: &Lane) -> Vec<Place> {
    let (mut queue, mut past): (Vec<Place>, Vec<Place>) = (Vec::new(), Vec::new());
    for position in 0..scene.events.len() {
        for (job, gone) in goes(scene, lane, position) {
            let own = queue.iter().position(|place| place.job == job);
            let out = own.filter(|_| !gone.by_start).unwrap_or(0);
            if out < queue.len() {
                let mut place = queue.remove(out);
                place.left = Some((position, gone.at));
                past.push(place);
            }
        }
        for job in scene.jobs_of(lane) {
            let comes = job
                .demands
                .iter()
                .filter(|demand| demand.position == position);
            queue.extend(comes.map(|demand| Place {
                job: job.id,
                began: (position, demand.at),
                numbers: Vec::new(),
                left: None,
            }));
        }
        let lent = scene.loans.iter().filter(|loan| loan.lane == *lane);
        for _ in lent.filter(|loan| loan.from == position) {
            if !queue.is_empty() {
                let mut place = queue.remove(0);
                place.left = Some((position, scene.at(position)));
                past.push(place);
            }
        }
        for (index, place) in queue.iter_mut().enumerate() {
            place.numbers.push((position, index + 1));
        }
    }
    past.extend(queue);
    past
}

/// The demands that end here, but for those a loan has taken out before.
fn goes(scene: &Scene<'_>, lane: &Lane, position: usize) -> Vec<(JobId, Gone)> {
    let mut all = Vec::new();
    for job in scene.jobs_of(lane) {
        for demand in &job.demands {
            let Some(gone) = demand.gone.filter(|gone| gone.position == position) else {
                continue;
            };
            let was_lent_one = position > 0 && scene.is_lent_one(job, demand, position - 1);
            let on_a_lent_one = gone.by_start && scene.starts_on_a_lent_one(job, position);
            if !was_lent_one && !on_a_lent_one {
                all.push((job.id, gone));
            }
        }
    }
    all
}

/// Under caps time counts for the p-th demand while in every scope `alive - supply of the lane + p - 1 < cap`.
fn counted(scene: &Scene<'_>, lane: &Lane, place: &Place, since: u64, length: u64) -> u64 {
    if scene.terms.caps.is_none() {
        return all_time(since, length);
    }
    let mut left = length;
    for (position, number) in &place.numbers {
        let supply = scene.supply(lane, *position) as i64;
        let spared = supply - (*number as i64 - 1);
        let from = scene.at(*position).max(since);
        let to = scene
            .events
            .get(position + 1)
            .map_or(scene.end(), |event| event.at_ms);
        if to < from || !scene.has_room(lane, *position, spared) {
            continue;
        }
        if to - from >= left {
            return from + left;
        }
        left -= to - from;
    }
    u64::MAX
}

/// A job that looks meant for the dispatcher and is not routed must be told within `told_within` of being queued.
fn unrouted_are_told(scene: &Scene<'_>, found: &mut Found) {
    for job in scene.jobs.values().filter(|job| job.looks_meant) {
        let Some(queued) = job.queued.first() else {
            continue;
        };
        let told = scene.tellings.iter().find(|telling| telling.job == job.id);
        let over = [
            told.map(|telling| scene.at(telling.position)),
            job.started.map(|started| scene.at(started)),
            job.completed.map(|completed| scene.at(completed)),
            job.died.map(|(_, at)| at),
            job.suspended.map(|position| scene.at(position)),
        ];
        let deadline = scene.at(*queued) + scene.terms.bounds.told_within_ms;
        found.due(
            scene,
            scene.id(*queued),
            deadline,
            over.into_iter().flatten().min(),
        );
    }
}
