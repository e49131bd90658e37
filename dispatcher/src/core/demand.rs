//! Demand: what webhooks say about jobs, and when one is given up.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later, since},
    message::{Command, Failure, JobSighting},
    model::{ClosedJob, Job, JobKey, JobStatus, Lane, Repo, RepoId, RunId, Trust},
    settings::Unservable,
};

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

    pub(super) fn job_runs(&mut self, now: Timestamp, key: JobKey, runner: Option<&str>) {
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
    pub(super) fn job_over(
        &mut self,
        now: Timestamp,
        key: JobKey,
        label: String,
        runner: Option<&str>,
    ) {
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
