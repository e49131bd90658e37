//! Re-runs: the run keeps its id, its attempt goes up, its jobs get new ids.

use super::{
    Github,
    state::{Birth, Job, Status},
};
use crate::{
    history::Conclusion,
    ids::{EventId, JobId, RunId},
};

impl Github {
    /// Runs a completed run again, or only its failed jobs; gives the new jobs. The jobs that are not run
    /// again get their `completed` sent once more, as GitHub does. A run that is not completed cannot be
    /// run again: nothing happens. A new attempt succeeds, whatever the old one was meant to do.
    pub fn rerun(&self, run: RunId, failed_only: bool, because: Option<EventId>) -> Vec<JobId> {
        let mut state = self.state();
        let Some(found) = state
            .runs
            .get(&run)
            .filter(|run| state.run_status(run) == Status::Completed)
        else {
            return Vec::new();
        };
        let attempt = found.attempt + 1;
        let (again, rest): (Vec<&Job>, Vec<&Job>) = state
            .latest_jobs(found)
            .partition(|job| !failed_only || failed(job));
        if again.is_empty() {
            return Vec::new();
        }
        let again: Vec<JobId> = again.into_iter().map(|job| job.id).collect();
        let rest: Vec<(JobId, EventId)> = rest
            .into_iter()
            .map(|job| (job.id, job.last_event))
            .collect();
        if let Some(run) = state.runs.get_mut(&run) {
            run.attempt = attempt;
        }
        let mut made = Vec::new();
        for old in again {
            let id = state.counters.job();
            if let Some(job) = state
                .jobs
                .get(&old)
                .map(|old| self.next_attempt(old, id, attempt))
            {
                self.begin_job(&mut state, job, because, true);
                made.push(id);
            }
        }
        for (old, last_event) in rest {
            self.emit(&mut state, old, "completed", because.unwrap_or(last_event));
        }
        self.assign(&mut state);
        made
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
            runs_for: old.runs_for,
            group: old.group.clone(),
            ..born
        }
    }
}

fn failed(job: &Job) -> bool {
    !matches!(
        job.conclusion,
        Some(Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral)
    )
}
