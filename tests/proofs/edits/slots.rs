//! Edits about slots: HF jobs above a cap, the last slot for somebody who came much later, and their neighbours within the
//! rule.

use fakes::history::{Stage, StageCause, What};

use super::{
    Edit, Scene,
    served::endless,
    tape::{Hf, Job, MINUTE, Tape, created, flavor_of},
};

const CAPS: &str = "caps-and-slots";

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        CAPS,
        "a third HF job under a cap of two",
        Scene::Caps,
        above_the_cap,
    ),
    Edit::of(
        CAPS,
        "a third HF job of a repository under a cap of two",
        Scene::CapsOfRepo,
        above_the_cap,
    ),
    Edit::of(
        CAPS,
        "a third HF job of a flavor under a cap of two",
        Scene::CapsOfFlavor,
        above_the_cap,
    ),
    Edit::of(
        CAPS,
        "an HF job lives on as the next is created",
        Scene::Caps,
        lives_on,
    ),
    Edit::of(
        CAPS,
        "an HF job of a repository lives on as the next is created",
        Scene::CapsOfRepo,
        lives_on,
    ),
    Edit::of(
        CAPS,
        "two HF jobs of a flavor live on as a third is created",
        Scene::CapsOfFlavor,
        |tape| after_its_last(tape, 2),
    ),
    Edit::of(
        CAPS,
        "the only slot goes to a job that came much later, of a lane that had it before",
        Scene::Turns,
        |tape| {
            let turn = Turn::of(tape)?;
            turn.goes_to(tape, &turn.late);
            Some(())
        },
    ),
    Edit::of(
        CAPS,
        "the only slot goes to a lane that never was before",
        Scene::Turns,
        |tape| {
            let turn = Turn::of(tape)?;
            let newcomer = turn.newcomer(tape, HALF_AN_HOUR + 1);
            turn.goes_to(tape, &newcomer);
            Some(())
        },
    ),
    Edit::of(
        CAPS,
        "the only slot goes to a job of the same flavor that came much later, in another repository",
        Scene::Turns,
        |tape| {
            let turn = Turn::of(tape)?;
            let elsewhere = Job {
                labels: turn.waits.labels.clone(),
                ..turn.late.clone()
            };
            let newcomer = tape.queue(turn.waits.announced + HALF_AN_HOUR + 1, &elsewhere);
            turn.goes_to(tape, &newcomer);
            Some(())
        },
    ),
];

/// `served_within`, unless a scene says otherwise.
const HALF_AN_HOUR: u64 = 30 * MINUTE;

pub(super) const NEIGHBOURS: &[Edit] = &[
    Edit::of(
        CAPS,
        "a third HF job in the moment in which the first ends",
        Scene::Caps,
        |tape| {
            let job = tape.done()?;
            let ended = tape.hf_jobs().iter().filter_map(|hf| hf.ended).min()?;
            let third = tape.create(ended, &job);
            tape.ends(ended, &third.id, Stage::Error, StageCause::Platform);
            Some(())
        },
    ),
    Edit::of(
        CAPS,
        "one HF job of a flavor lives on as a third is created",
        Scene::CapsOfFlavor,
        |tape| after_its_last(tape, 1),
    ),
    Edit::of(
        CAPS,
        "a schedule creates a third HF job under a cap of two",
        Scene::Caps,
        |tape| {
            let (of_flavor, _) = its_flavor(tape)?;
            let second = of_flavor.into_iter().nth(1)?;
            let third = Hf {
                id: tape.hf_id(),
                name: None,
                ..second
            };
            let at = third.created + 1_000;
            tape.add(at, created(&third, None));
            tape.ends(at + MINUTE, &third.id, Stage::Completed, StageCause::Exit);
            Some(())
        },
    ),
    Edit::of(
        CAPS,
        "a third HF job under a cap of two of each repository, in another one",
        Scene::CapsOfRepo,
        |tape| {
            let (of_flavor, job) = its_flavor(tape)?;
            let elsewhere = Job {
                repo: "octo/other".to_owned(),
                ..job
            };
            let at = of_flavor.get(1)?.created + 1_000;
            let third = tape.create(at, &elsewhere);
            tape.cancels(at + MINUTE, &third.id);
            Some(())
        },
    ),
    Edit::of(
        CAPS,
        "an HF job of another flavor while a third job of the first waits",
        Scene::CapsOfFlavor,
        |tape| {
            let (of_flavor, job) = its_flavor(tape)?;
            let at = of_flavor.get(1)?.created + 1_000;
            tape.queue(at, &job);
            let other = Job {
                labels: vec!["hf-jobs-l4x1".to_owned()],
                ..job
            };
            let third = tape.create(at, &other);
            tape.cancels(at + MINUTE, &third.id);
            Some(())
        },
    ),
    Edit::of(
        CAPS,
        "the only slot goes to a job that came later, by no more than a job may wait",
        Scene::Turns,
        |tape| {
            let turn = Turn::of(tape)?;
            let newcomer = turn.newcomer(tape, HALF_AN_HOUR);
            turn.goes_to(tape, &newcomer);
            Some(())
        },
    ),
    Edit::of(
        CAPS,
        "the only slot goes to a job that came much later, after an outage in the other's time",
        Scene::Turns,
        |tape| {
            let turn = Turn::of(tape)?;
            let at = turn.waits.announced + MINUTE;
            tape.add(at, What::DispatcherStopped {});
            tape.add(at + 1_000, What::DispatcherStarted {});
            turn.goes_to(tape, &turn.late);
            Some(())
        },
    ),
    Edit::of(
        CAPS,
        "the only slot goes to a job that came much later, once the other's HF job failed as it booted",
        Scene::Turns,
        |tape| {
            let turn = Turn::of(tape)?;
            turn.goes_to(tape, &turn.late);
            let booting = tape.create(turn.free + 1_000, &turn.waits);
            tape.ends(
                turn.free + 2_000,
                &booting.id,
                Stage::Error,
                StageCause::Platform,
            );
            Some(())
        },
    ),
];

/// The HF jobs of a job's flavor in the order of their creation, and the job.
fn its_flavor(tape: &Tape<'_>) -> Option<(Vec<Hf>, Job)> {
    let job = tape.done()?;
    let flavor = flavor_of(&job.labels)?;
    let all = tape.hf_jobs().into_iter();
    let mut of_flavor: Vec<Hf> = all.filter(|hf| hf.flavor == flavor).collect();
    of_flavor.sort_by_key(|hf| hf.created);
    Some((of_flavor, job))
}

/// Creates an HF job while there are two.
fn above_the_cap(tape: &mut Tape<'_>) -> Option<()> {
    let (of_flavor, job) = its_flavor(tape)?;
    let at = of_flavor.get(1)?.created + 1_000;
    let third = tape.create(at, &job);
    tape.cancels(at + MINUTE, &third.id);
    Some(())
}

/// Lets the first HF job live to the end.
fn lives_on(tape: &mut Tape<'_>) -> Option<()> {
    let hf = tape.hf_jobs().into_iter().min_by_key(|hf| hf.ended)?;
    endless(tape, &hf.id)?;
    tape.ends(tape.end(), &hf.id, Stage::Canceled, StageCause::Cancel);
    Some(())
}

/// Lets so many HF jobs of a flavor live to the end, waits for the others, and creates one more for one job more.
fn after_its_last(tape: &mut Tape<'_>, live_on: usize) -> Option<()> {
    let (of_flavor, job) = its_flavor(tape)?;
    let at = of_flavor.iter().filter_map(|hf| hf.ended).max()? + 1_000;
    for hf in of_flavor.get(..live_on)? {
        endless(tape, &hf.id)?;
    }
    for _ in 0..2 {
        tape.queue(at, &job);
    }
    tape.create(at, &job);
    Some(())
}

/// One slot is about to be free, and somebody has waited long for it.
struct Turn {
    /// When it is free.
    free: u64,
    /// The job whose turn it is.
    waits: Job,
    /// A job that came more than half an hour later.
    late: Job,
}

impl Turn {
    fn of(tape: &Tape<'_>) -> Option<Self> {
        tape.plan.world.dispatcher.caps.total?;
        let free = tape.hf_jobs().iter().filter_map(|hf| hf.ended).min()?;
        let waiting = |job: &Job| {
            let still = job.started.is_none_or(|started| started > free);
            job.announced < free && still
        };
        let mut waiting: Vec<Job> = tape.jobs().into_iter().filter(waiting).collect();
        waiting.sort_by_key(|job| job.announced);
        let (waits, late) = (waiting.first()?.clone(), waiting.last()?.clone());
        let is_later = late.announced > waits.announced + HALF_AN_HOUR;
        is_later.then_some(Self { free, waits, late })
    }

    /// A job of a lane that never was before comes so long after the one that waits.
    fn newcomer(&self, tape: &mut Tape<'_>, later: u64) -> Job {
        let like = Job {
            labels: vec!["hf-jobs-l4x1".to_owned()],
            ..self.late.clone()
        };
        tape.queue(self.waits.announced + later, &like)
    }

    /// For some minutes the slot is this job's.
    fn goes_to(&self, tape: &mut Tape<'_>, job: &Job) {
        tape.postpone(self.free + 1, 10 * MINUTE);
        let hf = tape.create(self.free + MINUTE, job);
        tape.cancels(self.free + 9 * MINUTE, &hf.id);
    }
}
