//! The hour that ends now: the calls made in it, and the jobs and HF jobs that they may have been for.

use std::collections::{BTreeSet, VecDeque};

use fakes::{
    history::{Event, What},
    ids::JobId,
};

use super::ledger::Ledger;

/// How long it is, milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// What one hour may hold: calls, and what they may be for.
#[derive(Debug, Default)]
pub(super) struct Hour {
    calls: VecDeque<u64>,
    /// Jobs that were queued, until they are over.
    jobs: BTreeSet<JobId>,
    /// HF jobs that were created, by their numbers, until they end.
    hf_jobs: BTreeSet<usize>,
    /// Who was over when, in order.
    over: VecDeque<(u64, Live)>,
}

#[derive(Clone, Copy, Debug)]
enum Live {
    Job(JobId),
    HfJob(usize),
}

/// What an hour came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) calls: u64,
    pub(super) jobs: u64,
    pub(super) hf_jobs: u64,
}

impl Hour {
    /// A routed job is queued.
    pub(super) fn queued(&mut self, job: JobId) {
        self.jobs.insert(job);
    }

    /// Takes in what else lives and ends.
    pub(super) fn enter(&mut self, ledger: &Ledger<'_>, event: &Event) {
        match &event.event {
            What::JobCompleted { job, .. } => {
                self.over.push_back((event.at_ms, Live::Job(*job)));
            }
            What::HfCreated { hf_job, .. } => {
                self.hf_jobs.extend(ledger.hf_jobs.number(hf_job));
            }
            What::HfStage { hf_job, stage, .. } if stage.is_terminal() => {
                let ended = ledger.hf_jobs.number(hf_job);
                let ended = ended.map(|number| (event.at_ms, Live::HfJob(number)));
                self.over.extend(ended);
            }
            _ => {}
        }
    }

    /// A call is made: what this hour comes to with it.
    pub(super) fn called(&mut self, now_ms: u64) -> Counts {
        self.pass(now_ms.saturating_sub(HOUR_MS));
        self.calls.push_back(now_ms);
        Counts {
            calls: self.calls.len() as u64,
            jobs: self.jobs.len() as u64,
            hf_jobs: self.hf_jobs.len() as u64,
        }
    }

    /// Forgets what was over before the hour began.
    fn pass(&mut self, began_ms: u64) {
        while self.calls.front().is_some_and(|at| *at <= began_ms) {
            self.calls.pop_front();
        }
        while let Some((at_ms, live)) = self.over.front().copied() {
            if at_ms > began_ms {
                return;
            }
            self.over.pop_front();
            match live {
                Live::Job(job) => self.jobs.remove(&job),
                Live::HfJob(number) => self.hf_jobs.remove(&number),
            };
        }
    }
}
