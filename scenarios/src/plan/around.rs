//! What GitHub and the owners of repositories do around the jobs: runs that end, repositories that are renamed,
//! installations that are suspended, events of other kinds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

/// Completes the run that `job` belongs to, and leaves its queued and waiting jobs as they are for ever.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompleteRun {
    /// A job of the run, or `it`.
    pub job: String,
    /// How the run ends.
    pub conclusion: RunConclusion,
}

/// How GitHub ends a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunConclusion {
    /// Its workflow could not be started.
    #[default]
    StartupFailure,
    /// It failed.
    Failure,
    /// It was cancelled.
    Cancelled,
    /// It took too long.
    TimedOut,
    /// GitHub gave up on it.
    Stale,
}

/// Takes a job back from the runner that has not started it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TakeBack {
    /// The job, or `it`.
    pub job: String,
}

/// An account on which the App is installed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// Its login.
    pub owner: String,
}

/// Gives a repository another name, or another owner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RenameRepo {
    /// `owner/name` until then.
    pub from: String,
    /// `owner/name` from then on.
    pub to: String,
}

/// An event beside `workflow_job`. It changes nothing: GitHub only tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherEvent {
    /// A ping of the App's hook.
    Ping,
    /// A push to a repository.
    Push {
        /// `owner/name`.
        repo: String,
    },
    /// A repository was renamed.
    Repository {
        /// `owner/name`.
        repo: String,
        /// `owner/name` before.
        from: String,
    },
    /// Something became of an installation.
    Installation {
        /// Whose account it is on.
        owner: String,
        /// What became of it.
        action: String,
    },
    /// Repositories came to an installation, or left it.
    InstallationRepositories {
        /// Whose account it is on.
        owner: String,
        /// Those that came.
        added: Vec<String>,
        /// Those that left.
        removed: Vec<String>,
    },
    /// A run came so far.
    WorkflowRun {
        /// A job of it, or `it`.
        job: String,
        /// How far.
        action: String,
    },
}

impl OtherEvent {
    /// Its name in GitHub's words.
    #[must_use]
    pub const fn name(&self) -> EventName {
        match self {
            Self::Ping => EventName::Ping,
            Self::Push { .. } => EventName::Push,
            Self::Repository { .. } => EventName::Repository,
            Self::Installation { .. } => EventName::Installation,
            Self::InstallationRepositories { .. } => EventName::InstallationRepositories,
            Self::WorkflowRun { .. } => EventName::WorkflowRun,
        }
    }
}

/// The events beside `workflow_job` that the fake GitHub can tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// A ping of the App's hook.
    Ping,
    /// A push to a repository.
    Push,
    /// A repository was renamed.
    Repository,
    /// Something became of an installation.
    Installation,
    /// Repositories came to an installation, or left it.
    InstallationRepositories,
    /// A run came so far.
    WorkflowRun,
}

impl Serialize for OtherEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name())?;
        match self {
            Self::Ping => {}
            Self::Push { repo } => map.serialize_entry("repo", repo)?,
            Self::Repository { repo, from } => {
                map.serialize_entry("action", "renamed")?;
                map.serialize_entry("repo", repo)?;
                map.serialize_entry("from", from)?;
            }
            Self::Installation { owner, action } => {
                map.serialize_entry("action", action)?;
                map.serialize_entry("owner", owner)?;
            }
            Self::InstallationRepositories {
                owner,
                added,
                removed,
            } => {
                map.serialize_entry("owner", owner)?;
                map.serialize_entry("added", added)?;
                map.serialize_entry("removed", removed)?;
            }
            Self::WorkflowRun { job, action } => {
                map.serialize_entry("action", action)?;
                map.serialize_entry("job", job)?;
            }
        }
        map.end()
    }
}
