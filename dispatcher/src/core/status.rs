//! What the status page shows: every job with a reason, every launch, every troubled lane.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    engine::Core,
    model::{JobKey, JobStatus, State, Trust},
    tables::Book,
};

/// Closed jobs shown, newest first.
const CLOSED_SHOWN: usize = 50;

/// The whole state, for people.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The dispatcher's own time.
    pub now: Timestamp,
    /// Jobs that are not over.
    pub jobs: Vec<JobStatusLine>,
    /// Jobs that are, newest first.
    pub closed: Vec<ClosedJobStatus>,
    /// Launches that are alive.
    pub launches: Vec<LaunchStatus>,
    /// Lanes in trouble.
    pub lanes: Vec<LaneStatus>,
    /// Repositories and whether the App may act there.
    pub repositories: Vec<RepoStatus>,
}

/// One open job.
#[derive(Clone, Debug, Serialize)]
pub struct JobStatusLine {
    /// `owner/name`.
    pub repository: String,
    /// Its number.
    pub job: u64,
    /// Its run.
    pub run: u64,
    /// Its label.
    pub label: String,
    /// How far it is.
    pub status: JobStatus,
    /// When we first heard of it.
    pub first_seen: Timestamp,
    /// Why it has no runner, if it has none.
    pub reason: Option<String>,
}

/// One job that is over or given up.
#[derive(Clone, Debug, Serialize)]
pub struct ClosedJobStatus {
    /// `owner/name`.
    pub repository: String,
    /// Its number.
    pub job: u64,
    /// Its label.
    pub label: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// One launch.
#[derive(Clone, Debug, Serialize)]
pub struct LaunchStatus {
    /// Its id, which the HF job carries as the label `launch`.
    pub launch: String,
    /// `owner/name`.
    pub repository: String,
    /// Its label.
    pub label: String,
    /// The runner's name.
    pub runner: String,
    /// The HF job.
    pub hf_job: Option<String>,
    /// How far it is.
    pub state: &'static str,
    /// The job it runs.
    pub job: Option<u64>,
    /// When it was decided.
    pub intended_at: Timestamp,
    /// What went wrong last, or why it goes.
    pub reason: String,
}

/// One lane that fails or is blocked.
#[derive(Clone, Debug, Serialize)]
pub struct LaneStatus {
    /// `owner/name`.
    pub repository: String,
    /// Its label.
    pub label: String,
    /// Launches in a row that came to nothing.
    pub failures: u32,
    /// The last reason.
    pub reason: String,
    /// Nothing is launched before.
    pub not_before: Option<Timestamp>,
    /// Since when GitHub has let queued jobs wait beside an idle runner.
    pub blocked_since: Option<Timestamp>,
}

/// One repository.
#[derive(Clone, Debug, Serialize)]
pub struct RepoStatus {
    /// `owner/name`.
    pub repository: String,
    /// The installation GitHub names.
    pub installation: Option<u64>,
    /// Why nothing is done there.
    pub reason: Option<String>,
}

impl Core {
    /// A snapshot for the status page.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        Status {
            now,
            jobs: self
                .jobs
                .keys()
                .filter_map(|key| self.job_status(*key))
                .collect(),
            closed: self.closed_statuses(),
            launches: self.launch_statuses(),
            lanes: self.lane_statuses(),
            repositories: self.repo_statuses(),
        }
    }

    /// Newest first, and by their number those that closed together.
    fn closed_statuses(&self) -> Vec<ClosedJobStatus> {
        let mut newest = self.closed.by_end().rev().peekable();
        let mut shown = Vec::new();
        while let Some((at, key)) = newest.next_if(|_| shown.len() < CLOSED_SHOWN) {
            let mut together = vec![key];
            while let Some((_, key)) = newest.next_if(|(other, _)| *other == at) {
                together.push(key);
            }
            shown.extend(together.into_iter().rev().map(|key| (at, key)));
        }
        let line = |(at, key): (Timestamp, JobKey)| {
            let job = self.closed.get(&key)?;
            Some(ClosedJobStatus {
                repository: self.repo_name(key),
                job: key.job.0,
                label: job.label.clone(),
                at,
                reason: job.reason.clone(),
            })
        };
        shown
            .into_iter()
            .take(CLOSED_SHOWN)
            .filter_map(line)
            .collect()
    }

    fn repo_name(&self, key: JobKey) -> String {
        self.repos
            .get(&key.repo)
            .map_or_else(|| format!("#{}", key.repo), |repo| repo.name.clone())
    }

    fn job_status(&self, key: JobKey) -> Option<JobStatusLine> {
        let job = self.jobs.get(&key)?;
        Some(JobStatusLine {
            repository: self.repo_name(key),
            job: key.job.0,
            run: job.run.0,
            label: job.lane.label.clone(),
            status: job.status,
            first_seen: job.first_seen,
            reason: self.reason(key),
        })
    }

    fn reason(&self, key: JobKey) -> Option<String> {
        let job = self.jobs.get(&key)?;
        match job.status {
            JobStatus::Waiting => return Some("waits for an approval".to_owned()),
            JobStatus::InProgress | JobStatus::Completed => return None,
            JobStatus::Queued => {}
        }
        if let Some(reason) = &job.unservable {
            return Some(reason.clone());
        }
        if job.held {
            return Some("GitHub says it waits for something else than a runner".to_owned());
        }
        match self.repos.get(&key.repo).map(|repo| &repo.trust) {
            Some(Trust::Refused { reason, .. }) => return Some(reason.clone()),
            Some(Trust::Unknown(_)) | None => {
                return Some("GitHub has not confirmed the installation yet".to_owned());
            }
            Some(Trust::Confirmed(_)) => {}
        }
        let lane = self.lanes.get(&job.lane);
        if lane.is_some_and(|lane| lane.blocked.is_some()) {
            return Some("a runner is idle and GitHub gives it no job: max-parallel, concurrency or runner groups".into());
        }
        if let Some(lane) = lane.filter(|lane| lane.failures > 0) {
            return Some(format!(
                "{} failed, trying again: {}",
                lane.failures, lane.last_reason
            ));
        }
        let book = self.lanes.book(&job.lane);
        let told = if book.map_or(0, Book::supply) > 0 {
            "a runner is on its way"
        } else if book.map_or(0, Book::leaving) > 0 {
            "a runner that did not come in time is being removed, and replaced after that"
        } else if book.is_some_and(Book::lacks_runners) {
            "a runner is gone that may have had it: GitHub is asked before another is launched"
        } else {
            "waits for a launch (caps or backoff)"
        };
        Some(told.to_owned())
    }

    fn launch_statuses(&self) -> Vec<LaunchStatus> {
        self.launches
            .iter()
            .map(|(id, launch)| LaunchStatus {
                launch: id.0.clone(),
                repository: self
                    .repos
                    .get(&launch.lane.repo)
                    .map(|repo| repo.name.clone())
                    .unwrap_or_default(),
                label: launch.lane.label.clone(),
                runner: launch.runner.clone(),
                hf_job: launch.hf_job.as_ref().map(|id| id.0.clone()),
                state: launch.state.word(),
                job: match launch.state {
                    State::Busy { job, .. } => job.map(|job| job.0),
                    _ => None,
                },
                intended_at: launch.intended_at,
                reason: launch.reason.clone(),
            })
            .collect()
    }

    fn lane_statuses(&self) -> Vec<LaneStatus> {
        self.lanes
            .iter()
            .filter(|(_, state)| state.failures > 0 || state.blocked.is_some())
            .map(|(lane, state)| LaneStatus {
                repository: self
                    .repos
                    .get(&lane.repo)
                    .map(|repo| repo.name.clone())
                    .unwrap_or_default(),
                label: lane.label.clone(),
                failures: state.failures,
                reason: state.last_reason.clone(),
                not_before: state.not_before,
                blocked_since: state.blocked.map(|blocked| blocked.since),
            })
            .collect()
    }

    fn repo_statuses(&self) -> Vec<RepoStatus> {
        self.repos
            .values()
            .map(|repo| {
                let (installation, reason) = match &repo.trust {
                    Trust::Confirmed(id) => (Some(id.0), None),
                    Trust::Refused { reason, .. } => (None, Some(reason.clone())),
                    Trust::Unknown(_) => (None, Some("not confirmed yet".to_owned())),
                };
                RepoStatus {
                    repository: repo.name.clone(),
                    installation,
                    reason,
                }
            })
            .collect()
    }
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            Self::Intended { .. } => "intended",
            Self::Credentialed => "credentialed",
            Self::Creating { .. } => "creating",
            Self::Booting { .. } => "booting",
            Self::Idle { .. } => "idle",
            Self::Busy { .. } => "busy",
            Self::Retiring { .. } => "retiring",
        }
    }
}
