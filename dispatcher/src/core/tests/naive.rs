//! What the tables keep in order, computed anew from everything that is known: the model that they are held to.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::core::{
    engine::{later, since},
    model::{Job, Lane, Launch, RunId, State},
    tables::{STALE_READS, Subject, Waiting},
};

/// One lane counted by looking at every job and every launch.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    wanting: Vec<Waiting>,
    queued: Vec<JobKey>,
    /// In the order in which they should go, and whether they are marked as too many.
    supply: Vec<(LaunchId, bool)>,
    names: BTreeSet<String>,
    alive: usize,
    busy: usize,
    starting: usize,
    booting: usize,
    idle_long: bool,
    stand_ins: usize,
    leaving: usize,
    trying: BTreeSet<LaunchId>,
}

fn wants(job: &Job) -> bool {
    job.status == JobStatus::Queued && !job.held && !job.late && job.unservable.is_none()
}

fn tallies(core: &Core, now: Timestamp) -> BTreeMap<Lane, Tally> {
    let mut tallies: BTreeMap<Lane, Tally> = BTreeMap::new();
    for (key, job) in core.jobs.iter() {
        let tally = tallies.entry(job.lane.clone()).or_default();
        if job.status == JobStatus::Queued {
            tally.queued.push(*key);
        }
        if wants(job) {
            let (first_seen, key, run) = (job.first_seen, *key, job.run);
            tally.wanting.push(Waiting {
                first_seen,
                key,
                run,
            });
        }
    }
    let mut order = Vec::new();
    for (id, launch) in core.launches.iter() {
        let tally = tallies.entry(launch.lane.clone()).or_default();
        if let Some(rank) = count(tally, (id, launch), now, core.settings.idle_timeout) {
            order.push((launch.lane.clone(), rank, Reverse(launch.intended_at), id));
        }
    }
    order.sort();
    for (lane, _, _, id) in order {
        let marked = core.launches[id].live.surplus_since.is_some();
        let tally = tallies.entry(lane).or_default();
        tally.supply.push((id.clone(), marked));
    }
    let alive = core.launches.values();
    let gone = alive.filter_map(|launch| Some((&launch.lane, launch.vanished_at?, &launch.runner)));
    let ended = core.ended.values();
    let gone = gone.chain(ended.filter_map(|ended| {
        let (lane, at) = ended.vanished.as_ref()?;
        Some((lane, *at, &ended.runner))
    }));
    let gone: BTreeSet<_> = gone.collect();
    for (lane, at, runner) in gone {
        let tally = tallies.entry(lane.clone()).or_default();
        let wanting = tally.wanting.iter().map(|waiting| &core.jobs[&waiting.key]);
        let unread = wanting.clone().any(|job| {
            let asked_since = job.confirmed_at.is_some_and(|asked| asked >= at);
            !asked_since && job.status_at <= at
        });
        let named = !core
            .lanes
            .book(lane)
            .is_some_and(|book| book.is_gone(runner));
        tally.stand_ins += usize::from(unread && !named && later(at, STALE_READS) > now);
    }
    for tally in tallies.values_mut() {
        tally.wanting.sort();
    }
    tallies
}

/// Counts a launch; gives its rank if it can still take a job.
fn count(
    tally: &mut Tally,
    (id, launch): (&LaunchId, &Launch),
    now: Timestamp,
    idle: Duration,
) -> Option<u8> {
    tally.alive += 1;
    tally.names.insert(launch.runner.clone());
    let rank = match &launch.state {
        State::Intended { .. } => 0,
        State::Credentialed => 1,
        State::Creating { .. } => 2,
        State::Booting { .. } => 3,
        State::Idle { since: at } => {
            tally.idle_long |= since(launch.live.online_at.unwrap_or(*at), *at) >= idle;
            4
        }
        State::Busy {
            job,
            since: at,
            done_at,
        } => {
            tally.busy += usize::from(done_at.is_none());
            let stands_in = job.is_none() && done_at.is_none();
            tally.stand_ins += usize::from(stands_in && later(*at, STALE_READS) > now);
            return None;
        }
        State::Retiring { removed, never_ran } => {
            tally.leaving += usize::from(!removed && !never_ran && !launch.live.hf_over);
            return None;
        }
    };
    if matches!(
        launch.state,
        State::Intended { .. } | State::Credentialed | State::Creating { unclear: false, .. }
    ) {
        tally.trying.insert(id.clone());
    }
    tally.starting += usize::from(rank <= 2);
    tally.booting += usize::from(rank == 3);
    Some(rank)
}

/// The jobs to launch for: those that no launch is named after first, in the order of their age.
fn choice(tally: &Tally, room: usize) -> Vec<Waiting> {
    let is_named = |waiting: &&Waiting| {
        let RunId(run) = waiting.run;
        let base = format!("hfjobs-{run}-{}", waiting.key.job);
        let suffixed = format!("{base}-");
        tally
            .names
            .iter()
            .any(|name| *name == base || name.starts_with(&suffixed))
    };
    let (named, unnamed): (Vec<_>, Vec<_>) = tally.wanting.iter().partition(is_named);
    let mut chosen: Vec<Waiting> = unnamed
        .into_iter()
        .chain(named)
        .take(room)
        .copied()
        .collect();
    chosen.sort();
    chosen
}

/// Holds every book and every index to what looking at everything gives.
pub(super) fn check(core: &mut Core, now: Timestamp) {
    for (lane, mut tally) in tallies(core, now) {
        let stand_ins = core.lanes.book_mut(&lane).stand_ins(now).0;
        let book = core.lanes.book(&lane).expect("a lane with jobs has a book");
        let mut supply = book.places();
        if core.touched.lanes.contains(&lane) {
            // Not balanced since the last change: the marks need not be the first ones.
            supply.sort();
            tally.supply.sort();
        }
        let counts = Tally {
            wanting: book.choose(usize::MAX).collect(),
            queued: book.queued().collect(),
            supply,
            names: tally.names.clone(),
            alive: book.alive(),
            busy: book.busy(),
            starting: book.starting(),
            booting: book.booting(),
            idle_long: book.idle_long(),
            stand_ins,
            leaving: book.leaving(),
            trying: book.all_trying().cloned().collect(),
        };
        assert_eq!(counts, tally, "{lane:?}");
        assert_eq!(book.supply(), tally.supply.len());
        for room in 0..=tally.wanting.len() {
            let chosen: Vec<Waiting> = book.choose(room).collect();
            assert_eq!(chosen, choice(&tally, room), "{room} of {tally:?}");
        }
    }
    check_launches(core);
    check_what_is_to_be_looked_at(core);
    let queued = |(key, job): (&JobKey, &Job)| {
        (job.status == JobStatus::Queued).then_some((job.first_seen, *key))
    };
    let mut by_age: Vec<_> = core.jobs.iter().filter_map(queued).collect();
    by_age.sort();
    assert_eq!(core.jobs.by_age().collect::<Vec<_>>(), by_age);
}

fn check_launches(core: &Core) {
    let (mut with_hf_job, mut unsteady) = (0, 0);
    for (id, launch) in core.launches.iter() {
        let is_busy = matches!(launch.state, State::Busy { .. });
        with_hf_job += usize::from(launch.hf_job.is_some());
        unsteady += usize::from(launch.hf_job.is_some() && !is_busy);
        assert!(core.launches.of_repo(launch.lane.repo).any(|of| of == id));
        assert!(core.launches.of_runner(&launch.runner).any(|of| of == id));
        if let Some(hf_job) = &launch.hf_job {
            assert!(core.launches.of_hf_job(hf_job).any(|of| of == id));
        }
        if let State::Busy { job: Some(job), .. } = launch.state {
            let repo = launch.lane.repo;
            assert!(
                core.launches
                    .of_job(JobKey { repo, job })
                    .any(|of| of == id)
            );
        }
    }
    let takes_slot = |launch: &&Launch| !launch.live.hf_over;
    assert_eq!(
        core.launches.slots(),
        core.launches.values().filter(takes_slot).count()
    );
    for repo in core.repos.keys() {
        let here = core
            .launches
            .values()
            .filter(|launch| launch.lane.repo == *repo);
        assert_eq!(
            core.launches.slots_of_repo(*repo),
            here.filter(takes_slot).count()
        );
    }
    assert_eq!(core.launches.with_hf_job(), with_hf_job);
    assert_eq!(core.launches.unsteady(), unsteady);
}

/// What is gone neither wakes the core nor is looked at, and a lane is starved only while it wants something.
fn check_what_is_to_be_looked_at(core: &Core) {
    for subject in core.due.subjects().chain(core.overdue.subjects()) {
        let known = match subject {
            Subject::Repo(id) => core.repos.contains_key(id),
            Subject::Lane(lane) => core.lanes.get(lane).is_some(),
            Subject::Launch(id) => core.launches.contains_key(id),
            Subject::Job(key) => core.jobs.contains_key(key),
        };
        assert!(known, "{subject:?} is due and gone");
    }
    let looked_at = |lane: &&Lane| !core.touched.lanes.contains(*lane);
    for lane in core.starved.iter().filter(looked_at) {
        let book = core.lanes.book(lane).expect("a starved lane has a book");
        assert!(book.wanting() > 0, "{lane:?} is starved and wants nothing");
    }
}
