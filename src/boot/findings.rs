//! What can be wrong with a boot script: a stable name, how to mend it, and what was seen.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Mode, Trial};

/// A mistake of a boot script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// `config.sh` or `run.sh` does not know an option.
    UnknownFlag,
    /// No runner came online.
    RunnerNeverRegistered,
    /// The runner has not the label of the job it was started for.
    LabelMissing,
    /// The runner has the label, and took no job all the same.
    JobNeverTaken,
    /// The runner took a second job.
    NotEphemeral,
    /// The HF job went on after its work was done.
    KeepsRunning,
    /// The job was done, and the HF job failed.
    SuccessHidden,
    /// After a SIGTERM GitHub still takes the runner for busy.
    TrapNeverRuns,
    /// The registration was refused, and the HF job succeeded.
    FailureHidden,
    /// The secret is in the arguments of a process.
    TokenOnCommandLine,
    /// The secret is in the log.
    SecretInLog,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::UnknownFlag,
        Self::RunnerNeverRegistered,
        Self::LabelMissing,
        Self::JobNeverTaken,
        Self::NotEphemeral,
        Self::KeepsRunning,
        Self::SuccessHidden,
        Self::TrapNeverRuns,
        Self::FailureHidden,
        Self::TokenOnCommandLine,
        Self::SecretInLog,
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownFlag => "unknown-flag",
            Self::RunnerNeverRegistered => "runner-never-registered",
            Self::LabelMissing => "label-missing",
            Self::JobNeverTaken => "job-never-taken",
            Self::NotEphemeral => "not-ephemeral",
            Self::KeepsRunning => "keeps-running",
            Self::SuccessHidden => "success-hidden",
            Self::TrapNeverRuns => "trap-never-runs",
            Self::FailureHidden => "failure-hidden",
            Self::TokenOnCommandLine => "token-on-command-line",
            Self::SecretInLog => "secret-in-log",
        }
    }

    /// How to mend it.
    #[must_use]
    pub const fn mend(self) -> &'static str {
        match self {
            Self::UnknownFlag => {
                "take the option out: config.sh and run.sh of actions/runner end with exit code 1 for one they do not know"
            }
            Self::RunnerNeverRegistered => {
                "see the log: the script must unpack the runner, run config.sh (or have a JIT configuration) and start run.sh"
            }
            Self::LabelMissing => {
                "give config.sh --labels \"$RUNNER_LABELS\": GitHub gives jobs to runners by label only"
            }
            Self::JobNeverTaken => {
                "see the log: the runner must go on listening until it is given a job"
            }
            Self::NotEphemeral => {
                "give config.sh --ephemeral: a runner that stays takes jobs nobody started it for, until the HF job's timeout"
            }
            Self::KeepsRunning => {
                "end the script when run.sh ends, best with `exec ./run.sh`: HF bills until the command ends"
            }
            Self::SuccessHidden => {
                "end the script with the exit code of run.sh: HF calls everything but 0 an error"
            }
            Self::TrapNeverRuns => {
                "export RUNNER_MANUALLY_TRAP_SIG=1 and `exec ./run.sh`, so that a SIGTERM reaches the listener: else GitHub \
                 takes the runner for busy until it notices, and its job hangs so long"
            }
            Self::FailureHidden => {
                "let the script end with config.sh's exit code (`set -e`, no `|| true`)"
            }
            Self::TokenOnCommandLine => {
                "hand secrets on in the environment (ACTIONS_RUNNER_INPUT_JITCONFIG for run.sh): arguments are for everybody \
                 on the machine to see, the job's own steps among them. config.sh --token is excused, for it ends at once"
            }
            Self::SecretInLog => {
                "do not print it, and no `set -x` around it: whoever may see the HF job may read its log"
            }
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Flaw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A mistake that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which one.
    pub name: Flaw,
    /// In which mode.
    pub mode: Mode,
    /// In which trial.
    pub trial: Trial,
    /// What was seen, without secrets.
    pub seen: String,
    /// How to mend it.
    pub mend: &'static str,
}
