//! What an event is about: the entities by which a reader follows one job, runner or delivery.

use serde::Serialize;

use super::{what::What, words::CallAbout};
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

/// A field of an event that names what the event is about: one thing, several, or nothing.
trait Naming {
    fn name(&self, found: &mut Vec<Entity>);
}

impl Naming for JobId {
    fn name(&self, found: &mut Vec<Entity>) {
        found.push(Entity::Job(*self));
    }
}

impl Naming for RunId {
    fn name(&self, found: &mut Vec<Entity>) {
        found.push(Entity::Run(*self));
    }
}

impl Naming for RunnerId {
    fn name(&self, found: &mut Vec<Entity>) {
        found.push(Entity::Runner(*self));
    }
}

impl Naming for DeliveryId {
    fn name(&self, found: &mut Vec<Entity>) {
        found.push(Entity::Delivery(*self));
    }
}

impl Naming for CallId {
    fn name(&self, found: &mut Vec<Entity>) {
        found.push(Entity::Call(*self));
    }
}

impl Naming for HfJobId {
    fn name(&self, found: &mut Vec<Entity>) {
        found.push(Entity::HfJob(self.clone()));
    }
}

impl Naming for CallAbout {
    fn name(&self, found: &mut Vec<Entity>) {
        let fields: [&dyn Naming; 4] = [&self.job, &self.run, &self.runner, &self.hf_job];
        fields.iter().for_each(|field| field.name(found));
    }
}

impl<T: Naming> Naming for Option<T> {
    fn name(&self, found: &mut Vec<Entity>) {
        self.iter().for_each(|one| one.name(found));
    }
}

impl<T: Naming> Naming for Vec<T> {
    fn name(&self, found: &mut Vec<Entity>) {
        self.iter().for_each(|one| one.name(found));
    }
}

impl<T: Naming> Naming for Box<T> {
    fn name(&self, found: &mut Vec<Entity>) {
        self.as_ref().name(found);
    }
}

/// What these fields name, in their order.
fn named(fields: &[&dyn Naming]) -> Vec<Entity> {
    let mut found = Vec::new();
    fields.iter().for_each(|field| field.name(&mut found));
    found
}

impl What {
    /// The entities this event concerns, most specific first.
    #[must_use]
    pub fn entities(&self) -> Vec<Entity> {
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
            | Self::FaultCounted { .. } => Vec::new(),
            Self::FaultApplied {
                job,
                delivery,
                call,
                hf_job,
                runner,
                run,
                ..
            } => named(&[job, delivery, call, hf_job, runner, run]),
            Self::FaultReleased {
                job,
                delivery,
                call,
                hf_job,
                runner,
                ..
            } => named(&[job, delivery, call, hf_job, runner]),
            Self::ReadingFalse {
                call,
                job,
                runner,
                hf_job,
                ..
            } => named(&[job, runner, hf_job, call]),
            Self::JobDispatchable { job } => named(&[job]),
            Self::JobTakenBack { job, runner } => named(&[job, runner]),
            Self::RunCompleted { run, .. } => named(&[run]),
            Self::CheckRunCreated {
                call, runs, jobs, ..
            }
            | Self::CheckRunUpdated {
                call, runs, jobs, ..
            } => named(&[jobs, runs, call]),
            Self::JobQueued { job, run, .. } | Self::JobWaiting { job, run, .. } => {
                named(&[job, run])
            }
            Self::JobStarted { job, runner, .. } | Self::JobCompleted { job, runner, .. } => {
                named(&[job, runner])
            }
            Self::RunCancelRequested { run, call } => named(&[run, call]),
            Self::DeliveryCreated { delivery, job, .. }
            | Self::DeliverySent { delivery, job, .. }
            | Self::DeliveryAnswered { delivery, job, .. }
            | Self::DeliveryLost { delivery, job, .. } => named(&[delivery, job]),
            Self::CallReceived { call, about, .. } => named(&[call, about]),
            Self::CallEffect { call, .. }
            | Self::CallAnswered { call, .. }
            | Self::CallLost { call, .. } => named(&[call]),
            Self::HfCreated { hf_job, call, .. } => named(&[hf_job, call]),
            Self::HfStage { hf_job, .. }
            | Self::RunnerRefused { hf_job, .. }
            | Self::RunnerExited { hf_job, .. } => named(&[hf_job]),
            Self::RunnerCreated { runner, .. } | Self::RunnerRemoved { runner, .. } => {
                named(&[runner])
            }
            Self::RunnerOnline { runner, hf_job, .. } => named(&[runner, hf_job]),
            Self::RunnerKept {
                runner,
                job,
                hf_job,
            }
            | Self::RunnerAssigned {
                runner,
                job,
                hf_job,
            } => named(&[runner, job, hf_job]),
        }
    }
}
