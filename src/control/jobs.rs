//! Workflow jobs and their runs: queue, list, cancel, approve, run again.

use fakes::{JobView, NotQueued, github::Status, ids::RunId};
use scenarios::live;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};
use crate::translate::job::new_job;

const NO_SUCH_RUN: (u16, &str) = (404, "There is no run with this id.");

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        Method::Get,
        "/_lab/jobs",
        "listJobs",
        "Every workflow job, in the order of the ids.",
        Media::Json(schema_of::<Jobs>),
        list,
    ),
    Operation::new(
        Method::Post,
        "/_lab/jobs",
        "queueJobs",
        "Queues workflow jobs: the `queue` verb of the scenario language. Without `as` they get a free name.",
        Media::Json(schema_of::<Queued>),
        queue,
    )
    .takes(live::queue_schema)
    .creates(),
    Operation::new(
        Method::Post,
        "/_lab/runs/{run_id}/cancel",
        "cancelRun",
        "Cancels a run, as a user does.",
        Media::Json(schema_of::<Jobs>),
        cancel,
    )
    .refuses(&[NO_SUCH_RUN, (409, "Every job of the run has ended.")]),
    Operation::new(
        Method::Post,
        "/_lab/runs/{run_id}/approve",
        "approveRun",
        "Approves the waiting jobs of a run.",
        Media::Json(schema_of::<Jobs>),
        approve,
    )
    .refuses(&[NO_SUCH_RUN, (409, "No job of the run waits for an approval.")]),
    Operation::new(
        Method::Post,
        "/_lab/runs/{run_id}/rerun",
        "rerunRun",
        "Runs a completed run again, or only its failed jobs.",
        Media::Json(schema_of::<Jobs>),
        rerun,
    )
    .may_take(schema_of::<Rerun>)
    .refuses(&[NO_SUCH_RUN, (409, "The run has not ended, or no job of it failed.")]),
];

/// Workflow jobs.
#[derive(Serialize, JsonSchema)]
struct Jobs {
    /// In the order of their ids.
    jobs: Vec<Job>,
}

/// A workflow job.
#[derive(Serialize, JsonSchema)]
struct Job {
    /// Its id.
    job: u64,
    /// Its name; `J1/2` is the second attempt of `J1`.
    name: String,
    /// The id of its run.
    run: u64,
    /// Attempt of the run it belongs to, from 1.
    attempt: u32,
    /// `owner/name`.
    repo: String,
    /// `runs-on`.
    labels: Vec<String>,
    /// `waiting`, `queued`, `in_progress` or `completed`.
    status: &'static str,
    /// How it ended.
    conclusion: Option<serde_json::Value>,
    /// The id of the runner it was given to.
    runner: Option<u64>,
}

/// Jobs that were queued.
#[derive(Serialize, JsonSchema)]
struct Queued {
    /// In the order they were queued.
    jobs: Vec<QueuedJob>,
}

/// A job that was queued.
#[derive(Serialize, JsonSchema)]
struct QueuedJob {
    /// Its id.
    job: u64,
    /// Its name.
    name: String,
    /// The id of its run.
    run: u64,
}

/// Which jobs of a run to run again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rerun {
    /// Only those that failed; GitHub then sends `completed` of the others again.
    #[serde(default)]
    failed_only: bool,
}

impl From<JobView> for Job {
    fn from(job: JobView) -> Self {
        let conclusion = job.conclusion.map(serde_json::to_value);
        Self {
            job: job.job.0,
            name: job.name,
            run: job.run.0,
            attempt: job.attempt,
            repo: job.repo,
            labels: job.labels,
            status: job.status.as_str(),
            conclusion: conclusion.and_then(Result::ok),
            runner: job.runner.map(|runner| runner.0),
        }
    }
}

fn list(control: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    let jobs = control.world().github().jobs();
    Reply::json(&Jobs {
        jobs: jobs.into_iter().map(Job::from).collect(),
    })
}

fn queue(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let github = control.world().github();
    let mut queued = Vec::new();
    for new in control.live().queue(ask.body)? {
        let job = github
            .queue(new_job(&new), None)
            .map_err(|why| not_queued(&why, queued.len()))?;
        queued.push(QueuedJob {
            job: job.0,
            name: new.name,
            run: github.run_of(job).map_or(0, |run| run.0),
        });
    }
    Reply::json(&Queued { jobs: queued })
}

fn not_queued(why: &NotQueued, queued: usize) -> Problem {
    let error = format!("{why}; {queued} jobs of this request were queued before");
    let help = "give the others another `run`, or none";
    Problem::new(409, "run", &error, help)
}

/// The run of the path, and its jobs.
fn run_of(control: &Control, ask: &Ask<'_>) -> Result<(RunId, Vec<JobView>), Problem> {
    let run = RunId(ask.number("run_id")?);
    let jobs: Vec<_> = jobs_of(control, run);
    if jobs.is_empty() {
        let error = format!("there is no run {}", run.0);
        let help = "GET /_lab/jobs shows the run of each job";
        return Err(Problem::unknown("run_id", &error, help));
    }
    Ok((run, jobs))
}

fn jobs_of(control: &Control, run: RunId) -> Vec<JobView> {
    let jobs = control.world().github().jobs().into_iter();
    jobs.filter(|job| job.run == run).collect()
}

fn reply_with(control: &Control, run: RunId) -> Result<Reply, Problem> {
    let jobs = jobs_of(control, run).into_iter();
    Reply::json(&Jobs {
        jobs: jobs.map(Job::from).collect(),
    })
}

fn cancel(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let (run, jobs) = run_of(control, ask)?;
    if jobs.iter().all(|job| job.status == Status::Completed) {
        let error = "every job of this run has ended";
        return Err(Problem::conflict(
            "run_id",
            error,
            "there is nothing to cancel",
        ));
    }
    control.world().github().cancel_run(run, None);
    reply_with(control, run)
}

fn approve(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let (run, jobs) = run_of(control, ask)?;
    if !jobs.iter().any(|job| job.status == Status::Waiting) {
        let error = "no job of this run waits for an approval";
        let help = "queue one with \"needs_approval\": true";
        return Err(Problem::conflict("run_id", error, help));
    }
    control.world().github().approve(run, None);
    reply_with(control, run)
}

fn rerun(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let (run, jobs) = run_of(control, ask)?;
    let Rerun { failed_only } = ask.decoded()?;
    if jobs.iter().any(|job| job.status != Status::Completed) {
        let error = "this run has not ended";
        let help = "cancel it first, or wait until its jobs are completed";
        return Err(Problem::conflict("run_id", error, help));
    }
    if control
        .world()
        .github()
        .rerun(run, failed_only, None)
        .is_empty()
    {
        let help = "leave out `failed_only` to run all of them again";
        return Err(Problem::conflict(
            "run_id",
            "no job of this run failed",
            help,
        ));
    }
    reply_with(control, run)
}
