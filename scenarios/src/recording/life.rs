//! The life of a job as its deliveries tell it: `waiting`, `queued`, `in_progress`, `completed`.

use std::{collections::BTreeMap, time::Duration};

use super::{Delivery, learned::told};

/// Where in a job's life a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) job: u64,
    /// From 0; an action that GitHub does not document comes last.
    pub(super) rank: u8,
}

impl Moment {
    /// Of a payload, if it is about a job.
    pub(super) fn of(payload: &str) -> Option<Self> {
        let told = told(payload)?;
        Some(Self {
            job: told.job(),
            rank: rank(&told.action),
        })
    }
}

/// The place of an action in a job's life.
pub(super) fn rank(action: &str) -> u8 {
    match action {
        "waiting" => 0,
        "queued" => 1,
        "in_progress" => 2,
        "completed" => 3,
        _ => 4,
    }
}

/// Puts deliveries into the order of their times. Recorded times are often whole seconds: those of one job at one time
/// come in the order of its life, a first attempt before its redelivery. Offsets that somebody wrote are as exact as he meant
/// them, and his order stays.
pub(super) fn put_in_order(deliveries: &mut [Delivery]) {
    deliveries.sort_by_key(|delivery| delivery.offset);
    let mut from = 0;
    while from < deliveries.len() {
        let time: Duration = deliveries[from].offset;
        let to = from + deliveries[from..].partition_point(|delivery| delivery.offset == time);
        order_lives(&mut deliveries[from..to]);
        from = to;
    }
}

/// Orders the deliveries of each job among the places they have; all others stay where they are.
fn order_lives(at_once: &mut [Delivery]) {
    let mut places: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (place, delivery) in at_once.iter().enumerate() {
        if let Some(moment) = delivery.moment.filter(|_| !delivery.is_offset_written()) {
            places.entry(moment.job).or_default().push(place);
        }
    }
    for places in places.values().filter(|places| places.len() > 1) {
        let mut of_one: Vec<Delivery> = places.iter().map(|at| at_once[*at].clone()).collect();
        of_one.sort_by_key(|delivery| {
            let rank = delivery.moment.map(|moment| moment.rank);
            (rank, delivery.redelivery)
        });
        for (place, delivery) in places.iter().zip(of_one) {
            at_once[*place] = delivery;
        }
    }
}
