//! Repositories that get another name: the old one redirects until another repository takes it.

use crate::{
    github::{handle::Github, state::records::KnownIds},
    history::What,
    ids::EventId,
    settings::RepoSettings,
};

impl Github {
    /// Renames a repository, or moves it to another owner. Its id, its jobs and its runners stay. The
    /// installation is that of the new owner, if the App is installed there. Nothing happens if there is no
    /// repository of the old name or already one of the new name; gives whether it was renamed.
    pub fn rename_repo(&self, from: &str, to: &str, because: Option<EventId>) -> bool {
        let mut state = self.state();
        let Some(repo) = state.accounts.repo(from).cloned() else {
            return false;
        };
        if state
            .accounts
            .repo(to)
            .is_some_and(|other| other.id != repo.id)
        {
            return false;
        }
        let owner = to.split('/').next().unwrap_or_default();
        let installation = if repo.is_of(owner) {
            repo.installation
        } else {
            state.apps.installation_on(owner).map(|found| found.id)
        };
        let renamed = What::RepoRenamed {
            repository: repo.id,
            from: repo.name.clone(),
            to: to.to_owned(),
        };
        let event = self.history().record(because, renamed);
        state.remake(&repo, to, installation, self.settings());
        if let Some(made) = state.accounts.repo(to).cloned() {
            self.emit_rename(&mut state, &made, &repo.name, event);
        }
        true
    }

    /// Makes a repository. A name that redirected to a renamed one is its own from now on; the name of one
    /// that is there makes nothing.
    pub fn create_repo(&self, repo: &RepoSettings) {
        let mut state = self.state();
        if state.accounts.repo(&repo.name).is_none() {
            state.add_repo(repo, self.settings(), self.env(), KnownIds::default());
        }
    }
}
