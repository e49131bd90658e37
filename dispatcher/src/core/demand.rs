//! Demand: what webhooks and GitHub's answers say about jobs.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later, since},
    message::{Command, Failure, JobReading, JobSighting},
    model::{ClosedJob, Job, JobKey, JobStatus, Lane, Repo, RepoId, State, Trust},
    settings::Unservable,
};

/// After a failed question about a job.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// After GitHub knew no such job: once may be a hiccup of access, twice is not.
const GONE_AGAIN: Duration = Duration::from_secs(30);

/// Old things are looked for no more often than this.
const EXPIRE_EVERY: Duration = Duration::from_secs(300);

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
            self.closed.remove(&key);
        }
        let lane = Lane {
            repo: seen.repo,
            label: seen.label,
        };
        if seen.status == JobStatus::Completed {
            self.job_over(now, key, lane.label, seen.runner.as_deref());
            return;
        }
        let check_at = match seen.status {
            JobStatus::InProgress => later(now, self.settings.running_check),
            _ => later(now, self.settings.queued_check),
        };
        let job = self.jobs.entry(key).or_insert_with(|| Job {
            run: seen.run,
            lane,
            status: JobStatus::Waiting,
            claim: seen.claim,
            first_seen: now,
            status_at: now,
            held: false,
            late: false,
            check_at,
            requeue_readings: 0,
            unservable: None,
            gone_readings: 0,
            asking: false,
        });
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
        self.dirty.insert(Dirty::Job(key));
        if seen.status == JobStatus::InProgress {
            self.job_runs(now, key, seen.runner.as_deref());
        }
    }

    fn know_repo(&mut self, now: Timestamp, repo: RepoId, name: &str) {
        let known = self.repos.entry(repo).or_insert_with(|| Repo {
            name: String::new(),
            trust: Trust::Unknown(now),
            asking: false,
            listing: false,
            no_jit: false,
            failed_calls: 0,
        });
        if known.name != name {
            name.clone_into(&mut known.name);
            self.dirty.insert(Dirty::Repo(repo));
        }
    }

    fn job_runs(&mut self, now: Timestamp, key: JobKey, runner: Option<&str>) {
        let check_at = later(now, self.settings.running_check);
        if let Some(job) = self.jobs.get_mut(&key) {
            job.check_at = check_at;
            job.requeue_readings = 0;
        }
        if let Some(launch) = runner.and_then(|name| self.launch_of_runner(key.repo, name)) {
            self.runner_took(now, &launch, Some(key.job));
        }
    }

    /// The job is over: it leaves demand for good, and the launch that ran it is expected to end.
    fn job_over(&mut self, now: Timestamp, key: JobKey, label: String, runner: Option<&str>) {
        self.close(now, key, label, true, "completed");
        let by_name = runner.and_then(|name| self.launch_of_runner(key.repo, name));
        let launch = by_name.or_else(|| {
            let holds = |state: &State| matches!(state, State::Busy { job: Some(job), .. } if *job == key.job);
            self.launches.iter().find(|(_, l)| l.lane.repo == key.repo && holds(&l.state)).map(|(id, _)| id.clone())
        });
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
        self.jobs.remove(&key);
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

    /// Whether the job wants a runner of ours now.
    pub(super) fn is_demand(&self, key: JobKey, job: &Job) -> bool {
        job.status == JobStatus::Queued
            && !job.held
            && !job.late
            && job.unservable.is_none()
            && self.access(key.repo).is_some()
    }

    /// Closes jobs whose webhook named another installation than GitHub does.
    pub(super) fn turn_away_foreign_jobs(&mut self, now: Timestamp) {
        let foreign: Vec<(JobKey, String)> = self
            .jobs
            .iter()
            .filter(|(key, job)| {
                match (job.claim, self.repos.get(&key.repo).map(|repo| &repo.trust)) {
                    (Some(claim), Some(Trust::Confirmed(installation))) => claim != *installation,
                    _ => false,
                }
            })
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
        let open: Vec<(JobKey, Timestamp)> = self
            .jobs
            .iter()
            .filter(|(_, job)| !job.asking && job.status != JobStatus::Waiting)
            .map(|(key, job)| (*key, job.check_at))
            .collect();
        for (key, check_at) in open {
            let Some(access) = self.access(key.repo) else {
                continue;
            };
            if !self.due(now, check_at) {
                continue;
            }
            self.calls.push(Command::ReadJob(access, key.job));
            if let Some(job) = self.jobs.get_mut(&key) {
                job.asking = true;
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
        let Some(job) = self.jobs.get_mut(&key) else {
            return;
        };
        job.asking = false;
        let again = if job.status == JobStatus::InProgress {
            self.settings.running_check
        } else {
            self.settings.queued_check
        };
        job.check_at = later(now, again);
        let reading = match answer {
            Ok(reading) => reading,
            Err(failure) => return self.job_unread(now, key, &failure),
        };
        job.gone_readings = 0;
        job.late = false;
        match (reading.status, job.status) {
            (JobStatus::Completed, _) => {
                let label = job.lane.label.clone();
                self.job_over(now, key, label, reading.runner.as_deref());
            }
            (JobStatus::InProgress, _) => {
                if job.status != JobStatus::InProgress {
                    job.status = JobStatus::InProgress;
                    job.status_at = now;
                }
                self.dirty.insert(Dirty::Job(key));
                self.job_runs(now, key, reading.runner.as_deref());
            }
            (JobStatus::Queued, JobStatus::InProgress) => self.job_is_back(now, key),
            (JobStatus::Queued, _) => job.held = false,
            (JobStatus::Waiting, _) => job.held = job.status == JobStatus::Queued,
        }
    }

    /// GitHub takes a job back from a runner that did not start it. Two answers in a row must say so.
    fn job_is_back(&mut self, now: Timestamp, key: JobKey) {
        let holds =
            |state: &State| matches!(state, State::Busy { job: Some(job), .. } if *job == key.job);
        let running = self
            .launches
            .values()
            .any(|launch| launch.lane.repo == key.repo && holds(&launch.state));
        let Some(job) = self.jobs.get_mut(&key) else {
            return;
        };
        job.requeue_readings += 1;
        if job.requeue_readings >= 2 && !running {
            job.status = JobStatus::Queued;
            job.status_at = now;
            job.requeue_readings = 0;
            self.dirty.insert(Dirty::Job(key));
        }
    }

    fn job_unread(&mut self, now: Timestamp, key: JobKey, failure: &Failure) {
        if matches!(failure.refused(), Some(401 | 403 | 404)) {
            self.doubt_access(now, key.repo);
        }
        let Some(job) = self.jobs.get_mut(&key) else {
            return;
        };
        if failure.refused() == Some(404) {
            job.gone_readings += 1;
            job.check_at = later(now, GONE_AGAIN);
            if job.gone_readings >= 2 {
                let label = job.lane.label.clone();
                self.close(now, key, label, false, "GitHub no longer knows the job");
            }
        } else {
            // Not being able to ask is no reason not to serve.
            job.late = false;
            job.check_at = failure
                .limited_until()
                .unwrap_or_else(|| later(now, ASK_AGAIN));
        }
    }

    /// Asks about every open job of a lane at once: something suggests that a webhook about one of them is missing.
    pub(super) fn recheck_lane(&mut self, now: Timestamp, lane: &Lane) {
        /// A page of a list, were there one: beyond that the next round has to do.
        const AT_MOST: usize = 100;
        let due = |job: &&mut Job| job.lane == *lane && job.status == JobStatus::Queued;
        for job in self.jobs.values_mut().filter(due).take(AT_MOST) {
            job.check_at = job.check_at.min(now);
        }
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
            .iter()
            .filter(|(_, job)| {
                job.status == JobStatus::Queued && since(now, job.first_seen) >= limit
            })
            .map(|(key, job)| (*key, job.lane.label.clone()))
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
        let forgotten: Vec<JobKey> = self
            .closed
            .iter()
            .filter(|(_, c)| old(c.at))
            .map(|(key, _)| *key)
            .collect();
        for key in forgotten {
            self.closed.remove(&key);
            self.dirty.insert(Dirty::Job(key));
        }
        let forgotten: Vec<_> = self
            .ended
            .iter()
            .filter(|(_, e)| old(e.at))
            .map(|(id, _)| id.clone())
            .collect();
        for id in forgotten {
            self.ended.remove(&id);
            self.dirty.insert(Dirty::Launch(id));
        }
    }

    /// Tells the users of a lane that has failed for too long.
    pub(super) fn give_up(&mut self, now: Timestamp, lane: &Lane, reason: &str) {
        let after = self.settings.unservable_after;
        let waiting: Vec<JobKey> = self
            .jobs
            .iter()
            .filter(|(_, job)| {
                job.lane == *lane && job.status == JobStatus::Queued && job.unservable.is_none()
            })
            .filter(|(_, job)| since(now, job.first_seen) >= after)
            .map(|(key, _)| *key)
            .collect();
        let access = self.access(lane.repo);
        for key in waiting {
            let Some(job) = self.jobs.get_mut(&key) else {
                continue;
            };
            tracing::warn!(repo = %key.repo, job = %key.job, label = lane.label, reason, "cannot be served");
            if self.settings.unservable == Unservable::Leave {
                continue;
            }
            job.unservable = Some(reason.to_owned());
            self.dirty.insert(Dirty::Job(key));
            if let Some(access) = access.clone() {
                self.calls
                    .push(Command::CancelRun(access, key.job, job.run));
            }
        }
    }

    pub(super) fn run_cancelled(
        &mut self,
        now: Timestamp,
        key: JobKey,
        answer: Result<(), Failure>,
    ) {
        let Some(job) = self.jobs.get_mut(&key) else {
            return;
        };
        let reason = job
            .unservable
            .take()
            .unwrap_or_else(|| "cannot be served".to_owned());
        let label = job.lane.label.clone();
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
