//! What happens to webhooks themselves: they are set up, and get other secrets.

use crate::{
    github::{
        handle::Github,
        state::{
            hooks::{
                hook::{Hooks, NewHook, unless_the_apps},
                signing::Keys,
            },
            records::State,
        },
    },
    history::What,
    ids::{EventId, HookId},
};

impl Github {
    /// Somebody sets up a webhook, and GitHub pings it. None if the URL is not one of HTTP or nobody is
    /// known by that name.
    pub fn add_hook(&self, hook: &NewHook, because: Option<EventId>) -> Option<HookId> {
        let mut state = self.state();
        let id = state.add_hook(hook, self.now())?;
        self.history()
            .keep_secret(&String::from_utf8_lossy(&hook.secret));
        self.ping(&mut state, id, because);
        Some(id)
    }

    /// Gives the App's webhook another secret. What leaves from now on is signed with it, redeliveries of
    /// older deliveries too.
    pub fn rotate_secret(&self, new: &[u8], because: Option<EventId>) {
        self.change_secret(&mut self.state(), Hooks::of_the_app(), Some(new), because);
    }

    pub(in crate::github) fn change_secret(
        &self,
        state: &mut State,
        id: HookId,
        new: Option<&[u8]>,
        because: Option<EventId>,
    ) {
        if let Some(new) = new {
            self.history().keep_secret(&String::from_utf8_lossy(new));
        }
        if let Some(hook) = state.hooks.get_mut(id) {
            hook.old_keys = hook.keys.take();
            hook.keys = new.and_then(Keys::of);
            hook.set_by_call = because.is_some();
            hook.updated_at = self.now();
            let hook = unless_the_apps(id);
            self.history()
                .record(because, What::HookSecretRotated { hook });
        }
    }
}
