//! The App, and where it is installed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    installation::{Installation, InstallationToken},
    manifest::Confirmed,
    profile::{AppProfile, BEFORE},
};
use crate::{
    env::Env,
    settings::{GithubSettings, RecordedWorld},
};

/// The App, and what there is of it.
pub(in crate::github) struct Apps {
    /// What the App is.
    pub(in crate::github) profile: AppProfile,
    /// Confirmed App manifests, by their code.
    pub(in crate::github) manifests: BTreeMap<String, Confirmed>,
    /// Where it is installed, by id.
    pub(in crate::github) installations: BTreeMap<u64, Installation>,
    /// Ids of installations that were removed: none is used twice.
    pub(in crate::github) gone: BTreeSet<u64>,
    /// Installation tokens, by their text.
    pub(in crate::github) tokens: BTreeMap<String, InstallationToken>,
    /// What recordings tell of installations: their ids are given to no other.
    recorded: Arc<RecordedWorld>,
}

impl Apps {
    /// The App as these settings describe it, installed nowhere.
    pub(in crate::github) fn new(settings: &GithubSettings, recorded: &Arc<RecordedWorld>) -> Self {
        Self {
            profile: AppProfile::new(settings),
            manifests: BTreeMap::new(),
            installations: BTreeMap::new(),
            gone: BTreeSet::new(),
            tokens: BTreeMap::new(),
            recorded: recorded.clone(),
        }
    }

    /// One installation per owner.
    pub(in crate::github) fn installation_of(
        &mut self,
        owner: &str,
        env: &Env,
        wanted: Option<u64>,
    ) -> u64 {
        let folded = owner.to_lowercase();
        if let Some(known) = self.installation_on(owner) {
            return known.id;
        }
        let mut id = wanted
            .or_else(|| self.recorded.installation(owner))
            .unwrap_or_else(|| 50_000_000 + env.draw.bits(&folded, "installation-id") % 40_000_000);
        while self.installations.contains_key(&id)
            || self.gone.contains(&id)
            || self.recorded.is_another_installation(id, owner)
        {
            id += 1;
        }
        self.installations.insert(
            id,
            Installation {
                id,
                owner: owner.to_owned(),
                created_at: BEFORE,
                updated_at: BEFORE,
                suspended_at: None,
            },
        );
        id
    }

    /// The installation on this account.
    pub(in crate::github) fn installation_on(&self, login: &str) -> Option<&Installation> {
        self.installations
            .values()
            .find(|known| known.owner.eq_ignore_ascii_case(login))
    }

    /// Whether this installation is there and not suspended. Only then are webhooks sent.
    pub(in crate::github) fn hears(&self, installation: Option<u64>) -> bool {
        installation
            .and_then(|id| self.installations.get(&id))
            .is_some_and(|found| found.suspended_at.is_none())
    }
}
