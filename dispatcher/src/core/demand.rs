//! Demand: what webhooks and GitHub's answers say about jobs.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later, since},
    message::{Command, Failure, JobReading, JobSighting},
    model::{ClosedJob, Job, JobId, JobKey, JobStatus, Lane, Repo, RepoId, RunId, Trust},
    settings::Unservable,
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

/// Old things are looked for no more often than this.
const EXPIRE_EVERY: Duration = Duration::from_secs(300);

/// Between two looks for users of a failing lane who have not been told.
const TELL_AGAIN: Duration = Duration::from_secs(300);

/// A `queued` that is older than this when it arrives was held up on its way.
const LATE_AFTER: Duration = Duration::from_secs(60);

fn is_late(now: Timestamp, created_at: Option<Timestamp>) -> bool {
    created_at.is_some_and(|at| since(now, at) >= LATE_AFTER)
}

impl Core {
    /// A webhook, or a list, shows a job. Moves it up in rank, never down; completed is final.
    pub(super) fn sight_job(&mut self, now: Timestamp, seen: JobSighting) {
        self.know_repo(now, seen.repo, &seen.repo_name);
        let key = JobKey {
            repo: seen.repo,
            job: seen.job,
        };
        if let Some(closed) = self.closed.get(&key) {
            let revived =
                !closed.completed && (seen.status == JobStatus::Completed || seen.claim.is_none());
            if !revived {
                return;
            }
            self.closed.remove(key);
        }
        let lane = Lane {
            repo: seen.repo,
            label: seen.label,
        };
        if seen.status == JobStatus::Completed {
            self.job_over(now, key, lane.label, seen.runner.as_deref());
            return;
        }
        let check_at = self.next_check(now, seen.status, &lane);
        if !self.jobs.contains_key(&key) {
            let job = Job::waiting(now, seen.run, lane, seen.claim, check_at);
            self.insert_job(key, job);
        }
        self.with_job(key, |job| {
            if seen.claim.is_none() {
                // GitHub itself says so: no need to ask about it, and not again so soon.
                job.claim = None;
                job.late = false;
                job.check_at = check_at;
            }
            if seen.status > job.status {
                job.status = seen.status;
                job.status_at = now;
                job.held = false;
                job.late = seen.status == JobStatus::Queued && is_late(now, seen.created_at);
                if job.late {
                    job.check_at = now;
                }
            } else if seen.status == JobStatus::Queued {
                job.held = false;
            }
        });
        self.dirty.insert(Dirty::Job(key));
        if seen.status == JobStatus::InProgress {
            self.job_runs(now, key, seen.runner.as_deref());
        }
    }

    fn know_repo(&mut self, now: Timestamp, repo: RepoId, name: &str) {
        match self.repos.get(&repo) {
            Some(known) if known.name == name => return,
            Some(_) => {
                self.with_repo(repo, |known| name.clone_into(&mut known.name));
            }
            None => self.insert_repo(repo, Repo::new(name.to_owned(), Trust::Unknown(now))),
        }
        self.dirty.insert(Dirty::Repo(repo));
    }

    fn job_runs(&mut self, now: Timestamp, key: JobKey, runner: Option<&str>) {
        let check_at = later(now, self.settings.running_check);
        self.with_job(key, |job| {
            job.check_at = check_at;
            job.requeue_readings = 0;
        });
        if let Some(launch) = runner.and_then(|name| self.launch_of_runner(key.repo, name)) {
            self.runner_took(now, &launch, Some(key.job));
        }
        self.runner_named(key, runner);
    }

    /// A runner was named with a job.
    fn runner_named(&mut self, key: JobKey, runner: Option<&str>) {
        let lane = self.jobs.get(&key).map(|job| job.lane.clone());
        if let (Some(lane), Some(runner)) = (lane, runner) {
            self.reappear(&lane, runner);
        }
    }

    /// The job is over: it leaves demand for good, and the launch that ran it is expected to end.
    fn job_over(&mut self, now: Timestamp, key: JobKey, label: String, runner: Option<&str>) {
        self.runner_named(key, runner);
        self.close(now, key, label, true, "completed");
        let by_name = runner.and_then(|name| self.launch_of_runner(key.repo, name));
        let launch = by_name.or_else(|| self.launches.of_job(key).next().cloned());
        if let Some(launch) = launch {
            self.runner_finished(now, &launch, key.job);
        }
    }

    pub(super) fn close(
        &mut self,
        now: Timestamp,
        key: JobKey,
        label: String,
        completed: bool,
        reason: &str,
    ) {
        self.remove_job(key);
        self.closed.insert(
            key,
            ClosedJob {
                at: now,
                label,
                completed,
                reason: reason.to_owned(),
            },
        );
        self.dirty.insert(Dirty::Job(key));
    }

    /// Closes jobs whose webhook named another installation than GitHub does.
    pub(super) fn turn_away_foreign_jobs(&mut self, now: Timestamp) {
        let is_foreign = |key: &JobKey, job: &Job| {
            let serves = |installation| job.claim.is_none_or(|claim| claim == installation);
            self.installation(key.repo)
                .is_some_and(|installation| !serves(installation))
        };
        let foreign: Vec<(JobKey, String)> = self
            .touched
            .jobs
            .iter()
            .filter_map(|key| Some((key, self.jobs.get(key)?)))
            .filter(|(key, job)| is_foreign(key, job))
            .map(|(key, job)| (*key, job.lane.label.clone()))
            .collect();
        for (key, label) in foreign {
            self.close(
                now,
                key,
                label,
                false,
                "its webhook named an installation that does not serve the repository",
            );
        }
    }

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
    fn next_check(&self, now: Timestamp, status: JobStatus, lane: &Lane) -> Timestamp {
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

    /// Gives up jobs that queue for too long, and forgets what is long over.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if since(now, self.expired_at) < EXPIRE_EVERY {
            return;
        }
        self.expired_at = now;
        let limit = self.settings.queue_limit;
        let dead: Vec<(JobKey, String)> = self
            .jobs
            .by_age()
            .take_while(|(first_seen, _)| since(now, *first_seen) >= limit)
            .filter_map(|(_, key)| Some((key, self.jobs.get(&key)?.lane.label.clone())))
            .collect();
        for (key, label) in dead {
            self.close(
                now,
                key,
                label,
                false,
                "queued for longer than GitHub keeps a job",
            );
        }
        let memory = self.settings.memory;
        let old = |at: Timestamp| since(now, at) >= memory;
        while let Some((_, key)) = self.closed.first().filter(|(at, _)| old(*at)) {
            self.closed.remove(key);
            self.dirty.insert(Dirty::Job(key));
        }
        while let Some((_, id)) = self.ended.first().filter(|(at, _)| old(*at)) {
            self.ended.remove(&id);
            self.dirty.insert(Dirty::Launch(id));
        }
    }

    /// Tells the users of a lane that has failed for too long.
    pub(super) fn give_up(&mut self, now: Timestamp, lane: &Lane) {
        let reason = self.with_lane(lane, |state| {
            state.give_up_at = Some(later(now, TELL_AGAIN));
            state.last_reason.clone()
        });
        let after = self.settings.unservable_after;
        let Some(book) = self.lanes.book(lane) else {
            return;
        };
        let waiting: Vec<(JobKey, RunId)> = book
            .queued()
            .filter_map(|key| Some((key, self.jobs.get(&key)?)))
            .filter(|(_, job)| job.unservable.is_none() && since(now, job.first_seen) >= after)
            .map(|(key, job)| (key, job.run))
            .collect();
        let access = self.access(lane.repo);
        for (key, run) in waiting {
            tracing::warn!(repo = %key.repo, job = %key.job, label = lane.label, reason, "cannot be served");
            if self.settings.unservable == Unservable::Leave {
                continue;
            }
            self.with_job(key, |job| job.unservable = Some(reason.clone()));
            self.dirty.insert(Dirty::Job(key));
            if let Some(access) = access.clone() {
                self.calls.push(Command::CancelRun(access, key.job, run));
            }
        }
    }

    pub(super) fn run_cancelled(
        &mut self,
        now: Timestamp,
        key: JobKey,
        answer: Result<(), Failure>,
    ) {
        let known = self.with_job(key, |job| (job.unservable.take(), job.lane.label.clone()));
        let Some((reason, label)) = known else {
            return;
        };
        let reason = reason.unwrap_or_else(|| "cannot be served".to_owned());
        match answer {
            // Without the reason in place the next pass over the lane asks again.
            Err(failure) if failure.effect_unknown() || failure.limited_until().is_some() => {
                self.dirty.insert(Dirty::Job(key));
            }
            Ok(()) => self.close(now, key, label, false, &format!("run cancelled: {reason}")),
            Err(failure) => self.close(
                now,
                key,
                label,
                false,
                &format!("{reason} (cancelling the run: {failure})"),
            ),
        }
    }
}
