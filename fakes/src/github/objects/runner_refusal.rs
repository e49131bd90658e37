//! What GitHub refuses a runner, and the scripts that register one.
//!
//! The runner model of this world is told them without HTTP, real scripts and calls of the REST API as answers.

use thiserror::Error;

use crate::calls::Refusal;

/// GitHub's refusal of a runner, in GitHub's words where they are known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunnerRefusal {
    /// No such owner, runner or job of this runner, or a token that is not good.
    #[error("Not Found")]
    NotFound,
    /// A configuration where a registration was to be.
    #[error("not a registration")]
    NoRegistration,
    /// The owner has registered too many runners in a short time.
    #[error(
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    )]
    TooManyRegistrations,
    /// Another runner of the owner has this name.
    #[error("A runner exists with the same name {0}.")]
    NameTaken(String),
    /// The runner with this name has a job, and so cannot go.
    #[error("Runner \"{0}\" is currently running a job and cannot be deleted.")]
    Busy(String),
    /// The owner has no runner group of this name.
    #[error("Could not find any self-hosted runner group named \"{0}\".")]
    NoSuchGroup(String),
    /// The runner group has as many runners as it can have.
    #[error("A runner group can have at most {most} runners.")]
    GroupFull {
        /// As many.
        most: usize,
        /// The status that the world's settings give it.
        status: u16,
    },
    /// The runner is older than GitHub takes; its version.
    #[error("Runner version v{0} is deprecated and cannot receive messages.")]
    TooOld(String),
    /// The runner's record is gone.
    #[error("The runner registration has been deleted from the server")]
    Deleted,
    /// The runner is connected already.
    #[error("A session for this runner already exists")]
    SessionExists,
    /// The runner did not connect in time.
    #[error("The just-in-time configuration has expired")]
    ConfigurationExpired,
    /// Neither a registration nor a configuration that GitHub gave out.
    #[error("The credentials are not valid")]
    BadCredentials,
    /// The job is with another runner.
    #[error("Job message already acquired")]
    JobAcquired,
    /// The job has ended, or there is none.
    #[error("Job message not found")]
    JobNotFound,
}

impl RunnerRefusal {
    /// The HTTP status it is answered with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NoRegistration => 400,
            Self::ConfigurationExpired | Self::BadCredentials => 401,
            Self::TooManyRegistrations | Self::TooOld(_) => 403,
            Self::NotFound | Self::NoSuchGroup(_) | Self::Deleted | Self::JobNotFound => 404,
            Self::NameTaken(_) | Self::SessionExists | Self::JobAcquired => 409,
            Self::Busy(_) => 422,
            Self::GroupFull { status, .. } => *status,
        }
    }
}

impl Refusal for RunnerRefusal {
    fn status(&self) -> u16 {
        self.status()
    }
}
