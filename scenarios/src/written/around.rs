//! What GitHub and the owners of repositories do around the jobs, as it is written.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;

use super::scalars::{Names, Placed};
use crate::plan::{EventName, It, RepoName, RunConclusion};

/// Runs that GitHub completes while jobs of them stay queued: exactly one of `job` and `run`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteRun {
    /// A job of the run.
    pub(crate) job: Option<Names>,
    /// The run.
    pub(crate) run: Option<Placed<String>>,
    /// How it ends.
    #[serde(default)]
    pub(crate) conclusion: RunConclusion,
}

/// Jobs that GitHub takes back from runners that have not started them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeBack {
    /// A job or a group, or `it`.
    pub(crate) job: Names,
}

/// An installation of the App: exactly one of `owner` and `repo`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Installation {
    /// The account it is on.
    pub(crate) owner: Option<Placed<String>>,
    /// A repository of that account.
    pub(crate) repo: Option<Placed<String>>,
}

/// A repository that gets another name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameRepo {
    /// What it is called until then.
    pub(crate) from: Placed<String>,
    /// What it is called from then on.
    pub(crate) to: Placed<RepoName>,
}

/// The App's webhook gets another secret.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateSecret {}

/// An event beside `workflow_job` that GitHub tells of.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    /// Its name in GitHub's words.
    pub(crate) name: EventName,
    /// Its action.
    pub(crate) action: Option<Placed<String>>,
    /// The repository, with `push` and `repository`; the first one of the world, if missing.
    pub(crate) repo: Option<Placed<String>>,
    /// What the repository was called before, with `repository`.
    pub(crate) from: Option<Placed<RepoName>>,
    /// The account, with `installation` and `installation_repositories`; the first repository's, if missing.
    pub(crate) owner: Option<Placed<String>>,
    /// A job of the run, with `workflow_run`.
    pub(crate) job: Option<Placed<String>>,
    /// Repositories that came, with `installation_repositories`.
    pub(crate) added: Option<Names>,
    /// Repositories that left, with `installation_repositories`.
    pub(crate) removed: Option<Names>,
}

/// What happens to a runner: exactly one of `die`, `hang` and `restart`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunnerVerb {
    /// Its process dies.
    pub(crate) die: Option<It>,
    /// Its process neither works nor exits.
    pub(crate) hang: Option<It>,
    /// Its process is killed and its container starts again, with what it was started with.
    pub(crate) restart: Option<It>,
    /// How often, with `restart`: now, and then each time it ends; once, if missing.
    pub(crate) times: Option<Placed<NonZeroU32>>,
}
