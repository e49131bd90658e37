//! Questions about jobs: when GitHub is asked about one, or about many by a list, and what its answer changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later, since},
    message::{Command, Failure, JobReading},
    model::{Job, JobId, JobKey, JobStatus, Lane, RepoId, RunId},
    tables::{Book, STALE_READS, Subject},
};

/// After a failed question about a job.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// After GitHub knew no such job: once may be a hiccup of access, twice is not.
const GONE_AGAIN: Duration = Duration::from_secs(30);

/// From so many questions about jobs of one run on, its jobs are listed instead.
const LIST_FROM: usize = 3;
/// A job of the same run that is to be asked about within this time is asked about now.
const ASK_ALONG: Duration = Duration::from_secs(60);
/// Between two questions about a queued job, for each job that queues in its lane …
const ASK_SPACING: Duration = Duration::from_millis(1_500);
/// … and between two rounds of questions about all of them.
const RECHECK_GAP: Duration = Duration::from_secs(10);
const RECHECK_SPACING: Duration = Duration::from_millis(15);

impl Core {
    /// Asks GitHub about jobs we have not heard of for a while: a webhook may have been lost.
    pub(super) fn check_jobs(&mut self, now: Timestamp) {
        // One that is asked about takes others along.
        while let Some(key) = self.touched.jobs.pop_first() {
            self.look_at(Subject::Job(key), |core| core.check_job(now, key));
        }
    }

    fn check_job(&mut self, now: Timestamp, key: JobKey) {
        let Some(job) = self.jobs.get(&key) else {
            return;
        };
        if job.asking.is_some() || job.status == JobStatus::Waiting {
            return;
        }
        let (run, check_at) = (job.run, job.check_at);
        if self.installation(key.repo).is_none() || !self.due(now, check_at) {
            return;
        }
        let Some(access) = self.access(key.repo) else {
            return;
        };
        let mut jobs = self.to_ask_along(now, run);
        jobs.insert(key);
        for key in &jobs {
            self.with_job(*key, |job| job.asking = Some(now));
        }
        if jobs.len() >= LIST_FROM {
            let jobs = jobs.into_iter().map(|key| key.job).collect();
            self.calls.push(Command::ReadJobs(access, run, jobs));
            return;
        }
        for key in jobs {
            self.calls.push(Command::ReadJob(access.clone(), key.job));
        }
    }

    /// Queued jobs of a run that are to be asked about soon.
    fn to_ask_along(&self, now: Timestamp, run: RunId) -> BTreeSet<JobKey> {
        let soon = later(now, ASK_ALONG);
        let is_soon = |job: &Job| job.asking.is_none() && job.check_at <= soon;
        self.jobs
            .queued_of(run)
            .filter(|key| self.jobs.get(key).is_some_and(is_soon))
            .collect()
    }

    /// When to ask about a job that is like this now: the longer its lane's queue, the later.
    pub(super) fn next_check(&self, now: Timestamp, status: JobStatus, lane: &Lane) -> Timestamp {
        if status == JobStatus::InProgress {
            return later(now, self.settings.running_check);
        }
        let queue = self.lanes.book(lane).map_or(0, Book::queue_length);
        let spread = ASK_SPACING.saturating_mul(u32::try_from(queue).unwrap_or(u32::MAX));
        later(now, self.settings.queued_check.max(spread))
    }

    /// The jobs of a run as its list has them. One that the list leaves out is asked about by itself.
    pub(super) fn jobs_read(
        &mut self,
        now: Timestamp,
        repo: RepoId,
        asked: &BTreeSet<JobId>,
        answer: Result<BTreeMap<JobId, JobReading>, Failure>,
    ) {
        let key = |job: JobId| JobKey { repo, job };
        match answer {
            Ok(mut found) => {
                let access = self.access(repo);
                for job in asked {
                    if let Some(reading) = found.remove(job) {
                        self.job_read(now, key(*job), Ok(reading));
                    } else if let Some(access) = &access
                        && self.jobs.contains_key(&key(*job))
                    {
                        self.calls.push(Command::ReadJob(access.clone(), *job));
                    }
                }
            }
            Err(failure) => {
                for job in asked {
                    self.job_read(now, key(*job), Err(failure.clone()));
                }
            }
        }
    }

    pub(super) fn job_read(
        &mut self,
        now: Timestamp,
        key: JobKey,
        answer: Result<JobReading, Failure>,
    ) {
        self.finished_job_read(now, key, &answer);
        let Some((status, lane)) = self
            .jobs
            .get(&key)
            .map(|job| (job.status, job.lane.clone()))
        else {
            return;
        };
        let check_at = self.next_check(now, status, &lane);
        self.with_job(key, |job| {
            let asked_at = job.asking.take();
            job.check_at = check_at;
            if answer.is_ok() {
                job.gone_readings = 0;
                job.late = false;
            }
            if let Ok(JobReading {
                status: JobStatus::Queued,
                ..
            }) = answer
            {
                job.confirmed_at = asked_at.max(job.confirmed_at);
            }
        });
        let label = lane.label;
        let reading = match answer {
            Ok(reading) => reading,
            Err(failure) => return self.job_unread(now, key, &failure),
        };
        match (reading.status, status) {
            (JobStatus::Completed, _) => {
                self.job_over(now, key, label, reading.runner.as_deref());
            }
            (JobStatus::InProgress, _) => {
                self.with_job(key, |job| {
                    if job.status != JobStatus::InProgress {
                        job.status = JobStatus::InProgress;
                        job.status_at = now;
                    }
                });
                self.dirty.insert(Dirty::Job(key));
                self.job_runs(now, key, reading.runner.as_deref());
            }
            (JobStatus::Queued, JobStatus::InProgress) => self.job_is_back(now, key),
            (JobStatus::Queued, _) => {
                self.with_job(key, |job| job.held = false);
            }
            (JobStatus::Waiting, _) => {
                self.with_job(key, |job| job.held = job.status == JobStatus::Queued);
            }
        }
    }

    /// GitHub takes a job back from a runner that did not start it. Two answers in a row must say so.
    fn job_is_back(&mut self, now: Timestamp, key: JobKey) {
        let running = self.launches.of_job(key).next().is_some();
        let back = self.with_job(key, |job| {
            job.requeue_readings += 1;
            let back = job.requeue_readings >= 2 && !running;
            if back {
                job.status = JobStatus::Queued;
                job.status_at = now;
                job.requeue_readings = 0;
            }
            back
        });
        if back == Some(true) {
            self.dirty.insert(Dirty::Job(key));
        }
    }

    fn job_unread(&mut self, now: Timestamp, key: JobKey, failure: &Failure) {
        if matches!(failure.refused(), Some(401 | 403 | 404)) {
            self.doubt_access(now, key.repo);
        }
        let gone = self.with_job(key, |job| {
            if failure.refused() == Some(404) {
                job.gone_readings += 1;
                job.check_at = later(now, GONE_AGAIN);
                return (job.gone_readings >= 2).then(|| job.lane.label.clone());
            }
            // What cannot be asked about is served once no older news of it can be under way.
            job.late &= since(now, job.first_seen) < STALE_READS;
            job.check_at = failure
                .limited_until()
                .unwrap_or_else(|| later(now, ASK_AGAIN));
            None
        });
        if let Some(Some(label)) = gone {
            self.close(now, key, label, false, "GitHub no longer knows the job");
        }
    }

    /// Asks about every queued job of a lane: something suggests that a webhook about one of them is missing. A long queue is
    /// not asked about again at once.
    pub(super) fn recheck_lane(&mut self, lane: &Lane) {
        self.with_lane(lane, |state| state.recheck = true);
    }

    pub(super) fn recheck_if_due(&mut self, now: Timestamp, lane: &Lane) {
        let Some(state) = self.lanes.get(lane).filter(|state| state.recheck) else {
            return;
        };
        let rechecked_at = state.rechecked_at;
        let Some(book) = self.lanes.book(lane) else {
            return;
        };
        let queue = u32::try_from(book.queue_length()).unwrap_or(u32::MAX);
        let gap = RECHECK_GAP.max(RECHECK_SPACING.saturating_mul(queue));
        if rechecked_at.is_some_and(|at| !self.due(now, later(at, gap))) {
            return;
        }
        let keys: Vec<JobKey> = self
            .lanes
            .book(lane)
            .into_iter()
            .flat_map(Book::queued)
            .collect();
        for key in keys {
            if self.jobs.get(&key).is_some_and(|job| job.check_at > now) {
                self.with_job(key, |job| job.check_at = now);
            }
        }
        self.with_lane(lane, |state| {
            state.rechecked_at = Some(now);
            state.recheck = false;
        });
    }
}
