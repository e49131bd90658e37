//! All that wait: queued jobs for runners, idle runners for jobs, and dates for their time.

use std::collections::BTreeMap;

use super::{agenda::Agenda, matching::Matching, watched::Watched};
use crate::ids::{JobId, RunnerId};

/// Who waits for whom.
#[derive(Default)]
pub(in crate::github) struct Queue {
    /// Queued jobs that no recording drives and nothing holds.
    pub(in crate::github) jobs: Watched<JobId>,
    /// Runners that GitHub takes for online and idle.
    pub(in crate::github) idle: Watched<RunnerId>,
    /// Which of those suit each other.
    pub(in crate::github) matching: Matching,
    /// The runner of every job that was handed to one and is not over.
    pub(in crate::github) holders: BTreeMap<JobId, RunnerId>,
    /// When each queued job has been queued for too long, in milliseconds of the world.
    pub(in crate::github) limits: BTreeMap<JobId, u64>,
    /// What is due when.
    pub(in crate::github) agenda: Agenda,
    /// When the next assignment pass is due, if one is.
    pub(in crate::github) next_pass_ms: Option<u64>,
}

impl Queue {
    /// An idle runner is not what it was: the index looks at it again.
    pub(in crate::github) fn look_again(&mut self, runner: RunnerId) {
        if self.idle.contains(&runner) {
            self.idle.insert(runner);
        }
    }
}
