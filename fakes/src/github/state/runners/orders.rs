//! What a runner that listens is told.

use std::time::Duration;

use crate::{
    history::Conclusion,
    ids::{EventId, JobId},
};

/// What GitHub tells a listening runner.
#[derive(Debug)]
pub(crate) enum ToRunner {
    /// Run this job; without a duration until [`ToRunner::Finish`].
    Run {
        job: JobId,
        runs_for: Option<Duration>,
        conclusion: Conclusion,
        because: EventId,
    },
    /// The job is over, says a recording.
    Finish { because: EventId },
    /// Stop the job.
    Cancel(EventId),
    /// The registration is gone.
    Deleted(EventId),
}
