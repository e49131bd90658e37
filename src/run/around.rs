//! What the verbs around the jobs do: runs that end, jobs that are taken back, names, suspensions, other events.

use fakes::{RunConclusion, World, history::Conclusion};
use scenarios::plan::{self, CompleteRun, OtherEvent, TakeBack};

use super::{
    seen::It,
    steps::{job_of, run_of},
};

/// GitHub completes a run over its jobs. Gives whether there was one to complete.
pub(super) fn complete_run(world: &World, complete: &CompleteRun, it: &It) -> bool {
    let conclusion = conclusion(complete.conclusion);
    let run = run_of(world, &complete.job, it);
    run.is_some_and(|run| world.github().complete_run_over_jobs(run, conclusion, None))
}

/// GitHub takes a job back. Gives whether a runner had it that had not started it.
pub(super) fn take_back(world: &World, taken: &TakeBack, it: &It) -> bool {
    let job = job_of(world, &taken.job, it);
    job.is_some_and(|job| world.github().take_job_back(job, None))
}

/// GitHub tells of an event. Gives whether there is what it tells of.
pub(super) fn tell(world: &World, event: &OtherEvent, it: &It) -> bool {
    let event = other_event(world, event, it);
    event.is_some_and(|event| world.github().emit_other(&event, None))
}

const fn conclusion(conclusion: plan::RunConclusion) -> RunConclusion {
    match conclusion {
        plan::RunConclusion::StartupFailure => RunConclusion::StartupFailure,
        plan::RunConclusion::Failure => RunConclusion::Jobs(Conclusion::Failure),
        plan::RunConclusion::Cancelled => RunConclusion::Jobs(Conclusion::Cancelled),
        plan::RunConclusion::TimedOut => RunConclusion::Jobs(Conclusion::TimedOut),
        plan::RunConclusion::Stale => RunConclusion::Stale,
    }
}

/// The event as the fake GitHub is told it; nothing if there is no such run.
fn other_event(world: &World, event: &OtherEvent, it: &It) -> Option<fakes::OtherEvent> {
    Some(match event.clone() {
        OtherEvent::Ping => fakes::OtherEvent::Ping,
        OtherEvent::Push { repo } => fakes::OtherEvent::Push { repo },
        OtherEvent::Repository { repo, from } => fakes::OtherEvent::Renamed { repo, from },
        OtherEvent::Installation { owner, action } => {
            fakes::OtherEvent::Installation { owner, action }
        }
        OtherEvent::InstallationRepositories {
            owner,
            added,
            removed,
        } => fakes::OtherEvent::Repositories {
            owner,
            added,
            removed,
        },
        OtherEvent::WorkflowRun { job, action } => fakes::OtherEvent::Run {
            run: run_of(world, &job, it)?,
            action,
        },
    })
}
