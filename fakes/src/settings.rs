//! What a world is given before it starts: who has access to what, and how long things live and take.

mod app;
mod assignment_policy;
mod boot;
mod hf_accounts;
mod hf_life;
mod hf_limits;
mod hooks;
mod limits;
mod recorded;
mod runner_version;
mod runners;

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{env::Length, spread::Spread};

pub use app::{AppSettings, ManifestSettings, TokenFormat};
pub use boot::{Boot, LogSink, ProcessBoot, StandInSettings};
pub use hf_accounts::{HfPermission, HfRole, HfScope, HfToken};
pub use hf_life::{CancelOfEnded, ColdStart, LifeSettings};
pub use hf_limits::{HfLimitSettings, HfPlan};
pub use hooks::{ContentType, HookSettings, LogStatus};
pub use limits::{BegunHour, LimitSettings, PointsScope, PrimaryLimits, SecondaryLimits};
mod runs;

pub use assignment_policy::{AssignmentPolicy, AssignmentRule, IdleRunner, WaitingJob};
pub use recorded::{RecordedRepo, RecordedWorld};
pub use runner_version::{NoRunnerVersion, RunnerVersion};
pub use runners::RunnerSettings;
pub use runs::{RunSettings, WithoutRunner};

/// Everything a world is set up with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The fake GitHub's.
    pub github: GithubSettings,
    /// The fake Hugging Face's.
    pub hf: HfSettings,
}

/// A repository that exists from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoSettings {
    /// `owner/name`.
    pub name: String,
    /// Whether it is private.
    pub private: bool,
    /// Whether the App is installed on it. Without that there are no webhooks and no access.
    pub installed: bool,
    /// Whether the dispatcher's allow list names it. The fake itself makes no difference.
    pub listed: bool,
}

impl RepoSettings {
    /// A public repository on which the App is installed.
    #[must_use]
    pub fn installed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            private: false,
            installed: true,
            listed: true,
        }
    }
}

/// How GitHub gives jobs to runners.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Which job goes first.
    pub policy: AssignmentPolicy,
    /// From the moment a runner and a job for it are both there to the moment the runner is given one; drawn
    /// for the job that has waited longest, whichever the policy lets it have.
    pub delay: Length,
}

/// The fake GitHub's settings.
#[derive(Clone)]
pub struct GithubSettings {
    /// The App's id, which a JWT must name as its issuer.
    pub app_id: u64,
    /// Used in every URL the fake emits; no trailing slash.
    pub base_url: String,
    /// The secret of the App's webhook; empty for none, and then nothing is signed.
    pub webhook_secret: Vec<u8>,
    /// The repositories that exist.
    pub repos: Vec<RepoSettings>,
    /// What recordings tell that will be played.
    pub recorded: RecordedWorld,
    /// How jobs are given to runners.
    pub assignment: Assignment,
    /// How runners are kept, grouped and handed jobs.
    pub runners: RunnerSettings,
    /// How long an installation token lives.
    pub installation_token: Duration,
    /// How long a runner registration token lives.
    pub registration_token: Duration,
    /// How long a just-in-time runner configuration can be used for the first connection.
    pub jit_config: Duration,
    /// GitHub's clock minus the world's, in milliseconds.
    pub clock_skew_ms: i64,
    /// From an event to its webhook's departure; drawn per delivery.
    pub webhook_delay: Length,
    /// How long GitHub waits for a webhook's answer.
    pub webhook_timeout: Duration,
    /// The largest page of a listing.
    pub page_size_max: u32,
    /// Its webhooks.
    pub hooks: HookSettings,
    /// The App's permissions and tokens.
    pub app: AppSettings,
    /// Rate limits.
    pub limits: LimitSettings,
    /// How workflows are run.
    pub runs: RunSettings,
    /// How patient the stand-in for actions/runner is.
    pub stand_in: StandInSettings,
}

impl Default for GithubSettings {
    fn default() -> Self {
        let hour = Duration::from_secs(3600);
        Self {
            app_id: 1234,
            base_url: "https://api.github.com".to_owned(),
            webhook_secret: b"lab-webhook-secret".to_vec(),
            repos: vec![RepoSettings::installed("octo/app")],
            recorded: RecordedWorld::default(),
            assignment: Assignment {
                policy: AssignmentPolicy::Oldest,
                delay: Length::fixed(Duration::ZERO),
            },
            runners: RunnerSettings::default(),
            installation_token: hour,
            registration_token: hour,
            jit_config: hour,
            clock_skew_ms: 0,
            webhook_delay: Length::fixed(Duration::from_secs(1)),
            webhook_timeout: Duration::from_secs(10),
            page_size_max: 100,
            hooks: HookSettings::default(),
            app: AppSettings::default(),
            limits: LimitSettings::default(),
            runs: RunSettings::default(),
            stand_in: StandInSettings::default(),
        }
    }
}

impl fmt::Debug for GithubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Everything but the secret.
        f.debug_struct("GithubSettings")
            .field("app_id", &self.app_id)
            .field("base_url", &self.base_url)
            .field("repos", &self.repos)
            .field("assignment", &self.assignment)
            .finish_non_exhaustive()
    }
}

/// The fake Hugging Face's settings.
#[derive(Clone)]
pub struct HfSettings {
    /// Used in every URL the fake emits; no trailing slash.
    pub base_url: String,
    /// A user token that may do everything.
    pub token: String,
    /// Whose it is: the user first, then the organisations it may start jobs for.
    pub namespaces: Vec<String>,
    /// Further tokens.
    pub tokens: Vec<HfToken>,
    /// Limits on calls.
    pub limits: HfLimitSettings,
    /// The resource groups that jobs can be started in, by id: their names. A job can name any other id, and
    /// is then shown with the id alone; what HF says to an unknown one is UNCONFIRMED.
    pub resource_groups: BTreeMap<String, String>,
    /// The header `X-HF-Warning` of every answer, `topic; message`: clients show it once per topic.
    pub warning: Option<String>,
    /// The timeout of an HF job that asked for none, from RUNNING on: 30 minutes
    /// (<https://huggingface.co/docs/hub/jobs-configuration>).
    pub default_timeout: Duration,
    /// Cold starts by flavor; `default` for all others; without that, none at all.
    pub cold_start: BTreeMap<String, ColdStart>,
    /// Jobs in one page of the listing. HF documents none.
    pub page_size: usize,
    /// Whether containers run as root, which the runner refuses unless it is told not to. UNCONFIRMED; they do
    /// not, as the runner's own image does not.
    pub containers_are_root: bool,
    /// Whether the time in SCHEDULING is billed. HF bills "starting or running"
    /// (<https://huggingface.co/docs/hub/jobs-pricing>) and leaves open which that is.
    pub scheduling_is_billed: bool,
    /// Who runs the command of an HF job.
    pub boot: Boot,
    /// The credit of a namespace when the world begins, in millionths of a US dollar. One that is not named
    /// here can always pay.
    pub balances: BTreeMap<String, u64>,
    /// How jobs live and end, where HF leaves it open.
    pub life: LifeSettings,
}

impl Default for HfSettings {
    fn default() -> Self {
        let cold_start = ColdStart {
            schedule: Spread::fixed(Duration::from_secs(20)),
            boot: Spread::fixed(Duration::from_secs(20)),
            ..ColdStart::NONE
        };
        Self {
            base_url: "https://huggingface.co".to_owned(),
            token: "hf_lab".to_owned(),
            namespaces: vec!["lab".to_owned()],
            tokens: Vec::new(),
            limits: HfLimitSettings::default(),
            resource_groups: BTreeMap::new(),
            warning: None,
            default_timeout: Duration::from_secs(30 * 60),
            cold_start: BTreeMap::from([("default".to_owned(), cold_start)]),
            page_size: 100,
            containers_are_root: false,
            scheduling_is_billed: false,
            boot: Boot::Model,
            balances: BTreeMap::new(),
            life: LifeSettings::default(),
        }
    }
}

impl fmt::Debug for HfSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HfSettings")
            .field("base_url", &self.base_url)
            .field("namespaces", &self.namespaces)
            .field("tokens", &self.tokens)
            .field("limits", &self.limits)
            .field("cold_start", &self.cold_start)
            .finish_non_exhaustive()
    }
}
