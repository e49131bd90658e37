//! The handle on a fake GitHub: its lock, its environment, its settings and its clock.

pub(in crate::github) mod sessions;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

use self::sessions::Sessions;
use super::state::{accounts::account::html_base, records::State, usage::ledger::Ledger};
use crate::{
    calls::Calls, env::Env, history::History, http_service::HttpService, ids::HookId,
    settings::GithubSettings,
};

/// The fake GitHub of one world. Clones share it.
#[derive(Clone)]
pub struct Github {
    pub(in crate::github) inner: Arc<Inner>,
}

pub(in crate::github) struct Inner {
    pub(in crate::github) settings: GithubSettings,
    pub(in crate::github) calls: Calls,
    state: Mutex<State>,
    targets: Mutex<Targets>,
    /// Locked last: whoever holds it waits for nothing else.
    pub(in crate::github) limits: Arc<Limits>,
    pub(in crate::github) sessions: Sessions,
    /// Deliveries that are scheduled or in flight.
    pub(in crate::github) pending: AtomicUsize,
}

/// Who answers webhooks.
#[derive(Default)]
struct Targets {
    /// Everybody's, unless a hook has one of its own.
    of_all: Option<HttpService>,
    of_hooks: BTreeMap<HookId, HttpService>,
}

impl Github {
    pub(crate) fn new(settings: GithubSettings, calls: Calls) -> Self {
        let state = State::new(&settings, &calls.env);
        let inner = Inner {
            settings,
            calls,
            state: Mutex::new(state),
            targets: Mutex::default(),
            limits: Arc::default(),
            sessions: Sessions::default(),
            pending: AtomicUsize::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn deliver_to(&self, target: Option<HttpService>) {
        let mut targets = self.targets();
        if target.is_none() {
            targets.of_hooks.clear();
        }
        targets.of_all = target;
    }

    pub(crate) fn deliver_hook_to(&self, hook: HookId, target: HttpService) {
        self.targets().of_hooks.insert(hook, target);
    }

    /// Who answers this hook's deliveries.
    pub(in crate::github) fn target_of(&self, hook: HookId) -> Option<HttpService> {
        let targets = self.targets();
        targets
            .of_hooks
            .get(&hook)
            .or(targets.of_all.as_ref())
            .cloned()
    }

    fn targets(&self) -> MutexGuard<'_, Targets> {
        self.inner
            .targets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pending(&self) -> usize {
        self.inner.pending.load(Ordering::Relaxed)
    }

    pub(in crate::github) fn env(&self) -> &Env {
        &self.inner.calls.env
    }

    pub(in crate::github) fn history(&self) -> &History {
        &self.inner.calls.history
    }

    pub(in crate::github) fn settings(&self) -> &GithubSettings {
        &self.inner.settings
    }

    pub(in crate::github) fn state(&self) -> MutexGuard<'_, State> {
        // State changes are whole before anything can panic, so a poisoned lock is still good.
        let state = self
            .inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        debug_assert!(state.runs.ended.is_empty(), "an act has not settled");
        state
    }

    /// Where its web site is: the API's address without `api.` and `/api/v3`.
    pub(crate) fn web_url(&self) -> String {
        html_base(&self.settings().base_url)
    }

    /// GitHub's own clock, which need not agree with the world's.
    pub(in crate::github) fn now(&self) -> Timestamp {
        let skew = Duration::from_millis(self.settings().clock_skew_ms.unsigned_abs());
        let now = self.env().clock.now();
        if self.settings().clock_skew_ms < 0 {
            now - skew
        } else {
            now + skew
        }
    }

    /// Runs `then` after `delay`, as a task of this world.
    pub(in crate::github) fn after(
        &self,
        delay: Duration,
        then: impl FnOnce(&Self) + Send + 'static,
    ) {
        let github = self.clone();
        self.env().spawner.spawn(async move {
            tokio::time::sleep(delay).await;
            then(&github);
        });
    }
}

impl fmt::Debug for Github {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Github")
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

/// All counts of one world.
#[derive(Default)]
pub(in crate::github) struct Limits(Mutex<Ledger>);

impl Limits {
    pub(in crate::github) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A count that is off by one call is still a count.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
