//! What GitHub refuses a runner.

use std::fmt;

/// A refusal: HTTP status and a few words.
pub(in crate::github) type Refusal = (u16, String);

/// GitHub's refusal of a runner, to somebody who does not speak HTTP with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerRefusal {
    /// The HTTP status it would be.
    pub status: u16,
    /// What GitHub says.
    pub message: String,
}

impl fmt::Display for RunnerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.status)
    }
}

impl std::error::Error for RunnerRefusal {}

impl From<Refusal> for RunnerRefusal {
    fn from((status, message): Refusal) -> Self {
        Self { status, message }
    }
}

/// What GitHub says to whoever wants a runner gone that has a job.
pub(in crate::github) fn busy(name: &str) -> String {
    format!("Runner \"{name}\" is currently running a job and cannot be deleted.")
}
