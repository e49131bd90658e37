//! Runs cut short: before a bound is over nobody can say whether its rule was kept, a millisecond later it is broken, and
//! what was broken before stays broken.

use fakes::{
    history::{Conclusion, What},
    ids::HfJobId,
};

use super::{
    Edit, Scene,
    ends::{gone, minted},
    served::{endless, forgotten},
    tape::{HOUR, Job, MINUTE, Tape},
};

/// The bounds, unless a scene says otherwise.
const SERVED: u64 = 30 * MINUTE;
const RECLAIMED: u64 = 20 * MINUTE;

/// Does the same edit twice: cut as its bound is over, and a millisecond later.
macro_rules! at_the_bound {
    ($edit:path) => {
        [|tape| $edit(tape, 0), |tape| $edit(tape, 1)]
    };
}

const WAITS: [super::Does; 2] = at_the_bound!(a_job_waits);
const AGAIN: [super::Does; 2] = at_the_bound!(a_job_waits_again);
const SHORT: [super::Does; 2] = at_the_bound!(a_lane_is_short);
const IDLE: [super::Does; 2] = at_the_bound!(an_hf_job_idles);
const LEFT: [super::Does; 2] = at_the_bound!(a_registration_is_left);
const MINTED: [super::Does; 2] = at_the_bound!(a_registration_is_minted);
const FORGOTTEN: [super::Does; 2] = at_the_bound!(a_job_is_forgotten);
const LOST: [super::Does; 2] = at_the_bound!(a_lost_job_is_not_found);
const KEPT: [super::Does; 2] = at_the_bound!(a_lost_end_is_not_found);
const BESIDE: [super::Does; 2] = at_the_bound!(a_job_waits_beside);

pub(super) const CUTS: &[Edit] = &[
    Edit::of(
        "served-or-told",
        "cut short as a job's bound is over",
        Scene::Plain,
        WAITS[0],
    ),
    Edit::of(
        "served-or-told",
        "cut short as a re-run's bound is over",
        Scene::Rerun,
        AGAIN[0],
    ),
    Edit::of(
        "served-or-told",
        "cut short while a job boots",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            tape.stops(job.started?.checked_sub(1)?);
            Some(())
        },
    ),
    Edit::of(
        "served-or-told",
        "cut short while no slot is free",
        Scene::Turns,
        |tape| {
            let jobs = tape.jobs().into_iter().filter(|job| job.started.is_some());
            let last = jobs.max_by_key(|job| job.started)?;
            tape.stops(last.announced + 1);
            Some(())
        },
    ),
    Edit::of(
        "served-or-told",
        "cut short past the bound, while a fault that the user may yet be told of strikes",
        Scene::Iso,
        |tape| {
            let job = tape.jobs().into_iter().min_by_key(|job| job.announced)?;
            tape.stops(job.announced + SERVED + 5 * MINUTE);
            Some(())
        },
    ),
    Edit::of(
        "served-or-told",
        "the dispatcher never comes back to a job that waits",
        Scene::Crash,
        |tape| {
            never_back(tape)?;
            tape.until(tape.end() + 5 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "supply-covers-demand",
        "cut short as the bound of a lane's shortage is over",
        Scene::Pair,
        SHORT[0],
    ),
    Edit::of(
        "supply-covers-demand",
        "cut short while two jobs more have no HF job",
        Scene::Pair,
        |tape| {
            let like = tape.first_done()?;
            let at = tape.end();
            for _ in 0..2 {
                tape.queue(at, &like);
            }
            tape.stops(at + SERVED / 2);
            Some(())
        },
    ),
    Edit::of(
        "supply-covers-demand",
        "cut short while no slot is free for a lane",
        Scene::Caps,
        |tape| {
            let last = tape.hf_jobs().iter().map(|hf| hf.created).max()?;
            tape.stops(last.checked_sub(1)?);
            Some(())
        },
    ),
    Edit::of(
        "supply-covers-demand",
        "the dispatcher never comes back to a lane that is short",
        Scene::Crash,
        |tape| {
            never_back(tape)?;
            tape.until(tape.end() + 5 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "no-leak",
        "cut short as the bound of an idle HF job is over",
        Scene::Plain,
        IDLE[0],
    ),
    Edit::of(
        "no-leak",
        "cut short as the bound of a registration is over",
        Scene::Plain,
        LEFT[0],
    ),
    Edit::of(
        "no-leak",
        "cut short as the bound of a minted registration is over",
        Scene::Plain,
        MINTED[0],
    ),
    Edit::of(
        "no-leak",
        "cut short in the moment in which a job that waits is cancelled",
        Scene::Cancel,
        as_it_is_cancelled,
    ),
    Edit::of(
        "cancel-before-start",
        "cut short in the moment in which a job that waits is cancelled",
        Scene::Cancel,
        as_it_is_cancelled,
    ),
    Edit::of(
        "no-leak",
        "the dispatcher never comes back to an HF job that idles",
        Scene::Crash,
        |tape| {
            let (job, hf_job) = never_back(tape)?;
            let runner = tape
                .hf_jobs()
                .into_iter()
                .find(|hf| hf.id == hf_job)?
                .runner;
            let what = What::JobCompleted {
                job,
                conclusion: Conclusion::Success,
                runner,
            };
            tape.add(tape.end() + MINUTE, what);
            tape.until(tape.end() + 5 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "no-silent-drop",
        "cut short as the bound of a job that is announced is over",
        Scene::Plain,
        FORGOTTEN[0],
    ),
    Edit::of(
        "reconcile",
        "cut short as the bound of a lost `queued` is over",
        Scene::LostQueued,
        LOST[0],
    ),
    Edit::of(
        "reconcile",
        "cut short as the bound of a lost `completed` is over",
        Scene::LostCompleted,
        KEPT[0],
    ),
    Edit::of(
        "isolation",
        "cut short as the bound of a job beside a broken one is over",
        Scene::Iso,
        BESIDE[0],
    ),
    Edit::of(
        "attempts",
        "cut short as the bound of a re-run is over",
        Scene::Rerun,
        AGAIN[0],
    ),
    Edit::of(
        "restart-safe",
        "cut short as the dispatcher has just come back",
        Scene::Crash,
        |tape| {
            let started = |what: &What| matches!(what, What::DispatcherStarted {});
            let back = tape
                .events
                .iter()
                .rev()
                .find(|event| started(&event.event))?;
            tape.stops(back.at_ms + 1_000);
            Some(())
        },
    ),
];

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "served-or-told",
        "cut short a millisecond after a job's bound",
        Scene::Plain,
        WAITS[1],
    ),
    Edit::of(
        "served-or-told",
        "cut short a millisecond after a re-run's bound",
        Scene::Rerun,
        AGAIN[1],
    ),
    Edit::of(
        "served-or-told",
        "a job starts an hour late, and the run is cut short while another waits",
        Scene::Two,
        |tape| {
            let first = tape.first_done()?;
            let next = next_of_its_lane(tape, &first)?;
            tape.postpone(first.announced + 1, HOUR);
            tape.stops(next.announced + HOUR + 1_000);
            Some(())
        },
    ),
    Edit::of(
        "supply-covers-demand",
        "cut short a millisecond after the bound of a lane's shortage",
        Scene::Pair,
        SHORT[1],
    ),
    Edit::of(
        "supply-covers-demand",
        "a lane is short for two hours, and the run is cut short while two jobs more come",
        Scene::Pair,
        |tape| {
            let hf = tape.worked()?;
            let like = tape.first_done()?;
            tape.never_was(&hf.id)?;
            let at = hf.created + 2 * HOUR;
            for _ in 0..2 {
                tape.queue(at, &like);
            }
            tape.stops(at + MINUTE);
            Some(())
        },
    ),
    Edit::of(
        "no-leak",
        "cut short a millisecond after the bound of an idle HF job",
        Scene::Plain,
        IDLE[1],
    ),
    Edit::of(
        "no-leak",
        "cut short a millisecond after the bound of a registration",
        Scene::Plain,
        LEFT[1],
    ),
    Edit::of(
        "no-leak",
        "cut short a millisecond after the bound of a minted registration",
        Scene::Plain,
        MINTED[1],
    ),
    Edit::of(
        "no-leak",
        "an HF job idles for an hour, and the run is cut short while another has just begun to",
        Scene::Two,
        |tape| {
            let first = tape.first_done()?;
            let hf = tape.worked()?;
            let next = next_of_its_lane(tape, &first)?;
            endless(tape, &hf.id)?;
            endless(tape, &the_last(tape)?.1)?;
            tape.stops(next.completed?);
            Some(())
        },
    ),
    Edit::of(
        "no-silent-drop",
        "cut short a millisecond after the bound of a job that is announced",
        Scene::Plain,
        FORGOTTEN[1],
    ),
    Edit::of(
        "reconcile",
        "cut short a millisecond after the bound of a lost `queued`",
        Scene::LostQueued,
        LOST[1],
    ),
    Edit::of(
        "reconcile",
        "cut short a millisecond after the bound of a lost `completed`",
        Scene::LostCompleted,
        KEPT[1],
    ),
    Edit::of(
        "isolation",
        "cut short a millisecond after the bound of a job beside a broken one",
        Scene::Iso,
        BESIDE[1],
    ),
    Edit::of(
        "attempts",
        "cut short a millisecond after the bound of a re-run",
        Scene::Rerun,
        AGAIN[1],
    ),
];

/// A job that does not start has waited for its whole bound, and this much more.
fn a_job_waits(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let job = tape.done()?;
    waits(tape, &job, more)
}

fn a_job_waits_again(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let jobs = tape.jobs().into_iter();
    let job = tape.pick(
        jobs.filter(|job| job.attempt > 1 && job.started.is_some())
            .collect(),
    )?;
    waits(tape, &job, more)
}

fn a_job_waits_beside(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let job = super::lanes::beside(tape)?;
    waits(tape, &job, more)
}

fn waits(tape: &mut Tape<'_>, job: &Job, more: u64) -> Option<()> {
    tape.never_starts(job.id)?;
    let at = job.announced + tape.served_within() + more;
    tape.until(at);
    tape.stops(at);
    Some(())
}

/// Of two jobs one has no HF job.
fn a_lane_is_short(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let hf = tape.worked()?;
    let jobs = tape.jobs();
    let its = jobs.iter().find(|job| job.labels == hf.labels)?;
    tape.never_was(&hf.id)?;
    let at = its.announced + tape.served_within() + more;
    tape.until(at);
    tape.stops(at);
    Some(())
}

fn an_hf_job_idles(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let (job, hf) = the_last(tape)?;
    endless(tape, &hf)?;
    let at = job.completed? + RECLAIMED + more;
    tape.until(at);
    tape.stops(at);
    Some(())
}

fn a_registration_is_left(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let hf = tape.worked()?;
    gone(tape, &hf)?;
    let at = hf.ended? + RECLAIMED + more;
    tape.until(at);
    tape.stops(at);
    Some(())
}

fn a_registration_is_minted(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let job = tape.done()?;
    let at = tape.end();
    minted(tape, at, &job);
    tape.until(at + RECLAIMED + more);
    tape.stops(at + RECLAIMED + more);
    Some(())
}

fn a_job_is_forgotten(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let job = forgotten(tape)?;
    let answered = tape.events.iter().rev().find(
        |event| matches!(event.event, What::DeliveryAnswered { job: Some(of), .. } if of == job.id),
    )?;
    let at = answered.at_ms + tape.served_within() + more;
    tape.until(at);
    tape.stops(at);
    Some(())
}

fn a_lost_job_is_not_found(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    let hf = tape.worked()?;
    let lost = lost(tape, "queued")?;
    tape.never_was(&hf.id)?;
    let at = lost + tape.served_within() + more;
    tape.until(at);
    tape.stops(at);
    Some(())
}

fn a_lost_end_is_not_found(tape: &mut Tape<'_>, more: u64) -> Option<()> {
    lost(tape, "completed")?;
    an_hf_job_idles(tape, more)
}

fn as_it_is_cancelled(tape: &mut Tape<'_>) -> Option<()> {
    let jobs = tape.jobs().into_iter();
    let over = |job: Job| job.completed.filter(|_| job.started.is_none());
    let at = tape.pick(jobs.filter_map(over).collect())?;
    tape.stops(at);
    Some(())
}

/// When a delivery with this action was lost.
fn lost(tape: &Tape<'_>, wanted: &str) -> Option<u64> {
    let of_action = |event: &&fakes::history::Event| matches!(&event.event, What::DeliveryCreated { action: Some(action), .. } if action == wanted);
    let created = tape.events.iter().find(of_action)?;
    let What::DeliveryCreated { delivery: lost, .. } = created.event else {
        return None;
    };
    tape.events.iter().find_map(|event| match event.event {
        What::DeliveryLost { delivery, .. } if delivery == lost => Some(event.at_ms),
        _ => None,
    })
}

/// The job that ended last, and the HF job it was on.
fn the_last(tape: &Tape<'_>) -> Option<(Job, HfJobId)> {
    let jobs = tape.jobs().into_iter();
    let job = jobs
        .filter(|job| job.started.is_some())
        .max_by_key(|job| job.completed)?;
    let hf = tape
        .hf_jobs()
        .into_iter()
        .find(|hf| hf.assigned.is_some_and(|(_, of)| of == job.id) && hf.ended.is_some())?;
    Some((job, hf.id))
}

/// The job of a lane that came after this one was over.
fn next_of_its_lane(tape: &Tape<'_>, first: &Job) -> Option<Job> {
    let over = first.completed?;
    tape.jobs()
        .into_iter()
        .find(|job| job.announced > over && job.labels == first.labels)
}

/// Ends the history in the outage, with a job that waits; gives the job that is being run, and the HF job it is on.
fn never_back(tape: &mut Tape<'_>) -> Option<(fakes::ids::JobId, HfJobId)> {
    let crashed = tape.events.iter().find_map(|event| {
        matches!(event.event, What::DispatcherCrashed {}).then_some(event.at_ms)
    })?;
    let (hf, job, _) = tape.busy()?;
    let waits = tape
        .jobs()
        .into_iter()
        .find(|job| job.announced > crashed)?;
    tape.stops(waits.announced);
    Some((job.id, hf.id))
}
