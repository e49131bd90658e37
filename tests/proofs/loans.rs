//! What random histories with recorded jobs contain: without a loan, a loan undone, or a verdict that hangs on one, two
//! judges could agree about recorded jobs and both be wrong.

use std::collections::BTreeSet;

use dispatchlab::{properties::Terms, run::terms_of};
use fakes::history::Event;

use crate::{
    oracles::{self, Said},
    plans,
    scene::{Job, Loan, Scene},
};

/// Over so many seeds all of it happens.
const SEEDS: u64 = 400;

/// Histories of more events are left out.
const EVENTS_MAX: usize = 1_200;

/// How often something happened, and in which seed it did first.
#[derive(Debug, Default)]
struct Count(usize, Option<u64>);

impl Count {
    fn add(&mut self, seed: u64, times: usize) {
        self.0 += times;
        if times > 0 {
            self.1.get_or_insert(seed);
        }
    }
}

/// What was seen in the histories with recorded jobs.
#[derive(Debug, Default)]
struct Seen {
    plans: Count,
    loans: Count,
    undone: Count,
    /// Another job that was lent one started on it: the two change places.
    swapped: Count,
    /// A job of another lane started on it: the demand counts anew.
    lost: Count,
    /// Never lent one, and open for longer than a job may wait.
    late: Count,
    /// Lent twice, one after another, to different jobs.
    lent_again: Count,
    /// To a job of which a loan was undone before.
    renewed: Count,
    /// Jobs that no recording starts, in a lane with recorded ones.
    beside: Count,
    /// Verdicts of served-or-told that would be others if nothing were lent.
    told_apart: Count,
}

impl Seen {
    fn see(&mut self, seed: u64, events: &[Event], terms: &Terms) {
        let scene = Scene::read(events, terms);
        self.plans.add(seed, 1);
        self.loans.add(seed, scene.loans.len());
        let such = |is: fn(&&Loan) -> bool| scene.loans.iter().filter(is).count();
        self.undone.add(seed, such(|loan| loan.undone));
        self.swapped.add(seed, such(|loan| loan.hf_jobs.len() > 1));
        self.lost.add(seed, such(|loan| loan.lost));
        self.late.add(seed, late(&scene));
        let (again, renewed) = pairs(&scene.loans);
        self.lent_again.add(seed, again);
        self.renewed.add(seed, renewed);
        self.beside.add(seed, beside(&scene));
        let without = Terms {
            recorded_jobs: BTreeSet::new(),
            ..terms.clone()
        };
        let alone = Scene::read(events, &without);
        let differs = served_or_told(&scene) != served_or_told(&alone);
        self.told_apart.add(seed, usize::from(differs));
    }
}

fn late(scene: &Scene<'_>) -> usize {
    let is_late = |job: &&Job| {
        job.demands.iter().any(|demand| {
            let over = demand.gone.map_or(scene.end(), |gone| gone.at);
            over > demand.at + scene.terms.bounds.served_within_ms
                && !scene.loans.iter().any(|loan| loan.job == job.id)
        })
    };
    let recorded = scene.jobs.values().filter(|job| scene.is_recorded(job));
    recorded
        .filter(|job| job.lane.is_some())
        .filter(is_late)
        .count()
}

/// Loans of an HF job that was lent to another job before, and loans to a job of which one was undone before.
fn pairs(loans: &[Loan]) -> (usize, usize) {
    let follows = |is_such: &dyn Fn(&Loan, &Loan) -> bool| {
        let places = loans.iter().enumerate();
        places
            .filter(|(place, loan)| loans[..*place].iter().any(|before| is_such(before, loan)))
            .count()
    };
    let again = follows(&|before, loan| {
        let (_, first) = &loan.hf_jobs[0];
        let had = before.hf_jobs.iter().any(|(_, had)| had == first);
        had && before.job != loan.job
    });
    let renewed = follows(&|before, loan| before.undone && before.job == loan.job);
    (again, renewed)
}

fn beside(scene: &Scene<'_>) -> usize {
    let recorded = |lane| scene.jobs_of(lane).any(|job| scene.is_recorded(job));
    let lanes = scene.lanes.iter().filter(|lane| recorded(lane));
    lanes
        .flat_map(|lane| scene.jobs_of(lane))
        .filter(|job| !scene.is_recorded(job))
        .count()
}

fn served_or_told(scene: &Scene<'_>) -> Said {
    let mut all = oracles::ALL.iter();
    let (_, judge) = all
        .find(|(name, _)| *name == "served-or-told")
        .expect("a second judge of it");
    judge(scene).says()
}

#[test]
fn recorded_jobs_are_lent_hf_jobs_in_all_the_ways_there_are() {
    let mut seen = Seen::default();
    for seed in 1..=SEEDS {
        let random = plans::random(seed);
        let terms = terms_of(&random.plan);
        if terms.recorded_jobs.is_empty() {
            continue;
        }
        let events = random.run().events;
        if events.len() <= EVENTS_MAX {
            seen.see(seed, &events, &terms);
        }
    }
    let share = seen.plans.0 as u64 * 100 / SEEDS;
    assert!((10..=25).contains(&share), "{share} %: {seen:#?}");
    let all = [
        &seen.loans,
        &seen.undone,
        &seen.swapped,
        &seen.lost,
        &seen.late,
        &seen.lent_again,
        &seen.renewed,
        &seen.beside,
        &seen.told_apart,
    ];
    assert!(all.iter().all(|count| count.0 > 0), "{seen:#?}");
    println!("{seen:#?}");
}
