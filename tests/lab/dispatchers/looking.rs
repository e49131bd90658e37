//! What such a dispatcher can see: HF jobs of its own, repositories it serves, their runners, their jobs.

use std::{collections::BTreeSet, time::Duration};

use dispatchlab::target::LAB_NAMESPACE;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::wire::{Failure, Who, Wire};

const DAY: SignedDuration = SignedDuration::from_hours(24);

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
    pub(super) run: u64,
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

/// Whether an HF job that a listing leaves out lives all the same.
pub(super) async fn is_alive(wire: &mut Wire, hf_job: &str) -> Result<bool, Failure> {
    let path = format!("/api/jobs/{LAB_NAMESPACE}/{hf_job}");
    match wire.call(Who::Hf, Method::GET, &path, None, &path).await {
        Ok(reply) => {
            let stage = reply.body["status"]["stage"].as_str();
            Ok(matches!(stage, Some("SCHEDULING" | "RUNNING")))
        }
        Err(Failure::Refused(404)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Whether the runner of an HF job says in its log that it was given a job.
pub(super) async fn has_begun(wire: &mut Wire, hf_job: &str) -> Result<bool, Failure> {
    let path = format!("/api/jobs/{LAB_NAMESPACE}/{hf_job}/logs");
    let log = wire.beginning_of(&path).await?;
    Ok(log.contains("Running job: "))
}

/// Every repository of every installation that is not suspended, and whether these are all: an installation that fails is
/// left out.
pub(super) async fn repos(wire: &mut Wire) -> Result<(Vec<Repo>, bool), Failure> {
    let (installations, _) = wire
        .list(Who::App, "/app/installations?per_page=100", "")
        .await?;
    let (mut repos, mut are_all) = (Vec::new(), true);
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
            are_all = false;
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
    Ok((repos, are_all))
}

fn runner(runner: &Value) -> Option<Runner> {
    Some(Runner {
        id: runner["id"].as_u64()?,
        name: text(&runner["name"]),
        is_online: runner["status"] == "online",
        is_busy: runner["busy"] == true,
    })
}

/// One runner, if there is such a one.
pub(super) async fn runner_of(
    wire: &mut Wire,
    repo: &Repo,
    id: u64,
) -> Result<Option<Runner>, Failure> {
    let path = format!("/repos/{}/actions/runners/{id}", repo.name);
    match wire.call(repo.who, Method::GET, &path, None, &path).await {
        Ok(reply) => runner(&reply.body).map(Some).ok_or(Failure::Unknown),
        Err(Failure::Refused(404)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The runners of a repository; if no list is to be had, those of our HF jobs.
async fn runners(wire: &mut Wire, repo: &Repo, own: &[HfJob]) -> Result<Vec<Runner>, Failure> {
    let path = format!("/repos/{}/actions/runners?per_page=100", repo.name);
    if let Ok((list, _)) = wire.list(repo.who, &path, "runners").await {
        return Ok(list.iter().filter_map(runner).collect());
    }
    let mut found = Vec::new();
    for hf_job in own {
        found.extend(runner_of(wire, repo, hf_job.runner_id).await?);
    }
    Ok(found)
}

/// Runners and unfinished runs' jobs of a repository.
pub(super) async fn view(wire: &mut Wire, repo: &Repo, own: &[HfJob]) -> Result<View, Failure> {
    let mut view = View {
        runners: runners(wire, repo, own).await?,
        jobs: Vec::new(),
    };
    let base = format!("/repos/{}/actions", repo.name);
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
    // GitHub gives nobody a job that is a day old.
    let now = wire.time_of_github();
    view.jobs.retain(|job| {
        let created: Option<Timestamp> = job.created_at.parse().ok();
        created.is_none_or(|created| now.duration_since(created) < DAY)
    });
    Ok(view)
}

/// Whether a job is queued, by itself.
pub(super) async fn is_queued(wire: &mut Wire, repo: &Repo, job: u64) -> Result<bool, Failure> {
    let path = format!("/repos/{}/actions/jobs/{job}", repo.name);
    match wire.call(repo.who, Method::GET, &path, None, &path).await {
        Ok(reply) => Ok(reply.body["status"] == "queued"),
        Err(Failure::Refused(404)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// A job that is not over.
fn job(job: &Value) -> Option<Job> {
    let labels = job["labels"].as_array()?.iter().map(text).collect();
    let status = job["status"].as_str()?;
    (status != "completed").then_some(())?;
    Some(Job {
        id: job["id"].as_u64()?,
        run: job["run_id"].as_u64()?,
        labels,
        is_queued: status == "queued",
        runner: text(&job["runner_name"]),
        commit: text(&job["head_sha"]),
        created_at: text(&job["created_at"]),
    })
}
