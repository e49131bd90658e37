//! What such a dispatcher can see: HF jobs of its own, repositories it serves, their runners, their jobs.

use std::{collections::BTreeSet, time::Duration};

use dispatchlab::target::LAB_NAMESPACE;
use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::wire::{Failure, Who, Wire};

/// An HF job of ours that has not ended.
#[derive(Clone, Debug)]
pub(super) struct HfJob {
    pub(super) id: String,
    pub(super) repo: u64,
    pub(super) label: String,
    pub(super) runner: String,
    pub(super) runner_id: u64,
    pub(super) age: Duration,
}

/// A repository the App is installed on.
#[derive(Clone, Debug)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) who: Who,
}

/// A registered runner.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) is_online: bool,
    pub(super) is_busy: bool,
}

/// A job of a run that is not over.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) labels: Vec<String>,
    pub(super) is_queued: bool,
    /// The runner that works on it.
    pub(super) runner: String,
    pub(super) commit: String,
    pub(super) created_at: String,
}

/// A repository at one time. Runners are read first: one that looks idle here and has a job there was taken meanwhile.
pub(super) struct View {
    pub(super) runners: Vec<Runner>,
    pub(super) jobs: Vec<Job>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Every flavor HF sells.
pub(super) async fn flavors(wire: &mut Wire) -> Result<BTreeSet<String>, Failure> {
    let (list, _) = wire.list(Who::Hf, "/api/jobs/hardware", "").await?;
    Ok(list.iter().map(|flavor| text(&flavor["name"])).collect())
}

/// HF jobs that carry our mark and have not ended.
pub(super) async fn hf_jobs(wire: &mut Wire, mark: &str) -> Result<Vec<HfJob>, Failure> {
    let path =
        format!("/api/jobs/{LAB_NAMESPACE}?stage=SCHEDULING&stage=RUNNING&label=made-by%3D{mark}");
    let (list, now) = wire.list(Who::Hf, &path, "").await?;
    let read = |job: &Value| {
        let stage = job["status"]["stage"].as_str()?;
        let labels = &job["labels"];
        let created: Timestamp = job["createdAt"].as_str()?.parse().ok()?;
        let is_ours = labels["made-by"] == mark && matches!(stage, "SCHEDULING" | "RUNNING");
        is_ours.then_some(())?;
        Some(HfJob {
            id: text(&job["id"]),
            repo: labels["repo"].as_str()?.parse().ok()?,
            label: labels["lane"].as_str()?.replacen('_', ":", 1),
            runner: text(&labels["runner"]),
            runner_id: labels["runner-id"].as_str()?.parse().ok()?,
            age: Duration::try_from(now.duration_since(created)).unwrap_or_default(),
        })
    };
    Ok(list.iter().filter_map(read).collect())
}

/// Every repository of every installation that is not suspended. An installation that fails is left out this time.
pub(super) async fn repos(wire: &mut Wire) -> Result<Vec<Repo>, Failure> {
    let (installations, _) = wire
        .list(Who::App, "/app/installations?per_page=100", "")
        .await?;
    let mut repos = Vec::new();
    for installation in installations {
        let (Some(id), true) = (
            installation["id"].as_u64(),
            installation["suspended_at"].is_null(),
        ) else {
            continue;
        };
        let who = Who::Installation(id);
        let path = "/installation/repositories?per_page=100";
        let Ok((list, _)) = wire.list(who, path, "repositories").await else {
            continue;
        };
        repos.extend(list.iter().filter_map(|repo| {
            Some(Repo {
                id: repo["id"].as_u64()?,
                name: text(&repo["full_name"]),
                who,
            })
        }));
    }
    Ok(repos)
}

/// Runners and unfinished runs' jobs of a repository.
pub(super) async fn view(wire: &mut Wire, repo: &Repo) -> Result<View, Failure> {
    let base = format!("/repos/{}/actions", repo.name);
    let path = format!("{base}/runners?per_page=100");
    let (runners, _) = wire.list(repo.who, &path, "runners").await?;
    let runners = runners.iter().filter_map(|runner| {
        Some(Runner {
            id: runner["id"].as_u64()?,
            name: text(&runner["name"]),
            is_online: runner["status"] == "online",
            is_busy: runner["busy"] == true,
        })
    });
    let mut view = View {
        runners: runners.collect(),
        jobs: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    // A run with a job that waits for an approval is `waiting` even if others of its jobs are queued.
    for status in ["queued", "waiting", "in_progress"] {
        let path = format!("{base}/runs?status={status}&per_page=100");
        let (runs, _) = wire.list(repo.who, &path, "workflow_runs").await?;
        for run in runs {
            let Some(id) = run["id"].as_u64().filter(|id| seen.insert(*id)) else {
                continue;
            };
            let path = format!("{base}/runs/{id}/jobs?filter=latest&per_page=100");
            let (jobs, _) = wire.list(repo.who, &path, "jobs").await?;
            view.jobs.extend(jobs.iter().filter_map(job));
        }
    }
    Ok(view)
}

/// A job that is not over.
fn job(job: &Value) -> Option<Job> {
    let labels = job["labels"].as_array()?.iter().map(text).collect();
    let status = job["status"].as_str()?;
    (status != "completed").then_some(())?;
    Some(Job {
        id: job["id"].as_u64()?,
        labels,
        is_queued: status == "queued",
        runner: text(&job["runner_name"]),
        commit: text(&job["head_sha"]),
        created_at: text(&job["created_at"]),
    })
}

/// Whether a runner has a job, by GitHub's own word.
pub(super) async fn is_busy(wire: &mut Wire, repo: &Repo, runner: u64) -> Result<bool, Failure> {
    let path = format!("/repos/{}/actions/runners/{runner}", repo.name);
    match wire.call(repo.who, Method::GET, &path, None, &path).await {
        Ok(reply) => Ok(reply.body["busy"] == true),
        Err(Failure::Refused(404)) => Ok(false),
        Err(failure) => Err(failure),
    }
}
