//! What each verb of a timeline does to the world.

use fakes::World;
use scenarios::plan::{self, Deliver, Down, HfStage, Redeliver, RunnerVerb, Verb};

use super::{
    around,
    in_vain::{self, Acted},
    seen::It,
};
use crate::translate::{
    delivery::{job_delivery, raw_delivery, redelivered},
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
