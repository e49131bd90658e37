//! Wrong edits about how HF jobs and registrations end: under what runs, too late, or never.

use fakes::history::{CallAbout, CredentialKind, Removal, Stage, StageCause, What};

use super::{
    Edit, Scene,
    served::{cancel_run, endless},
    tape::{HOUR, Hf, Job, MINUTE, Tape, about_repo, fresh},
};

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "never-kill-busy",
        "an HF job is cancelled while a job is on it",
        Scene::Plain,
        |tape| {
            let (hf, _, at) = tape.busy()?;
            tape.cancels(at, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "never-kill-busy",
        "an HF job is cancelled as its job begins",
        Scene::Plain,
        |tape| {
            let (hf, ..) = tape.busy()?;
            tape.cancels(hf.assigned?.0 + 4_000, &hf.id);
            Some(())
        },
    ),
    Edit::of(
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
    Edit::of(
        "never-kill-busy",
        "an HF job runs into its timeout too early",
        Scene::Plain,
        |tape| {
            let (hf, _, at) = tape.busy()?;
            tape.ends(at, &hf.id, Stage::Error, StageCause::Timeout);
            Some(())
        },
    ),
    Edit::of(
        "never-kill-busy",
        "a run is cancelled while its job runs",
        Scene::Plain,
        |tape| {
            let (_, job, at) = tape.busy()?;
            cancel_run(tape, at, &job)
        },
    ),
    Edit::of(
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
    Edit::of("no-leak", "an HF job never ends", Scene::Plain, |tape| {
        let hf = tape.worked()?;
        endless(tape, &hf.id)?;
        tape.until(hf.ended? + 2 * HOUR);
        Some(())
    }),
    Edit::of(
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
    Edit::of(
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
    Edit::of(
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
    Edit::of(
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
    Edit::of(
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
    Edit::of(
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
    Edit::of(
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
    Edit::of(
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
    Edit::of(
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
