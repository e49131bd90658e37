//! What an event is about: the entities by which a reader follows one job, runner or delivery.

use serde::Serialize;

use super::what::What;
use crate::ids::{CallId, DeliveryId, HfJobId, JobId, RunId, RunnerId};

/// Something an event is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub enum Entity {
    /// A workflow job.
    Job(JobId),
    /// A workflow run.
    Run(RunId),
    /// A runner.
    Runner(RunnerId),
    /// A delivery attempt.
    Delivery(DeliveryId),
    /// An API call.
    Call(CallId),
    /// An HF job.
    HfJob(HfJobId),
}

impl std::fmt::Display for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Job(id) => id.fmt(f),
            Self::Run(id) => id.fmt(f),
            Self::Runner(id) => id.fmt(f),
            Self::Delivery(id) => id.fmt(f),
            Self::Call(id) => id.fmt(f),
            Self::HfJob(id) => id.fmt(f),
        }
    }
}

impl From<Entity> for String {
    fn from(entity: Entity) -> Self {
        entity.to_string()
    }
}

impl What {
    /// The entities this event concerns, most specific first.
    #[must_use]
    pub fn entities(&self) -> Vec<Entity> {
        let mut found = Vec::new();
        let job = |id: &Option<JobId>, found: &mut Vec<Entity>| found.extend(id.map(Entity::Job));
        match self {
            Self::WorldStarted { .. }
            | Self::WorldHealed {}
            | Self::WorldEnded { .. }
            | Self::DispatcherStarted {}
            | Self::DispatcherStopped {}
            | Self::DispatcherCrashed {}
            | Self::HookSecretRotated { .. }
            | Self::InstallationCreated { .. }
            | Self::InstallationSuspended { .. }
            | Self::InstallationUnsuspended { .. }
            | Self::InstallationDeleted { .. }
            | Self::RepoRenamed { .. }
            | Self::FaultOpened { .. }
            | Self::FaultClosed { .. }
            | Self::FaultCounted { .. } => {}
            Self::FaultApplied {
                job: about,
                delivery,
                call,
                hf_job,
                runner,
                run,
                ..
            } => {
                job(about, &mut found);
                found.extend(delivery.map(Entity::Delivery));
                found.extend(call.map(Entity::Call));
                found.extend(hf_job.clone().map(Entity::HfJob));
                found.extend(runner.map(Entity::Runner));
                found.extend(run.map(Entity::Run));
            }
            Self::FaultReleased {
                job: about,
                delivery,
                call,
                hf_job,
                runner,
                ..
            } => {
                job(about, &mut found);
                found.extend(delivery.map(Entity::Delivery));
                found.extend(call.map(Entity::Call));
                found.extend(hf_job.clone().map(Entity::HfJob));
                found.extend(runner.map(Entity::Runner));
            }
            Self::ReadingFalse {
                call,
                job: about,
                runner,
                hf_job,
                ..
            } => {
                job(about, &mut found);
                found.extend(runner.map(Entity::Runner));
                found.extend(hf_job.clone().map(Entity::HfJob));
                found.push(Entity::Call(*call));
            }
            Self::JobDispatchable { job } => found.push(Entity::Job(*job)),
            Self::JobTakenBack { job, runner } => {
                found.extend([Entity::Job(*job), Entity::Runner(*runner)]);
            }
            Self::RunCompleted { run, .. } => found.push(Entity::Run(*run)),
            Self::CheckRunCreated {
                call, runs, jobs, ..
            }
            | Self::CheckRunUpdated {
                call, runs, jobs, ..
            } => {
                found.extend(jobs.iter().copied().map(Entity::Job));
                found.extend(runs.iter().copied().map(Entity::Run));
                found.push(Entity::Call(*call));
            }
            Self::JobQueued { job, run, .. } | Self::JobWaiting { job, run, .. } => {
                found.extend([Entity::Job(*job), Entity::Run(*run)]);
            }
            Self::JobStarted { job, runner, .. } | Self::JobCompleted { job, runner, .. } => {
                found.push(Entity::Job(*job));
                found.extend(runner.map(Entity::Runner));
            }
            Self::RunCancelRequested { run, call } => {
                found.push(Entity::Run(*run));
                found.extend(call.map(Entity::Call));
            }
            Self::DeliveryCreated {
                delivery,
                job: about,
                ..
            }
            | Self::DeliverySent {
                delivery,
                job: about,
                ..
            }
            | Self::DeliveryAnswered {
                delivery,
                job: about,
                ..
            }
            | Self::DeliveryLost {
                delivery,
                job: about,
                ..
            } => {
                found.push(Entity::Delivery(*delivery));
                job(about, &mut found);
            }
            Self::CallReceived { call, about, .. } => {
                found.push(Entity::Call(*call));
                if let Some(about) = about {
                    found.extend(about.job.map(Entity::Job));
                    found.extend(about.run.map(Entity::Run));
                    found.extend(about.runner.map(Entity::Runner));
                    found.extend(about.hf_job.clone().map(Entity::HfJob));
                }
            }
            Self::CallEffect { call, .. }
            | Self::CallAnswered { call, .. }
            | Self::CallLost { call, .. } => found.push(Entity::Call(*call)),
            Self::HfCreated { hf_job, call, .. } => {
                found.push(Entity::HfJob(hf_job.clone()));
                found.extend(call.map(Entity::Call));
            }
            Self::HfStage { hf_job, .. }
            | Self::RunnerRefused { hf_job, .. }
            | Self::RunnerExited { hf_job, .. } => found.push(Entity::HfJob(hf_job.clone())),
            Self::RunnerCreated { runner, .. } | Self::RunnerRemoved { runner, .. } => {
                found.push(Entity::Runner(*runner));
            }
            Self::RunnerOnline { runner, hf_job, .. } => {
                found.push(Entity::Runner(*runner));
                found.extend(hf_job.clone().map(Entity::HfJob));
            }
            Self::RunnerAssigned {
                runner,
                job,
                hf_job,
            } => {
                found.extend([Entity::Runner(*runner), Entity::Job(*job)]);
                found.extend(hf_job.clone().map(Entity::HfJob));
            }
        }
        found
    }
}
