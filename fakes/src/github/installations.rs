//! What happens to installations while the world runs: suspended, taken up again, removed, made anew.

use std::sync::Arc;

use super::{
    Github,
    app_profile::BEFORE,
    repository_text::Repository,
    state::{Installation, State},
};
use crate::{env::Env, history::What, ids::EventId};

impl Github {
    /// Suspends the App's installation on this account: no webhooks, and no use for its tokens. Nothing
    /// happens, and `false` is given, if there is none, or if it is suspended already.
    pub fn suspend(&self, owner: &str, because: Option<EventId>) -> bool {
        self.suspend_or_not(owner, true, because)
    }

    /// Ends a suspension. Tokens minted before it work again until their hour is over. Gives whether there was one.
    pub fn unsuspend(&self, owner: &str, because: Option<EventId>) -> bool {
        self.suspend_or_not(owner, false, because)
    }

    fn suspend_or_not(&self, owner: &str, suspended: bool, because: Option<EventId>) -> bool {
        let mut state = self.state();
        let found = state
            .installation_on(owner)
            .filter(|found| found.suspended_at.is_some() != suspended);
        let Some(id) = found.map(|found| found.id) else {
            return false;
        };
        self.set_suspended(&mut state, id, suspended, because);
        true
    }

    /// Removes the App from this account: its installation is gone, its tokens are revoked.
    pub fn uninstall(&self, owner: &str, because: Option<EventId>) {
        let mut state = self.state();
        if let Some(id) = state.installation_on(owner).map(|found| found.id) {
            self.remove_installation(&mut state, id, because);
        }
    }

    /// Installs the App on all repositories of an account it is not installed on. The installation gets an
    /// id that was never used before.
    pub fn install(&self, owner: &str, because: Option<EventId>) {
        let mut state = self.state();
        if state.installation_on(owner).is_some() {
            return;
        }
        let id = state.installation_of(owner, self.env(), None);
        let now = self.now();
        if let Some(made) = state.installations.get_mut(&id) {
            (made.created_at, made.updated_at) = (now, now);
        }
        self.reconnect(&mut state, owner, Some(id));
        let created = What::InstallationCreated {
            installation: id,
            owner: owner.to_owned(),
        };
        let event = self.history().record(because, created);
        self.emit_installation(&mut state, id, "created", event);
    }

    pub(super) fn set_suspended(
        &self,
        state: &mut State,
        id: u64,
        suspended: bool,
        because: Option<EventId>,
    ) {
        let now = self.now();
        let Some(found) = state.installations.get_mut(&id) else {
            return;
        };
        found.suspended_at = suspended.then_some(now);
        found.updated_at = now;
        let (installation, owner) = (id, found.owner.clone());
        let (what, action) = if suspended {
            let what = What::InstallationSuspended {
                installation,
                owner,
            };
            (what, "suspend")
        } else {
            let what = What::InstallationUnsuspended {
                installation,
                owner,
            };
            (what, "unsuspend")
        };
        let event = self.history().record(because, what);
        self.emit_installation(state, id, action, event);
    }

    pub(super) fn remove_installation(&self, state: &mut State, id: u64, because: Option<EventId>) {
        let Some(owner) = state
            .installations
            .get(&id)
            .map(|found| found.owner.clone())
        else {
            return;
        };
        let deleted = What::InstallationDeleted {
            installation: id,
            owner: owner.clone(),
        };
        let event = self.history().record(because, deleted);
        self.emit_installation(state, id, "deleted", event);
        state.installations.remove(&id);
        state.gone_installations.insert(id);
        let tokens = state.installation_tokens.values_mut();
        for token in tokens.filter(|token| token.installation == id) {
            token.revoked = true;
        }
        self.reconnect(state, &owner, None);
    }

    /// Puts this installation, or none, on every repository of an account.
    fn reconnect(&self, state: &mut State, owner: &str, installation: Option<u64>) {
        let repos = state.repos.values().filter(|repo| repo.is_of(owner));
        let repos: Vec<Arc<Repository>> = repos.cloned().collect();
        for repo in repos {
            state.remake(&repo, &repo.name, installation, self.settings());
        }
    }
}

impl State {
    /// One installation per owner.
    pub(super) fn installation_of(&mut self, owner: &str, env: &Env, wanted: Option<u64>) -> u64 {
        let folded = owner.to_lowercase();
        if let Some(known) = self.installation_on(owner) {
            return known.id;
        }
        let recorded = self.recorded_world.clone();
        let mut id = wanted
            .or_else(|| recorded.installation(owner))
            .unwrap_or_else(|| 50_000_000 + env.draw.bits(&folded, "installation-id") % 40_000_000);
        while self.installations.contains_key(&id)
            || self.gone_installations.contains(&id)
            || recorded.is_another_installation(id, owner)
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
    pub(super) fn installation_on(&self, login: &str) -> Option<&Installation> {
        self.installations
            .values()
            .find(|known| known.owner.eq_ignore_ascii_case(login))
    }

    /// Whether this installation is there and not suspended. Only then are webhooks sent.
    pub(super) fn hears(&self, installation: Option<u64>) -> bool {
        installation
            .and_then(|id| self.installations.get(&id))
            .is_some_and(|found| found.suspended_at.is_none())
    }
}
