//! Where a run stands: its status and its conclusion, as they follow from its jobs.
//!
//! A run's standing is kept, never looked for: each change of a job's status is counted here, so that
//! listing a hundred thousand runs by their status opens none of them.

use super::job::Status;
use crate::history::Conclusion;

/// The status of a workflow run. GitHub also knows `requested`, for the moments before a run's jobs
/// exist; here they exist at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunStatus {
    /// Another run of its concurrency group comes first; it has no jobs yet.
    Pending,
    /// A job of it waits for an approval, and none runs.
    Waiting,
    /// None of its jobs has started.
    Queued,
    /// Some of its jobs have started.
    InProgress,
    /// Ended, or never begun because a maintainer has to agree first.
    Completed,
}

impl RunStatus {
    /// As GitHub spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

/// How a run ended. A run knows two ways more than a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunConclusion {
    /// As the worst of its jobs.
    Jobs(Conclusion),
    /// GitHub gave up on it after two weeks.
    Stale,
    /// Its workflow could not be started.
    StartupFailure,
}

impl RunConclusion {
    /// As GitHub spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jobs(conclusion) => conclusion_text(conclusion),
            Self::Stale => "stale",
            Self::StartupFailure => "startup_failure",
        }
    }
}

/// As GitHub spells a conclusion.
pub(in crate::github) const fn conclusion_text(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "success",
        Conclusion::Failure => "failure",
        Conclusion::Cancelled => "cancelled",
        Conclusion::Skipped => "skipped",
        Conclusion::TimedOut => "timed_out",
        Conclusion::Neutral => "neutral",
        Conclusion::ActionRequired => "action_required",
    }
}

/// A run's status, with its conclusion once it is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) struct Standing {
    pub(in crate::github) status: RunStatus,
    pub(in crate::github) conclusion: Option<RunConclusion>,
}

impl Standing {
    /// Of a run without jobs.
    pub(in crate::github) const EMPTY: Self = Self {
        status: RunStatus::Completed,
        conclusion: Some(RunConclusion::Jobs(Conclusion::Success)),
    };
}

/// How many jobs of a run's latest attempt are in which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::github) struct Tally {
    waiting: usize,
    queued: usize,
    in_progress: usize,
    completed: usize,
}

impl Tally {
    pub(in crate::github) fn of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Waiting => &mut self.waiting,
            Status::Queued => &mut self.queued,
            Status::InProgress => &mut self.in_progress,
            Status::Completed => &mut self.completed,
        }
    }

    pub(in crate::github) const fn any_completed(self) -> bool {
        self.completed > 0
    }

    pub(in crate::github) fn status(self) -> RunStatus {
        if self.waiting + self.queued + self.in_progress == 0 {
            RunStatus::Completed
        } else if self.in_progress > 0 {
            RunStatus::InProgress
        } else if self.waiting > 0 {
            RunStatus::Waiting
        } else if self.completed > 0 {
            RunStatus::InProgress
        } else {
            RunStatus::Queued
        }
    }
}
