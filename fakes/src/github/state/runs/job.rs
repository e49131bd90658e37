//! A workflow job.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    github::state::accounts::repository::Repository,
    history::Conclusion,
    ids::{EventId, JobId, RunId, RunnerId},
};

/// How long a job runs when nobody says.
pub(in crate::github) const RUNS_FOR_DEFAULT: Duration = Duration::from_secs(60);

/// The status of a workflow job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Waits for an approval.
    Waiting,
    /// Waits for a runner.
    Queued,
    /// Runs.
    InProgress,
    /// Ended.
    Completed,
}

impl Status {
    /// As GitHub spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

#[derive(Clone)]
pub(in crate::github) struct Job {
    pub(in crate::github) id: JobId,
    /// Its name in the first attempt.
    pub(in crate::github) base_name: String,
    pub(in crate::github) name: String,
    pub(in crate::github) run: RunId,
    /// The matrix of its run that made it.
    pub(in crate::github) matrix: Option<Arc<str>>,
    pub(in crate::github) attempt: u32,
    pub(in crate::github) repo: Arc<Repository>,
    pub(in crate::github) labels: Vec<String>,
    pub(in crate::github) runs_for: Duration,
    /// Its `timeout-minutes`.
    pub(in crate::github) timeout: Option<Duration>,
    /// How it will end when it runs to its end.
    pub(in crate::github) will_conclude: Conclusion,
    pub(in crate::github) status: Status,
    pub(in crate::github) conclusion: Option<Conclusion>,
    pub(in crate::github) created_at: Timestamp,
    pub(in crate::github) started_at: Option<Timestamp>,
    pub(in crate::github) completed_at: Option<Timestamp>,
    pub(in crate::github) runner: Option<RunnerId>,
    pub(in crate::github) runner_name: String,
    /// The id and name of that runner's group.
    pub(in crate::github) runner_group: Option<(u64, String)>,
    /// The runner group that `runs-on` names. Its payload does not show it.
    pub(in crate::github) group: Option<String>,
    /// A recording tells when it starts or ends.
    pub(in crate::github) driven: bool,
    /// It is queued, but as many jobs of its run go before it as may run at once.
    pub(in crate::github) held: bool,
    /// Since when a runner could take it, in milliseconds of the world.
    pub(in crate::github) dispatchable_ms: u64,
    /// Why it became dispatchable.
    pub(in crate::github) dispatchable_because: EventId,
    /// The recording tells of its end, which has come: GitHub sends no webhook of its own.
    pub(in crate::github) end_is_told: bool,
    /// Its start; before all events if it has not started.
    pub(in crate::github) started_event: EventId,
    /// The last event of its life.
    pub(in crate::github) last_event: EventId,
}

/// What makes one job different from another at its birth.
pub(in crate::github) struct Birth {
    pub(in crate::github) id: JobId,
    pub(in crate::github) name: String,
    pub(in crate::github) run: RunId,
    pub(in crate::github) attempt: u32,
    pub(in crate::github) repo: Arc<Repository>,
    pub(in crate::github) labels: Vec<String>,
    pub(in crate::github) created_at: Timestamp,
}

impl Job {
    pub(in crate::github) fn in_matrix(&self) -> Matrix {
        Matrix {
            run: self.run,
            name: self.matrix.clone(),
        }
    }

    /// A queued job to which nothing has happened yet. It takes a minute and succeeds.
    pub(in crate::github) fn born(birth: Birth) -> Self {
        let labels = birth.labels;
        Self {
            id: birth.id,
            base_name: birth.name.clone(),
            name: birth.name,
            run: birth.run,
            matrix: None,
            attempt: birth.attempt,
            repo: birth.repo,
            labels,
            runs_for: RUNS_FOR_DEFAULT,
            timeout: None,
            will_conclude: Conclusion::Success,
            status: Status::Queued,
            conclusion: None,
            created_at: birth.created_at,
            started_at: None,
            completed_at: None,
            runner: None,
            runner_name: String::new(),
            runner_group: None,
            group: None,
            driven: false,
            held: false,
            dispatchable_ms: 0,
            dispatchable_because: EventId(0),
            end_is_told: false,
            started_event: EventId(0),
            last_event: EventId(0),
        }
    }
}

/// The jobs of a run that share a limit on how many of them may run at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) struct Matrix {
    pub(in crate::github) run: RunId,
    /// Jobs of a run that name none are one matrix.
    pub(in crate::github) name: Option<Arc<str>>,
}
