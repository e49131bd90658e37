//! A registered runner, and how it is connected as far as GitHub can tell.

use tokio::sync::mpsc::UnboundedSender;

use super::{labels::RunnerLabels, orders::ToRunner};
use crate::{
    github::state::accounts::owner::Owner,
    ids::{EventId, HfJobId, JobId, RunnerId},
};

/// How a runner is connected, as far as GitHub can tell.
pub(in crate::github) enum Link {
    /// It never connected.
    Never,
    /// It listens or works.
    Connected(UnboundedSender<ToRunner>),
    /// Its process is gone or cannot be reached, for this reason, and GitHub has not noticed yet.
    Lost(EventId),
    /// GitHub has noticed.
    Offline,
}

/// A runner's record.
pub(in crate::github) struct Runner {
    pub(in crate::github) id: RunnerId,
    pub(in crate::github) name: String,
    pub(in crate::github) owner: Owner,
    /// The id of its group; changed by [`super::table::Runners::move_to_group`] only.
    pub(in crate::github) group: u64,
    pub(in crate::github) labels: RunnerLabels,
    /// Whether its record goes after one job.
    pub(in crate::github) ephemeral: bool,
    /// The client id inside its JIT configuration; none when it registered with a token.
    pub(in crate::github) jit: Option<Jit>,
    pub(in crate::github) link: Link,
    pub(in crate::github) job: Option<JobId>,
    /// When GitHub takes its job back, unless it has started it by then.
    pub(in crate::github) pickup_ms: Option<u64>,
    /// Its job is over, but GitHub still takes it for busy.
    pub(in crate::github) lingers: bool,
    pub(in crate::github) hf_job: Option<HfJobId>,
    /// Since when it is idle or was last connected, in milliseconds of the world.
    pub(in crate::github) online_ms: u64,
    /// What made it available.
    pub(in crate::github) online_event: EventId,
    /// When its record is removed if it stays away, and why it is away; none while it is connected.
    pub(in crate::github) away: Option<(u64, EventId)>,
}

impl Runner {
    pub(in crate::github) fn is_online(&self) -> bool {
        matches!(self.link, Link::Connected(_) | Link::Lost(_))
    }

    /// Whether its process listens or works, and hears what it is told.
    pub(in crate::github) const fn is_connected(&self) -> bool {
        matches!(self.link, Link::Connected(_))
    }

    /// Whether GitHub takes it for busy, which is not always the truth.
    pub(in crate::github) fn is_busy(&self) -> bool {
        self.job.is_some() || self.lingers
    }
}

/// A just-in-time configuration that was given out.
pub(in crate::github) struct Jit {
    pub(in crate::github) client_id: String,
    pub(in crate::github) expires_ms: u64,
}
