//! What things belong to: a repository, or an organisation.

use std::sync::Arc;

use super::{organization::Organization, repository::Repository};

/// What runners and their registrations belong to.
#[derive(Clone)]
pub(in crate::github) enum Owner {
    Repository(Arc<Repository>),
    Organization(Arc<Organization>),
}

impl Owner {
    /// `owner/name` of a repository, the login of an organisation.
    pub(in crate::github) fn name(&self) -> &str {
        match self {
            Self::Repository(repo) => &repo.name,
            Self::Organization(organization) => &organization.login,
        }
    }

    /// Whether runners of this owner may take jobs of this repository.
    pub(in crate::github) fn serves(&self, repo: &Repository) -> bool {
        match self {
            Self::Repository(own) => own.id == repo.id,
            Self::Organization(organization) => repo
                .name
                .split_once('/')
                .is_some_and(|(login, _)| login.eq_ignore_ascii_case(&organization.login)),
        }
    }

    pub(in crate::github) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Repository(one), Self::Repository(other)) => one.id == other.id,
            (Self::Organization(one), Self::Organization(other)) => one.id == other.id,
            _ => false,
        }
    }

    pub(in crate::github) fn scope(&self) -> Scope {
        match self {
            Self::Repository(repo) => Scope::Repository(repo.id),
            Self::Organization(organization) => Scope::Organization(organization.id),
        }
    }
}

/// What a runner belongs to, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum Scope {
    Repository(u64),
    Organization(u64),
}
