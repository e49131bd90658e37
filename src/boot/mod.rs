//! A dispatcher's boot script, run for real: `dispatchlab boot`.
//!
//! The script is the command of an HF job that the reference dispatcher's own clients order from the fake HF. It runs as
//! a process of this machine ([`fakes::ProcessBoot`]) with a stand-in for actions/runner. Each [`Mode`] is tried three
//! times, each time in a world of its own: `serve` has two queued jobs for a runner that may take one, `cancel` ends the
//! HF job in the middle of its work, `refuse` gives it a token nobody knows. What is not as it should be is a
//! [`Finding`]. See `docs/real-boot.md`.

mod findings;
mod rig;
mod scene;
mod trials;

use std::{fmt, time::Duration};

use serde::Serialize;

pub use findings::{Finding, Flaw};

use crate::run::ServeError;

/// How a runner gets its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// From `config.sh`, with a registration token in `RUNNER_TOKEN`.
    Token,
    /// From a just-in-time configuration in `ACTIONS_RUNNER_INPUT_JITCONFIG`.
    Jit,
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Token, Self::Jit];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "token",
            Self::Jit => "jit",
        })
    }
}

/// What is tried with a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trial {
    /// Two jobs wait, and one is to be taken.
    Serve,
    /// The HF job is cancelled while its runner works.
    Cancel,
    /// The registration token is not good.
    Refuse,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serve => "serve",
            Self::Cancel => "cancel",
            Self::Refuse => "refuse",
        })
    }
}

/// A script and how to try it.
#[derive(Clone, Debug)]
pub struct Check {
    /// What `bash -c` runs.
    pub script: String,
    /// The modes it is to work in.
    pub modes: Vec<Mode>,
    /// How long anything it is to do may take.
    pub patience: Duration,
    /// How long the HF job may go on after its job is over.
    pub linger: Duration,
    /// From the SIGTERM of a cancelled HF job to the SIGKILL.
    pub grace: Duration,
}

impl Check {
    /// The usual check of a script.
    #[must_use]
    pub fn of(script: &str) -> Self {
        Self {
            script: script.to_owned(),
            modes: Mode::ALL.to_vec(),
            patience: Duration::from_secs(60),
            linger: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        }
    }

    /// Tries the script.
    ///
    /// # Errors
    /// If the lab could not be set up. Whatever the script does is in the report.
    pub async fn run(&self) -> Result<Report, BootError> {
        let mut report = Report::default();
        for &mode in &self.modes {
            self.try_mode(mode, &mut report).await?;
        }
        Ok(report)
    }
}

/// One trial of a script.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// In which mode.
    pub mode: Mode,
    /// What was tried.
    pub trial: Trial,
    /// Whether its runner came online.
    pub online: bool,
    /// How many of the jobs that waited it took.
    pub jobs_taken: usize,
    /// The last stage of its HF job.
    pub stage: Option<fakes::history::Stage>,
    /// Exit code of its command.
    pub exit_code: Option<i32>,
    /// Runners left on GitHub's list.
    pub runners_left: usize,
    /// What it wrote, without secrets.
    pub log: Vec<String>,
}

/// What came of all trials.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What is wrong with the script.
    pub findings: Vec<Finding>,
    /// What was tried.
    pub tried: Vec<Tried>,
}

/// Why a script could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The fakes do not listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The lab's own part failed.
    #[error("the lab could not {what}: {why}")]
    Lab {
        /// What failed.
        what: &'static str,
        /// The reason.
        why: String,
    },
}
