//! What each verb of a timeline does to the world.

use bytes::Bytes;
use fakes::{
    NewJob, RawDelivery, World,
    history::{Conclusion, Origin, Signed, Stage},
    ids::HfJobId,
    settings::LogStatus,
};
use scenarios::plan::{
    self, Deliver, DeliverJob, DeliverRaw, Down, Failed, HfMoment, Redeliver, RunnerVerb, Signing,
    Tamper, Verb,
};

use super::world_settings;

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
}

/// Takes a step; `it` is what its cue matched.
pub(super) fn take(world: &World, verb: &Verb, it: Option<&HfJobId>) -> Taken {
    let github = world.github();
    match verb {
        Verb::Queue(job) => {
            // The language has refused runs of more jobs than GitHub makes.
            let _refused = github.queue(new_job(job), None);
        }
        Verb::Cancel(cancel) => {
            if let Some(run) = run_of(world, &cancel.job) {
                github.cancel_run(run, None);
            }
        }
        Verb::Rerun(rerun) => {
            if let Some(run) = run_of(world, &rerun.job) {
                github.rerun(run, rerun.failed_only, None);
            }
        }
        Verb::Approve(approve) => {
            if let Some(run) = run_of(world, &approve.job) {
                github.approve(run, None);
            }
        }
        Verb::Deliver(deliver) => {
            if let Some(raw) = delivery(world, deliver) {
                github.deliver(raw, None);
            }
        }
        Verb::Redeliver(redeliver) => {
            github.redeliver(&redelivered(world, redeliver), None);
        }
        Verb::HfStage(forced) => {
            if let Some(hf_job) = it {
                world
                    .hf()
                    .force_stage(hf_job, stage(forced.stage), forced.message.clone(), None);
            }
        }
        Verb::Runner(verb) => {
            if let Some(hf_job) = it {
                match verb {
                    RunnerVerb::Die => world.runners().die(hf_job),
                    RunnerVerb::Hang => world.runners().hang(hf_job),
                }
            }
        }
        Verb::Crash(down) => {
            return Taken::Down {
                down: *down,
                crash: true,
            };
        }
        Verb::Stop(down) => {
            return Taken::Down {
                down: *down,
                crash: false,
            };
        }
        Verb::Restart => return Taken::ComeUp,
    }
    Taken::Done
}

fn run_of(world: &World, job: &str) -> Option<fakes::ids::RunId> {
    world.github().run_of(world.github().job_by_name(job)?)
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
        max_parallel: job.max_parallel,
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
pub(crate) fn redelivered(world: &World, redeliver: &Redeliver) -> fakes::Redeliver {
    match redeliver {
        Redeliver::Failed => fakes::Redeliver {
            failed: true,
            ..fakes::Redeliver::default()
        },
        Redeliver::Job { job, action } => fakes::Redeliver {
            job: world.github().job_by_name(job),
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
        (Signing::Lab, Some(_)) => Signed::Tampered,
        (Signing::Lab, None) => Signed::Lab,
    }
}
