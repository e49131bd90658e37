//! The moments in the life of a runner's process at which a fault can strike it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment in the life of a runner's process.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RunnerPoint {
    /// Its container is up and it begins.
    #[default]
    Boot,
    /// GitHub has a record of it, and it has its credentials.
    Registered,
    /// It has a session and listens for jobs.
    Listening,
    /// It has been given a job.
    InJob,
    /// It has reported the end of its job.
    AfterJob,
}

impl RunnerPoint {
    /// Why no job can narrow what happens then, if that is so.
    #[must_use]
    pub const fn before_any_job(self) -> Option<&'static str> {
        match self {
            Self::Boot => Some("at `boot`, where it strikes, a runner has no job yet"),
            Self::Registered => Some("at `registered`, where it strikes, a runner has no job yet"),
            Self::Listening => Some("at `listening`, where it strikes, a runner has no job yet"),
            Self::InJob | Self::AfterJob => None,
        }
    }
}
