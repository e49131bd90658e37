//! The repositories of a world that runs already: which there are, and one more.

use crate::{
    github::{handle::Github, state::records::KnownIds},
    settings::RepoSettings,
};

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoView {
    /// `owner/name`.
    pub name: String,
    /// Whether it is private.
    pub private: bool,
    /// Whether the App is installed on it.
    pub installed: bool,
}

impl Github {
    /// All repositories, by name.
    #[must_use]
    pub fn repos(&self) -> Vec<RepoView> {
        let state = self.state();
        let view = |repo: &std::sync::Arc<
            crate::github::state::accounts::repository::Repository,
        >| RepoView {
            name: repo.name.clone(),
            private: repo.private,
            installed: repo.installation.is_some(),
        };
        state.accounts.repos.values().map(view).collect()
    }

    /// Makes a repository. False, and nothing happens, if there is one of this name.
    pub fn add_repo(&self, repo: &RepoSettings) -> bool {
        let mut state = self.state();
        if state.accounts.repo(&repo.name).is_some() {
            return false;
        }
        state.add_repo(repo, self.settings(), self.env(), KnownIds::default());
        true
    }
}
