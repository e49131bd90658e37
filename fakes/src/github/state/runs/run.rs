//! A workflow run, and its attempts.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    hold::{Concurrency, Hold},
    standing::{RunConclusion, Standing, Tally},
};
use crate::{
    github::state::accounts::repository::Repository,
    ids::{JobId, RunId},
    settings::WithoutRunner,
};

#[derive(Clone)]
pub(in crate::github) struct Run {
    pub(in crate::github) id: RunId,
    pub(in crate::github) repo: Arc<Repository>,
    pub(in crate::github) number: u64,
    pub(in crate::github) attempt: u32,
    pub(in crate::github) head_sha: String,
    pub(in crate::github) created_at: Timestamp,
    pub(in crate::github) updated_at: Timestamp,
    /// How many jobs of each matrix may run at once, where there is a limit.
    pub(in crate::github) max_parallel: BTreeMap<Option<Arc<str>>, u32>,
    pub(in crate::github) jobs: Vec<JobId>,
    /// What triggered it.
    pub(in crate::github) event: &'static str,
    pub(in crate::github) concurrency: Option<Concurrency>,
    /// What keeps it from having jobs.
    pub(in crate::github) hold: Option<Hold>,
    /// How it ended, where its jobs do not tell.
    pub(in crate::github) ended: Option<RunConclusion>,
    /// Its jobs by status, and where it stands.
    pub(in crate::github) tally: Tally,
    pub(in crate::github) standing: Standing,
    /// Its attempts that are known, oldest first; the last is the latest.
    pub(in crate::github) attempts: Vec<Attempt>,
    /// The last attempt whose logs were deleted.
    pub(in crate::github) logs_deleted: u32,
    /// How its jobs look that never had a runner.
    pub(in crate::github) without_runner: WithoutRunner,
}

/// One attempt of a run.
#[derive(Clone)]
pub(in crate::github) struct Attempt {
    pub(in crate::github) number: u32,
    pub(in crate::github) started_at: Timestamp,
    /// Whether debug logging was asked for.
    pub(in crate::github) debug: bool,
    /// Where it stood, and when it last changed; of the latest attempt the run itself tells.
    pub(in crate::github) ended: Option<(Standing, Timestamp)>,
}

impl Attempt {
    pub(in crate::github) const fn begun(number: u32, started_at: Timestamp) -> Self {
        Self {
            number,
            started_at,
            debug: false,
            ended: None,
        }
    }
}
