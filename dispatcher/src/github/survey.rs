//! The search for jobs whose webhooks were lost: every repository of every installation, its live runs, their jobs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{client::GithubClient, wire};
use crate::{
    core::{Access, Failure, InstallationId, JobId, JobSighting, JobStatus, RepoId, RunId, Survey},
    labels::Labels,
};

/// The list of repositories is read again after this time.
const REPOS_FOR: SignedDuration = SignedDuration::from_mins(30);
/// The jobs of a run that did not change are read again after this time.
const RUN_FOR: SignedDuration = SignedDuration::from_mins(15);
/// Repositories looked at in one survey; with more, they take turns.
const REPOS_AT_ONCE: usize = 50;

/// What one survey remembers for the next.
#[derive(Debug, Default)]
pub(crate) struct Surveyor {
    repos: Vec<Access>,
    repos_read_at: Option<Timestamp>,
    turn: usize,
    runs: BTreeMap<RunId, SeenRun>,
}

#[derive(Debug, PartialEq, Eq)]
struct SeenRun {
    mark: (String, u64, Option<String>),
    at: Timestamp,
}

impl Surveyor {
    /// Looks once through everything. What fails is left out and said so.
    pub(crate) async fn survey(
        &mut self,
        github: &GithubClient,
        labels: &Labels,
        allows: impl Fn(&str) -> bool + Send,
        now: Timestamp,
        open_runs: &BTreeSet<RunId>,
    ) -> Survey {
        let mut survey = Survey {
            complete: true,
            ..Survey::default()
        };
        let stale = self
            .repos_read_at
            .is_none_or(|at| now.duration_since(at) >= REPOS_FOR);
        if stale {
            match self.read_repos(github, allows).await {
                Ok(complete) => {
                    survey.complete &= complete;
                    self.repos_read_at = complete.then_some(now);
                }
                Err(_) => survey.complete = false,
            }
        }
        survey.repos = self
            .repos
            .iter()
            .map(|repo| (repo.repo, repo.name.clone(), repo.installation))
            .collect();
        let count = self.repos.len().min(REPOS_AT_ONCE);
        let chosen: Vec<Access> = self
            .repos
            .iter()
            .cycle()
            .skip(self.turn)
            .take(count)
            .cloned()
            .collect();
        self.turn = (self.turn + count) % self.repos.len().max(1);
        for repo in chosen {
            if self
                .look_through(github, labels, &repo, now, open_runs, &mut survey.jobs)
                .await
                .is_err()
            {
                survey.complete = false;
                // Ask for the installations anew: the repository may be gone or renamed.
                self.repos_read_at = None;
            }
        }
        self.runs
            .retain(|_, seen| now.duration_since(seen.at) < RUN_FOR * 2);
        survey
    }

    async fn read_repos(
        &mut self,
        github: &GithubClient,
        allows: impl Fn(&str) -> bool + Send,
    ) -> Result<bool, Failure> {
        let mut repos = Vec::new();
        let mut complete = true;
        for installation in github.installations().await? {
            if installation.suspended_at.is_some() {
                continue;
            }
            let installation = InstallationId(installation.id);
            match github.repositories(installation).await {
                Ok(found) => repos.extend(
                    found
                        .into_iter()
                        .filter(|repo| allows(&repo.full_name))
                        .map(|repo| Access {
                            repo: RepoId(repo.id),
                            name: repo.full_name,
                            installation,
                        }),
                ),
                Err(_) => complete = false,
            }
        }
        self.repos = repos;
        Ok(complete)
    }

    /// A run is `queued` only until its first job starts, so both kinds are looked at.
    async fn look_through(
        &mut self,
        github: &GithubClient,
        labels: &Labels,
        repo: &Access,
        now: Timestamp,
        open_runs: &BTreeSet<RunId>,
        jobs: &mut Vec<JobSighting>,
    ) -> Result<(), Failure> {
        for status in ["queued", "in_progress"] {
            for run in github.runs(repo, status).await? {
                let id = RunId(run.id);
                let mark = (run.updated_at, run.run_attempt, run.status);
                let known = self
                    .runs
                    .get(&id)
                    .is_some_and(|seen| seen.mark == mark && now.duration_since(seen.at) < RUN_FOR);
                if known && !open_runs.contains(&id) {
                    continue;
                }
                let found = github.jobs_of(repo, id).await?;
                self.runs.insert(id, SeenRun { mark, at: now });
                jobs.extend(
                    found
                        .into_iter()
                        .filter_map(|job| sighting(labels, repo, id, job)),
                );
            }
        }
        Ok(())
    }
}

fn sighting(labels: &Labels, repo: &Access, run: RunId, job: wire::WireJob) -> Option<JobSighting> {
    let label = labels
        .route(job.labels.iter().flatten().map(String::as_str))
        .ok()?
        .label
        .clone();
    let id = job.id;
    let reading = job.reading();
    (reading.status != JobStatus::Completed).then(|| JobSighting {
        repo: repo.repo,
        repo_name: repo.name.clone(),
        claim: None,
        job: JobId(id),
        run,
        label,
        status: reading.status,
        runner: reading.runner,
        created_at: None,
    })
}
