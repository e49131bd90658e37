//! Where a run stands: its status and its conclusion, as they follow from its jobs.
//!
//! A run's standing is kept, never looked for: each change of a job's status is counted here, so that
//! listing a hundred thousand runs by their status opens none of them.

use std::collections::BTreeMap;

use super::state::{Job, Run, State, Status};
use crate::{
    history::Conclusion,
    ids::{JobId, RunId},
};

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
pub(super) const fn conclusion_text(conclusion: Conclusion) -> &'static str {
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
pub(super) struct Standing {
    pub(super) status: RunStatus,
    pub(super) conclusion: Option<RunConclusion>,
}

impl Standing {
    /// Of a run without jobs.
    pub(super) const EMPTY: Self = Self {
        status: RunStatus::Completed,
        conclusion: Some(RunConclusion::Jobs(Conclusion::Success)),
    };
}

/// How many jobs of a run's latest attempt are in which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    waiting: usize,
    queued: usize,
    in_progress: usize,
    completed: usize,
}

impl Tally {
    fn of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Waiting => &mut self.waiting,
            Status::Queued => &mut self.queued,
            Status::InProgress => &mut self.in_progress,
            Status::Completed => &mut self.completed,
        }
    }

    fn status(self) -> RunStatus {
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

impl State {
    /// The run's status: it follows from its jobs of the latest attempt.
    pub(super) fn run_status(&self, run: &Run) -> RunStatus {
        run.standing.status
    }

    /// Whether a run has begun and ended: GitHub adds no job to it any more.
    pub(super) fn is_over(&self, run: &Run) -> bool {
        let has_begun = run.hold.is_none() && (run.ended.is_some() || run.tally.completed > 0);
        has_begun && self.run_status(run) == RunStatus::Completed
    }

    /// Counts a job that is new in its run.
    pub(super) fn count_job(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let (run_id, attempt, status) = (job.run, job.attempt, job.status);
        if let Some(run) = self.runs.get_mut(&run_id) {
            run.ended = None;
            if run.attempt == attempt {
                *run.tally.of(status) += 1;
            }
        }
        self.refile(run_id);
    }

    /// The job is in this status from now on, and its run stands accordingly.
    pub(super) fn move_job(&mut self, id: JobId, to: Status) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let from = std::mem::replace(&mut job.status, to);
        let (run_id, attempt) = (job.run, job.attempt);
        if let Some(run) = self
            .runs
            .get_mut(&run_id)
            .filter(|run| run.attempt == attempt)
        {
            // It was counted when it came into this status.
            *run.tally.of(from) -= 1;
            *run.tally.of(to) += 1;
        }
        self.refile(run_id);
    }

    /// Looks again at where the run stands, after anything that decides it has changed.
    pub(super) fn refile(&mut self, id: RunId) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let to = self.standing_now(run);
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        let from = std::mem::replace(&mut run.standing, to);
        self.run_index.refile(run.repo.id, id, from, to);
    }

    fn standing_now(&self, run: &Run) -> Standing {
        let ended = |conclusion| Standing {
            status: RunStatus::Completed,
            conclusion: Some(conclusion),
        };
        if let Some(hold) = run.hold {
            return hold.standing();
        }
        if let Some(conclusion) = run.ended {
            return ended(conclusion);
        }
        match run.tally.status() {
            RunStatus::Completed => ended(verdict(&self.latest_jobs(run))),
            status => Standing {
                status,
                conclusion: None,
            },
        }
    }

    /// The latest attempt of each job of the run.
    pub(super) fn latest_jobs<'a>(&'a self, run: &'a Run) -> Vec<&'a Job> {
        self.jobs_as_of(run, u32::MAX)
    }

    /// What [`State::latest_jobs`] gave when this attempt was the latest.
    pub(super) fn jobs_as_of<'a>(&'a self, run: &'a Run, attempt: u32) -> Vec<&'a Job> {
        let known: Vec<&Job> = run
            .jobs
            .iter()
            .filter_map(|job| self.jobs.get(job))
            .filter(|job| job.attempt <= attempt)
            .collect();
        let mut newest: BTreeMap<&str, u32> = BTreeMap::new();
        for job in &known {
            let seen = newest.entry(&job.base_name).or_default();
            *seen = job.attempt.max(*seen);
        }
        known
            .into_iter()
            .filter(|job| newest.get(job.base_name.as_str()) == Some(&job.attempt))
            .collect()
    }
}

/// The conclusion of a run whose jobs are all completed: the worst of theirs.
fn verdict(jobs: &[&Job]) -> RunConclusion {
    let has = |one| jobs.iter().any(|job| job.conclusion == Some(one));
    let worst = [
        Conclusion::Failure,
        Conclusion::TimedOut,
        Conclusion::Cancelled,
        Conclusion::ActionRequired,
    ];
    let all_skipped = || {
        jobs.iter()
            .all(|job| job.conclusion == Some(Conclusion::Skipped))
    };
    RunConclusion::Jobs(match worst.into_iter().find(|one| has(*one)) {
        Some(worst) => worst,
        None if !jobs.is_empty() && all_skipped() => Conclusion::Skipped,
        None => Conclusion::Success,
    })
}
