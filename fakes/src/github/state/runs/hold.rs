//! Why a run may not begin yet, and the concurrency groups that decide it.

use super::standing::{RunConclusion, RunStatus, Standing};
use crate::{history::Conclusion, ids::RunId};

/// A workflow's `concurrency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// The group: one run of it goes at a time in a repository. Case makes no difference.
    pub group: String,
    /// Whether a new run cancels the one that goes.
    pub cancel_in_progress: bool,
}

/// Why a run has no jobs yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum Hold {
    /// A maintainer has to approve it, since it comes from a fork.
    Fork,
    /// Another run of its concurrency group comes first.
    Group,
}

impl Hold {
    /// How GitHub shows such a run. That a fork's is completed with `action_required` is how people
    /// report it; GitHub does not document it.
    pub(in crate::github) const fn standing(self) -> Standing {
        match self {
            Self::Fork => Standing {
                status: RunStatus::Completed,
                conclusion: Some(RunConclusion::Jobs(Conclusion::ActionRequired)),
            },
            Self::Group => Standing {
                status: RunStatus::Pending,
                conclusion: None,
            },
        }
    }
}

/// The runs of a group.
pub(in crate::github) struct Group {
    /// The one that goes.
    pub(in crate::github) holder: RunId,
    /// The one that comes next.
    pub(in crate::github) waiting: Option<RunId>,
}

/// A group's name within its repository.
pub(in crate::github) type GroupKey = (u64, String);
