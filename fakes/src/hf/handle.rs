//! [`HfJobs`]: the lock around what is remembered, the environment, the settings.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    accounts::{rate_limits::RateLimits, tokens::Accounts},
    job::repeated::Repeated,
    state::State,
};
use crate::{calls::Calls, env::Env, history::History, runner::Runners, settings::HfSettings};

/// The fake Hugging Face Jobs of one world. Clones share it.
#[derive(Clone)]
pub struct HfJobs {
    pub(in crate::hf) inner: Arc<Inner>,
}

pub(in crate::hf) struct Inner {
    pub(in crate::hf) settings: HfSettings,
    pub(in crate::hf) accounts: Accounts,
    pub(in crate::hf) rate_limits: RateLimits,
    pub(in crate::hf) calls: Calls,
    pub(in crate::hf) runners: Runners,
    pub(in crate::hf) repeated: Repeated,
    pub(in crate::hf) state: Mutex<State>,
}

impl HfJobs {
    pub(crate) fn new(settings: HfSettings, calls: Calls, runners: Runners) -> Self {
        let inner = Inner {
            accounts: Accounts::new(&settings),
            rate_limits: RateLimits::default(),
            settings,
            calls,
            runners,
            repeated: Repeated::default(),
            state: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(in crate::hf) fn env(&self) -> &Env {
        &self.inner.calls.env
    }

    pub(in crate::hf) fn history(&self) -> &History {
        &self.inner.calls.history
    }

    pub(in crate::hf) fn settings(&self) -> &HfSettings {
        &self.inner.settings
    }

    pub(in crate::hf) fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HfJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HfJobs")
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}
