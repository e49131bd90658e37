//! Which idle runner is kept for which recorded job. When it was recorded the job had a runner: the one that is here in
//! its stead is offered to nobody else.

use std::collections::BTreeMap;

use crate::ids::{JobId, RunnerId};

/// Pairs of a recorded job and an idle runner. Both still wait, and the index of who suits whom knows neither.
#[derive(Default)]
pub(in crate::github) struct Kept {
    runners: BTreeMap<JobId, RunnerId>,
    jobs: BTreeMap<RunnerId, JobId>,
}

impl Kept {
    pub(in crate::github) fn keep(&mut self, runner: RunnerId, job: JobId) {
        self.runners.insert(job, runner);
        self.jobs.insert(runner, job);
    }

    /// The runner that is kept for this job.
    pub(in crate::github) fn of_job(&self, job: JobId) -> Option<RunnerId> {
        self.runners.get(&job).copied()
    }

    /// The job gets no runner any more, or gets one from the whole line: gives the one that was kept for it.
    pub(in crate::github) fn let_go_of_job(&mut self, job: JobId) -> Option<RunnerId> {
        let runner = self.runners.remove(&job)?;
        self.jobs.remove(&runner);
        Some(runner)
    }

    /// The runner is no longer idle, or no longer what it was: gives the job that it was kept for.
    pub(in crate::github) fn let_go_of_runner(&mut self, runner: RunnerId) -> Option<JobId> {
        let job = self.jobs.remove(&runner)?;
        self.runners.remove(&job);
        Some(job)
    }
}
