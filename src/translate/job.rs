//! From the jobs of a plan, and the stages it waits for, to the fakes' own.

use fakes::{
    Concurrency, NewJob,
    history::{Conclusion, Stage},
};
use scenarios::plan::{self, HfMoment};

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

/// A stage of an HF job.
pub(crate) const fn stage(moment: HfMoment) -> Stage {
    match moment {
        HfMoment::Scheduling => Stage::Scheduling,
        HfMoment::Running => Stage::Running,
        HfMoment::Completed => Stage::Completed,
        HfMoment::Error => Stage::Error,
        HfMoment::Canceled => Stage::Canceled,
    }
}
