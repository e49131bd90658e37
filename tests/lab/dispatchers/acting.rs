//! What such a dispatcher does: it creates an HF job with a runner's credential, and takes one down.

use std::time::Duration;

use dispatchlab::target::LAB_NAMESPACE;
use http::Method;
use serde_json::json;

use super::{
    looking::{self, HfJob, Repo},
    orders,
    reconciling::{Lane, Reconciler, Waiting},
    wire::{Failure, Who, Wire},
};

/// What an HF job may idle, on top of the longest job.
const SPARE_S: u64 = 3 * 3600;
/// How long a create whose answer is missing is waited for in the listings.
const LOST_CREATE: Duration = Duration::from_secs(180);
const IMAGE: &str = "ghcr.io/actions/actions-runner:latest";

/// How the names of our runners in a repository begin.
pub(super) fn prefix(mark: &str, repo: u64) -> String {
    format!("{mark}-{repo}-")
}

fn creating(lane: &Lane) -> String {
    format!("create for {} {}", lane.0, lane.1)
}

fn minting(lane: &Lane) -> String {
    format!("mint for {} {}", lane.0, lane.1)
}

/// Whether it is time to try in this lane.
pub(super) fn is_due(wire: &Wire, lane: &Lane) -> bool {
    wire.is_patient_with(&creating(lane)) && wire.is_patient_with(&minting(lane))
}

/// Creates one HF job for a lane.
pub(super) async fn supply(
    all: &mut Reconciler,
    repo: &Repo,
    lane: &Lane,
    endings: u64,
) -> Result<(), Failure> {
    let result = create(all, repo, lane, endings).await;
    if let Err(failure) = result {
        all.troubles.fails(lane, failure);
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
    if !is_due(&all.wire, lane) {
        return Err(Failure::NotYet);
    }
    let creating = creating(lane);
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
    let minting = minting(lane);
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
    let flavor = orders::flavor(label);
    let image = label.split_once(':').map_or(IMAGE, |(_, image)| image);
    let order = json!({
        "dockerImage": image,
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
    let created = created?;
    if let Some(hf_job) = created.body["id"].as_str() {
        all.own.created(HfJob {
            id: hf_job.to_owned(),
            repo: repo.id,
            label: label.clone(),
            runner: name.clone(),
            runner_id: id,
            age: Duration::ZERO,
        });
        all.news.claim(&name, hf_job, flavor, label);
    }
    Ok(())
}

/// Removes a registration; done once it is gone for certain.
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

/// Makes sure that the runner of an HF job gets no job any more; an error if it may have one.
pub(super) async fn disarm(wire: &mut Wire, repo: &Repo, hf_job: &HfJob) -> Result<(), Failure> {
    let runner = looking::runner_of(wire, repo, hf_job.runner_id).await?;
    if runner.is_some_and(|runner| runner.is_busy) {
        return Err(Failure::Conflict(422));
    }
    deregister(wire, repo, hf_job.runner_id).await
}

/// Cancels runs whose user knows that a job of theirs will not be served, once nothing of them is at work.
pub(super) async fn end_runs(wire: &mut Wire, repo: &Repo, given_up: &[Waiting]) {
    for job in given_up.iter().filter(|job| job.is_alone) {
        let path = format!("/repos/{}/actions/runs/{}/cancel", repo.name, job.run);
        let _later = wire.call(repo.who, Method::POST, &path, None, &path).await;
    }
}

/// Ends an HF job.
pub(super) async fn cancel(wire: &mut Wire, hf_job: &str) -> Result<(), Failure> {
    let path = format!("/api/jobs/{LAB_NAMESPACE}/{hf_job}/cancel");
    wire.call(Who::Hf, Method::POST, &path, None, &path)
        .await
        .map(drop)
}
