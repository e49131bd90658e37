//! Surveys of GitHub: queued jobs of every repository, because webhooks get lost.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later},
    message::{Command, Survey},
    model::{Repo, RepoId, Trust},
};

/// When the next survey is due.
#[derive(Debug)]
pub(super) struct SurveyPoll {
    at: Timestamp,
    surveying: bool,
}

impl SurveyPoll {
    pub(super) fn starting(now: Timestamp) -> Self {
        Self {
            at: now,
            surveying: false,
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
        self.deliveries.prune(now);
        self.calls
            .push(Command::ListDeliveries(self.deliveries.read_until));
        self.calls.push(Command::Survey {
            open_runs: self.jobs.queued_runs(),
        });
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
        for job in survey.jobs {
            self.sight_job(now, job);
        }
        if !survey.complete {
            tracing::warn!("the survey of queued jobs was incomplete");
        }
    }
}
