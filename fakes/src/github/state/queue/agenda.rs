//! What is due when.

use std::collections::BTreeSet;

use crate::ids::{EventId, JobId, RunnerId};

/// Something that is due at a certain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum Duty {
    /// The runner has not been connected for too long.
    Age(RunnerId, EventId),
    /// The runner's job is long over: its record goes.
    Release(RunnerId, EventId),
    /// The matcher notices that the runner is not connected.
    Unsee(RunnerId),
    /// The runner should have started this job by now.
    Pickup(RunnerId, JobId),
    /// The job has been queued for too long.
    QueueLimit(JobId),
    /// The matcher notices that the job is queued.
    Notice(JobId),
}

/// All duties, by their time in milliseconds of the world.
#[derive(Default)]
pub(in crate::github) struct Agenda {
    pub(in crate::github) duties: BTreeSet<(u64, Duty)>,
    /// The times at which a sleeper wakes.
    pub(in crate::github) wakes: BTreeSet<u64>,
}

impl Agenda {
    /// Strikes a duty off the list.
    pub(in crate::github) fn strike(&mut self, at_ms: u64, duty: Duty) {
        self.duties.remove(&(at_ms, duty));
    }

    pub(in crate::github) fn next_due(&mut self, now: u64) -> Option<Duty> {
        let (at_ms, duty) = self.duties.first().copied()?;
        if at_ms > now {
            return None;
        }
        self.duties.pop_first();
        Some(duty)
    }
}
