//! What such a dispatcher does: it creates an HF job with a runner's credential, takes one down, and tells of what it cannot do.

use std::time::Duration;

use dispatchlab::target::LAB_NAMESPACE;
use http::Method;
use serde_json::json;
use tokio::time::Instant;

use super::{
    looking::{self, HfJob, Repo},
    reconciling::{Lane, Reconciler, Waiting},
    wire::{Failure, REFUSALS_MAX, Who, Wire},
};

/// What an HF job may idle, on top of the longest job.
const SPARE_S: u64 = 3 * 3600;
/// How long a create whose answer is missing is waited for in the listings.
const LOST_CREATE: Duration = Duration::from_secs(180);
/// After failing for so long there is something to tell.
const TOLD_AFTER: Duration = Duration::from_secs(40 * 60);

/// What goes wrong with a lane.
pub(super) struct Trouble {
    first: Instant,
    count: u32,
    refusals: u32,
}

/// How the names of our runners in a repository begin.
pub(super) fn prefix(mark: &str, repo: u64) -> String {
    format!("{mark}-{repo}-")
}

/// Creates one HF job for a lane.
pub(super) async fn supply(
    all: &mut Reconciler,
    repo: &Repo,
    lane: &Lane,
    endings: u64,
) -> Result<(), Failure> {
    let result = create(all, repo, lane, endings).await;
    match result {
        Ok(()) => drop(all.troubles.remove(lane)),
        Err(Failure::NotYet) => {}
        Err(failure) => {
            let fresh = Trouble {
                first: Instant::now(),
                count: 0,
                refusals: 0,
            };
            let trouble = all.troubles.entry(lane.clone()).or_insert(fresh);
            trouble.count += 1;
            trouble.refusals = match failure {
                Failure::Refused(_) => trouble.refusals + 1,
                _ => 0,
            };
        }
    }
    result
}

async fn create(
    all: &mut Reconciler,
    repo: &Repo,
    lane: &Lane,
    endings: u64,
) -> Result<(), Failure> {
    let (_, label) = lane;
    let creating = format!("create for {} {label}", repo.id);
    if !all.wire.is_patient_with(&creating) {
        return Err(Failure::NotYet);
    }
    all.named += 1;
    let prefix = prefix(all.habits.name, repo.id);
    let name = format!(
        "{prefix}{:x}-{}",
        all.wire.now().as_millisecond(),
        all.named
    );
    let path = format!("/repos/{}/actions/runners/generate-jitconfig", repo.name);
    let wanted =
        json!({ "name": name, "runner_group_id": 1, "labels": [label], "work_folder": "_work" });
    let minting = format!("mint for {} {label}", repo.id);
    let minted = all
        .wire
        .call(repo.who, Method::POST, &path, Some(&wanted), &minting)
        .await?;
    let id = minted.body["runner"]["id"].as_u64();
    let jit = minted.body["encoded_jit_config"].as_str();
    let (id, jit) = id.zip(jit).ok_or(Failure::Unknown)?;
    if all.news.endings() != endings {
        // The job may be over that this was for: look again first.
        let _cleared_up_later = deregister(&mut all.wire, repo, id).await;
        return Err(Failure::NotYet);
    }
    let flavor = label.trim_start_matches("hf-jobs-");
    let flavor = flavor.split(':').next().unwrap_or(flavor);
    let order = json!({
        "dockerImage": "ghcr.io/actions/actions-runner:latest",
        "command": ["/home/runner/run.sh"],
        "arguments": [],
        "environment": { "RUNNER_ALLOW_RUNASROOT": "1" },
        "secrets": { "ACTIONS_RUNNER_INPUT_JITCONFIG": jit },
        "flavor": flavor,
        "timeoutSeconds": all.orders.job_timeout.as_secs() + SPARE_S,
        "labels": {
            "made-by": all.habits.name,
            "repo": repo.id.to_string(),
            "lane": label.replacen(':', "_", 1),
            "runner": name,
            "runner-id": id.to_string(),
        },
    });
    let path = format!("/api/jobs/{LAB_NAMESPACE}");
    let created = all
        .wire
        .call(Who::Hf, Method::POST, &path, Some(&order), &creating)
        .await;
    if created.as_ref().err() == Some(&Failure::Unknown) {
        all.wire.rest(&creating, LOST_CREATE);
    }
    created.map(drop)
}

/// Removes a registration; true once it is gone for certain.
pub(super) async fn deregister(wire: &mut Wire, repo: &Repo, runner: u64) -> Result<(), Failure> {
    let path = format!("/repos/{}/actions/runners/{runner}", repo.name);
    let place = format!("DELETE {path}");
    match wire
        .call(repo.who, Method::DELETE, &path, None, &place)
        .await
    {
        Ok(_) | Err(Failure::Refused(404)) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Takes an HF job down: only one whose runner can get no job any more.
pub(super) async fn retire(wire: &mut Wire, repo: &Repo, hf_job: &HfJob) -> Result<(), Failure> {
    if looking::is_busy(wire, repo, hf_job.runner_id).await? {
        return Err(Failure::Conflict(422));
    }
    deregister(wire, repo, hf_job.runner_id).await?;
    let path = format!("/api/jobs/{LAB_NAMESPACE}/{}/cancel", hf_job.id);
    wire.call(Who::Hf, Method::POST, &path, None, &path)
        .await
        .map(drop)
}

/// Tells the users of jobs that cannot be served, by a check run on the commit.
pub(super) async fn tell_of_trouble(
    all: &mut Reconciler,
    repo: &Repo,
    lane: &Lane,
    waiting: &[Waiting],
) {
    let is_lasting = all.troubles.get(lane).is_some_and(|trouble| {
        let is_long = trouble.count >= 3 && trouble.first.elapsed() >= TOLD_AFTER;
        trouble.refusals >= REFUSALS_MAX || is_long
    });
    if !is_lasting {
        return;
    }
    for job in waiting {
        if all.told.contains(&job.id) {
            continue;
        }
        let check = json!({
            "name": format!("runner for {}", lane.1),
            "head_sha": job.commit,
            "status": "completed",
            "conclusion": "failure",
            "external_id": job.id.to_string(),
            "output": {
                "title": "No runner could be started",
                "summary": format!("Job {} waits for a runner that cannot be started.", job.id),
            },
        });
        let path = format!("/repos/{}/check-runs", repo.name);
        let place = format!("tell of {}", job.id);
        let told = all
            .wire
            .call(repo.who, Method::POST, &path, Some(&check), &place)
            .await;
        if told.is_ok() {
            all.told.insert(job.id);
        }
    }
}
