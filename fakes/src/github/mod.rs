//! The fake GitHub: jobs and runs, runners, label assignment, webhooks, and the REST API around them.

mod acquiring;
mod admission;
mod agenda;
mod api_apps;
mod api_check_runs;
mod api_deliveries;
mod api_deployments;
mod api_group_runners;
mod api_hooks;
mod api_installations;
mod api_logs;
mod api_lookups;
mod api_manifest;
mod api_rate_limit;
mod api_releases;
mod api_run_changes;
mod api_runner_groups;
mod api_runner_labels;
mod api_runner_protocol;
mod api_runners;
mod api_runs;
mod api_workflows;
mod app_profile;
mod approving;
mod assignment;
mod auth;
mod call_about;
mod cancelling;
mod check_run_object;
mod check_runs;
mod concurrency;
mod connections;
mod delivering;
mod delivery_log;
mod emitting;
mod flying;
mod genuine;
mod hook_objects;
mod hooks;
mod installations;
mod jobs;
mod limits;
mod links;
mod listener;
mod log_links;
mod log_text;
mod manifest;
mod matching;
mod message;
mod new_job;
mod objects;
mod organization;
mod other_events;
mod past;
mod payload;
mod reconnecting;
mod recorded;
mod renames;
mod reply;
mod repositories;
mod repository_text;
mod request_body;
mod rerun;
mod route;
mod routes;
mod run_filter;
mod run_index;
mod run_object;
mod runner_groups;
mod runner_labels;
mod runner_life;
mod runner_record;
mod runner_sessions;
mod runner_table;
mod sending;
mod signing;
mod standing;
mod state;
mod throttling;
mod versions;
mod views;
mod waiting_lines;
mod watched;

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

use crate::{
    calls::Calls,
    env::Env,
    history::History,
    http_service::HttpService,
    ids::{EventId, HookId},
    settings::GithubSettings,
};

pub use crate::calls::RouteInfo;
pub use concurrency::Concurrency;
pub(crate) use connections::{Credential, JitConfig, Registered, ToRunner};
pub use delivering::{RawDelivery, Redeliver};
pub use genuine::OtherEvent;
pub use hooks::NewHook;
pub(crate) use links::query_pairs;
pub use listener::RunnerRefusal;
pub(crate) use listener::run_job;
pub use new_job::{NewJob, NotQueued};
pub use repositories::RepoView;
pub use routes::routes;
pub use runner_life::NewRunner;
pub use standing::{RunConclusion, RunStatus};
pub use state::Status;
pub use views::{JobView, RunView, RunnerView};

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
    targets: Mutex<Targets>,
    /// Locked last: whoever holds it waits for nothing else.
    limits: Arc<limits::Limits>,
    sessions: runner_sessions::Sessions,
    /// Deliveries that are scheduled or in flight.
    pending: AtomicUsize,
    jwt_key: jsonwebtoken::DecodingKey,
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
            sessions: runner_sessions::Sessions::default(),
            pending: AtomicUsize::new(0),
            jwt_key: auth::lab_app_public_key(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn router(&self) -> axum::Router {
        let calls = self.inner.calls.router(&routes::GithubApi(self.clone()));
        runner_sessions::beside(calls, self.clone())
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
    fn target_of(&self, hook: HookId) -> Option<HttpService> {
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

    /// Where its web site is: the API's address without `api.` and `/api/v3`.
    pub(crate) fn web_url(&self) -> String {
        repository_text::html_base(&self.settings().base_url)
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
