//! What each verb of a timeline does to the world.

use fakes::{
    World,
    ids::{JobId, RunId},
};
use scenarios::plan::{Down, HfStage, IT, RunnerVerb, Verb};

use super::{around, seen::It};
use crate::translate::{
    delivery::{delivery, redelivered},
    job::{new_job, stage},
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
