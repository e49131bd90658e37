//! Re-runs: the run keeps its id, its attempt goes up, its jobs get new ids.

use crate::{
    github::{
        handle::Github,
        state::{
            records::State,
            runs::{
                job::{Birth, Job},
                standing::RunStatus,
            },
        },
    },
    history::Conclusion,
    ids::{EventId, JobId, RunId},
};

/// What is to be run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::github) enum Again {
    All,
    Failed,
    /// The job with this name in the first attempt.
    Job(String),
}

/// Why nothing is run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum Refused {
    Unknown,
    NotCompleted,
    TooOld,
    NothingToRun,
}

impl Github {
    /// Runs a completed run again, or only its failed jobs; gives the new jobs. The jobs that are not run
    /// again get their `completed` sent once more, as GitHub does. A run that is not completed, or too
    /// old, cannot be run again: nothing happens. A new attempt succeeds, whatever the old one was
    /// meant to do.
    pub fn rerun(&self, run: RunId, failed_only: bool, because: Option<EventId>) -> Vec<JobId> {
        let again = if failed_only {
            Again::Failed
        } else {
            Again::All
        };
        let mut state = self.state();
        let made = self.run_again(&mut state, run, &again, false, because);
        self.settle(&mut state);
        made.unwrap_or_default()
    }

    /// Runs one job of a completed run again, and gives the new job. No job here needs another.
    pub fn rerun_job(&self, job: JobId, because: Option<EventId>) -> Option<JobId> {
        let mut state = self.state();
        let old = state.runs.jobs.get(&job)?;
        let (run, again) = (old.run, Again::Job(old.base_name.clone()));
        let made = self.run_again(&mut state, run, &again, false, because);
        self.settle(&mut state);
        made.ok()?.first().copied()
    }

    pub(in crate::github) fn run_again(
        &self,
        state: &mut State,
        run: RunId,
        again: &Again,
        debug: bool,
        because: Option<EventId>,
    ) -> Result<Vec<JobId>, Refused> {
        let found = state.runs.by_id.get(&run).ok_or(Refused::Unknown)?;
        if state.runs.run_status(found) != RunStatus::Completed {
            return Err(Refused::NotCompleted);
        }
        let age = self.now().duration_since(found.created_at).unsigned_abs();
        if age > self.settings().runs.rerun_within {
            return Err(Refused::TooOld);
        }
        let attempt = found.attempt + 1;
        let (again, rest): (Vec<&Job>, Vec<&Job>) = state
            .runs
            .latest_jobs(found)
            .into_iter()
            .partition(|job| again.includes(job));
        if again.is_empty() {
            return Err(Refused::NothingToRun);
        }
        let again: Vec<JobId> = again.into_iter().map(|job| job.id).collect();
        let rest: Vec<(JobId, EventId)> = rest
            .into_iter()
            .map(|job| (job.id, job.last_event))
            .collect();
        state.runs.raise_attempt(run, attempt, debug, self.now());
        let mut made = Vec::new();
        for old in again {
            let id = state.runs.next_job();
            if let Some(job) = state
                .runs
                .jobs
                .get(&old)
                .map(|old| self.next_attempt(old, id, attempt))
            {
                self.bring(state, job, because);
                made.push(id);
            }
        }
        for (old, last_event) in rest {
            self.emit(state, old, "completed", because.unwrap_or(last_event));
        }
        Ok(made)
    }

    fn next_attempt(&self, old: &Job, id: JobId, attempt: u32) -> Job {
        let born = Job::born(Birth {
            id,
            name: format!("{}/{attempt}", old.base_name),
            run: old.run,
            attempt,
            repo: old.repo.clone(),
            labels: old.labels.clone(),
            created_at: self.now(),
        });
        Job {
            base_name: old.base_name.clone(),
            matrix: old.matrix.clone(),
            runs_for: old.runs_for,
            timeout: old.timeout,
            group: old.group.clone(),
            ..born
        }
    }
}

impl Again {
    fn includes(&self, job: &Job) -> bool {
        match self {
            Self::All => true,
            Self::Failed => !matches!(
                job.conclusion,
                Some(Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral)
            ),
            Self::Job(base_name) => job.base_name == *base_name,
        }
    }
}
