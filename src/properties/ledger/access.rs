//! What the dispatcher can do and know: where its access is gone it can remove nothing, and of a new secret it is told when it
//! starts.

use fakes::ids::EventId;

use super::{Ledger, Moment};

impl Ledger<'_> {
    /// From when on the dispatcher can do what it has had to do in this repository since then: from when its access was
    /// back if that was gone before the deadline. None if it is not back.
    #[must_use]
    pub fn with_access(&self, repo: &str, since: Moment, within_ms: u64) -> Option<Moment> {
        let owner = repo.split('/').next().unwrap_or(repo).to_lowercase();
        let absences = self.absences.get(&owner).map_or(&[][..], Vec::as_slice);
        absences.iter().try_fold(since, |since, (gone, back)| {
            let is_over = back.is_some_and(|back| back.event < since.event);
            let is_late = gone.at_ms > since.at_ms.saturating_add(within_ms);
            if is_over || is_late {
                Some(since)
            } else {
                *back
            }
        })
    }

    /// Whether the dispatcher can know the secret in force: one that it did not rotate itself it finds when it starts.
    #[must_use]
    pub fn knows_secret(&self, at: EventId) -> bool {
        let mut rotations = self.rotations.iter();
        rotations
            .all(|(rotated, told)| at < rotated.event || told.is_some_and(|told| told.event < at))
    }
}
