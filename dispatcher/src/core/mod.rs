//! The decisions, without IO: `Core::step(now, input)` returns what to write down and what to ask.
//!
//! Level-triggered: webhooks only tell it sooner. What it does follows from comparing demand (queued jobs) with supply
//! (launches) in each lane, as counts and never as pairs, because GitHub assigns by label and not by who asked.

mod asking;
mod backoff;
mod demand;
mod engine;
mod health;
mod hf_jobs;
mod installations;
mod journal;
mod lanes;
mod launching;
mod looks;
mod message;
mod model;
mod readings;
mod record;
mod redeliveries;
mod retiring;
mod runs;
mod settings;
mod status;
mod surveys;
mod tables;
#[cfg(test)]
mod tests;

pub use self::{
    engine::{Core, Draw},
    journal::JournalError,
    message::{
        Access, Command, Credential, FailedDelivery, Failure, HfJob, HfJobOrder, Input, JobReading,
        JobSighting, Mint, Removed, Runner, Stage, Survey, Write,
    },
    model::{
        CredentialKind, HfJobId, InstallationId, JobId, JobKey, JobStatus, Lane, LaunchId, RepoId,
        RunId, RunnerId, Secret,
    },
    record::Record,
    settings::{Settings, Unservable},
    status::{ClosedJobStatus, JobStatusLine, LaneStatus, LaunchStatus, RepoStatus, Status},
};
