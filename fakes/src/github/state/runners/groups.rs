//! The runner groups of an organisation: which of its repositories a runner may serve.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::github::state::accounts::{owner::Scope, repository::Repository};

/// The id of the group every organisation has; a repository has only this one.
pub(in crate::github) const DEFAULT_GROUP: u64 = 1;
/// Its name.
pub(in crate::github) const DEFAULT_GROUP_NAME: &str = "Default";

/// Which repositories of the organisation a group is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::github) enum Visibility {
    /// All of them.
    #[default]
    All,
    /// Those on its list.
    Selected,
    /// The private ones.
    Private,
}

/// One group.
#[derive(Clone, Debug)]
pub(in crate::github) struct RunnerGroup {
    pub(in crate::github) id: u64,
    pub(in crate::github) name: String,
    pub(in crate::github) visibility: Visibility,
    /// Ids of the repositories on its list.
    pub(in crate::github) selected: BTreeSet<u64>,
    pub(in crate::github) allows_public_repositories: bool,
    /// Kept and shown; the lab's one workflow is allowed everywhere.
    pub(in crate::github) restricted_to_workflows: bool,
    pub(in crate::github) selected_workflows: Vec<String>,
}

impl RunnerGroup {
    pub(in crate::github) fn is_default(&self) -> bool {
        self.id == DEFAULT_GROUP
    }

    pub(in crate::github) fn allows(&self, repo: &Repository) -> bool {
        (repo.private || self.allows_public_repositories)
            && match self.visibility {
                Visibility::All => true,
                Visibility::Selected => self.selected.contains(&repo.id),
                Visibility::Private => repo.private,
            }
    }
}

/// All groups of one organisation, by id.
#[derive(Clone, Debug)]
pub(in crate::github) struct RunnerGroups {
    by_id: BTreeMap<u64, RunnerGroup>,
    last_id: u64,
}

impl RunnerGroups {
    /// The default group only.
    pub(in crate::github) fn new(allows_public_repositories: bool) -> Self {
        let default = RunnerGroup {
            id: DEFAULT_GROUP,
            name: DEFAULT_GROUP_NAME.to_owned(),
            visibility: Visibility::All,
            selected: BTreeSet::new(),
            allows_public_repositories,
            restricted_to_workflows: false,
            selected_workflows: Vec::new(),
        };
        Self {
            by_id: BTreeMap::from([(DEFAULT_GROUP, default)]),
            last_id: DEFAULT_GROUP,
        }
    }

    /// Whether runners of this owner in this group may serve the repository, and a job of it that names a
    /// group. A repository's own runners serve it alone, and are all in the default group.
    pub(in crate::github) fn serve(
        all: &BTreeMap<u64, Self>,
        scope: Scope,
        group: u64,
        repo: &Repository,
        wanted: Option<&str>,
    ) -> bool {
        let is_wanted = |name: &str| wanted.is_none_or(|wanted| name.to_lowercase() == wanted);
        match scope {
            Scope::Repository(id) => id == repo.id && is_wanted(DEFAULT_GROUP_NAME),
            Scope::Organization(id) => all
                .get(&id)
                .and_then(|groups| groups.get(group))
                .is_some_and(|group| group.allows(repo) && is_wanted(&group.name)),
        }
    }

    pub(in crate::github) fn get(&self, id: u64) -> Option<&RunnerGroup> {
        self.by_id.get(&id)
    }

    pub(in crate::github) fn get_mut(&mut self, id: u64) -> Option<&mut RunnerGroup> {
        self.by_id.get_mut(&id)
    }

    pub(in crate::github) fn values(&self) -> impl Iterator<Item = &RunnerGroup> {
        self.by_id.values()
    }

    /// The group with this name; names do not differ by case.
    pub(in crate::github) fn named(&self, name: &str) -> Option<&RunnerGroup> {
        let folded = name.to_lowercase();
        self.values()
            .find(|group| group.name.to_lowercase() == folded)
    }

    /// Adds a group and gives its id.
    pub(in crate::github) fn add(&mut self, group: RunnerGroup) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.by_id.insert(id, RunnerGroup { id, ..group });
        id
    }

    pub(in crate::github) fn remove(&mut self, id: u64) {
        self.by_id.remove(&id);
    }
}
