//! Surveys of GitHub: queued jobs of every repository, because webhooks get lost.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later},
    message::{Command, Survey},
    model::{JobKey, JobStatus, Repo, RepoId, RunId, Trust},
};

/// Runs with queued jobs that one survey looks into although nothing of them seems to have changed; the others take turns.
const OPEN_RUNS_AT_ONCE: usize = 20;

/// When the next survey is due.
#[derive(Debug)]
pub(super) struct SurveyPoll {
    at: Timestamp,
    surveying: bool,
    /// When the last survey was begun.
    asked_at: Timestamp,
    /// The last run that it was asked to look into.
    after: RunId,
}

impl SurveyPoll {
    pub(super) fn starting(now: Timestamp) -> Self {
        Self {
            at: now,
            surveying: false,
            asked_at: now,
            after: RunId(0),
        }
    }
}

impl Core {
    /// Surveys GitHub at the start and every few minutes: webhooks get lost.
    pub(super) fn poll_github(&mut self, now: Timestamp) {
        if self.survey_poll.surveying || !self.due(now, self.survey_poll.at) {
            return;
        }
        self.survey_poll.surveying = true;
        self.survey_poll.at = later(now, self.settings.survey_every);
        let open_runs = self
            .jobs
            .queued_runs(self.survey_poll.after, OPEN_RUNS_AT_ONCE);
        // With fewer than so many the round is complete, and begins anew.
        self.survey_poll.after = open_runs.last().copied().unwrap_or(RunId(0));
        self.survey_poll.asked_at = now;
        self.deliveries.prune(now);
        self.calls
            .push(Command::ListDeliveries(self.deliveries.read_until));
        self.calls.push(Command::Survey { open_runs });
    }

    pub(super) fn surveyed(&mut self, now: Timestamp, survey: Survey) {
        self.survey_poll.surveying = false;
        let wanted: BTreeSet<RepoId> = survey.jobs.iter().map(|job| job.repo).collect();
        for (repo, name, installation) in survey.repos {
            if let Some(known) = self.repos.get(&repo) {
                let renamed = known.name != name;
                self.with_repo(repo, |known| {
                    known.trust = Trust::Confirmed(installation);
                    known.failed_calls = 0;
                    known.name = name;
                });
                if renamed {
                    self.dirty.insert(Dirty::Repo(repo));
                }
            } else if wanted.contains(&repo) {
                self.insert_repo(repo, Repo::new(name, Trust::Confirmed(installation)));
                self.dirty.insert(Dirty::Repo(repo));
            }
        }
        let asked_at = self.survey_poll.asked_at;
        for job in survey.jobs {
            let key = JobKey {
                repo: job.repo,
                job: job.job,
            };
            let queued = job.status == JobStatus::Queued;
            self.sight_job(now, job);
            if queued {
                self.with_job(key, |job| {
                    job.confirmed_at = job.confirmed_at.max(Some(asked_at));
                });
            }
        }
        if !survey.complete {
            tracing::warn!("the survey of queued jobs was incomplete");
        }
    }
}
