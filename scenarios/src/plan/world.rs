//! The world of a plan: settings that hold from the start.
//!
//! The same types read the `world` of a scenario (missing settings take their defaults) and write that of a plan.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{
    cold_start::ColdStarts,
    expect::MicroUsd,
    github_limits::{Hook, Permissions, RateLimit, SecondaryLimit},
    label_rules::{LabelRule, WarmPools},
};
use crate::words;
use vocabulary::{Fixed, Length, Skew};

/// Settings that hold from the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// The fake GitHub.
    pub github: GithubWorld,
    /// Its webhooks.
    pub webhooks: Webhooks,
    /// The fake Hugging Face Jobs.
    pub hf: HfWorld,
    /// Settings every dispatcher could be given; each target maps them to its own.
    pub dispatcher: DispatcherWorld,
    /// How long a message between the dispatcher and a fake is on its way, drawn per call and direction.
    pub latency: Length,
}

impl Default for World {
    fn default() -> Self {
        Self {
            github: GithubWorld::default(),
            webhooks: Webhooks::default(),
            hf: HfWorld::default(),
            dispatcher: DispatcherWorld::default(),
            latency: Length::millis(1, 20),
        }
    }
}

/// Settings of the fake GitHub.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GithubWorld {
    /// The repositories it holds. The first one is where a job is queued when none is named.
    pub repos: Vec<Repo>,
    /// How it gives jobs to runners.
    pub assignment: Assignment,
    /// How long an installation token is valid.
    pub installation_token: Fixed,
    /// How long a runner registration token is valid.
    pub registration_token: Fixed,
    /// How long a JIT configuration is valid. What GitHub really grants is not documented.
    pub jit_config: Fixed,
    /// How far its clock is ahead of the world's.
    pub clock_skew: Skew,
    /// How many calls an installation may make in an hour; 5,000 from its first call, and more with many repositories,
    /// if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// The limits on bursts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_limit: Option<SecondaryLimit>,
    /// The largest page of a listing.
    pub page_size_max: PageSize,
    /// What the App may do, where that is not what a dispatcher needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The webhooks of repositories and organisations, beside the App's. They point to the dispatcher too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
}

/// The largest page of a listing: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct PageSize(pub u32);

impl<'de> Deserialize<'de> for PageSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            size @ 1..=100 => Ok(Self(size)),
            other => Err(D::Error::custom(format!(
                "GitHub has no pages of {other}\nwrite a number from 1 to 100"
            ))),
        }
    }
}

impl Default for GithubWorld {
    fn default() -> Self {
        Self {
            repos: vec![Repo::named(words::DEFAULT_REPO)],
            assignment: Assignment::default(),
            installation_token: Fixed::secs(3_600),
            registration_token: Fixed::secs(3_600),
            jit_config: Fixed::secs(3_600),
            clock_skew: Skew(0),
            rate_limit: None,
            secondary_limit: None,
            page_size_max: PageSize(100),
            permissions: None,
            hooks: Vec::new(),
        }
    }
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repo {
    /// `owner/name`.
    pub name: RepoName,
    /// Who can see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Whether the App is installed on it.
    #[serde(default = "yes")]
    pub installed: bool,
    /// Whether the installation's list of repositories holds it.
    #[serde(default = "yes")]
    pub listed: bool,
}

impl Repo {
    fn named(name: &str) -> Self {
        Self {
            name: RepoName(name.to_owned()),
            visibility: Visibility::Public,
            installed: true,
            listed: true,
        }
    }
}

const fn yes() -> bool {
    true
}

/// Who can see a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody.
    #[default]
    Public,
    /// Its members.
    Private,
}

/// How GitHub gives jobs to runners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Assignment {
    /// Which of the matching jobs a runner gets.
    pub policy: AssignmentPolicy,
    /// How long after job and runner are both there, drawn per assignment.
    pub delay: Length,
}

impl Default for Assignment {
    fn default() -> Self {
        Self {
            policy: AssignmentPolicy::Oldest,
            delay: Length::millis(100, 1_000),
        }
    }
}

/// Which of the matching jobs a runner gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentPolicy {
    /// The one queued first.
    #[default]
    Oldest,
    /// The one queued last.
    Newest,
    /// Any, drawn per assignment.
    Random,
}

/// Settings of GitHub's webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// How long after the event a delivery is sent, drawn per delivery.
    pub delay: Length,
    /// How long GitHub waits for the answer.
    pub timeout: Fixed,
    /// Whether each delivery has a connection of its own; if missing, it has in real time and has not in virtual time.
    /// What GitHub does is UNCONFIRMED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
}

/// What carries deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// Each delivery opens a connection, which ends with the answer. Several workers behind one port then all get some.
    New,
    /// Connections are kept and used again.
    Kept,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            delay: Length::millis(100, 900),
            timeout: Fixed::secs(10),
            connection: None,
        }
    }
}

/// Settings of the fake Hugging Face Jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfWorld {
    /// How long a new HF job takes until its runner connects, drawn per HF job.
    pub cold_start: ColdStarts,
    /// How long an HF job may run when its creator set no timeout.
    pub default_timeout: Fixed,
    /// What the namespace can spend on HF jobs, in US dollars; without end, if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_usd: Option<MicroUsd>,
    /// Whether the time before RUNNING is billed too. HF does not document it.
    pub scheduling_is_billed: bool,
    /// How long after the end of its container and its log an HF job changes its stage, drawn per HF job.
    pub stage_lag: Length,
    /// How long after a cancel call an HF job is CANCELED, drawn per HF job.
    pub cancel_latency: Length,
    /// How long the container of an HF job that is stopped lives on.
    pub grace: Fixed,
    /// How long an HF job that has ended can be looked up; for ever, if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Fixed>,
}

impl Default for HfWorld {
    fn default() -> Self {
        Self {
            cold_start: ColdStarts::default(),
            default_timeout: Fixed::secs(1_800),
            balance_usd: None,
            scheduling_is_billed: false,
            stage_lag: Length::millis(0, 0),
            cancel_latency: Length::millis(0, 0),
            grace: Fixed::secs(0),
            retention: None,
        }
    }
}

/// Settings every dispatcher could be given. One that a target cannot be given makes the scenario not exercised for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DispatcherWorld {
    /// How many HF jobs it may hold at a time.
    pub caps: Caps,
    /// How long a runner may be idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Fixed>,
    /// How long an HF job may take until its runner is online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_deadline: Option<Fixed>,
    /// The timeout it gives its HF jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_timeout: Option<Fixed>,
    /// How far its clock is ahead of the world's.
    pub clock_skew: Skew,
    /// The repositories it serves; every one, if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_repos: Option<Vec<RepoName>>,
    /// The label sets it serves; those of the convention `hf-jobs-<flavor>`, if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<LabelRule>>,
    /// The runners it keeps ready beyond what jobs ask for.
    #[serde(skip_serializing_if = "WarmPools::is_empty")]
    pub warm: WarmPools,
}

/// How many HF jobs a dispatcher may hold at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// In all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// For one repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_repo: Option<u32>,
    /// Of one flavor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_flavor: Option<u32>,
}

/// The name of a repository, `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct RepoName(pub String);

impl<'de> Deserialize<'de> for RepoName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let fine = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        match name.split_once('/') {
            Some((owner, repo)) if fine(owner) && fine(repo) => Ok(Self(name)),
            _ => Err(D::Error::custom(format!(
                "`{name}` is not the name of a repository\nwrite it as `owner/name`, such as `{}`",
                words::DEFAULT_REPO
            ))),
        }
    }
}
