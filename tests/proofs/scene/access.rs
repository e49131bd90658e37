//! When the dispatcher had no access to what an owner has.

use fakes::{history::What, ids::RunnerId};

use super::{Scene, lanes::owner};

impl Scene<'_> {
    /// Where the installation of the owner of a runner's repository was suspended or deleted, and where it was back.
    pub(crate) fn absences(&self, runner: RunnerId) -> Vec<(usize, Option<usize>)> {
        let known = self.runners.get(&runner);
        let repo = known.map_or_else(String::new, |known| known.repo.to_ascii_lowercase());
        let whose = owner(&repo);
        let (mut absences, mut gone) = (Vec::new(), None);
        for (position, event) in self.events.iter().enumerate() {
            match &event.event {
                What::InstallationSuspended { owner, .. }
                | What::InstallationDeleted { owner, .. }
                    if owner.eq_ignore_ascii_case(whose) =>
                {
                    gone.get_or_insert(position);
                }
                What::InstallationUnsuspended { owner, .. }
                | What::InstallationCreated { owner, .. }
                    if owner.eq_ignore_ascii_case(whose) =>
                {
                    absences.extend(gone.take().map(|gone| (gone, Some(position))));
                }
                _ => {}
            }
        }
        absences.extend(gone.map(|gone| (gone, None)));
        absences
    }
}
