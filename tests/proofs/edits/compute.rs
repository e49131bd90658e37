//! Wrong edits about HF jobs that are one too many: for a job, or for what is over.

use fakes::history::{Origin, Signed, Stage, StageCause};

use super::{
    Edit, Scene,
    served::{cancel_run, check_run},
    tape::{Hf, Job, MINUTE, Tape, created},
};

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "at-most-one",
        "a second create for one job",
        Scene::Plain,
        |tape| {
            let (hf, job) = its_first(tape)?;
            let second = tape.create(hf.created + 1_000, &job);
            tape.cancels(hf.created + MINUTE, &second.id);
            Some(())
        },
    ),
    Edit::of(
        "at-most-one",
        "a schedule creates a second HF job",
        Scene::Plain,
        |tape| {
            let (hf, _) = its_first(tape)?;
            let second = Hf {
                id: tape.hf_id(),
                name: None,
                ..hf
            };
            tape.add(hf.created + 1_000, created(&second, None));
            tape.ends(
                hf.created + MINUTE,
                &second.id,
                Stage::Completed,
                StageCause::Exit,
            );
            Some(())
        },
    ),
    Edit::of(
        "at-most-one",
        "a create for a job that has been served",
        Scene::Plain,
        |tape| {
            let job = last_done(tape)?;
            let second = tape.create(job.completed? + 10_000, &job);
            tape.cancels(job.completed? + MINUTE, &second.id);
            Some(())
        },
    ),
    Edit::of(
        "at-most-one",
        "a second create that hides its lane",
        Scene::Plain,
        |tape| {
            let (hf, _) = its_first(tape)?;
            let second = Hf {
                id: tape.hf_id(),
                name: None,
                repo: None,
                labels: Vec::new(),
                ..hf
            };
            tape.create_as(hf.created + 1_000, &second);
            tape.cancels(hf.created + MINUTE, &second.id);
            Some(())
        },
    ),
    Edit::of(
        "at-most-one",
        "three HF jobs are burnt before the one that serves",
        Scene::Plain,
        |tape| {
            let (hf, job) = its_first(tape)?;
            for number in 1..4 {
                let burnt = tape.create(hf.created + number * 1_000, &job);
                tape.cancels(hf.created + number * 1_000 + 10_000, &burnt.id);
            }
            Some(())
        },
    ),
    Edit::of(
        "at-most-one",
        "a third create for two jobs",
        Scene::Pair,
        |tape| {
            let (hf, job) = its_first(tape)?;
            let third = tape.create(hf.created + 10_000, &job);
            tape.cancels(hf.created + MINUTE, &third.id);
            Some(())
        },
    ),
    Edit::of(
        "monotone-state",
        "a create long after the job's end",
        Scene::Plain,
        |tape| {
            let job = last_done(tape)?;
            let late = tape.create(job.completed? + 10 * MINUTE, &job);
            tape.cancels(job.completed? + 11 * MINUTE, &late.id);
            Some(())
        },
    ),
    Edit::of(
        "monotone-state",
        "a create on a late delivery",
        Scene::Plain,
        |tape| {
            let job = last_done(tape)?;
            let at = job.completed? + 5 * MINUTE;
            let queued = ("workflow_job", Some("queued"));
            tape.deliver(
                at,
                queued,
                Some(job.id),
                (Origin::Repeated, Signed::Lab),
                200,
            );
            let late = tape.create(at + 1_000, &job);
            tape.ends(at + MINUTE, &late.id, Stage::Error, StageCause::Platform);
            Some(())
        },
    ),
    Edit::of(
        "monotone-state",
        "a run is cancelled after its end",
        Scene::Plain,
        |tape| {
            let job = last_done(tape)?;
            cancel_run(tape, job.completed? + 5 * MINUTE, &job)
        },
    ),
    Edit::of(
        "monotone-state",
        "a check run fails a job after its end",
        Scene::Plain,
        |tape| {
            let job = last_done(tape)?;
            check_run(tape, job.completed? + 5 * MINUTE, &job, "failure")
        },
    ),
    Edit::of(
        "monotone-state",
        "a check run praises a job after its end",
        Scene::Two,
        |tape| {
            let job = tape.done()?;
            check_run(tape, job.completed? + 5 * MINUTE, &job, "success")
        },
    ),
];

/// The HF job that was created first for a lane, and a job of it.
fn its_first(tape: &Tape<'_>) -> Option<(Hf, Job)> {
    let hf = tape.worked()?;
    let job = tape
        .jobs()
        .into_iter()
        .find(|job| hf.assigned.is_some_and(|(_, of)| of == job.id))?;
    Some((hf, job))
}

/// The job that ended last.
fn last_done(tape: &Tape<'_>) -> Option<Job> {
    let jobs = tape.jobs().into_iter();
    jobs.filter(|job| job.started.is_some())
        .max_by_key(|job| job.completed)
}
