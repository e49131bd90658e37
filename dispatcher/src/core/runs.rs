//! Runs that are over while jobs of theirs still queue: nobody will ever be given these.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;

use super::{
    engine::{Core, later, since},
    message::{Command, Failure},
    model::{JobKey, Lane, RepoId, RunId},
};

/// A lane's runs are asked about again after this time, while GitHub blocks it.
const ASK_AGAIN: Duration = Duration::from_secs(1800);
/// So many are asked about at once, the oldest jobs' first.
const AT_ONCE: usize = 20;
/// GitHub's clock and ours may differ by so much.
const CLOCKS: Duration = Duration::from_secs(60);

impl Core {
    /// GitHub gives the queued jobs of a lane to nobody although a runner idles: perhaps their runs are over.
    pub(super) fn doubt_runs(&mut self, now: Timestamp, lane: &Lane) {
        let asked_at = self.lanes.get(lane).and_then(|state| state.runs_asked_at);
        if asked_at.is_some_and(|at| !self.due(now, later(at, ASK_AGAIN))) {
            return;
        }
        let Some(access) = self.access(lane.repo) else {
            return;
        };
        self.with_lane(lane, |state| state.runs_asked_at = Some(now));
        let book = self.lanes.book(lane);
        let oldest = book.into_iter().flat_map(|book| book.choose(AT_ONCE));
        let runs: BTreeSet<RunId> = oldest.map(|waiting| waiting.run).collect();
        for run in runs {
            self.calls.push(Command::ReadRun(access.clone(), run));
        }
    }

    /// Closes the queued jobs of a run that is over. An answer from before a job was queued says nothing about it: the run
    /// may have been started again.
    pub(super) fn run_read(
        &mut self,
        now: Timestamp,
        repo: RepoId,
        run: RunId,
        answer: &Result<Option<Timestamp>, Failure>,
    ) {
        let Ok(Some(over_at)) = answer else { return };
        let is_dead = |key: &JobKey| {
            let job = self.jobs.get(key)?;
            let began_before = since(job.first_seen, *over_at) < CLOCKS;
            began_before.then(|| (*key, job.lane.label.clone()))
        };
        let of_run = self.jobs.queued_of(run).filter(|key| key.repo == repo);
        let dead: Vec<(JobKey, String)> = of_run.filter_map(|key| is_dead(&key)).collect();
        for (key, label) in dead {
            tracing::warn!(repo = %key.repo, job = %key.job, %run, "its run is over: nobody will be given this job");
            self.close(now, key, label, false, "its run is over");
        }
    }
}
