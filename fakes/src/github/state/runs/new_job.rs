//! A job somebody pushes, and why it may not come into being.

use std::{fmt, time::Duration};

use super::{hold::Concurrency, job::RUNS_FOR_DEFAULT};
use crate::{history::Conclusion, ids::RunId};

/// A job somebody pushes.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its name in the scenario.
    pub name: String,
    /// `owner/name`. A repository nobody has named before gets the App installed.
    pub repo: String,
    /// `runs-on`.
    pub labels: Vec<String>,
    /// Jobs with the same key and repository share a run; none gives the job a run of its own.
    pub run: Option<String>,
    /// How long it runs.
    pub runs_for: Duration,
    /// How it ends, if it runs to its end. A skipped one never runs.
    pub conclusion: Conclusion,
    /// The matrix of its run that made it. Jobs of a run that name none are one matrix.
    pub matrix: Option<String>,
    /// How many jobs of its matrix may run at once.
    pub max_parallel: Option<u32>,
    /// Whether it waits for an approval first.
    pub needs_approval: bool,
    /// The runner group that `runs-on` names, if it names one.
    pub group: Option<String>,
    /// Its `timeout-minutes`: how long it may run.
    pub timeout: Option<Duration>,
    /// The `concurrency` of its run; the run's first job decides.
    pub concurrency: Option<Concurrency>,
    /// Whether its run comes from a fork and needs a maintainer's approval before it has any jobs; the
    /// run's first job decides.
    pub from_fork: bool,
}

impl NewJob {
    /// A job of its own run that takes a minute and succeeds.
    #[must_use]
    pub fn new(name: &str, repo: &str, labels: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            repo: repo.to_owned(),
            labels,
            run: None,
            runs_for: RUNS_FOR_DEFAULT,
            conclusion: Conclusion::Success,
            matrix: None,
            max_parallel: None,
            needs_approval: false,
            group: None,
            timeout: None,
            concurrency: None,
            from_fork: false,
        }
    }
}

/// Why a job does not come into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotQueued {
    /// The matrix of its run has as many jobs as it can make.
    RunIsFull {
        /// The run.
        run: RunId,
        /// How many jobs the matrix has.
        jobs: usize,
    },
    /// Its run has ended; only a re-run begins it anew.
    RunIsOver {
        /// The run.
        run: RunId,
    },
}

impl fmt::Display for NotQueued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunIsFull { run, jobs } => write!(f, "{run} has all the {jobs} jobs it can have"),
            Self::RunIsOver { run } => write!(f, "{run} has ended"),
        }
    }
}

impl std::error::Error for NotQueued {}
