//! All workflow runs and their jobs, and what hangs on them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use super::{
    checks::CheckRuns,
    hold::{Group, GroupKey},
    index::RunIndex,
    job::Job,
    log_links::LogLinks,
    run::Run,
    standing::RunStatus,
};
use crate::{
    ids::{EventId, JobId, RunId},
    settings::RecordedWorld,
};

/// The runs and their jobs.
pub(in crate::github) struct Runs {
    /// The runs.
    pub(in crate::github) by_id: BTreeMap<RunId, Run>,
    /// The runs by what the driver of the world calls them.
    pub(in crate::github) by_key: BTreeMap<String, RunId>,
    /// The runs by where they stand, so that no list looks at all of them.
    pub(in crate::github) index: RunIndex,
    /// The concurrency groups that a run holds, and who waits for it.
    pub(in crate::github) groups: BTreeMap<GroupKey, Group>,
    /// The jobs of runs that may not begin yet. Nobody outside sees them.
    pub(in crate::github) unborn: BTreeMap<RunId, Vec<Job>>,
    /// The jobs of all attempts that have begun.
    pub(in crate::github) jobs: BTreeMap<JobId, Job>,
    /// Those of them that are not completed, so that nobody has to look for them.
    pub(in crate::github) unfinished: BTreeSet<JobId>,
    /// The jobs by their names, unborn ones too. A name outlives its job, so that no other gets it.
    pub(in crate::github) names: BTreeMap<String, JobId>,
    /// Jobs that a recording drives, with the actions it holds.
    pub(in crate::github) recorded: BTreeMap<u64, BTreeSet<String>>,
    /// The check runs that the App made.
    pub(in crate::github) checks: CheckRuns,
    /// Addresses of logs that were given out.
    pub(in crate::github) log_links: LogLinks,
    /// Whether a look at the runs that take too long is planned.
    pub(in crate::github) limit_is_planned: bool,
    /// Runs that the act which goes on has ended, with the events that ended them: their groups pass on when it settles.
    pub(in crate::github) ended: VecDeque<(RunId, EventId)>,
    last_id: u64,
    last_number: u64,
    last_job: u64,
    /// What recordings tell of runs and jobs: their ids are given to no other.
    taken: Arc<RecordedWorld>,
}

impl Runs {
    /// No run yet.
    pub(in crate::github) fn new(taken: &Arc<RecordedWorld>) -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_key: BTreeMap::new(),
            index: RunIndex::default(),
            groups: BTreeMap::new(),
            unborn: BTreeMap::new(),
            jobs: BTreeMap::new(),
            unfinished: BTreeSet::new(),
            names: BTreeMap::new(),
            recorded: BTreeMap::new(),
            checks: CheckRuns::default(),
            log_links: LogLinks::default(),
            limit_is_planned: false,
            ended: VecDeque::new(),
            // Plausible sizes.
            last_id: 17_000_000_000,
            last_number: 0,
            last_job: 48_000_000_000,
            taken: taken.clone(),
        }
    }

    /// The id of the next run.
    pub(in crate::github) fn next_id(&mut self) -> RunId {
        self.last_id = self.taken.next_run(self.last_id);
        RunId(self.last_id)
    }

    /// The number of the next run among all runs, from 1.
    pub(in crate::github) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The id of the next job.
    pub(in crate::github) fn next_job(&mut self) -> JobId {
        self.last_job = self.taken.next_job(self.last_job);
        JobId(self.last_job)
    }

    /// Whether GitHub has completed the job's run over it: it stays as it is, and nobody is given it.
    pub(in crate::github) fn has_forgotten(&self, job: JobId) -> bool {
        let run = self.jobs.get(&job).and_then(|job| self.by_id.get(&job.run));
        run.is_some_and(|run| run.ended.is_some())
    }

    /// Whether a recording tells how this job ends.
    pub(in crate::github) fn ends_recorded(&self, job: JobId) -> bool {
        let actions = self.recorded.get(&job.0);
        actions.is_some_and(|actions| actions.contains("completed"))
    }

    pub(in crate::github) fn jobs_of(&self, run: RunId) -> Vec<JobId> {
        self.by_id
            .get(&run)
            .map(|run| run.jobs.clone())
            .unwrap_or_default()
    }

    /// The jobs of a run, those that are held first: when all of them end, none is let go before it ends.
    pub(in crate::github) fn jobs_to_end(&self, run: RunId) -> Vec<JobId> {
        let mut jobs = self.jobs_of(run);
        jobs.sort_by_key(|id| self.jobs.get(id).is_none_or(|job| !job.held));
        jobs
    }

    /// Whether a run has not ended, or not begun.
    pub(in crate::github) fn goes_on(&self, run: RunId) -> bool {
        let run = self.by_id.get(&run);
        run.is_some_and(|run| run.standing.status != RunStatus::Completed)
    }

    /// The job's name; one that nobody knows gets its id for a name.
    pub(in crate::github) fn job_name(&self, job: JobId) -> String {
        self.jobs
            .get(&job)
            .map_or_else(|| job.to_string(), |job| job.name.clone())
    }

    /// Takes a run and its jobs out of the world. Jobs keep their names, so that no other gets them.
    pub(in crate::github) fn forget_run(&mut self, id: RunId) {
        self.unborn.remove(&id);
        self.by_key.retain(|_, run| *run != id);
        if let Some(run) = self.by_id.remove(&id) {
            self.index.remove(&run);
            for job in run.jobs {
                self.jobs.remove(&job);
                self.unfinished.remove(&job);
            }
        }
    }
}
