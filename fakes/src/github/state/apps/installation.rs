//! Where the App is installed, and the tokens it minted there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{github::state::accounts::repository::Repository, history::CredentialState};

pub(in crate::github) struct Installation {
    pub(in crate::github) id: u64,
    pub(in crate::github) owner: String,
    pub(in crate::github) created_at: Timestamp,
    pub(in crate::github) updated_at: Timestamp,
    /// Since when it is suspended.
    pub(in crate::github) suspended_at: Option<Timestamp>,
}

pub(in crate::github) struct InstallationToken {
    pub(in crate::github) installation: u64,
    /// From when on GitHub's servers know it.
    pub(in crate::github) usable_ms: u64,
    pub(in crate::github) expires_ms: u64,
    pub(in crate::github) revoked: bool,
    /// Ids of the repositories it is restricted to.
    pub(in crate::github) repositories: Option<BTreeSet<u64>>,
    /// Permissions it is restricted to.
    pub(in crate::github) permissions: BTreeMap<String, String>,
}

impl InstallationToken {
    /// What it is worth now. That its installation is suspended makes no difference: it may work again.
    pub(in crate::github) fn state(&self, now_ms: u64) -> CredentialState {
        if self.revoked {
            CredentialState::Revoked
        } else if self.expires_ms <= now_ms {
            CredentialState::Expired
        } else if self.usable_ms > now_ms {
            CredentialState::NotYetValid
        } else {
            CredentialState::Fresh
        }
    }

    pub(in crate::github) fn covers(&self, repo: &Repository) -> bool {
        repo.installation == Some(self.installation)
            && self
                .repositories
                .as_ref()
                .is_none_or(|only| only.contains(&repo.id))
    }
}
