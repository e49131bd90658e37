//! Jobs to queue, as they are written.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;

use vocabulary::Length;

use super::scalars::{Names, Placed};
use crate::plan::{Conclusion, Concurrency};

/// Jobs to queue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queue {
    /// The job's name; with `jobs: 3` and `as: J`, the jobs are J1, J2 and J3, and J is all of them.
    #[serde(rename = "as")]
    pub(crate) name: Placed<String>,
    /// How many.
    pub(crate) jobs: Option<Placed<u32>>,
    /// The repository; the first one of the world, if missing.
    pub(crate) repo: Option<Placed<String>>,
    /// What the jobs ask for (`runs-on`); `$i` is the job's own number.
    pub(crate) labels: Names,
    /// The run they belong to; a run of its own for each, if missing (one for all with `max_parallel`).
    pub(crate) run: Option<Placed<String>>,
    /// The matrix of the run that makes them; the jobs of one `queue` are one, if missing.
    pub(crate) matrix: Option<Placed<String>>,
    /// How long a job works; one minute, if missing.
    pub(crate) runs_for: Option<Length>,
    /// How many of these jobs may work at a time.
    pub(crate) max_parallel: Option<NonZeroU32>,
    /// Whether they wait for an approval first.
    #[serde(default)]
    pub(crate) needs_approval: bool,
    /// How they end.
    #[serde(default)]
    pub(crate) conclusion: Conclusion,
    /// The concurrency group of their run: of its runs one goes at a time, and one more may wait.
    pub(crate) concurrency: Option<Placed<Concurrency>>,
}
