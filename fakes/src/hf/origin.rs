//! Where a job comes from: who ordered it, and by which way.

use super::spec::JobSpec;
use crate::ids::{CallId, EventId, HfJobId};

/// A scheduled job: 24 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScheduleId(pub(super) String);

/// What made a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Initiator {
    /// Its creator did.
    User,
    /// It is a copy of this one.
    DuplicatedJob(HfJobId),
    /// It is one run of this one.
    ScheduledJob(ScheduleId),
}

/// Who is behind a job.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The user in whose name it runs.
    pub(super) created_by: String,
    pub(super) initiator: Initiator,
}

/// A job that is wanted.
pub(super) struct Order {
    pub(super) namespace: String,
    pub(super) spec: JobSpec,
    pub(super) origin: Origin,
    /// The call that wants it, if it is not the clock.
    pub(super) call: Option<CallId>,
    pub(super) because: EventId,
}
