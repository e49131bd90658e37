//! What the driver of a world may look at: jobs and runners as GitHub knows them.

use super::{
    Github,
    state::{State, Status},
};
use crate::{
    history::Conclusion,
    ids::{HfJobId, JobId, RunId, RunnerId},
};

/// A workflow job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// Its id.
    pub job: JobId,
    /// Its name in the scenario.
    pub name: String,
    /// Its run.
    pub run: RunId,
    /// Attempt of the run it belongs to.
    pub attempt: u32,
    /// `owner/name`.
    pub repo: String,
    /// `runs-on`.
    pub labels: Vec<String>,
    /// Its status.
    pub status: Status,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// The runner it was given to.
    pub runner: Option<RunnerId>,
    /// Whether its run is not completed.
    pub in_live_run: bool,
}

/// A registered runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerView {
    /// Its id.
    pub runner: RunnerId,
    /// Its name.
    pub name: String,
    /// `owner/name` it serves; for a runner of an organisation, the organisation.
    pub repo: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether GitHub takes it for online.
    pub online: bool,
    /// Whether it has a job.
    pub busy: bool,
    /// The HF job its process runs in.
    pub hf_job: Option<HfJobId>,
}

impl Github {
    /// All jobs, in the order of their ids.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobView> {
        let state = self.state();
        state
            .jobs
            .values()
            .map(|job| JobView {
                job: job.id,
                name: job.name.clone(),
                run: job.run,
                attempt: job.attempt,
                repo: job.repo.name.clone(),
                labels: job.labels.clone(),
                status: job.status,
                conclusion: job.conclusion,
                runner: job.runner,
                in_live_run: state
                    .runs
                    .get(&job.run)
                    .is_some_and(|run| state.run_status(run) != Status::Completed),
            })
            .collect()
    }

    /// The job with this name.
    #[must_use]
    pub fn job_by_name(&self, name: &str) -> Option<JobId> {
        self.state().names.get(name).copied()
    }

    /// The run a job belongs to.
    #[must_use]
    pub fn run_of(&self, job: JobId) -> Option<RunId> {
        self.state().jobs.get(&job).map(|job| job.run)
    }

    /// All registered runners, in the order of their ids.
    #[must_use]
    pub fn runners(&self) -> Vec<RunnerView> {
        self.state()
            .runners
            .values()
            .map(|runner| RunnerView {
                runner: runner.id,
                name: runner.name.clone(),
                repo: runner.owner.name().to_owned(),
                labels: runner.labels.names(),
                online: runner.is_online(),
                busy: runner.is_busy(),
                hf_job: runner.hf_job.clone(),
            })
            .collect()
    }

    pub(crate) fn name_of(&self, job: JobId) -> String {
        self.state().job_name(job)
    }

    pub(super) fn named(&self, job: JobId) -> Option<(JobId, String)> {
        self.state()
            .jobs
            .get(&job)
            .map(|found| (job, found.name.clone()))
    }

    pub(super) fn job_names_of(&self, run: RunId) -> Vec<String> {
        let state = self.state();
        state
            .jobs_of(run)
            .iter()
            .filter_map(|job| state.jobs.get(job))
            .map(|job| job.name.clone())
            .collect()
    }
}

impl State {
    /// The job's name; one that nobody knows gets its id for a name.
    pub(super) fn job_name(&self, job: JobId) -> String {
        self.jobs
            .get(&job)
            .map_or_else(|| job.to_string(), |job| job.name.clone())
    }
}
