//! What each verb of a timeline does to the world.

use bytes::Bytes;
use fakes::{
    Concurrency, NewJob, RawDelivery, World,
    history::{Conclusion, Origin, Signed, Stage},
    ids::{JobId, RunId},
    settings::LogStatus,
};
use scenarios::plan::{
    self, Deliver, DeliverJob, DeliverRaw, Down, Failed, HfMoment, HfStage, IT, Redeliver,
    RunnerVerb, Signing, Tamper, Verb,
};

use super::{around, seen::It, world_settings};

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
    /// There was nothing to act on.
    Idle,
}

/// Takes a step; `it` is what its cue matched.
pub(super) fn take(world: &World, verb: &Verb, it: &It) -> Taken {
    let github = world.github();
    let in_run = |job: &str, act: &dyn Fn(RunId)| acted(run_of(world, job, it).map(act).is_some());
    match verb {
        Verb::Queue(job) => {
            // The language has refused matrices of more jobs than GitHub makes.
            let _refused = github.queue(new_job(job), None);
            Taken::Done
        }
        Verb::Cancel(cancel) => in_run(&cancel.job, &|run| github.cancel_run(run, None)),
        Verb::Rerun(rerun) => in_run(&rerun.job, &|run| {
            github.rerun(run, rerun.failed_only, None);
        }),
        Verb::Approve(approve) => in_run(&approve.job, &|run| {
            github.approve(run, None);
        }),
        Verb::Deliver(deliver) => {
            if let Some(raw) = delivery(world, deliver) {
                github.deliver(raw, None);
            }
            Taken::Done
        }
        Verb::Redeliver(redeliver) => {
            github.redeliver(&redelivered(world, redeliver, it.job), None);
            Taken::Done
        }
        Verb::CompleteRun(complete) => acted(around::complete_run(world, complete, it)),
        Verb::TakeBack(taken) => acted(around::take_back(world, taken, it)),
        Verb::Suspend(account) => {
            github.suspend(&account.owner, None);
            Taken::Done
        }
        Verb::Unsuspend(account) => {
            github.unsuspend(&account.owner, None);
            Taken::Done
        }
        Verb::RenameRepo(rename) => {
            github.rename_repo(&rename.from, &rename.to, None);
            Taken::Done
        }
        Verb::RotateSecret => Taken::NewSecret,
        Verb::Event(event) => acted(around::tell(world, event, it)),
        Verb::HfStage(forced) => acted(force_stage(world, forced, it)),
        Verb::Runner(verb) => acted(befall(world, *verb, it)),
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

const fn acted(acted: bool) -> Taken {
    if acted { Taken::Done } else { Taken::Idle }
}

fn force_stage(world: &World, forced: &HfStage, it: &It) -> bool {
    let Some(hf_job) = &it.hf_job else {
        return false;
    };
    let (stage, message) = (stage(forced.stage), forced.message.clone());
    world.hf().force_stage(hf_job, stage, message, None);
    true
}

fn befall(world: &World, verb: RunnerVerb, it: &It) -> bool {
    let Some(hf_job) = &it.hf_job else {
        return false;
    };
    match verb {
        RunnerVerb::Die => world.runners().die(hf_job),
        RunnerVerb::Hang => world.runners().hang(hf_job),
        RunnerVerb::Restart { times } => world.runners().restart(hf_job, times),
    }
    true
}

pub(super) fn job_of(world: &World, job: &str, it: &It) -> Option<JobId> {
    if job == IT {
        return it.job;
    }
    world.github().job_by_name(job)
}

pub(super) fn run_of(world: &World, job: &str, it: &It) -> Option<RunId> {
    if job == IT && it.run.is_some() {
        return it.run;
    }
    world.github().run_of(job_of(world, job, it)?)
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
