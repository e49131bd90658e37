//! Where a run stands, kept up as its jobs move.
//!
//! Each change of a job's status is counted, so that nobody has to look for where a run stands.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    job::{Job, Status},
    run::{Attempt, Run},
    standing::{RunConclusion, RunStatus, Standing},
    table::Runs,
};
use crate::{
    history::Conclusion,
    ids::{JobId, RunId},
};

impl Runs {
    /// The run's status: it follows from its jobs of the latest attempt.
    pub(in crate::github) fn run_status(&self, run: &Run) -> RunStatus {
        run.standing.status
    }

    /// Whether a run has begun and ended: GitHub adds no job to it any more.
    pub(in crate::github) fn is_over(&self, run: &Run) -> bool {
        let has_begun = run.hold.is_none() && (run.ended.is_some() || run.tally.any_completed());
        has_begun && self.run_status(run) == RunStatus::Completed
    }

    /// Counts a job that is new in its run.
    pub(in crate::github) fn count_job(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let (run_id, attempt, status) = (job.run, job.attempt, job.status);
        self.follow(id, status);
        if let Some(run) = self.by_id.get_mut(&run_id) {
            run.ended = None;
            if run.attempt == attempt {
                *run.tally.of(status) += 1;
            }
        }
        self.refile(run_id);
    }

    /// The job is in this status from now on, and its run stands accordingly.
    pub(in crate::github) fn move_job(&mut self, id: JobId, to: Status) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let from = std::mem::replace(&mut job.status, to);
        let (run_id, attempt) = (job.run, job.attempt);
        self.follow(id, to);
        if let Some(run) = self
            .by_id
            .get_mut(&run_id)
            .filter(|run| run.attempt == attempt)
        {
            // It was counted when it came into this status.
            *run.tally.of(from) -= 1;
            *run.tally.of(to) += 1;
        }
        self.refile(run_id);
    }

    fn follow(&mut self, id: JobId, status: Status) {
        match status {
            Status::Waiting | Status::Queued | Status::InProgress => self.unfinished.insert(id),
            Status::Completed => self.unfinished.remove(&id),
        };
    }

    /// Looks again at where the run stands, after anything that decides it has changed.
    pub(in crate::github) fn refile(&mut self, id: RunId) {
        let Some(run) = self.by_id.get(&id) else {
            return;
        };
        let to = self.standing_now(run);
        let Some(run) = self.by_id.get_mut(&id) else {
            return;
        };
        let from = std::mem::replace(&mut run.standing, to);
        self.index.refile(run.repo.id, id, from, to);
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
    pub(in crate::github) fn latest_jobs<'a>(&'a self, run: &'a Run) -> Vec<&'a Job> {
        self.jobs_as_of(run, u32::MAX)
    }

    /// What [`State::latest_jobs`] gave when this attempt was the latest.
    pub(in crate::github) fn jobs_as_of<'a>(&'a self, run: &'a Run, attempt: u32) -> Vec<&'a Job> {
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

    /// A new attempt of the run begins; the one before stays as it is.
    pub(in crate::github) fn raise_attempt(
        &mut self,
        id: RunId,
        attempt: u32,
        debug: bool,
        now: Timestamp,
    ) {
        let Some(run) = self.by_id.get_mut(&id) else {
            return;
        };
        if let Some(last) = run.attempts.last_mut() {
            last.ended = Some((run.standing, run.updated_at));
        }
        run.attempts.push(Attempt {
            debug,
            ..Attempt::begun(attempt, now)
        });
        run.attempt = attempt;
        run.tally = crate::github::state::runs::standing::Tally::default();
        run.ended = None;
        self.refile(id);
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
