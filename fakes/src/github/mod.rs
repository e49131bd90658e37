//! The fake GitHub: jobs and runs, runners, label assignment, webhooks, and the REST API around them.

mod agenda;
mod api_apps;
mod api_deliveries;
mod api_group_runners;
mod api_runner_groups;
mod api_runner_labels;
mod api_runners;
mod api_runs;
mod assignment;
mod auth;
mod connections;
mod delivering;
mod delivery_log;
mod jobs;
mod links;
mod listener;
mod matching;
mod objects;
mod organization;
mod payload;
mod recorded;
mod reply;
mod repository_text;
mod rerun;
mod route;
mod routes;
mod runner_groups;
mod runner_labels;
mod runner_life;
mod runner_record;
mod runner_table;
mod sending;
mod state;
mod views;
mod watched;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hmac::{Hmac, KeyInit as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::{
    calls::Calls, env::Env, history::History, http_service::HttpService, ids::EventId,
    settings::GithubSettings,
};

pub(crate) use connections::{Credential, JitConfig, ToRunner};
pub use delivering::{RawDelivery, Redeliver};
pub use jobs::NewJob;
pub(crate) use links::query_pairs;
pub use listener::RunnerRefusal;
pub(crate) use listener::run_job;
pub use route::RouteInfo;
pub use routes::routes;
pub use runner_life::NewRunner;
pub use state::Status;
pub use views::{JobView, RunnerView};

use state::State;

/// The App's private key: made for this lab, worth nothing elsewhere. Its public half verifies JWTs.
pub const LAB_APP_PRIVATE_KEY_PEM: &str = include_str!("lab-app.private-key.pem");

/// The fake GitHub of one world. Clones share it.
#[derive(Clone)]
pub struct Github {
    inner: Arc<Inner>,
}

struct Inner {
    settings: GithubSettings,
    calls: Calls,
    state: Mutex<State>,
    target: Mutex<Option<HttpService>>,
    /// Deliveries that are scheduled or in flight.
    pending: AtomicUsize,
    mac: Hmac<Sha256>,
    jwt_key: jsonwebtoken::DecodingKey,
}

impl Github {
    pub(crate) fn new(settings: GithubSettings, calls: Calls) -> Self {
        let mac =
            Hmac::new_from_slice(&settings.webhook_secret).expect("HMAC takes keys of any length");
        let state = State::new(&settings, &calls.env);
        let inner = Inner {
            settings,
            calls,
            state: Mutex::new(state),
            target: Mutex::new(None),
            pending: AtomicUsize::new(0),
            mac,
            jwt_key: auth::lab_app_public_key(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn router(&self) -> axum::Router {
        self.inner.calls.router(&routes::GithubApi(self.clone()))
    }

    pub(crate) fn deliver_to(&self, target: Option<HttpService>) {
        *self
            .inner
            .target
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = target;
    }

    pub(crate) fn pending(&self) -> usize {
        self.inner.pending.load(Ordering::Relaxed)
    }

    fn env(&self) -> &Env {
        &self.inner.calls.env
    }

    fn history(&self) -> &History {
        &self.inner.calls.history
    }

    fn settings(&self) -> &GithubSettings {
        &self.inner.settings
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // State changes are whole before anything can panic, so a poisoned lock is still good.
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// GitHub's own clock, which need not agree with the world's.
    fn now(&self) -> Timestamp {
        let skew = Duration::from_millis(self.settings().clock_skew_ms.unsigned_abs());
        let now = self.env().clock.now();
        if self.settings().clock_skew_ms < 0 {
            now - skew
        } else {
            now + skew
        }
    }

    /// Runs `then` after `delay`, as a task of this world.
    fn after(&self, delay: Duration, then: impl FnOnce(&Self) + Send + 'static) {
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

/// The later of two causes: the one that completed the condition.
fn later(one: EventId, other: EventId) -> EventId {
    one.max(other)
}
