//! Which of several waiting jobs goes first, and to which of several idle runners: GitHub's three
//! observable orders, or a rule of the reader's own.

use std::{fmt, sync::Arc};

use crate::ids::{EventId, JobId, RunnerId};

/// Which of several waiting jobs a free runner gets.
#[derive(Clone, Debug, Default)]
pub enum AssignmentPolicy {
    /// The one that waits longest.
    #[default]
    Oldest,
    /// The one that came last.
    Newest,
    /// Any: drawn per job.
    Random,
    /// Whatever this rule says.
    Custom(Arc<dyn AssignmentRule>),
}

/// A queued job, as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub struct WaitingJob<'a> {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: &'a str,
    /// `owner/name`.
    pub repo: &'a str,
    /// `runs-on`, as written.
    pub labels: &'a [String],
    /// The event that queued it: greater means later.
    pub queued: EventId,
    /// 64 bits drawn for this job.
    pub drawn: u64,
}

/// An idle runner that may take the job, as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub struct IdleRunner<'a> {
    /// The runner.
    pub runner: RunnerId,
    /// Its name.
    pub name: &'a str,
    /// Its labels in lower case, sorted.
    pub labels: &'a [String],
    /// Since when it is idle, in milliseconds of the world.
    pub idle_since_ms: u64,
}

/// An order of one's own. It says who goes first; what may run where is not its business: a runner must
/// carry every label of the job and be allowed to serve its repository, whatever the rule.
pub trait AssignmentRule: fmt::Debug + Send + Sync {
    /// The job's place in the line, asked once, when it is queued: lower goes first, then the lower id.
    fn precedence(&self, job: &WaitingJob<'_>) -> u64;

    /// The runner's place among those that may take the job now: lower is taken, then the lower id. GitHub
    /// is taken to prefer the one that has been idle longest.
    fn preference(&self, job: &WaitingJob<'_>, runner: &IdleRunner<'_>) -> u64 {
        let _any_job = job;
        runner.idle_since_ms
    }
}

impl AssignmentPolicy {
    /// The job's place in the line: lower goes first, then the lower id.
    pub(crate) fn precedence(&self, job: &WaitingJob<'_>) -> u64 {
        match self {
            Self::Oldest => job.queued.0,
            Self::Newest => u64::MAX - job.queued.0,
            Self::Random => job.drawn,
            Self::Custom(rule) => rule.precedence(job),
        }
    }
}
