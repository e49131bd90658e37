//! All repositories and their owners.

use std::{collections::BTreeMap, sync::Arc};

use super::{organization::Organization, owner::Owner, repository::Repository};
use crate::settings::RecordedWorld;

/// The repositories and their owners.
pub(in crate::github) struct Accounts {
    /// The repositories, by their folded `owner/name`.
    pub(in crate::github) repos: BTreeMap<String, Arc<Repository>>,
    /// The owners of repositories, by their folded login; a user is one, too.
    pub(in crate::github) organizations: BTreeMap<String, Arc<Organization>>,
    /// The ids of renamed repositories, by the folded names they had.
    pub(in crate::github) old_names: BTreeMap<String, u64>,
    /// What recordings tell of repositories: their ids are given to no other.
    pub(in crate::github) recorded: Arc<RecordedWorld>,
}

impl Accounts {
    /// No repository and no owner yet.
    pub(in crate::github) fn new(recorded: &Arc<RecordedWorld>) -> Self {
        Self {
            repos: BTreeMap::new(),
            organizations: BTreeMap::new(),
            old_names: BTreeMap::new(),
            recorded: recorded.clone(),
        }
    }

    pub(in crate::github) fn repo(&self, name: &str) -> Option<&Arc<Repository>> {
        self.repos.get(&name.to_lowercase())
    }

    /// The repository `owner/name`, or the organisation `owner`.
    pub(in crate::github) fn owner_named(&self, name: &str) -> Option<Owner> {
        if let Some(repo) = self.repo(name) {
            return Some(Owner::Repository(repo.clone()));
        }
        let organization = self.organizations.get(&name.to_lowercase())?;
        Some(Owner::Organization(organization.clone()))
    }

    pub(in crate::github) fn repos_of(
        &self,
        installation: u64,
    ) -> impl Iterator<Item = &Arc<Repository>> {
        self.repos
            .values()
            .filter(move |repo| repo.installation == Some(installation))
    }

    /// The repository with this name, or else the one that once had it.
    pub(in crate::github) fn repo_or_moved(&self, name: &str) -> Option<&Arc<Repository>> {
        self.repo(name).or_else(|| self.moved(name))
    }

    /// The repository that once had this name, if no other has it now.
    pub(in crate::github) fn moved(&self, name: &str) -> Option<&Arc<Repository>> {
        if self.old_names.is_empty() {
            return None;
        }
        let id = self.old_names.get(&name.to_lowercase())?;
        self.repos.values().find(|repo| repo.id == *id)
    }
}
