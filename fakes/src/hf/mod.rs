//! The fake Hugging Face Jobs: validation, life cycle, cost, and the API around them.

mod accounts;
mod admission;
mod api_account;
mod api_hardware;
mod api_job_changes;
mod api_job_streams;
mod api_jobs;
mod api_schedules;
mod api_usage;
mod call_about;
mod containers;
mod cost;
mod credit;
mod ending;
mod fields;
mod flavor_of_call;
mod flavors;
mod holds;
mod image_name;
mod job_filter;
mod labels;
mod life;
mod life_plan;
mod logs;
mod metrics;
mod object;
mod origin;
mod program;
mod rate_limits;
mod reply;
mod route;
mod routes;
mod schedule;
mod schedule_object;
mod schedules;
mod shell;
mod spec;
mod spec_object;
mod stage_events;
mod state;
mod ticking;
mod views;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{calls::Calls, env::Env, history::History, runner::Runners, settings::HfSettings};

pub use routes::routes;
pub use views::{Cost, Costs, HfJobView};

use accounts::Accounts;
use rate_limits::RateLimits;
use state::State;

/// The fake Hugging Face Jobs of one world. Clones share it.
#[derive(Clone)]
pub struct HfJobs {
    inner: Arc<Inner>,
}

struct Inner {
    settings: HfSettings,
    accounts: Accounts,
    rate_limits: RateLimits,
    calls: Calls,
    runners: Runners,
    state: Mutex<State>,
}

impl HfJobs {
    pub(crate) fn new(settings: HfSettings, calls: Calls, runners: Runners) -> Self {
        let inner = Inner {
            accounts: Accounts::new(&settings),
            rate_limits: RateLimits::default(),
            settings,
            calls,
            runners,
            state: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn router(&self) -> axum::Router {
        self.inner.calls.router(&routes::HfApi(self.clone()))
    }

    fn env(&self) -> &Env {
        &self.inner.calls.env
    }

    fn history(&self) -> &History {
        &self.inner.calls.history
    }

    fn settings(&self) -> &HfSettings {
        &self.inner.settings
    }

    fn state(&self) -> MutexGuard<'_, State> {
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
