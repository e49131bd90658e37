//! A registered runner, and how it is connected as far as GitHub can tell.

use tokio::sync::mpsc::UnboundedSender;

use super::{connections::ToRunner, route::Owner, runner_labels::RunnerLabels};
use crate::ids::{EventId, HfJobId, JobId, RunnerId};

/// How a runner is connected, as far as GitHub can tell.
pub(super) enum Link {
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
pub(super) struct Runner {
    pub(super) id: RunnerId,
    pub(super) name: String,
    pub(super) owner: Owner,
    /// The id of its group; changed by [`super::runner_table::RunnerTable::move_to_group`] only.
    pub(super) group: u64,
    pub(super) labels: RunnerLabels,
    /// Whether its record goes after one job.
    pub(super) ephemeral: bool,
    /// The client id inside its JIT configuration; none when it registered with a token.
    pub(super) jit: Option<Jit>,
    pub(super) link: Link,
    pub(super) job: Option<JobId>,
    /// When GitHub takes its job back, unless it has started it by then.
    pub(super) pickup_ms: Option<u64>,
    /// Its job is over, but GitHub still takes it for busy.
    pub(super) lingers: bool,
    pub(super) hf_job: Option<HfJobId>,
    /// Since when it is idle or was last connected, in milliseconds of the world.
    pub(super) online_ms: u64,
    /// What made it available.
    pub(super) online_event: EventId,
    /// When its record is removed if it stays away, and why it is away; none while it is connected.
    pub(super) away: Option<(u64, EventId)>,
}

impl Runner {
    pub(super) fn is_online(&self) -> bool {
        matches!(self.link, Link::Connected(_) | Link::Lost(_))
    }

    /// Whether GitHub takes it for busy, which is not always the truth.
    pub(super) fn is_busy(&self) -> bool {
        self.job.is_some() || self.lingers
    }
}

/// A just-in-time configuration that was given out.
pub(super) struct Jit {
    pub(super) client_id: String,
    pub(super) expires_ms: u64,
}
