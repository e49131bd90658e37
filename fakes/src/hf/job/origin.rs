//! Where a job comes from: who ordered it, and by which way.

use super::spec::JobSpec;
use crate::ids::{CallId, EventId, HfJobId};

/// A scheduled job: 24 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hf) struct ScheduleId(pub(in crate::hf) String);

/// What made a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hf) enum Initiator {
    /// Its creator did.
    User,
    /// It is a copy of this one.
    DuplicatedJob(HfJobId),
    /// It is one run of this one.
    ScheduledJob(ScheduleId),
}

/// Who is behind a job.
#[derive(Clone, Debug)]
pub(in crate::hf) struct Origin {
    /// The user in whose name it runs.
    pub(in crate::hf) created_by: String,
    pub(in crate::hf) initiator: Initiator,
}

/// A job that is wanted.
pub(in crate::hf) struct Order {
    pub(in crate::hf) namespace: String,
    pub(in crate::hf) spec: JobSpec,
    pub(in crate::hf) origin: Origin,
    /// The call that wants it, if it is not the clock.
    pub(in crate::hf) call: Option<CallId>,
    pub(in crate::hf) because: EventId,
}
