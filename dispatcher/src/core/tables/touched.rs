//! What has to be looked at again in this step, each kind in its order.

use std::collections::BTreeSet;

use crate::core::model::{JobKey, Lane, LaunchId, RepoId};

/// Something that a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core) enum Subject {
    Repo(RepoId),
    Lane(Lane),
    Launch(LaunchId),
    Job(JobKey),
}

/// What changed or came due since it was looked at last.
#[derive(Debug, Default)]
pub(in crate::core) struct Touched {
    pub(in crate::core) repos: BTreeSet<RepoId>,
    pub(in crate::core) lanes: BTreeSet<Lane>,
    pub(in crate::core) launches: BTreeSet<LaunchId>,
    pub(in crate::core) jobs: BTreeSet<JobKey>,
}

impl Touched {
    pub(in crate::core) fn add(&mut self, subject: Subject) {
        match subject {
            Subject::Repo(id) => self.repos.insert(id),
            Subject::Lane(lane) => self.lanes.insert(lane),
            Subject::Launch(id) => self.launches.insert(id),
            Subject::Job(key) => self.jobs.insert(key),
        };
    }
}
