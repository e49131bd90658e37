//! The words of the history: who called, with which credential, why something was lost, how a job ended.

use serde::{Deserialize, Serialize};

use crate::ids::{HfJobId, JobId, RunId, RunnerId};

/// Who made an API call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caller {
    /// The dispatcher under test.
    #[default]
    Dispatcher,
    /// A runner inside an HF job.
    Runner,
}

/// What kind of credential a call carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// The App's signed JWT.
    AppJwt,
    /// An installation access token.
    InstallationToken,
    /// A runner registration token.
    RegistrationToken,
    /// A just-in-time runner configuration.
    JitConfig,
    /// A Hugging Face user token.
    HfToken,
}

/// What the fake thought of that credential when the call arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialState {
    /// Valid.
    Fresh,
    /// Past its end.
    Expired,
    /// A JWT issued in the future of GitHub's clock, or a token GitHub's servers do not know yet.
    NotYetValid,
    /// A JWT whose end is more than 600 s ahead of GitHub's clock.
    TooLong,
    /// Revoked, or its runner registration is gone.
    Revoked,
    /// Never issued by this world, or not decodable.
    Unknown,
}

/// A credential as the history shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialUse {
    /// Its kind.
    pub kind: CredentialKind,
    /// Whether it was still good.
    pub state: CredentialState,
}

/// How a delivery's signature was made. Only `Lab` is genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signed {
    /// With the webhook's secret, over the bytes that are sent.
    Lab,
    /// Not at all.
    None,
    /// With a secret that is not the webhook's.
    Wrong,
    /// With the secret the webhook had before it was last rotated.
    OldSecret,
    /// With the webhook's secret, but over other bytes than those sent.
    Tampered,
}

/// Where a delivery came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The fake GitHub emitted it because something happened.
    Emitted,
    /// The scenario replays a recording.
    Recorded,
    /// The scenario wrote it.
    Forged,
    /// Somebody asked for a redelivery, or a fault duplicated it.
    Repeated,
}

/// Why a delivery or a call got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lost {
    /// Nothing listened.
    Refused,
    /// The other side did not answer in time.
    TimedOut,
    /// The connection broke.
    Reset,
    /// It was dropped before it was sent: by a fault, or because its hook was gone by then.
    Dropped,
    /// Its payload is larger than GitHub sends.
    TooLarge,
    /// It failed when it was recorded, or the scenario says that it fails: it was never sent.
    FailedThen,
}

/// A job's conclusion, as GitHub spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The job's steps passed.
    Success,
    /// A step failed, or the runner was lost.
    Failure,
    /// Somebody or something cancelled it.
    Cancelled,
    /// A condition skipped it.
    Skipped,
    /// It ran too long.
    TimedOut,
    /// Neither good nor bad.
    Neutral,
    /// It waits for somebody.
    ActionRequired,
}

/// The stage of an HF job, as HF spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Stage {
    /// Waiting for hardware or pulling its image.
    Scheduling,
    /// The container runs.
    Running,
    /// The command ended with exit code 0.
    Completed,
    /// Somebody cancelled it.
    Canceled,
    /// The command failed, or the platform did.
    Error,
    /// Gone.
    Deleted,
}

impl Stage {
    /// As HF spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduling => "SCHEDULING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Canceled => "CANCELED",
            Self::Error => "ERROR",
            Self::Deleted => "DELETED",
        }
    }

    /// True for the four stages an HF job never leaves.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Canceled | Self::Error | Self::Deleted
        )
    }
}

/// Why an HF job changed its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageCause {
    /// The platform scheduled or started it, or ended it of its own accord: no credit, a failure of its own.
    Platform,
    /// Its command ended by itself.
    Exit,
    /// Somebody called cancel.
    Cancel,
    /// It reached its timeout.
    Timeout,
    /// The scenario forced it.
    Scenario,
}

/// Why a runner left GitHub's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// `DELETE` by the dispatcher.
    Api,
    /// It had run its one job.
    Ephemeral,
    /// A registration with the same name replaced it.
    Replaced,
    /// GitHub removed it because it had not connected for too long.
    Aged,
}

/// What closed a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closed {
    /// Its `until` came.
    Window,
    /// It struck for the last of its `times`.
    Times,
    /// The world was healed.
    Heal,
    /// Somebody took it away.
    Removed,
}

/// What keeps a queued job from being given to a runner, whoever there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldBy {
    /// As many jobs of its run as may run at once do, or go first. A run that waits for its concurrency group has
    /// no jobs yet.
    MaxParallel,
}

/// What a call says it is about: by its path and its body, whether that is so or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallAbout {
    /// `owner/name` of a repository, or an organisation's login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// A job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// A run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// A runner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<RunnerId>,
    /// An HF job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hf_job: Option<HfJobId>,
    /// A hardware flavor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flavor: Option<String>,
    /// A runner's labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// A runner's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner_name: Option<String>,
    /// An installation of the App.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation: Option<u64>,
    /// The repositories a token is to be restricted to, by name or by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
}

impl CallAbout {
    /// Itself, unless it says nothing.
    pub(crate) fn said(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}
