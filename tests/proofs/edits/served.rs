//! Wrong edits about demand: jobs that nobody serves, or too late, and nobody is told, or without a cause.

use fakes::history::{CallAbout, HeldBy, Lost, Origin, Signed, What};

use super::{
    Edit, Scene,
    tape::{HOUR, Job, MINUTE, Tape, about_repo},
};

/// How GitHub's own deliveries are made.
const REAL: (Origin, Signed) = (Origin::Emitted, Signed::Lab);
/// And what a job wants when it is new.
const QUEUED: (&str, Option<&str>) = ("workflow_job", Some("queued"));

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "served-or-told",
        "a job never starts",
        Scene::Plain,
        never_starts,
    ),
    Edit::of(
        "served-or-told",
        "a job starts an hour late",
        Scene::Plain,
        starts_late,
    ),
    Edit::of(
        "served-or-told",
        "a check run fails a job without a cause",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            check_run(tape, job.announced + 20, &job, "failure")
        },
    ),
    Edit::of(
        "served-or-told",
        "a check run times a job out without a cause",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            check_run(tape, job.announced + 20, &job, "timed_out")
        },
    ),
    Edit::of(
        "served-or-told",
        "a user is told after one failure that may well pass",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let about = CallAbout {
                flavor: super::tape::flavor_of(&job.labels),
                labels: job.labels.clone(),
                ..about_repo(&job.repo)
            };
            tape.call(job.announced + 10, "hf.create", "/api/jobs/lab", about, 500);
            check_run(tape, job.announced + 20, &job, "failure")
        },
    ),
    Edit::of(
        "served-or-told",
        "a user is told after three failures within a minute",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let about = CallAbout {
                flavor: super::tape::flavor_of(&job.labels),
                labels: job.labels.clone(),
                ..about_repo(&job.repo)
            };
            for second in 1..4 {
                let at = job.announced + second * 1_000;
                tape.call(at, "hf.create", "/api/jobs/lab", about.clone(), 503);
            }
            check_run(tape, job.announced + 4_000, &job, "failure")
        },
    ),
    Edit::of(
        "served-or-told",
        "a run is cancelled without a cause",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            cancel_run(tape, job.announced + 20, &job)
        },
    ),
    Edit::of(
        "served-or-told",
        "a delivery is answered with a reason that is none",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let place = tape.find(|what| matches!(what, What::DeliveryAnswered { job: Some(of), .. } if *of == job.id))?;
            let What::DeliveryAnswered { status, body, .. } = &mut tape.events[place].event else {
                return None;
            };
            *status = 422;
            *body = Some("no such flavor".to_owned());
            Some(())
        },
    ),
    Edit::of(
        "served-or-told",
        "a job more comes, and nobody serves it",
        Scene::Plain,
        one_more,
    ),
    Edit::of(
        "served-or-told",
        "GitHub takes a job back, and no runner comes again",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let hf = tape
                .hf_jobs()
                .into_iter()
                .find(|hf| hf.assigned.is_some_and(|(_, of)| of == job.id))?;
            let (at, runner) = (hf.assigned?.0, hf.runner?);
            tape.never_starts(job.id)?;
            tape.add(
                at,
                What::RunnerAssigned {
                    runner,
                    job: job.id,
                    hf_job: Some(hf.id),
                },
            );
            tape.add(
                at + 20_000,
                What::JobTakenBack {
                    job: job.id,
                    runner,
                },
            );
            tape.until(at + 3 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "no-silent-drop",
        "a job is announced and forgotten",
        Scene::Plain,
        |tape| {
            let job = forgotten(tape)?;
            tape.until(job.announced + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "no-silent-drop",
        "a job is announced again and forgotten",
        Scene::Plain,
        |tape| {
            let like = tape.first_done()?;
            let at = tape.end();
            let job = tape.queue(at, &like);
            let delivery = tape.send(at + 100, QUEUED, Some(job.id), REAL);
            let lost = What::DeliveryLost {
                delivery,
                job: Some(job.id),
                why: Lost::Refused,
                logged: true,
                seen: None,
            };
            tape.add(at + 120, lost);
            tape.deliver(
                at + MINUTE,
                QUEUED,
                Some(job.id),
                (Origin::Repeated, Signed::Lab),
                202,
            );
            tape.until(at + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "no-silent-drop",
        "nothing is done for a job",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            tape.never_was(&hf.id)?;
            let mints = ["github.jit-config", "github.registration-token"];
            tape.remove(|what| match what {
                What::CallReceived { name, .. }
                | What::CallEffect { name, .. }
                | What::CallAnswered { name, .. } => mints.contains(&name.as_str()),
                _ => false,
            });
            tape.until(hf.created + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "no-silent-drop",
        "a job of labels never seen before is forgotten",
        Scene::Plain,
        |tape| {
            let mut like = tape.first_done()?;
            like.labels = vec!["hf-jobs-l4x1".to_owned()];
            let at = tape.end();
            let job = tape.queue(at, &like);
            tape.deliver(at + 100, QUEUED, Some(job.id), REAL, 200);
            tape.until(at + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "no-silent-drop",
        "a job is forgotten until it is its turn, and after",
        Scene::Plain,
        |tape| {
            let job = forgotten(tape)?;
            let held = Some(HeldBy::MaxParallel);
            for event in &mut tape.events {
                if let What::JobQueued {
                    job: of, held_by, ..
                } = &mut event.event
                    && *of == job.id
                {
                    *held_by = held;
                }
            }
            tape.add(
                job.announced + MINUTE,
                What::JobDispatchable { job: job.id },
            );
            tape.until(job.announced + 2 * HOUR);
            Some(())
        },
    ),
];

fn never_starts(tape: &mut Tape<'_>) -> Option<()> {
    let job = tape.done()?;
    tape.never_starts(job.id)?;
    tape.until(job.announced + 2 * HOUR);
    Some(())
}

fn starts_late(tape: &mut Tape<'_>) -> Option<()> {
    let job = tape.done()?;
    tape.postpone(job.announced + 1, HOUR);
    Some(())
}

fn one_more(tape: &mut Tape<'_>) -> Option<()> {
    let like = tape.done()?;
    let at = tape.end();
    tape.queue(at, &like);
    tape.until(at + 2 * HOUR);
    Some(())
}

/// A job comes at the end, and its delivery is acknowledged.
pub(super) fn forgotten(tape: &mut Tape<'_>) -> Option<Job> {
    let like = tape.done()?;
    let at = tape.end();
    let job = tape.queue(at, &like);
    tape.deliver(at + 100, QUEUED, Some(job.id), REAL, 200);
    Some(job)
}

/// Takes out that an HF job ever ended.
pub(super) fn endless(tape: &mut Tape<'_>, id: &fakes::ids::HfJobId) -> Option<()> {
    tape.remove(|what| match what {
        What::HfStage { hf_job, stage, .. } => hf_job == id && stage.is_terminal(),
        What::RunnerExited { hf_job, .. } => hf_job == id,
        _ => false,
    })
}

/// The dispatcher puts a check run on the commit of a job.
pub(super) fn check_run(tape: &mut Tape<'_>, at: u64, job: &Job, conclusion: &str) -> Option<()> {
    let path = format!("/repos/{}/check-runs", job.repo);
    let check_run = tape.number();
    tape.act(
        at,
        "github.create-check-run",
        &path,
        about_repo(&job.repo),
        |call| What::CheckRunCreated {
            call,
            repo: job.repo.clone(),
            check_run,
            runs: vec![job.run],
            jobs: vec![job.id],
            status: "completed".to_owned(),
            conclusion: Some(conclusion.to_owned()),
        },
    );
    Some(())
}

/// The dispatcher cancels the run of a job.
pub(super) fn cancel_run(tape: &mut Tape<'_>, at: u64, job: &Job) -> Option<()> {
    let path = format!("/repos/{}/actions/runs/{}/cancel", job.repo, job.run.0);
    let about = CallAbout {
        run: Some(job.run),
        ..about_repo(&job.repo)
    };
    tape.act(at, "github.cancel-run", &path, about, |call| {
        What::RunCancelRequested {
            run: job.run,
            call: Some(call),
        }
    });
    Some(())
}
