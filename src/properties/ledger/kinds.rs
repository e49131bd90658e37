//! The kinds of events that passes tell apart, a byte for each event. A pass asks for few of them, and an event is as large as
//! several lines of a cache: what it does not ask for it does not even look at.

use std::ops::BitOr;

use fakes::history::{Event, What};

use super::calls::is_deletion;

/// Kinds of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::properties) struct Kinds(u8);

impl Kinds {
    /// A call came.
    pub(in crate::properties) const ASKED: Self = Self(1);
    /// A call was answered.
    pub(in crate::properties) const ANSWERED: Self = Self(1 << 1);
    /// A call took effect or was lost; a delivery was made or sent.
    pub(in crate::properties) const ON_ITS_WAY: Self = Self(1 << 2);
    /// A delivery was answered or lost.
    pub(in crate::properties) const DELIVERED: Self = Self(1 << 3);
    /// Something became of a job, a run, a runner or an HF job, or a reading of one was false; also the answer to a deletion,
    /// by which a runner is given up.
    pub(in crate::properties) const LIVES: Self = Self(1 << 4);
    /// What few events are: faults, the dispatcher's own life, installations, names and secrets.
    pub(in crate::properties) const RARE: Self = Self(1 << 5);
    /// The event changes a count of [`Tally`](crate::properties::tally::Tally).
    pub(in crate::properties) const CHANGES: Self = Self(1 << 6);
    /// Every event.
    pub(in crate::properties) const ALL: Self = Self(u8::MAX);

    /// Whether any of these is one of those.
    #[must_use]
    pub(in crate::properties) const fn meet(self, those: Self) -> bool {
        self.0 & those.0 != 0
    }

    /// What an event is, [`Self::CHANGES`] aside: that follows from all of the history.
    pub(super) fn of(event: &Event) -> Self {
        match &event.event {
            What::CallReceived { .. } => Self::ASKED,
            What::CallAnswered { name, .. } if is_deletion(name) => Self::ANSWERED | Self::LIVES,
            What::CallAnswered { .. } => Self::ANSWERED,
            What::CallEffect { .. }
            | What::CallLost { .. }
            | What::DeliveryCreated { .. }
            | What::DeliverySent { .. } => Self::ON_ITS_WAY,
            What::DeliveryAnswered { .. } | What::DeliveryLost { .. } => Self::DELIVERED,
            What::JobQueued { .. }
            | What::JobDispatchable { .. }
            | What::JobTakenBack { .. }
            | What::JobWaiting { .. }
            | What::JobStarted { .. }
            | What::JobCompleted { .. }
            | What::RunCancelRequested { .. }
            | What::RunCompleted { .. }
            | What::CheckRunCreated { .. }
            | What::CheckRunUpdated { .. }
            | What::ReadingFalse { .. }
            | What::HfCreated { .. }
            | What::HfStage { .. }
            | What::RunnerCreated { .. }
            | What::RunnerRefused { .. }
            | What::RunnerOnline { .. }
            | What::RunnerKept { .. }
            | What::RunnerAssigned { .. }
            | What::RunnerRemoved { .. }
            | What::RunnerExited { .. } => Self::LIVES,
            What::WorldStarted { .. }
            | What::WorldHealed { .. }
            | What::WorldEnded { .. }
            | What::DispatcherStarted { .. }
            | What::DispatcherStopped { .. }
            | What::DispatcherCrashed { .. }
            | What::FaultApplied { .. }
            | What::FaultReleased { .. }
            | What::FaultOpened { .. }
            | What::FaultClosed { .. }
            | What::FaultCounted { .. }
            | What::InstallationCreated { .. }
            | What::InstallationSuspended { .. }
            | What::InstallationUnsuspended { .. }
            | What::InstallationDeleted { .. }
            | What::RepoRenamed { .. }
            | What::HookSecretRotated { .. } => Self::RARE,
        }
    }
}

impl BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Those of the events that are of a kind that is asked for.
pub(in crate::properties) fn among<'e, 'a>(
    events: &'a [Event],
    kinds: &'e [Kinds],
    asked: Kinds,
) -> impl Iterator<Item = &'a Event> + use<'e, 'a> {
    let all = kinds.iter().zip(events);
    let wanted = all.filter(move |(kinds, _)| kinds.meet(asked));
    wanted.map(|(_, event)| event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_meet_where_they_have_one_in_common() {
        let asked = Kinds::LIVES | Kinds::CHANGES;
        assert!(Kinds::CHANGES.meet(asked) && (Kinds::ANSWERED | Kinds::LIVES).meet(asked));
        assert!(!Kinds::ANSWERED.meet(asked) && Kinds::ANSWERED.meet(Kinds::ALL));
    }
}
