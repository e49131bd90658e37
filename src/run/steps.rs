//! What each verb of a timeline does to the world.

use bytes::Bytes;
use fakes::{
    NewJob, RawDelivery, World,
    history::{Conclusion, Origin, Signed, Stage},
    ids::HfJobId,
};
use scenarios::plan::{
    self, Deliver, DeliverJob, DeliverRaw, Down, HfMoment, Redeliver, RunnerVerb, Signing, Tamper,
    Verb,
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
}

/// Takes a step; `it` is what its cue matched.
pub(super) fn take(world: &World, verb: &Verb, it: Option<&HfJobId>) -> Taken {
    let github = world.github();
    match verb {
        Verb::Queue(job) => {
            github.queue(new_job(job), None);
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
        Verb::Deliver(deliver) => take_deliver(world, deliver),
        Verb::Redeliver(redeliver) => {
            let filter = match redeliver {
                Redeliver::Failed => fakes::Redeliver {
                    failed: true,
                    ..fakes::Redeliver::default()
                },
                Redeliver::Job { job, action } => fakes::Redeliver {
                    job: github.job_by_name(job),
                    action: Some(action.clone()),
                    failed: false,
                },
            };
            github.redeliver(&filter, None);
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

fn new_job(job: &plan::NewJob) -> NewJob {
    NewJob {
        name: job.name.clone(),
        repo: job.repo.clone(),
        labels: job.labels.clone(),
        run: Some(job.run.clone()),
        runs_for: job.runs_for.0,
        conclusion: match job.conclusion {
            plan::Conclusion::Success => Conclusion::Success,
            plan::Conclusion::Failure => Conclusion::Failure,
        },
        max_parallel: job.max_parallel,
        group: None,
        needs_approval: job.needs_approval,
    }
}

const fn stage(moment: HfMoment) -> Stage {
    match moment {
        HfMoment::Scheduling => Stage::Scheduling,
        HfMoment::Running => Stage::Running,
        HfMoment::Completed => Stage::Completed,
        HfMoment::Error => Stage::Error,
        HfMoment::Canceled => Stage::Canceled,
    }
}

fn take_deliver(world: &World, deliver: &Deliver) {
    let raw = match deliver {
        Deliver::Raw(raw) => Some(raw_delivery(raw)),
        Deliver::Job(about) => job_delivery(world, about),
    };
    if let Some(raw) = raw {
        world.github().deliver(raw, None);
    }
}

fn raw_delivery(raw: &DeliverRaw) -> RawDelivery {
    RawDelivery {
        event: raw.event.clone(),
        guid: raw.guid.clone(),
        headers: raw.headers.clone().into_iter().collect(),
        body: sent(&raw.body, raw.tamper),
        signed: signed(raw.sign, raw.tamper),
        origin: if raw.learn {
            Origin::Recorded
        } else {
            Origin::Forged
        },
        learn: raw.learn,
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
        learn: false,
    })
}

fn sent(body: &str, tamper: Option<Tamper>) -> Bytes {
    match tamper {
        Some(tamper) => Bytes::from(tamper.apply(body)),
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
