//! What is news: an event that shows or brings a change, so that a world in which it comes has not come to
//! rest yet.

use fakes::history::{Event, What};

/// Calls that make a credential and nothing else. Dispatchers renew theirs for ever, at rest too.
const CREDENTIAL_CALLS: [&str; 4] = [
    "github.create-token",
    "github.revoke-token",
    "github.registration-token",
    "github.remove-token",
];

/// Whether the event is more than somebody reading: a read that changed nothing is no news, however often it
/// comes.
pub(super) fn is_news(event: &Event) -> bool {
    match &event.event {
        What::CallReceived { .. } | What::CallAnswered { .. } | What::CallLost { .. } => false,
        What::CallEffect { name, .. } => !CREDENTIAL_CALLS.contains(&name.as_str()),
        // A fault that struck a read; one that struck anything else shows in what it struck.
        What::FaultApplied { .. } | What::ReadingFalse { .. } => false,
        // When faults may strike, and how often they did, changes nothing by itself.
        What::FaultOpened { .. } | What::FaultClosed { .. } | What::FaultCounted { .. } => false,
        // The driver's own marks.
        What::WorldStarted { .. } | What::WorldHealed {} | What::WorldEnded { .. } => false,
        What::DispatcherStarted {}
        | What::DispatcherStopped {}
        | What::DispatcherCrashed {}
        | What::JobQueued { .. }
        | What::JobWaiting { .. }
        | What::JobDispatchable { .. }
        | What::JobTakenBack { .. }
        | What::JobStarted { .. }
        | What::JobCompleted { .. }
        | What::RunCancelRequested { .. }
        | What::RunCompleted { .. }
        | What::CheckRunCreated { .. }
        | What::CheckRunUpdated { .. }
        | What::FaultReleased { .. }
        | What::InstallationCreated { .. }
        | What::InstallationSuspended { .. }
        | What::InstallationUnsuspended { .. }
        | What::InstallationDeleted { .. }
        | What::RepoRenamed { .. }
        | What::DeliveryCreated { .. }
        | What::DeliverySent { .. }
        | What::DeliveryAnswered { .. }
        | What::DeliveryLost { .. }
        | What::HookSecretRotated { .. }
        | What::HfCreated { .. }
        | What::HfStage { .. }
        | What::RunnerCreated { .. }
        | What::RunnerRefused { .. }
        | What::RunnerOnline { .. }
        | What::RunnerKept { .. }
        | What::RunnerAssigned { .. }
        | What::RunnerRemoved { .. }
        | What::RunnerExited { .. } => true,
    }
}
