//! The HF jobs of a dispatcher: those that HF lists, and those it is known to have created though a listing leaves them out.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    looking::{self, HfJob},
    wire::{Failure, Wire},
};

/// A dispatcher that has just started must know what its life before left; after so long without a list it goes on without.
const UNLISTED: Duration = Duration::from_secs(300);

/// HF jobs that were seen alive, or created, and that nothing has shown to have ended.
pub(super) struct Own {
    began: Instant,
    was_listed: bool,
    alive: BTreeMap<String, (HfJob, Instant)>,
}

/// What HF shows.
pub(super) struct Seen {
    pub(super) alive: Vec<HfJob>,
    /// Those that were alive the last time.
    pub(super) ended: Vec<HfJob>,
}

impl Own {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            was_listed: false,
            alive: BTreeMap::new(),
        }
    }

    pub(super) fn created(&mut self, hf_job: HfJob) {
        self.alive
            .insert(hf_job.id.clone(), (hf_job, Instant::now()));
    }

    /// Looks at all of them.
    pub(super) async fn look(&mut self, wire: &mut Wire, mark: &str) -> Result<Seen, Failure> {
        let now = Instant::now();
        let before = std::mem::take(&mut self.alive);
        match looking::hf_jobs(wire, mark).await {
            Ok(list) => {
                self.was_listed = true;
                self.alive = list
                    .into_iter()
                    .map(|hf_job| (hf_job.id.clone(), (hf_job, now)))
                    .collect();
            }
            Err(failure) if !self.was_listed && self.began.elapsed() < UNLISTED => {
                self.alive = before;
                return Err(failure);
            }
            Err(_) => {}
        }
        let mut ended = Vec::new();
        for (id, (hf_job, since)) in before {
            if self.alive.contains_key(&id) {
                continue;
            }
            match looking::is_alive(wire, &id).await {
                Ok(false) => ended.push(hf_job),
                Ok(true) | Err(_) => drop(self.alive.insert(id, (hf_job, since))),
            }
        }
        let aged = |(hf_job, since): &(HfJob, Instant)| HfJob {
            age: hf_job.age + (now - *since),
            ..hf_job.clone()
        };
        Ok(Seen {
            alive: self.alive.values().map(aged).collect(),
            ended,
        })
    }
}
