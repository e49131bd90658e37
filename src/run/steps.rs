//! What each verb of a timeline does to the world.

use std::time::Duration;

use bytes::Bytes;
use fakes::{
    Concurrency, NewJob, RawDelivery, World,
    history::{Conclusion, Origin, Signed, Stage},
    ids::JobId,
    settings::LogStatus,
};
use scenarios::plan::{
    self, Deliver, DeliverJob, DeliverRaw, Down, Failed, HfMoment, HfStage, IT, Redeliver,
    RunnerVerb, Signing, Tamper, Verb,
};

use super::{
    around,
    in_vain::{self, Acted},
    seen::It,
    world_settings,
};

/// What taking a step leaves to the driver, who holds the target.
pub(super) enum Taken {
    /// Nothing.
    Done,
    /// To take the dispatcher down.
    Down {
        /// For how long.
        down: Down,
        /// By a crash, not in order.
        crash: bool,
    },
    /// To start it.
    ComeUp,
    /// To change the secret of the App's webhook.
    NewSecret,
    /// There was nothing to act on, for this reason.
    InVain(String),
}

impl From<Acted> for Taken {
    fn from(acted: Acted) -> Self {
        match acted {
            Ok(()) => Self::Done,
            Err(why) => Self::InVain(why),
        }
    }
}

/// Takes a step; `it` is what its cue matched. Each verb says whether it found what it acts on.
pub(super) fn take(world: &World, verb: &Verb, it: &It) -> Taken {
    match verb {
        Verb::Queue(job) => queue(world, job).into(),
        Verb::Cancel(cancel) => around::cancel(world, &cancel.job, it).into(),
        Verb::Rerun(rerun) => around::rerun(world, rerun, it).into(),
        Verb::Approve(approve) => around::approve(world, &approve.job, it).into(),
        Verb::Deliver(deliver) => send(world, deliver).into(),
        Verb::Redeliver(redeliver) => send_again(world, redeliver, it).into(),
        Verb::CompleteRun(complete) => around::complete_run(world, complete, it).into(),
        Verb::TakeBack(taken) => around::take_back(world, &taken.job, it).into(),
        Verb::Suspend(account) => around::suspend(world, &account.owner).into(),
        Verb::Unsuspend(account) => around::unsuspend(world, &account.owner).into(),
        Verb::RenameRepo(rename) => around::rename_repo(world, rename).into(),
        Verb::RotateSecret => Taken::NewSecret,
        Verb::Event(event) => around::tell(world, event, it).into(),
        Verb::HfStage(forced) => force_stage(world, forced, it).into(),
        Verb::Runner(verb) => befall(world, *verb, it).into(),
        Verb::Crash(down) => Taken::Down {
            down: *down,
            crash: true,
        },
        Verb::Stop(down) => Taken::Down {
            down: *down,
            crash: false,
        },
        Verb::Restart => Taken::ComeUp,
    }
}

fn queue(world: &World, job: &plan::NewJob) -> Acted {
    let queued = world.github().queue(new_job(job), None);
    queued
        .map(|_| ())
        .map_err(|why| format!("GitHub takes no more jobs into its run: {why}"))
}

fn send(world: &World, deliver: &Deliver) -> Acted {
    let raw = match deliver {
        Deliver::Raw(raw) => raw_delivery(raw),
        Deliver::Job(about) => {
            job_delivery(world, about).ok_or_else(|| in_vain::no_job(&about.job))?
        }
    };
    world.github().deliver(raw, None);
    Ok(())
}

fn send_again(world: &World, redeliver: &Redeliver, it: &It) -> Acted {
    // A filter without a job would send every delivery of this action.
    if let Redeliver::Job { job, .. } = redeliver {
        in_vain::job(world, job, it)?;
    }
    let sent = world
        .github()
        .redeliver(&redelivered(world, redeliver, it.job), None);
    match (sent.is_empty(), redeliver) {
        (false, _) => Ok(()),
        (true, Redeliver::Failed) => Err("no delivery had failed".to_owned()),
        (true, Redeliver::Job { job, action }) => Err(format!(
            "GitHub had sent no `{action}` of {}",
            in_vain::called(job)
        )),
    }
}

fn force_stage(world: &World, forced: &HfStage, it: &It) -> Acted {
    let hf_job = in_vain::hf_job(it)?;
    let (stage, message) = (stage(forced.stage), forced.message.clone());
    let changed = world.hf().force_stage(hf_job, stage, message, None);
    in_vain::unless(changed, || in_vain::stage_of(world, hf_job))
}

fn befall(world: &World, verb: RunnerVerb, it: &It) -> Acted {
    let hf_job = in_vain::hf_job(it)?;
    let runners = world.runners();
    let found = match verb {
        RunnerVerb::Die => runners.die(hf_job),
        RunnerVerb::Hang => runners.hang(hf_job),
        RunnerVerb::Restart { times } => runners.restart(hf_job, times),
    };
    in_vain::unless(found, || {
        format!("no process ran in it: {}", in_vain::stage_of(world, hf_job))
    })
}

/// A job of the language as the fake GitHub is given it.
pub(crate) fn new_job(job: &plan::NewJob) -> NewJob {
    NewJob {
        run: Some(job.run.clone()),
        runs_for: job.runs_for.0,
        conclusion: match job.conclusion {
            plan::Conclusion::Success => Conclusion::Success,
            plan::Conclusion::Failure => Conclusion::Failure,
        },
        matrix: job.matrix.clone(),
        max_parallel: job.max_parallel,
        concurrency: job.concurrency.as_ref().map(|it| Concurrency {
            group: it.group.clone(),
            cancel_in_progress: it.cancel_in_progress,
        }),
        group: None,
        needs_approval: job.needs_approval,
        ..NewJob::new(&job.name, &job.repo, job.labels.clone())
    }
}

pub(super) const fn stage(moment: HfMoment) -> Stage {
    match moment {
        HfMoment::Scheduling => Stage::Scheduling,
        HfMoment::Running => Stage::Running,
        HfMoment::Completed => Stage::Completed,
        HfMoment::Error => Stage::Error,
        HfMoment::Canceled => Stage::Canceled,
    }
}

/// The deliveries that are sent again.
pub(crate) fn redelivered(
    world: &World,
    redeliver: &Redeliver,
    it: Option<JobId>,
) -> fakes::Redeliver {
    match redeliver {
        Redeliver::Failed => fakes::Redeliver {
            failed: true,
            ..fakes::Redeliver::default()
        },
        Redeliver::Job { job, action } => fakes::Redeliver {
            job: if job == IT {
                it
            } else {
                world.github().job_by_name(job)
            },
            action: Some(action.clone()),
            failed: false,
        },
    }
}

/// What is delivered; nothing if the job is not there.
pub(crate) fn delivery(world: &World, deliver: &Deliver) -> Option<RawDelivery> {
    match deliver {
        Deliver::Raw(raw) => Some(raw_delivery(raw)),
        Deliver::Job(about) => job_delivery(world, about),
    }
}

fn raw_delivery(raw: &DeliverRaw) -> RawDelivery {
    RawDelivery {
        event: raw.event.clone(),
        guid: raw.guid.clone(),
        headers: raw.headers.clone().into_iter().collect(),
        body: sent(&raw.body, raw.tamper),
        signed: signed(raw.sign, raw.tamper),
        origin: match (raw.learn, raw.redelivery) {
            (true, true) => Origin::Repeated,
            (true, false) => Origin::Recorded,
            (false, _) => Origin::Forged,
        },
        learn: raw
            .learn
            .then(|| Bytes::copy_from_slice(raw.body.as_bytes())),
        late: raw.late.map_or(Duration::ZERO, |late| late.0),
        failed: raw.failed.as_ref().map(log_status),
        redelivery: raw.redelivery,
    }
}

/// A failure as the log of deliveries shows it.
fn log_status(failed: &Failed) -> LogStatus {
    LogStatus {
        text: failed.status.clone(),
        code: failed.status_code,
    }
}

/// The event GitHub would send of this job, with a GUID of its own, whatever it believes.
fn job_delivery(world: &World, about: &DeliverJob) -> Option<RawDelivery> {
    let github = world.github();
    let body = github.job_event_body(github.job_by_name(&about.job)?, &about.action)?;
    Some(RawDelivery {
        event: "workflow_job".to_owned(),
        guid: None,
        headers: Vec::new(),
        body: sent(std::str::from_utf8(&body).ok()?, about.tamper),
        signed: signed(about.sign, about.tamper),
        origin: Origin::Forged,
        learn: None,
        late: Duration::ZERO,
        failed: about.failed.as_ref().map(log_status),
        redelivery: false,
    })
}

fn sent(body: &str, tamper: Option<Tamper>) -> Bytes {
    match tamper {
        Some(how) => Bytes::from(world_settings::tamper(how).apply(body)),
        None => Bytes::copy_from_slice(body.as_bytes()),
    }
}

const fn signed(sign: Signing, tamper: Option<Tamper>) -> Signed {
    match (sign, tamper) {
        (Signing::None, _) => Signed::None,
        (Signing::Wrong, _) => Signed::Wrong,
        (Signing::OldSecret, _) => Signed::OldSecret,
        (Signing::Lab, Some(_)) => Signed::Tampered,
        (Signing::Lab, None) => Signed::Lab,
    }
}
