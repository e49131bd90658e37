//! How the fake GitHub runs workflows: its limits, and its answers to what GitHub leaves open.

use std::time::Duration;

use crate::history::Conclusion;

/// How a job that ended without ever having had a runner shows the runner it never had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutRunner {
    /// `runner_id` 0 and empty names, as recorded answers show them.
    #[default]
    Zero,
    /// Nulls, as GitHub's descriptions have it.
    Null,
}

/// Settings of runs and their jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// Jobs a run can have in its first attempt: the limit of a matrix. GitHub's is 256.
    pub jobs_max: usize,
    /// Runs a filtered listing gives at most, on all its pages together. GitHub's is 1,000; that
    /// `total_count` still counts all of them is unconfirmed.
    pub filtered_max: usize,
    /// How long after its creation a run can be run again. GitHub documents 30 days.
    pub rerun_within: Duration,
    /// How long a self-hosted runner may run a job. GitHub's limit is 5 days.
    pub job_runs_max: Duration,
    /// How long a run may take, waiting included, before it is cancelled. GitHub's limit is 35 days.
    pub run_takes_max: Duration,
    /// The conclusion of a job that ran into its time limit. Unconfirmed: GitHub's description knows
    /// `timed_out`, while jobs over their `timeout-minutes` are reported as `cancelled`, the default.
    pub timeout_conclusion: Conclusion,
    /// The runner of a job that never had one. Sources differ; the default is zeros.
    pub without_runner: WithoutRunner,
    /// Whether a skipped job has a `queued` webhook before its `completed`. Unconfirmed; default: no.
    pub skipped_are_queued: bool,
    /// Whether the jobs of an attempt include those it did not run again. Unconfirmed; default: yes.
    pub attempts_carry_jobs: bool,
    /// How long the link to a log can be used. GitHub's is a minute.
    pub log_link: Duration,
}

impl Default for RunSettings {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self {
            jobs_max: 256,
            filtered_max: 1_000,
            rerun_within: 30 * day,
            job_runs_max: 5 * day,
            run_takes_max: 35 * day,
            timeout_conclusion: Conclusion::Cancelled,
            without_runner: WithoutRunner::default(),
            skipped_are_queued: false,
            attempts_carry_jobs: true,
            log_link: Duration::from_secs(60),
        }
    }
}
