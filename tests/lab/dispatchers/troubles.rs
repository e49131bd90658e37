//! What goes wrong with a lane, and what its users are told of that: a failed check run on the commit of each job that waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::Method;
use serde_json::json;
use tokio::time::Instant;

use super::{
    looking::Repo,
    reconciling::{Lane, Waiting},
    wire::{Failure, Wire},
};

/// After failing for so long there is something to tell.
const TOLD_AFTER: Duration = Duration::from_secs(40 * 60);
/// So often something must have failed that may get better.
const SLIPS: usize = 3;
/// So often something must have been refused for good.
const REFUSALS: usize = 2;

/// Something that failed: a credential, a create, an HF job that ended without a runner.
#[derive(Clone, Copy)]
struct Slip {
    at: Instant,
    is_final: bool,
}

/// What failed in each lane since a runner of it last came up, and who was told.
#[derive(Default)]
pub(super) struct Troubles {
    slips: BTreeMap<Lane, Vec<Slip>>,
    first_seen: BTreeMap<u64, Instant>,
    told: BTreeSet<u64>,
}

impl Troubles {
    pub(super) fn fails(&mut self, lane: &Lane, failure: Failure) {
        let is_final = match failure {
            Failure::NotYet => return,
            Failure::Refused(_) => true,
            Failure::Limited | Failure::Conflict(_) | Failure::Unknown => false,
        };
        let at = Instant::now();
        let slips = self.slips.entry(lane.clone()).or_default();
        slips.push(Slip { at, is_final });
    }

    /// A runner of this lane came up.
    pub(super) fn is_over(&mut self, lane: &Lane) {
        self.slips.remove(lane);
    }

    /// Notes who waits.
    pub(super) fn see(&mut self, waiting: &[Waiting]) {
        for job in waiting {
            self.first_seen.entry(job.id).or_insert_with(Instant::now);
        }
    }

    /// Whether a job was given up: its user knows that nobody comes.
    pub(super) fn is_told(&self, job: u64) -> bool {
        self.told.contains(&job)
    }

    /// Whether enough failed since a job was first seen for its user to be told.
    fn must_tell(&self, lane: &Lane, job: u64) -> bool {
        let (Some(slips), Some(since)) = (self.slips.get(lane), self.first_seen.get(&job)) else {
            return false;
        };
        let slips: Vec<_> = slips.iter().filter(|slip| slip.at >= *since).collect();
        let refusals = slips.iter().filter(|slip| slip.is_final).count();
        let is_long = since.elapsed() >= TOLD_AFTER;
        let is_lasting = slips
            .first()
            .zip(slips.last())
            .is_some_and(|(first, last)| last.at - first.at >= Duration::from_secs(600));
        refusals >= REFUSALS || (is_long && is_lasting && slips.len() >= SLIPS)
    }

    /// Tells the users of jobs that cannot be served.
    pub(super) async fn tell(
        &mut self,
        wire: &mut Wire,
        repo: &Repo,
        lane: &Lane,
        waiting: &[Waiting],
    ) {
        for job in waiting {
            if self.told.contains(&job.id) || !self.must_tell(lane, job.id) {
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
            let told = wire
                .call(repo.who, Method::POST, &path, Some(&check), &place)
                .await;
            if told.is_ok() {
                self.told.insert(job.id);
            }
        }
    }
}
