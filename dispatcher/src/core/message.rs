//! What goes into the core (inputs: events and answers) and what comes out of it (commands: writes and calls).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    model::{
        CredentialKind, HfJobId, InstallationId, JobId, JobKey, JobStatus, Lane, LaunchId, RepoId,
        RunId, RunnerId, Secret,
    },
    record::Record,
};

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time went by.
    Tick,
    /// A signed webhook told of a job.
    Event(JobSighting),
    /// The webhook endpoint took a delivery: its GUID needs no redelivery.
    Delivered(String),
    /// GitHub's word on which installation serves a repository.
    Installation(RepoId, Result<InstallationId, Failure>),
    /// A runner credential, or why there is none.
    Credential(LaunchId, Result<Credential, Failure>),
    /// The answer to creating an HF job.
    Created(LaunchId, Result<HfJobId, Failure>),
    /// HF jobs that carry this launch's tag.
    TagLookedUp(LaunchId, Result<Vec<HfJob>, Failure>),
    /// All live HF jobs of ours. The time is that of the question.
    HfListed(Timestamp, Result<Vec<HfJob>, Failure>),
    /// One HF job.
    HfInspected(LaunchId, Result<HfJob, Failure>),
    /// The answer to ending an HF job.
    HfCanceled(LaunchId, Result<(), Failure>),
    /// All runners of a repository.
    RunnersListed(RepoId, Result<Vec<Runner>, Failure>),
    /// The runner of this launch's name.
    RunnerFound(LaunchId, Result<Option<Runner>, Failure>),
    /// The answer to removing a launch's runner record.
    RunnerDeleted(LaunchId, Result<Removed, Failure>),
    /// One job as GitHub has it.
    JobRead(JobKey, Result<JobReading, Failure>),
    /// Jobs of one run, as its list has them: those that were asked about, and what was found.
    JobsRead(
        RepoId,
        BTreeSet<JobId>,
        Result<BTreeMap<JobId, JobReading>, Failure>,
    ),
    /// When a run was over, if it is.
    RunRead(RepoId, RunId, Result<Option<Timestamp>, Failure>),
    /// The answer to cancelling a run.
    RunCancelled(JobKey, Result<(), Failure>),
    /// What the survey of all repositories found.
    Surveyed(Survey),
    /// Failed deliveries in GitHub's log.
    DeliveriesListed(Result<Vec<FailedDelivery>, Failure>),
}

/// A write to the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Keep this record under this key.
    Put(String, Record),
    /// Forget the key.
    Delete(String),
}

/// Something to do outside. Writes come first and must be durable before any call after them is made.
#[derive(Clone, Debug)]
pub enum Command {
    /// Write to the journal.
    Write(Write),
    /// Ask GitHub (as the App) which installation serves a repository.
    AskInstallation {
        /// The repository.
        repo: RepoId,
        /// Its name.
        name: String,
    },
    /// Mint a runner credential.
    Mint(Mint),
    /// Create an HF job.
    CreateHfJob(Box<HfJobOrder>),
    /// List HF jobs with this launch's tag, in any stage.
    LookUpTag(LaunchId),
    /// List our HF jobs that are scheduling or running.
    ListHfJobs,
    /// Read one HF job.
    InspectHfJob(LaunchId, HfJobId),
    /// End an HF job.
    CancelHfJob(LaunchId, HfJobId),
    /// List all runners of a repository.
    ListRunners(Access),
    /// Find the runner of one name.
    FindRunner(Access, LaunchId, String),
    /// Remove a runner record.
    DeleteRunner(Access, LaunchId, RunnerId),
    /// Read one job.
    ReadJob(Access, JobId),
    /// Read several jobs of one run, by its list.
    ReadJobs(Access, RunId, BTreeSet<JobId>),
    /// Read a run: is it over?
    ReadRun(Access, RunId),
    /// Cancel a run, so that its user sees that it cannot be served.
    CancelRun(Access, JobId, RunId),
    /// Look for queued jobs in every repository of every installation.
    Survey {
        /// Runs that hold jobs whose state we would like to know again.
        open_runs: BTreeSet<RunId>,
    },
    /// List failed deliveries since the time given.
    ListDeliveries(Option<Timestamp>),
    /// Ask GitHub to send a delivery again.
    Redeliver(u64),
}

/// The right to act in a repository, by the installation that GitHub named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The repository.
    pub repo: RepoId,
    /// `owner/name`.
    pub name: String,
    /// The installation.
    pub installation: InstallationId,
}

/// A credential to mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mint {
    /// For which launch.
    pub launch: LaunchId,
    /// Where.
    pub access: Access,
    /// Which kind.
    pub kind: CredentialKind,
    /// The runner's name.
    pub runner: String,
    /// The runner's one label.
    pub label: String,
}

/// A minted credential.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The text.
    pub secret: Secret,
    /// The runner record, when minting made one.
    pub runner_id: Option<RunnerId>,
    /// When it dies, by our clock, if GitHub said so.
    pub valid_until: Option<Timestamp>,
}

/// Everything needed to create an HF job.
#[derive(Clone, Debug)]
pub struct HfJobOrder {
    /// The launch: the HF job's tag.
    pub launch: LaunchId,
    /// Its repository and label.
    pub lane: Lane,
    /// `owner/name`.
    pub repo_name: String,
    /// The runner's name.
    pub runner: String,
    /// Which kind of credential.
    pub kind: CredentialKind,
    /// The credential.
    pub secret: Secret,
}

/// A job as a webhook or a listing shows it. Replicas hand it over as a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSighting {
    /// The repository.
    pub repo: RepoId,
    /// `owner/name`.
    pub repo_name: String,
    /// The installation the webhook names; `None` when GitHub itself was asked.
    pub claim: Option<InstallationId>,
    /// The job.
    pub job: JobId,
    /// Its run.
    pub run: RunId,
    /// Its one label, canonical.
    pub label: String,
    /// How far it is.
    pub status: JobStatus,
    /// The runner that has it.
    pub runner: Option<String>,
    /// When GitHub created the job, if the webhook says.
    pub created_at: Option<Timestamp>,
}

/// A job's state as GitHub answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobReading {
    /// How far it is.
    pub status: JobStatus,
    /// The runner that has it.
    pub runner: Option<String>,
}

/// A runner as GitHub shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// Its number.
    pub id: RunnerId,
    /// Its name.
    pub name: String,
    /// Connected.
    pub online: bool,
    /// Has a job.
    pub busy: bool,
}

/// How a runner record went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// By this call: until then the runner had no job.
    Now,
    /// It was gone already: GitHub removes the record of a runner that has done its one job.
    Before,
}

/// Where an HF job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waits for hardware or starts.
    Scheduling,
    /// Runs.
    Running,
    /// Over; how.
    Over(&'static str),
    /// A stage we do not know; treated as alive.
    Other,
}

/// An HF job as the Hub shows it.
#[derive(Clone, Debug)]
pub struct HfJob {
    /// Its name.
    pub id: HfJobId,
    /// Where it is.
    pub stage: Stage,
    /// What the Hub says about the stage.
    pub message: Option<String>,
    /// The launch in its tag.
    pub launch: Option<LaunchId>,
    /// The repository in its labels.
    pub repo: Option<RepoId>,
    /// Its environment: repository name, label and runner name of the launch.
    pub environment: BTreeMap<String, String>,
}

/// What a survey found.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Every repository seen: number, name, installation.
    pub repos: Vec<(RepoId, String, InstallationId)>,
    /// Every routed job seen.
    pub jobs: Vec<JobSighting>,
    /// Nothing was left out because a call failed.
    pub complete: bool,
}

/// A delivery that GitHub could not hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedDelivery {
    /// Its number.
    pub id: u64,
    /// The GUID it shares with its redeliveries.
    pub guid: String,
    /// When GitHub tried.
    pub delivered_at: Timestamp,
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No answer came in time, or the connection broke. The call may have had its effect.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// 5xx. The call may have had its effect.
    #[error("server error {status}: {message}")]
    ServerError {
        /// The status.
        status: u16,
        /// What the body said.
        message: String,
    },
    /// A 2xx whose body made no sense. The call probably had its effect.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
    /// A rate limit. Nothing was done; nothing may be asked before the time given.
    #[error("rate limited until {until}: {message}")]
    Limited {
        /// When to ask again.
        until: Timestamp,
        /// What the body said.
        message: String,
    },
    /// Any other answer than 2xx. Nothing was done.
    #[error("refused with {status}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// What the body said.
        message: String,
    },
}

impl Failure {
    /// Whether the call may have had its effect although it failed.
    #[must_use]
    pub fn effect_unknown(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer(_) | Self::ServerError { .. } | Self::Unreadable(_)
        )
    }

    /// The status of a definite refusal.
    #[must_use]
    pub fn refused(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The time before which nothing may be asked again.
    #[must_use]
    pub fn limited_until(&self) -> Option<Timestamp> {
        match self {
            Self::Limited { until, .. } => Some(*until),
            _ => None,
        }
    }
}
