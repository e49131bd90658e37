//! What the verbs around the jobs do: runs that end or begin again, jobs that are taken back, names, suspensions, other
//! events. Each says why, if it found nothing to act on.

use fakes::{RunConclusion, RunStatus, World, github::Status, history::Conclusion};
use scenarios::plan::{self, CompleteRun, OtherEvent, RenameRepo, Rerun};

use super::{
    in_vain::{self, Acted, called},
    seen::It,
};

/// Somebody cancels the run of a job.
pub(super) fn cancel(world: &World, job: &str, it: &It) -> Acted {
    let run = in_vain::live_run(world, job, it)?;
    world.github().cancel_run(run, None);
    Ok(())
}

/// Somebody runs the run of a job again, which only one that has ended can be.
pub(super) fn rerun(world: &World, rerun: &Rerun, it: &It) -> Acted {
    let run = in_vain::run(world, &rerun.job, it)?;
    if run.status != RunStatus::Completed {
        return Err(format!(
            "it came too early: the run of {} had not ended",
            called(&rerun.job)
        ));
    }
    let made = world.github().rerun(run.run, rerun.failed_only, None);
    in_vain::unless(!made.is_empty(), || {
        if rerun.failed_only {
            format!("no job in the run of {} had failed", called(&rerun.job))
        } else {
            format!("the run of {} was too old", called(&rerun.job))
        }
    })
}

/// Somebody approves what waits in the run of a job.
pub(super) fn approve(world: &World, job: &str, it: &It) -> Acted {
    let run = in_vain::run(world, job, it)?;
    let approved = world.github().approve(run.run, None);
    in_vain::unless(approved, || {
        format!(
            "nothing in the run of {} waited for an approval",
            called(job)
        )
    })
}

/// GitHub completes a run over its jobs.
pub(super) fn complete_run(world: &World, complete: &CompleteRun, it: &It) -> Acted {
    let conclusion = conclusion(complete.conclusion);
    let run = in_vain::live_run(world, &complete.job, it)?;
    let completed = world.github().complete_run_over_jobs(run, conclusion, None);
    in_vain::unless(completed, || in_vain::no_job(&complete.job))
}

/// GitHub takes a job back from a runner that has not started it.
pub(super) fn take_back(world: &World, name: &str, it: &It) -> Acted {
    let github = world.github();
    let job = in_vain::job(world, name, it)?;
    let taken = github.take_job_back(job, None);
    in_vain::unless(taken, || {
        let jobs = github.jobs();
        let found = jobs.iter().find(|found| found.job == job);
        let name = found.map_or(name, |found| found.name.as_str());
        match found.map(|found| found.status) {
            Some(Status::Queued) => format!("no runner had been given {name}"),
            Some(Status::Waiting) => format!("{name} waited for an approval"),
            Some(Status::InProgress) => format!("it came too late: {name} had started"),
            Some(Status::Completed) => format!("it came too late: {name} had ended"),
            None => in_vain::no_job(name),
        }
    })
}

/// The App's installation on an account is suspended.
pub(super) fn suspend(world: &World, owner: &str) -> Acted {
    let suspended = world.github().suspend(owner, None);
    in_vain::unless(suspended, || {
        format!("on {owner} the App is not installed, or suspended already")
    })
}

/// A suspension ends.
pub(super) fn unsuspend(world: &World, owner: &str) -> Acted {
    let unsuspended = world.github().unsuspend(owner, None);
    in_vain::unless(unsuspended, || {
        format!("on {owner} the App is not installed, or not suspended")
    })
}

/// A repository gets another name.
pub(super) fn rename_repo(world: &World, rename: &RenameRepo) -> Acted {
    let renamed = world.github().rename_repo(&rename.from, &rename.to, None);
    in_vain::unless(renamed, || {
        format!(
            "there was no repository {}, or already one named {}",
            rename.from, rename.to
        )
    })
}

/// GitHub tells of an event, if there is what it tells of.
pub(super) fn tell(world: &World, event: &OtherEvent, it: &It) -> Acted {
    let event = other_event(world, event, it)?;
    let told = world.github().emit_other(&event, None);
    in_vain::unless(told, || {
        "there was nothing of the kind that it tells of".to_owned()
    })
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

/// The event as the fake GitHub is told it, if there is such a run.
fn other_event(world: &World, event: &OtherEvent, it: &It) -> Result<fakes::OtherEvent, String> {
    Ok(match event.clone() {
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
            run: in_vain::run(world, &job, it)?.run,
            action,
        },
    })
}
