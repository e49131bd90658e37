//! Cues: the observed events a timeline waits for.

use fakes::history::{Stage, What};
use scenarios::plan::{HfMoment, JobIs, JobMoment, Phase, RunnerMoment, Watched, When};

use super::seen::Seen;

/// A trigger that waits, and how much of it has been seen.
#[derive(Debug)]
pub(super) struct Cue {
    when: When,
    seen: u32,
    prepared: bool,
}

impl Cue {
    pub(super) fn new(when: When) -> Self {
        Self {
            prepared: when.after.is_none(),
            when,
            seen: 0,
        }
    }

    /// How long to wait after the match.
    pub(super) const fn plus(&self) -> std::time::Duration {
        self.when.plus
    }

    /// Why it has not fired.
    pub(super) fn why_not(&self) -> String {
        if !self.prepared {
            return "what its trigger is to come after never did".to_owned();
        }
        match (self.seen, self.when.nth) {
            (0, _) => "its trigger never came".to_owned(),
            (seen, nth) => format!("its trigger came {seen} of {nth} times"),
        }
    }

    /// Takes an event in; true if it is the match that was waited for.
    pub(super) fn enter(&mut self, event: &What, seen: &Seen) -> bool {
        let prepared = self.prepared;
        if let Some(after) = &self.when.after {
            self.prepared = prepared || is_job(event, after, seen);
        }
        // The event that prepares does not also count.
        if !prepared || !matches(event, &self.when.watched, seen) {
            return false;
        }
        self.seen += 1;
        self.seen == self.when.nth
    }
}

fn matches(event: &What, watched: &Watched, seen: &Seen) -> bool {
    match watched {
        Watched::Call(call) => is_call(event, &call.name, call.phase),
        Watched::HfJob(moment) => is_hf_job(event, *moment),
        Watched::Runner(moment) => is_runner(event, *moment),
        Watched::Job(job) => is_job(event, job, seen),
    }
}

fn is_call(event: &What, wanted: &str, phase: Phase) -> bool {
    match (event, phase) {
        (What::CallReceived { name, .. }, Phase::Received)
        | (What::CallEffect { name, .. }, Phase::Effect)
        | (What::CallAnswered { name, .. }, Phase::Answered) => name == wanted,
        _ => false,
    }
}

fn is_hf_job(event: &What, wanted: HfMoment) -> bool {
    match event {
        What::HfCreated { .. } => wanted == HfMoment::Scheduling,
        What::HfStage { stage, .. } => match stage {
            Stage::Running => wanted == HfMoment::Running,
            Stage::Completed => wanted == HfMoment::Completed,
            Stage::Canceled => wanted == HfMoment::Canceled,
            Stage::Error => wanted == HfMoment::Error,
            Stage::Scheduling | Stage::Deleted => false,
        },
        _ => false,
    }
}

/// An ephemeral runner is idle exactly once: from its connection to its one job.
fn is_runner(event: &What, wanted: RunnerMoment) -> bool {
    match event {
        What::RunnerOnline { .. } => matches!(wanted, RunnerMoment::Online | RunnerMoment::Idle),
        What::RunnerAssigned { .. } => wanted == RunnerMoment::Busy,
        What::RunnerRemoved { .. } => wanted == RunnerMoment::Gone,
        _ => false,
    }
}

fn is_job(event: &What, wanted: &JobIs, seen: &Seen) -> bool {
    let (job, moment) = match event {
        What::JobQueued { job, .. } => (job, JobMoment::Queued),
        What::JobWaiting { job, .. } => (job, JobMoment::Waiting),
        What::JobStarted { job, .. } => (job, JobMoment::InProgress),
        What::JobCompleted { job, .. } => (job, JobMoment::Completed),
        _ => return false,
    };
    moment == wanted.is && seen.name(*job) == Some(&wanted.job)
}
