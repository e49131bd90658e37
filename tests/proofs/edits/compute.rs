//! Wrong edits about HF jobs: too many, too few ends, for what is over, under what runs.

use fakes::history::{CallAbout, CredentialKind, Origin, Removal, Signed, Stage, StageCause, What};

use super::{
    Edit, Scene,
    served::{cancel_run, check_run, endless},
    tape::{HOUR, Hf, Job, MINUTE, Tape, about_repo, created, fresh},
};

pub(super) const WRONG: &[Edit] = &[
    Edit::wrong(
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
    Edit::wrong(
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
    Edit::wrong(
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
    Edit::wrong(
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
    Edit::wrong(
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
    Edit::wrong(
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
    Edit::wrong(
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
    Edit::wrong(
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
    Edit::wrong(
        "monotone-state",
        "a run is cancelled after its end",
        Scene::Plain,
        |tape| {
            let job = last_done(tape)?;
            cancel_run(tape, job.completed? + 5 * MINUTE, &job)
        },
    ),
    Edit::wrong(
        "monotone-state",
        "a check run fails a job after its end",
        Scene::Plain,
        |tape| {
            let job = last_done(tape)?;
            check_run(tape, job.completed? + 5 * MINUTE, &job, "failure")
        },
    ),
    Edit::wrong(
        "monotone-state",
        "a check run praises a job after its end",
        Scene::Two,
        |tape| {
            let job = tape.done()?;
            check_run(tape, job.completed? + 5 * MINUTE, &job, "success")
        },
    ),
    Edit::wrong(
        "never-kill-busy",
        "an HF job is cancelled while a job is on it",
        Scene::Plain,
        |tape| {
            let (hf, _, at) = tape.busy()?;
            tape.cancels(at, &hf.id);
            Some(())
        },
    ),
    Edit::wrong(
        "never-kill-busy",
        "an HF job is cancelled as its job begins",
        Scene::Plain,
        |tape| {
            let (hf, ..) = tape.busy()?;
            tape.cancels(hf.assigned?.0 + 4_000, &hf.id);
            Some(())
        },
    ),
    Edit::wrong(
        "never-kill-busy",
        "a registration is deleted while its runner works",
        Scene::Plain,
        |tape| {
            let (hf, job, at) = tape.busy()?;
            let runner = hf.runner?;
            let about = CallAbout {
                runner: Some(runner),
                ..about_repo(&job.repo)
            };
            let path = format!("/repos/{}/actions/runners/{}", job.repo, runner.0);
            tape.remove(
                |what| matches!(what, What::RunnerRemoved { runner: of, .. } if *of == runner),
            );
            tape.act(at, "github.delete-runner", &path, about, |_| {
                What::RunnerRemoved {
                    runner,
                    why: Removal::Api,
                }
            });
            Some(())
        },
    ),
    Edit::wrong(
        "never-kill-busy",
        "an HF job runs into its timeout too early",
        Scene::Plain,
        |tape| {
            let (hf, _, at) = tape.busy()?;
            tape.ends(at, &hf.id, Stage::Error, StageCause::Timeout);
            Some(())
        },
    ),
    Edit::wrong(
        "never-kill-busy",
        "a run is cancelled while its job runs",
        Scene::Plain,
        |tape| {
            let (_, job, at) = tape.busy()?;
            cancel_run(tape, at, &job)
        },
    ),
    Edit::wrong(
        "never-kill-busy",
        "a run is cancelled by force while its job runs",
        Scene::Two,
        |tape| {
            let (_, job, at) = tape.busy()?;
            let path = format!(
                "/repos/{}/actions/runs/{}/force-cancel",
                job.repo, job.run.0
            );
            let about = CallAbout {
                run: Some(job.run),
                ..about_repo(&job.repo)
            };
            tape.act(at, "github.force-cancel-run", &path, about, |call| {
                What::RunCancelRequested {
                    run: job.run,
                    call: Some(call),
                }
            });
            Some(())
        },
    ),
    Edit::wrong("no-leak", "an HF job never ends", Scene::Plain, |tape| {
        let hf = tape.worked()?;
        endless(tape, &hf.id)?;
        tape.until(hf.ended? + 2 * HOUR);
        Some(())
    }),
    Edit::wrong(
        "no-leak",
        "an HF job ends an hour late",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            endless(tape, &hf.id)?;
            tape.ends(
                hf.ended? + HOUR,
                &hf.id,
                Stage::Canceled,
                StageCause::Cancel,
            );
            Some(())
        },
    ),
    Edit::wrong(
        "no-leak",
        "a registration is left behind",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            gone(tape, &hf)?;
            tape.until(hf.ended? + 2 * HOUR);
            Some(())
        },
    ),
    Edit::wrong(
        "no-leak",
        "a registration goes an hour late",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            gone(tape, &hf)?;
            tape.add(
                hf.ended? + HOUR,
                What::RunnerRemoved {
                    runner: hf.runner?,
                    why: Removal::Api,
                },
            );
            Some(())
        },
    ),
    Edit::wrong(
        "no-leak",
        "an HF job that nobody needs lives for an hour",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let at = tape.end();
            let idle = tape.create(at, &job);
            tape.cancels(at + HOUR, &idle.id);
            Some(())
        },
    ),
    Edit::wrong(
        "no-leak",
        "a registration is minted for nothing",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let at = tape.end();
            minted(tape, at, &job);
            tape.until(at + HOUR);
            Some(())
        },
    ),
    Edit::wrong(
        "caps-and-slots",
        "a third HF job under a cap of two",
        Scene::Caps,
        above_the_cap,
    ),
    Edit::wrong(
        "caps-and-slots",
        "a third HF job of a repository under a cap of two",
        Scene::CapsOfRepo,
        above_the_cap,
    ),
    Edit::wrong(
        "caps-and-slots",
        "an HF job lives on as the next is created",
        Scene::Caps,
        lives_on,
    ),
    Edit::wrong(
        "caps-and-slots",
        "an HF job of a repository lives on as the next is created",
        Scene::CapsOfRepo,
        lives_on,
    ),
    Edit::wrong(
        "cancel-before-start",
        "a create after the cancel",
        Scene::Cancel,
        |tape| {
            let job = cancelled(tape)?;
            let late = tape.create(job.completed? + MINUTE, &job);
            tape.ends(
                job.completed? + 2 * MINUTE,
                &late.id,
                Stage::Error,
                StageCause::Platform,
            );
            Some(())
        },
    ),
    Edit::wrong(
        "cancel-before-start",
        "a create half an hour after the cancel",
        Scene::Cancel,
        |tape| {
            let job = cancelled(tape)?;
            let late = tape.create(job.completed? + 30 * MINUTE, &job);
            tape.cancels(job.completed? + 31 * MINUTE, &late.id);
            Some(())
        },
    ),
    Edit::wrong(
        "cancel-before-start",
        "the HF job of a cancelled job never ends",
        Scene::Cancel,
        |tape| {
            let job = cancelled(tape)?;
            let hf = tape
                .hf_jobs()
                .into_iter()
                .find(|hf| hf.labels == job.labels)?;
            endless(tape, &hf.id)
        },
    ),
    Edit::wrong(
        "cancel-before-start",
        "the HF job of a cancelled job ends an hour late",
        Scene::Cancel,
        |tape| {
            let job = cancelled(tape)?;
            let hf = tape
                .hf_jobs()
                .into_iter()
                .find(|hf| hf.labels == job.labels)?;
            endless(tape, &hf.id)?;
            tape.ends(
                hf.ended? + HOUR,
                &hf.id,
                Stage::Canceled,
                StageCause::Cancel,
            );
            Some(())
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

/// A job that ended without a start.
fn cancelled(tape: &Tape<'_>) -> Option<Job> {
    let jobs = tape.jobs().into_iter();
    tape.pick(
        jobs.filter(|job| job.started.is_none() && job.completed.is_some())
            .collect(),
    )
}

/// Takes out that the registration of an HF job went.
pub(super) fn gone(tape: &mut Tape<'_>, hf: &Hf) -> Option<()> {
    let runner = hf.runner?;
    tape.remove(|what| matches!(what, What::RunnerRemoved { runner: of, .. } if *of == runner))
}

/// A runner's credential is minted.
pub(super) fn minted(tape: &mut Tape<'_>, at: u64, job: &Job) {
    let runner = fakes::ids::RunnerId(tape.number());
    let name = format!("edited-{}", runner.0);
    let about = CallAbout {
        labels: job.labels.clone(),
        runner_name: Some(name.clone()),
        ..about_repo(&job.repo)
    };
    let path = format!("/repos/{}/actions/runners/generate-jitconfig", job.repo);
    let token = fresh(CredentialKind::InstallationToken);
    let call = tape.ask_with(at, "github.jit-config", &path, about, token);
    let record = What::RunnerCreated {
        runner,
        name,
        repo: job.repo.clone(),
        labels: job.labels.clone(),
    };
    tape.add_for(at, Some(call.1), record);
    tape.answer(at, call, "github.jit-config", 201);
}

/// Creates an HF job while there are two.
fn above_the_cap(tape: &mut Tape<'_>) -> Option<()> {
    let job = tape.done()?;
    let mut born: Vec<u64> = tape.hf_jobs().iter().map(|hf| hf.created).collect();
    born.sort_unstable();
    let at = born.get(1)? + 1_000;
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
