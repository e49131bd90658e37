//! Targets: what is being tested. A [`Target`] can be started, reached with a webhook and taken down.

mod given;
mod images;
mod place;
mod process;
mod reference;
mod store;
mod url;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use fakes::github::LAB_APP_PRIVATE_KEY_PEM;
use futures_util::future::BoxFuture;
use scenarios::plan::Plan;

pub use place::Place;
pub use process::Process;
pub use reference::{Reference, Seam, Seams};
pub use url::{BadUrl, Url};

use crate::transport::HttpService;

/// A dispatcher under test.
pub trait Target: Send {
    /// Starts it, or starts it again on what it stored before.
    fn start(&mut self) -> BoxFuture<'_, Result<(), TargetError>>;

    /// Takes it down where it stands: a crash.
    ///
    /// # Errors
    /// If this kind of target cannot be taken down from here.
    fn crash(&mut self) -> Result<(), TargetError>;

    /// Stops it in order: it takes no more webhooks, begins no more calls, and is gone once what is under way is answered,
    /// or the grace for that is over ([`STOP_GRACE`](crate::transport::STOP_GRACE)). Starting it ends it before.
    ///
    /// # Errors
    /// If this kind of target cannot be taken down from here.
    fn stop(&mut self) -> Result<(), TargetError>;

    /// Another secret of its webhook: it stands in its environment when it starts the next time. A dispatcher that the
    /// lab did not start is told nothing.
    fn tell_secret(&mut self, secret: &str);

    /// What this plan asks for that cannot be done to this target, each with the reason. A setting is named by its place,
    /// `world.dispatcher.warm: …`: without it nothing is judged. A fault that is out of reach is only told.
    fn cannot_be_given(&self, plan: &Plan) -> Vec<String>;

    /// Where its webhooks go. Valid across restarts; refuses connections while the target is down.
    fn webhooks(&self) -> HttpService;
}

/// Makes a dispatcher that lives in this process, not started yet, for one world of a plan.
pub type Maker = Arc<dyn Fn(Place, &Plan) -> Box<dyn Target> + Send + Sync>;

/// Why a target did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The dispatcher refused to start.
    #[error("the dispatcher did not start: {0}")]
    Start(String),
    /// The lab does not hold this dispatcher's process.
    #[error("the lab cannot {0} a dispatcher it did not start itself")]
    OutOfReach(&'static str),
}

/// Secret of every webhook of the lab, at the world's start.
pub const LAB_WEBHOOK_SECRET: &str = "lab-webhook-secret";
/// The one token the fake Hugging Face accepts.
pub const LAB_HF_TOKEN: &str = "hf_lab_token";
/// Who pays for HF jobs in the lab.
pub const LAB_NAMESPACE: &str = "lab";
/// The lab's GitHub App.
pub const LAB_APP_ID: u64 = 1_234_567;

/// The same where not both fakes are served: what belongs to the other one is left out.
#[must_use]
pub fn environment_of(
    plan: &Plan,
    github_url: Option<&str>,
    hf_url: Option<&str>,
) -> BTreeMap<String, String> {
    let (github, hf) = (github_url.unwrap_or_default(), hf_url.unwrap_or_default());
    let mut environment = environment(plan, github, hf);
    let of_github = |name: &str| name.starts_with("GH_") || name.starts_with("GITHUB_");
    environment.retain(|name: &String, _| {
        (github_url.is_some() || !of_github(name)) && (hf_url.is_some() || !name.starts_with("HF_"))
    });
    environment
}

/// The environment a dispatcher needs to work in this plan's world: the names of jobs-actions, plus where
/// the two fakes listen.
#[must_use]
pub fn environment(plan: &Plan, github_url: &str, hf_url: &str) -> BTreeMap<String, String> {
    let neutral = &plan.world.dispatcher;
    let seconds = |length: Duration| length.as_secs_f64().ceil().to_string();
    let mut environment = images::environment(neutral.rules.as_deref().unwrap_or_default());
    let fixed = [
        ("GH_APP_ID", LAB_APP_ID.to_string()),
        ("GH_APP_PRIVATE_KEY", LAB_APP_PRIVATE_KEY_PEM.to_owned()),
        ("GH_WEBHOOK_SECRET", LAB_WEBHOOK_SECRET.to_owned()),
        ("HF_TOKEN", LAB_HF_TOKEN.to_owned()),
        ("HF_NAMESPACE", LAB_NAMESPACE.to_owned()),
        ("HF_ENDPOINT", hf_url.to_owned()),
        ("GITHUB_API_URL", github_url.to_owned()),
    ];
    environment.extend(fixed.map(|(name, value)| (name.to_owned(), value)));
    let optional = [
        (
            "MAX_JOBS_TOTAL",
            neutral.caps.total.map(|cap| cap.to_string()),
        ),
        (
            "MAX_JOBS_PER_REPO",
            neutral.caps.per_repo.map(|cap| cap.to_string()),
        ),
        (
            "RUNNER_IDLE_TIMEOUT",
            neutral.idle_timeout.map(|length| seconds(length.0)),
        ),
        (
            "BOOT_DEADLINE",
            neutral.boot_deadline.map(|length| seconds(length.0)),
        ),
        (
            "JOB_TIMEOUT",
            neutral.job_timeout.map(|length| seconds(length.0)),
        ),
        (
            "ALLOWED_GITHUB_REPOSITORIES",
            neutral.allow_repos.as_ref().map(|repos| {
                let names: Vec<_> = repos.iter().map(|repo| repo.0.as_str()).collect();
                names.join(",")
            }),
        ),
    ];
    environment.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    environment
}
