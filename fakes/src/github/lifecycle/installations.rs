//! What happens to installations while the world runs: suspended, taken up again, removed, made anew.

use std::sync::Arc;

use crate::{
    github::{
        handle::Github,
        state::{accounts::repository::Repository, records::State},
    },
    history::What,
    ids::EventId,
};

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
            .apps
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
        if let Some(id) = state.apps.installation_on(owner).map(|found| found.id) {
            self.remove_installation(&mut state, id, because);
        }
    }

    /// Installs the App on all repositories of an account it is not installed on. The installation gets an
    /// id that was never used before.
    pub fn install(&self, owner: &str, because: Option<EventId>) {
        let mut state = self.state();
        if state.apps.installation_on(owner).is_some() {
            return;
        }
        let id = state.apps.installation_of(owner, self.env(), None);
        let now = self.now();
        if let Some(made) = state.apps.installations.get_mut(&id) {
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

    pub(in crate::github) fn set_suspended(
        &self,
        state: &mut State,
        id: u64,
        suspended: bool,
        because: Option<EventId>,
    ) {
        let now = self.now();
        let Some(found) = state.apps.installations.get_mut(&id) else {
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

    pub(in crate::github) fn remove_installation(
        &self,
        state: &mut State,
        id: u64,
        because: Option<EventId>,
    ) {
        let Some(owner) = state
            .apps
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
        state.apps.installations.remove(&id);
        state.apps.gone.insert(id);
        let tokens = state.apps.tokens.values_mut();
        for token in tokens.filter(|token| token.installation == id) {
            token.revoked = true;
        }
        self.reconnect(state, &owner, None);
    }

    /// Puts this installation, or none, on every repository of an account.
    fn reconnect(&self, state: &mut State, owner: &str, installation: Option<u64>) {
        let repos = state
            .accounts
            .repos
            .values()
            .filter(|repo| repo.is_of(owner));
        let repos: Vec<Arc<Repository>> = repos.cloned().collect();
        for repo in repos {
            state.remake(&repo, &repo.name, installation, self.settings());
        }
    }
}
