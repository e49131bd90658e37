//! Wrong edits about names, labels, waiting and dead jobs, and what a restart leaves.

use fakes::{
    history::{CallAbout, Lost, Stage, StageCause, What},
    ids::HfJobId,
};

use super::{
    Edit, Scene,
    ends::{gone, minted},
    served::endless,
    tape::{HOUR, Hf, Job, MINUTE, Tape, about_repo, created},
};

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "names",
        "an HF job's runner has a name of 65 characters",
        Scene::Plain,
        |tape| rename_nth(tape, 0, &"x".repeat(65)),
    ),
    Edit::of(
        "names",
        "a name of 65 characters is asked for",
        Scene::Plain,
        |tape| {
            let job = tape.done()?;
            let about = CallAbout {
                runner_name: Some("é".repeat(65)),
                labels: job.labels.clone(),
                ..about_repo(&job.repo)
            };
            let path = format!("/repos/{}/actions/runners/generate-jitconfig", job.repo);
            tape.call(job.announced + 100, "github.jit-config", &path, about, 422);
            Some(())
        },
    ),
    Edit::of(
        "names",
        "two living HF jobs share a name",
        Scene::Pair,
        |tape| {
            let first = tape.hf_jobs().into_iter().next()?.name?;
            rename_nth(tape, 1, &first)
        },
    ),
    Edit::of(
        "names",
        "two names differ only in case",
        Scene::Pair,
        |tape| {
            let first = tape.hf_jobs().into_iter().next()?.name?;
            rename_nth(tape, 1, &first.to_uppercase())
        },
    ),
    Edit::of(
        "names",
        "a name is that of a registration that is still there",
        Scene::Two,
        |tape| {
            let all = tape.hf_jobs();
            let (first, third) = (all.first()?, all.get(2)?);
            if first.repo != third.repo {
                return None;
            }
            gone(tape, first)?;
            rename_nth(tape, 2, &first.name.clone()?)
        },
    ),
    Edit::of(
        "routing",
        "an HF job is on a flavor that nobody asked for",
        Scene::Plain,
        |tape| change_created(tape, |flavor, _| "h200".clone_into(flavor)),
    ),
    Edit::of(
        "routing",
        "a runner is given a label more",
        Scene::Plain,
        |tape| change_created(tape, |_, labels| labels.push("self-hosted".to_owned())),
    ),
    Edit::of(
        "routing",
        "a runner is given the labels of another flavor",
        Scene::Plain,
        |tape| {
            change_created(tape, |_, labels| {
                *labels = vec!["hf-jobs-cpu-upgrade".to_owned()];
            })
        },
    ),
    Edit::of(
        "routing",
        "a runner registers with a label more",
        Scene::Plain,
        |tape| {
            let place = tape.find(|what| matches!(what, What::RunnerCreated { .. }))?;
            let What::RunnerCreated { labels, .. } = &mut tape.events[place].event else {
                return None;
            };
            labels.push("gpu".to_owned());
            Some(())
        },
    ),
    Edit::of(
        "routing",
        "a runner is given a job of another flavor",
        Scene::Two,
        |tape| {
            let jobs = tape.jobs();
            let hf = tape.worked()?;
            let other = jobs.iter().find(|job| job.labels != hf.labels)?;
            let place = tape.events.iter().position(|event| matches!(&event.event, What::RunnerAssigned { hf_job: Some(of), .. } if *of == hf.id))?;
            let What::RunnerAssigned { job, .. } = &mut tape.events[place].event else {
                return None;
            };
            *job = other.id;
            Some(())
        },
    ),
    Edit::of(
        "waiting-is-not-queued",
        "a create for a job that waits",
        Scene::Waiting,
        |tape| {
            let job = waiting(tape)?;
            let hf = tape.create(job.announced + 10 * MINUTE, &job);
            tape.cancels(job.announced + 11 * MINUTE, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "waiting-is-not-queued",
        "a create for a job that waits, whose answer is lost",
        Scene::Waiting,
        |tape| {
            let job = waiting(tape)?;
            let at = job.announced + 10 * MINUTE;
            let hf = tape.create(at, &job);
            let call = tape.events.iter().find_map(|event| match &event.event {
                What::HfCreated { hf_job, call, .. } if *hf_job == hf.id => *call,
                _ => None,
            })?;
            for event in &mut tape.events {
                if matches!(&event.event, What::CallAnswered { call: of, .. } if *of == call) {
                    event.event = What::CallLost {
                        call,
                        name: "hf.create".to_owned(),
                        why: Lost::Reset,
                    };
                }
            }
            tape.cancels(at + MINUTE, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "waiting-is-not-queued",
        "three HF jobs end unused while a job waits",
        Scene::Waiting,
        |tape| {
            let job = waiting(tape)?;
            for number in 0..3 {
                let at = job.announced + (5 + number) * MINUTE;
                let id = scheduled(tape, at, &job);
                tape.ends(at + 30_000, &id, Stage::Error, StageCause::Platform);
            }
            Some(())
        },
    ),
    Edit::of(
        "waiting-is-not-queued",
        "two runners idle while a job waits",
        Scene::Waiting,
        |tape| {
            let job = waiting(tape)?;
            for number in 0..2 {
                let at = job.announced + (5 + number) * MINUTE;
                let id = scheduled(tape, at, &job);
                let hf = tape.hf_jobs().into_iter().find(|hf| hf.id == id)?;
                let hf = Hf {
                    name: Some(format!("idle-{number}")),
                    ..hf
                };
                tape.comes_up(at + 30_000, &hf);
                tape.ends(at + HOUR, &id, Stage::Canceled, StageCause::Cancel);
            }
            Some(())
        },
    ),
    Edit::of(
        "dead-run",
        "a create for a job whose run is over",
        Scene::Dead,
        |tape| {
            let job = dead(tape)?;
            let hf = tape.create(job.announced + 30 * MINUTE, &job);
            tape.cancels(job.announced + 31 * MINUTE, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "dead-run",
        "four questions about a job whose run is over",
        Scene::Dead,
        |tape| {
            let job = dead(tape)?;
            ask_about(tape, &job, 30 * MINUTE, "github.get-job")
        },
    ),
    Edit::of(
        "dead-run",
        "the logs of a job whose run is over are asked for four times",
        Scene::Dead,
        |tape| {
            let job = dead(tape)?;
            ask_about(tape, &job, HOUR, "github.job-logs")
        },
    ),
    Edit::of(
        "dead-run",
        "a create for a job that is a day old",
        Scene::Plain,
        |tape| {
            let like = tape.first_done()?;
            let at = tape.end();
            let job = tape.queue(at, &like);
            let hf = tape.create(at + 25 * HOUR, &job);
            tape.cancels(at + 25 * HOUR + MINUTE, &hf.id);
            Some(())
        },
    ),
    Edit::of(
        "dead-run",
        "four questions about a job that is a day old",
        Scene::Plain,
        |tape| {
            let like = tape.first_done()?;
            let at = tape.end();
            let job = tape.queue(at, &like);
            ask_about(tape, &job, 25 * HOUR, "github.get-job")
        },
    ),
    Edit::of(
        "restart-safe",
        "a crash costs a job",
        Scene::Crash,
        |tape| {
            let job = tape.done()?;
            tape.never_starts(job.id)
        },
    ),
    Edit::of(
        "restart-safe",
        "a crash leaves an HF job alive",
        Scene::Crash,
        |tape| {
            let hf = tape.worked()?;
            endless(tape, &hf.id)
        },
    ),
    Edit::of(
        "restart-safe",
        "a crash leaves a registration",
        Scene::Crash,
        |tape| {
            let hf = tape.worked()?;
            gone(tape, &hf)
        },
    ),
    Edit::of(
        "restart-safe",
        "a restart mints anew what it had minted",
        Scene::Crash,
        |tape| {
            let job = tape.done()?;
            let at = job.announced + 20 * MINUTE;
            minted(tape, at, &job);
            Some(())
        },
    ),
];

/// Gives the runner of an HF job another name.
fn rename_nth(tape: &mut Tape<'_>, nth: usize, to: &str) -> Option<()> {
    let created = tape
        .events
        .iter_mut()
        .filter_map(|event| match &mut event.event {
            What::HfCreated { runner_name, .. } => Some(runner_name),
            _ => None,
        });
    let name = created.into_iter().nth(nth)?;
    *name = Some(to.to_owned());
    Some(())
}

fn change_created(tape: &mut Tape<'_>, change: fn(&mut String, &mut Vec<String>)) -> Option<()> {
    let place = tape.find(
        |what| matches!(what, What::HfCreated { runner_labels, .. } if !runner_labels.is_empty()),
    )?;
    let What::HfCreated {
        flavor,
        runner_labels,
        ..
    } = &mut tape.events[place].event
    else {
        return None;
    };
    change(flavor, runner_labels);
    Some(())
}

/// A job that waits for long, and is known to.
fn waiting(tape: &Tape<'_>) -> Option<Job> {
    let waits: Vec<_> = tape
        .events
        .iter()
        .filter_map(|event| match &event.event {
            What::JobWaiting { job, .. } => Some(*job),
            _ => None,
        })
        .collect();
    let jobs = tape.jobs().into_iter();
    let long = |job: &Job| {
        job.started
            .is_none_or(|started| started > job.announced + 90 * MINUTE)
    };
    tape.pick(
        jobs.filter(|job| waits.contains(&job.id) && long(job))
            .collect(),
    )
}

/// A job whose run ended over it.
fn dead(tape: &Tape<'_>) -> Option<Job> {
    let jobs = tape
        .jobs()
        .into_iter()
        .filter(|job| job.completed.is_none());
    let ended = |job: &Job| {
        let mut events = tape.events.iter();
        events
            .any(|event| matches!(&event.event, What::RunCompleted { run, .. } if *run == job.run))
    };
    tape.pick(jobs.filter(ended).collect())
}

fn ask_about(tape: &mut Tape<'_>, job: &Job, later: u64, name: &str) -> Option<()> {
    let about = CallAbout {
        job: Some(job.id),
        ..about_repo(&job.repo)
    };
    let path = format!("/repos/{}/actions/jobs/{}", job.repo, job.id.0);
    for number in 0..4 {
        tape.call(
            job.announced + later + number * MINUTE,
            name,
            &path,
            about.clone(),
            200,
        );
    }
    Some(())
}

/// An HF job that no call created.
fn scheduled(tape: &mut Tape<'_>, at: u64, job: &Job) -> HfJobId {
    let hf = Hf {
        id: tape.hf_id(),
        flavor: super::tape::flavor_of(&job.labels).unwrap_or_default(),
        repo: Some(job.repo.clone()),
        name: None,
        labels: job.labels.clone(),
        created: at,
        runner: None,
        online: None,
        assigned: None,
        ended: None,
    };
    tape.add(at, created(&hf, None));
    hf.id
}
