//! The way out of a launch: the runner record goes first, and only when GitHub confirms that, the HF job.
//!
//! GitHub refuses to remove a busy runner's record (422), and a runner without a record gets no job. So whatever
//! happens between the readings and the removal, no job is killed.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later, since},
    health::Fault,
    message::{Command, Failure, HfJob, JobReading, Removed, Runner, Stage},
    model::{HfJobId, JobKey, JobStatus, Launch, LaunchId, State},
};

/// Attempts to remove the record of a launch that never had an HF job.
const RECORD_TRIES: u32 = 8;
/// How long the Hub's lists may still show the HF job of a launch that has ended.
const RECENT: Duration = Duration::from_secs(120);

impl Core {
    /// Takes a launch out of supply.
    pub(super) fn retire(&mut self, id: &LaunchId, reason: &str) {
        self.again = true;
        self.change(id, |launch| {
            let asked = matches!(launch.state, State::Creating { unclear: true, .. });
            launch.state = State::Retiring {
                removed: false,
                never_ran: launch.hf_job.is_none() && !asked,
            };
            reason.clone_into(&mut launch.reason);
            launch.live.suspicion = None;
            launch.live.not_before = None;
            launch.live.failed_calls = 0;
        });
    }

    /// GitHub confirmed that no job can come any more.
    fn record_gone(&mut self, id: &LaunchId) {
        self.change(id, |launch| {
            if let State::Retiring { removed, .. } = &mut launch.state {
                *removed = true;
            }
            launch.live.failed_calls = 0;
        });
    }

    /// The launch leaves supply, and its runner may have had a job that we have not heard of: GitHub is asked about the
    /// lane's jobs before that is made good.
    fn vanishes(&mut self, now: Timestamp, id: &LaunchId) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let (lane, runner) = (launch.lane.clone(), launch.runner.clone());
        if launch.vanished_at.is_some() {
            return;
        }
        self.change(id, |launch| launch.vanished_at = Some(now));
        self.vanish(&lane, &runner, now);
        self.recheck_lane(&lane);
    }

    pub(super) fn advance_retiring(&mut self, now: Timestamp, id: &LaunchId, removed: bool) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let repo = launch.lane.repo;
        if removed {
            let alive = launch.hf_job.clone().filter(|_| !launch.live.hf_over);
            let reason = launch.reason.clone();
            return match alive {
                Some(hf_job) => self.call(id, Command::CancelHfJob(id.clone(), hf_job)),
                None => self.end(now, id, &reason),
            };
        }
        let Some(access) = self.access(repo) else {
            return;
        };
        match launch.runner_id {
            Some(runner) => self.call(id, Command::DeleteRunner(access, id.clone(), runner)),
            None => {
                let name = launch.runner.clone();
                self.call(id, Command::FindRunner(access, id.clone(), name));
            }
        }
    }

    pub(super) fn runner_found(
        &mut self,
        now: Timestamp,
        id: &LaunchId,
        answer: Result<Option<Runner>, Failure>,
    ) {
        let Some(launch) = self.answered(id) else {
            return;
        };
        let (state, doubtful) = (
            launch.state.clone(),
            launch.hf_job.is_some() && !launch.live.hf_over,
        );
        let found = match answer {
            Ok(found) => found,
            Err(failure) => return self.github_failed(now, id, &failure),
        };
        match state {
            State::Intended { unclear: true } => {
                self.unclear_mint_found(
                    id,
                    found.map(|runner| (runner.id, runner.online || runner.busy)),
                );
            }
            State::Retiring { removed: false, .. } => match found {
                None => {
                    if doubtful {
                        self.vanishes(now, id);
                    }
                    self.record_gone(id);
                }
                Some(runner) if runner.busy && doubtful => {
                    self.change(id, |launch| launch.runner_id = Some(runner.id));
                    self.runner_took(now, id, None);
                }
                // It appeared since the last reading: the removal decides, and refuses if it has a job.
                Some(runner) => self.change(id, |launch| launch.runner_id = Some(runner.id)),
            },
            _ => {}
        }
    }

    pub(super) fn runner_deleted(
        &mut self,
        now: Timestamp,
        id: &LaunchId,
        answer: Result<Removed, Failure>,
    ) {
        let Some(launch) = self.answered(id) else {
            return;
        };
        let has_job = launch.hf_job.is_some() && !launch.live.hf_over;
        let tries = launch.live.failed_calls;
        match (launch.state.clone(), answer) {
            (State::Intended { .. }, Ok(_)) => {
                self.change(id, |launch| {
                    launch.state = State::Intended { unclear: false }
                });
            }
            (State::Retiring { .. }, Ok(removed)) => {
                if removed == Removed::Before && has_job {
                    self.vanishes(now, id);
                }
                self.record_gone(id);
            }
            (State::Retiring { .. }, Err(failure)) if failure.refused() == Some(422) && has_job => {
                self.runner_took(now, id, None);
            }
            // Nobody can ever connect with it, and GitHub forgets it in a day.
            (State::Retiring { .. }, Err(failure)) if !has_job && tries >= RECORD_TRIES => {
                self.end(
                    now,
                    id,
                    &format!("its runner record could not be removed: {failure}"),
                );
            }
            (State::Intended { .. } | State::Retiring { .. }, Err(failure)) => {
                self.github_failed(now, id, &failure);
            }
            _ => {}
        }
    }

    fn github_failed(&mut self, now: Timestamp, id: &LaunchId, failure: &Failure) {
        let repo = self.launches.get(id).map(|launch| launch.lane.repo);
        if let (Some(401 | 403 | 404), Some(repo)) = (failure.refused(), repo) {
            self.doubt_access(now, repo);
        }
        let reason = self.launches.get(id).map(|launch| launch.reason.clone());
        self.retry(now, id, failure);
        if let Some(reason) = reason {
            self.with_launch(id, |launch| launch.reason = reason);
        }
    }

    pub(super) fn hf_canceled(
        &mut self,
        now: Timestamp,
        id: &LaunchId,
        answer: Result<(), Failure>,
    ) {
        let Some(launch) = self.answered(id) else {
            return;
        };
        let reason = launch.reason.clone();
        let retiring = matches!(launch.state, State::Retiring { .. });
        match answer {
            Ok(()) if retiring => self.end(now, id, &reason),
            // It was over already, or the Hub has forgotten it.
            Err(Failure::Refused {
                status: 400 | 404 | 409 | 410 | 422,
                ..
            }) if retiring => self.end(now, id, &reason),
            Err(failure) => self.github_failed_elsewhere(now, id, &failure, &reason),
            Ok(()) => {}
        }
    }

    /// A failed call to the Hub: again later, keeping the reason why the launch goes.
    fn github_failed_elsewhere(
        &mut self,
        now: Timestamp,
        id: &LaunchId,
        failure: &Failure,
        reason: &str,
    ) {
        self.retry(now, id, failure);
        self.with_launch(id, |launch| reason.clone_into(&mut launch.reason));
    }

    /// Asks the Hub about one HF job.
    pub(super) fn inspect(&mut self, id: &LaunchId) {
        if let Some(launch) = self.launches.get(id)
            && let Some(hf_job) = launch.hf_job.clone()
            && !launch.live.inspecting
        {
            self.with_launch(id, |launch| launch.live.inspecting = true);
            self.calls.push(Command::InspectHfJob(id.clone(), hf_job));
        }
    }

    pub(super) fn hf_inspected(
        &mut self,
        now: Timestamp,
        id: &LaunchId,
        answer: Result<HfJob, Failure>,
    ) {
        let known = self.with_launch(id, |launch| launch.live.inspecting = false);
        if known.is_none() {
            return;
        }
        match answer {
            Ok(HfJob {
                stage: Stage::Over(how),
                message,
                ..
            }) => {
                let told =
                    message.map_or_else(|| how.to_owned(), |message| format!("{how}: {message}"));
                self.hf_over(now, id, &told);
            }
            Err(failure) if failure.refused() == Some(404) => {
                self.hf_over(now, id, "unknown to the Hub");
            }
            Ok(job) => {
                self.sees_running(id, job.stage);
                self.finished_but_alive(now, id);
            }
            // Ask again after another grace.
            Err(_) => {
                self.with_launch(id, |launch| {
                    if let State::Busy {
                        done_at: Some(done_at),
                        ..
                    } = &mut launch.state
                    {
                        *done_at = now;
                    }
                });
            }
        }
    }

    /// The job is over and the HF job is not: have GitHub confirm the former before ending the latter.
    fn finished_but_alive(&mut self, now: Timestamp, id: &LaunchId) {
        let grace = self.settings.finish_grace;
        let finished = self.with_launch(id, |launch| match &mut launch.state {
            State::Busy {
                job: Some(job),
                done_at: Some(done_at),
                ..
            } if since(now, *done_at) >= grace => {
                *done_at = now;
                Some((launch.lane.repo, *job))
            }
            _ => None,
        });
        if let Some(Some((repo, job))) = finished
            && let Some(access) = self.access(repo)
        {
            self.calls.push(Command::ReadJob(access, job));
        }
    }

    /// GitHub's word on a job whose launch did not end with it.
    pub(super) fn finished_job_read(
        &mut self,
        now: Timestamp,
        key: JobKey,
        answer: &Result<JobReading, Failure>,
    ) {
        let is_done = |id: &&LaunchId| self.launches.get(id).is_some_and(Launch::is_done);
        let Some(id) = self.launches.of_job(key).find(is_done).cloned() else {
            return;
        };
        let confirmed = matches!(
            answer,
            Ok(JobReading {
                status: JobStatus::Completed,
                ..
            })
        );
        if confirmed {
            tracing::info!(launch = %id, job = %key.job, at = %now, "its job is over but its HF job is not");
            self.retire(&id, "its job is over and its HF job went on");
        }
    }

    /// The HF job of a launch is over.
    pub(super) fn hf_over(&mut self, now: Timestamp, id: &LaunchId, how: &str) {
        self.with_launch(id, |launch| launch.live.hf_over = true);
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let (lane, intended_at, ran) = (launch.lane.clone(), launch.intended_at, launch.ran);
        let surplus = launch.live.surplus_since.is_some();
        match launch.state.clone() {
            State::Retiring { removed: false, .. } if !ran => self.vanishes(now, id),
            State::Retiring { .. } => {}
            State::Busy {
                job: Some(job),
                done_at,
                ..
            } => {
                if done_at.is_none() {
                    let key = JobKey {
                        repo: lane.repo,
                        job,
                    };
                    let at = later(now, self.settings.finish_grace);
                    let known = self.with_job(key, |job| job.check_at = job.check_at.min(at));
                    if known.is_some() {
                        self.dirty.insert(Dirty::Job(key));
                    }
                    // GitHub keeps the record of a runner that broke off.
                    return self.retire(id, &format!("HF job over in its job ({how})"));
                }
                self.end(now, id, &format!("HF job over ({how})"));
            }
            State::Busy { job: None, .. } => {
                // It ran one of the lane's jobs, we never heard which: that one must not be launched for again.
                self.vanishes(now, id);
                self.retire(id, &format!("HF job over ({how})"));
            }
            _ => {
                let reason = format!("the HF job ended without a job ({how})");
                if !surplus && !ran {
                    self.lane_failed(now, &lane, intended_at, Fault::Dud, &reason);
                }
                // Perhaps it did run one, and the webhooks are late: ask before launching again.
                self.vanishes(now, id);
                self.retire(id, &reason);
            }
        }
    }

    /// Whether this HF job belongs to a launch that ended a moment ago.
    pub(super) fn just_ended(&self, now: Timestamp, hf_job: &HfJobId) -> bool {
        let ended_at = self.ended.end_of(hf_job);
        ended_at.is_some_and(|at| since(now, at) < RECENT)
    }
}
