//! Wrong edits about lanes: supply that falls short, lanes that others delay, re-runs, and what a lost delivery would have told.

use fakes::history::{CallAbout, Lost, Origin, Removal, Signed, Stage, StageCause, What};

use super::{
    Edit, Scene,
    served::endless,
    tape::{HOUR, Job, MINUTE, Tape, about_repo},
};

/// What a job wants when it is new.
const QUEUED: (&str, Option<&str>) = ("workflow_job", Some("queued"));

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "supply-covers-demand",
        "of two jobs one gets no HF job",
        Scene::Pair,
        |tape| {
            let hf = tape.worked()?;
            tape.never_was(&hf.id)?;
            tape.until(hf.created + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "supply-covers-demand",
        "an HF job fails as it boots, and none replaces it",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            tape.never_was(&hf.id)?;
            let job = tape
                .jobs()
                .into_iter()
                .find(|job| job.labels == hf.labels)?;
            let lost = tape.create(hf.created, &job);
            tape.ends(
                hf.created + MINUTE,
                &lost.id,
                Stage::Error,
                StageCause::Platform,
            );
            tape.until(hf.created + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "supply-covers-demand",
        "two jobs more come, and one runner",
        Scene::Plain,
        |tape| {
            let like = tape.first_done()?;
            let at = tape.end();
            tape.queue(at, &like);
            let job = tape.queue(at, &like);
            tape.create(at + MINUTE, &job);
            tape.until(at + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "supply-covers-demand",
        "an idle runner's registration ages away, and none replaces it",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            let (runner, online) = (hf.runner?, hf.online?);
            tape.never_starts(hf.assigned?.1)?;
            tape.remove(
                |what| matches!(what, What::RunnerRemoved { runner: of, .. } if *of == runner),
            );
            tape.add(
                online + 100,
                What::RunnerRemoved {
                    runner,
                    why: Removal::Aged,
                },
            );
            tape.until(online + 3 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "supply-covers-demand",
        "three jobs come at once, and nobody",
        Scene::Pair,
        |tape| {
            let like = tape.first_done()?;
            let at = tape.end();
            for _ in 0..3 {
                tape.queue(at, &like);
            }
            tape.until(at + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "isolation",
        "the job beside the broken one never starts",
        Scene::Iso,
        |tape| {
            let job = beside(tape)?;
            tape.never_starts(job.id)?;
            tape.until(job.announced + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "isolation",
        "the job beside the broken one starts an hour late",
        Scene::Iso,
        |tape| {
            let job = beside(tape)?;
            tape.postpone(job.announced + 1, HOUR);
            Some(())
        },
    ),
    Edit::of(
        "isolation",
        "a job never starts while somebody forges deliveries",
        Scene::Two,
        |tape| {
            let job = tape.first_done()?;
            tape.deliver(
                job.announced + MINUTE,
                QUEUED,
                None,
                (Origin::Forged, Signed::Lab),
                200,
            );
            tape.never_starts(job.id)?;
            tape.until(job.announced + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "isolation",
        "a job never starts while another lane is refused",
        Scene::Two,
        |tape| {
            let jobs = tape.jobs();
            let job = tape.first_done()?;
            let other = jobs.iter().find(|other| other.labels != job.labels)?;
            let about = CallAbout {
                labels: other.labels.clone(),
                ..about_repo(&other.repo)
            };
            let path = format!("/repos/{}/actions/runners/generate-jitconfig", other.repo);
            tape.call(
                job.announced + MINUTE,
                "github.jit-config",
                &path,
                about,
                404,
            );
            let alike: Vec<Job> = jobs
                .iter()
                .filter(|one| one.labels == job.labels)
                .cloned()
                .collect();
            for one in alike {
                tape.never_starts(one.id)?;
            }
            tape.until(job.announced + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of("attempts", "a re-run never starts", Scene::Rerun, |tape| {
        let job = again(tape)?;
        tape.never_starts(job.id)?;
        tape.until(job.announced + 2 * HOUR);
        Some(())
    }),
    Edit::of(
        "attempts",
        "a re-run starts an hour late",
        Scene::Rerun,
        |tape| {
            let job = again(tape)?;
            tape.postpone(job.announced + 1, HOUR);
            Some(())
        },
    ),
    Edit::of(
        "attempts",
        "an old completion ends the HF job of a re-run",
        Scene::Rerun,
        |tape| {
            let job = again(tape)?;
            let hf = tape
                .hf_jobs()
                .into_iter()
                .find(|hf| hf.created > job.announced)?;
            old_completion(tape, hf.created + 1_000, &job)?;
            tape.cancels(hf.created + 2_000, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "attempts",
        "an old completion removes the registration of a re-run",
        Scene::Rerun,
        |tape| {
            let job = again(tape)?;
            let hf = tape
                .hf_jobs()
                .into_iter()
                .find(|hf| hf.created > job.announced)?;
            let (runner, online) = (hf.runner?, hf.online?);
            old_completion(tape, online + 1, &job)?;
            let about = CallAbout {
                runner: Some(runner),
                ..about_repo(&job.repo)
            };
            let path = format!("/repos/{}/actions/runners/{}", job.repo, runner.0);
            tape.act(online + 20, "github.delete-runner", &path, about, |_| {
                What::RunnerRemoved {
                    runner,
                    why: Removal::Api,
                }
            });
            Some(())
        },
    ),
    Edit::of(
        "reconcile",
        "a job whose delivery was lost is never found",
        Scene::LostQueued,
        |tape| {
            let hf = tape.worked()?;
            tape.never_was(&hf.id)?;
            tape.until(hf.created + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "reconcile",
        "a job whose delivery was lost is found an hour late",
        Scene::LostQueued,
        |tape| {
            let hf = tape.worked()?;
            tape.postpone(hf.created, HOUR);
            Some(())
        },
    ),
    Edit::of(
        "reconcile",
        "the HF job of a lost completion never ends",
        Scene::LostCompleted,
        |tape| {
            let hf = tape.worked()?;
            endless(tape, &hf.id)?;
            tape.until(hf.created + 3 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "reconcile",
        "the HF job of a lost completion ends an hour late",
        Scene::LostCompleted,
        |tape| {
            let hf = tape.worked()?;
            endless(tape, &hf.id)?;
            tape.ends(
                hf.ended? + HOUR,
                &hf.id,
                Stage::Canceled,
                StageCause::Cancel,
            );
            tape.until(hf.ended? + 2 * HOUR);
            Some(())
        },
    ),
    Edit::of(
        "reconcile",
        "a delivery times out, and nobody looks for its job",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            let place = tape.find(|what| matches!(what, What::DeliveryAnswered { job: Some(of), .. } if hf.assigned.is_some_and(|(_, job)| job == *of)))?;
            let What::DeliveryAnswered { delivery, job, .. } = tape.events[place].event else {
                return None;
            };
            let lost = What::DeliveryLost {
                delivery,
                job,
                why: Lost::TimedOut,
                logged: true,
                seen: None,
            };
            tape.events[place].event = lost;
            tape.never_was(&hf.id)?;
            tape.until(hf.created + 2 * HOUR);
            Some(())
        },
    ),
];

/// A job in whose place nothing was ever refused or failed.
pub(super) fn beside(tape: &Tape<'_>) -> Option<Job> {
    let failed: Vec<_> = tape
        .events
        .iter()
        .filter_map(|event| match &event.event {
            What::CallAnswered {
                call,
                status: 400..,
                ..
            } => Some(*call),
            _ => None,
        })
        .collect();
    let is_broken = |repo: &str| {
        tape.events.iter().any(|event| match &event.event {
            What::CallReceived {
                call,
                about: Some(about),
                ..
            } => failed.contains(call) && about.repo.as_deref() == Some(repo),
            _ => false,
        })
    };
    let jobs = tape
        .jobs()
        .into_iter()
        .filter(|job| job.completed.is_some());
    tape.pick(jobs.filter(|job| !is_broken(&job.repo)).collect())
}

/// A job of a later attempt that ran.
fn again(tape: &Tape<'_>) -> Option<Job> {
    let jobs = tape.jobs().into_iter();
    tape.pick(
        jobs.filter(|job| job.attempt > 1 && job.started.is_some())
            .collect(),
    )
}

/// GitHub says again that the attempt before is over.
fn old_completion(tape: &mut Tape<'_>, at: u64, job: &Job) -> Option<()> {
    let jobs = tape.jobs();
    let before = jobs
        .iter()
        .find(|one| one.run == job.run && one.attempt < job.attempt)?;
    let completed = ("workflow_job", Some("completed"));
    tape.deliver(
        at,
        completed,
        Some(before.id),
        (Origin::Repeated, Signed::Lab),
        200,
    );
    Some(())
}
