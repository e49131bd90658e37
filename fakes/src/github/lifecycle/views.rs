//! What the driver of a world may look at: jobs and runners as GitHub knows them.

use crate::{
    github::{
        handle::Github,
        state::runs::{
            job::{Job, Status},
            standing::{RunConclusion, RunStatus},
            table::Runs,
        },
    },
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

/// A workflow run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// Its id.
    pub run: RunId,
    /// `owner/name`.
    pub repo: String,
    /// Its latest attempt.
    pub attempt: u32,
    /// Its status.
    pub status: RunStatus,
    /// How it ended.
    pub conclusion: Option<RunConclusion>,
    /// Its jobs of all attempts that have begun.
    pub jobs: Vec<JobId>,
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
        let jobs = state.runs.jobs.values();
        jobs.map(|job| view_of(&state.runs, job)).collect()
    }

    /// The jobs that are not completed, in the order of their ids. The others are not looked at.
    #[must_use]
    pub fn unfinished_jobs(&self) -> Vec<JobView> {
        let state = self.state();
        let jobs = state.runs.unfinished.iter();
        jobs.filter_map(|id| state.runs.jobs.get(id))
            .map(|job| view_of(&state.runs, job))
            .collect()
    }

    /// The job with this name.
    #[must_use]
    pub fn job_by_name(&self, name: &str) -> Option<JobId> {
        self.state().runs.names.get(name).copied()
    }

    /// The run a job belongs to, also while that run may not begin.
    #[must_use]
    pub fn run_of(&self, job: JobId) -> Option<RunId> {
        let state = self.state();
        let unborn = || {
            let mut runs = state.runs.unborn.iter();
            runs.find(|(_, jobs)| jobs.iter().any(|unborn| unborn.id == job))
        };
        let begun = state.runs.jobs.get(&job).map(|job| job.run);
        begun.or_else(|| unborn().map(|(run, _)| *run))
    }

    /// A run.
    #[must_use]
    pub fn run(&self, run: RunId) -> Option<RunView> {
        self.state().runs.by_id.get(&run).map(|run| RunView {
            run: run.id,
            repo: run.repo.name.clone(),
            attempt: run.attempt,
            status: run.standing.status,
            conclusion: run.standing.conclusion,
            jobs: run.jobs.clone(),
        })
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
        self.state().runs.job_name(job)
    }

    pub(in crate::github) fn named(&self, job: JobId) -> Option<(JobId, String)> {
        self.state()
            .runs
            .jobs
            .get(&job)
            .map(|found| (job, found.name.clone()))
    }

    pub(in crate::github) fn job_names_of(&self, run: RunId) -> Vec<String> {
        let state = self.state();
        state
            .runs
            .jobs_of(run)
            .iter()
            .filter_map(|job| state.runs.jobs.get(job))
            .map(|job| job.name.clone())
            .collect()
    }
}

fn view_of(runs: &Runs, job: &Job) -> JobView {
    let run = runs.by_id.get(&job.run);
    JobView {
        job: job.id,
        name: job.name.clone(),
        run: job.run,
        attempt: job.attempt,
        repo: job.repo.name.clone(),
        labels: job.labels.clone(),
        status: job.status,
        conclusion: job.conclusion,
        runner: job.runner,
        in_live_run: run.is_some_and(|run| runs.run_status(run) != RunStatus::Completed),
    }
}
