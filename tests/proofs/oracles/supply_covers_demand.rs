//! For each label set, booting and idle runners become as many as waiting jobs.

use super::Found;
use crate::{
    matter::{Matter, Whose, all_time},
    scene::{Lane, Scene},
};

pub(super) fn judge(scene: &Scene<'_>) -> Found {
    let mut found = Found::default();
    for lane in &scene.lanes {
        for (entered, left) in places(scene, lane) {
            let another_open = scene.open_jobs(lane, entered) > 1;
            let supply_lost =
                entered > 0 && scene.supply(lane, entered) < scene.supply(lane, entered - 1);
            found.occasion_if(another_open || supply_lost);
            while_free(scene, lane, entered, left, &mut found);
        }
    }
    found
}

/// Places in a lane's shortage: each rise by one enters one, each fall takes out the oldest.
fn places(scene: &Scene<'_>, lane: &Lane) -> Vec<(usize, Option<usize>)> {
    let (mut places, mut past) = (Vec::new(), Vec::new());
    for position in 0..scene.events.len() {
        let shortage = scene.shortage(lane, position);
        while places.len() > shortage {
            past.push((places.remove(0), Some(position)));
        }
        while places.len() < shortage {
            places.push(position);
        }
    }
    past.extend(places.into_iter().map(|entered| (entered, None)));
    past
}

/// A place may be as old as `served_within`, counted from its entry, or from when the lane last got a free slot again.
fn while_free(
    scene: &Scene<'_>,
    lane: &Lane,
    entered: usize,
    left: Option<usize>,
    found: &mut Found,
) {
    let until = left.unwrap_or(scene.events.len());
    let mut began = None;
    for position in entered..until {
        let is_free = scene.has_free_slot(lane, position);
        if is_free && began.is_none() {
            began = Some(position);
        } else if !is_free && let Some(began) = began.take() {
            due(scene, lane, (entered, began), Some(position), found);
        }
    }
    match began {
        Some(began) => due(scene, lane, (entered, began), left, found),
        None => found.is_open |= left.is_none(),
    }
}

fn due(
    scene: &Scene<'_>,
    lane: &Lane,
    (entered, began): (usize, usize),
    over: Option<usize>,
    found: &mut Found,
) {
    let matter = Matter {
        lane: Whose::Lane(lane),
        began: (began, scene.at(began)),
        over,
        bound: scene.terms.bounds.served_within_ms,
        endless: true,
    };
    let deadline = matter.deadline(scene, all_time);
    let over = over.map(|over| scene.at(over));
    found.due(scene, scene.id(entered), deadline, over);
}
