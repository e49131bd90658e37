//! The control API of a served world: `/_lab` on the fakes' own listeners, for whoever drives the lab by hand.
//!
//! `operation` is one operation, `operations` the table of them all; the router (`answer`) and the OpenAPI document
//! (`openapi`) are both made from that table, so that neither knows more than the other. The other files are one
//! subject each. Bodies are read by the scenario language ([`scenarios::live`]), so there is one way to say a thing.
//!
//! Nothing here is a call of the dispatcher, and nothing is recorded as one: a job or a delivery made here has no
//! cause in the history, like one that a timeline makes.

mod answer;
mod app;
mod costs;
mod deliveries;
mod faults;
mod guard;
mod history;
mod jobs;
mod openapi;
mod operation;
mod operations;
mod overview;
mod problem;
mod repos;
mod runner_life;
mod runners;
mod webhook;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fakes::World;
use scenarios::{live::LiveWorld, plan::Plan};

pub use guard::Reach;
pub use openapi::document;
pub use operations::{Route, routes};

use crate::target::{Target as _, Url};

/// The control of one served world. Clones share it.
#[derive(Clone)]
pub struct Control {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    title: String,
    seed: u64,
    /// In the plan's order: the first is where a job goes that names none.
    repos: Vec<String>,
    addresses: Addresses,
    /// Faults in the words they came in, by index.
    faults: Mutex<BTreeMap<usize, serde_json::Value>>,
    webhook: Mutex<Option<String>>,
}

/// Where the fakes of a world are reached.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Base URL of the fake GitHub, if it is served.
    pub github: Option<String>,
    /// Base URL of the fake HF, if it is served.
    pub hf: Option<String>,
}

impl Control {
    /// The control of `world`, which was built from `plan`.
    #[must_use]
    pub fn new(world: World, plan: &Plan, addresses: Addresses) -> Self {
        let written = plan.faults.iter().enumerate();
        let written = written.map(|(index, fault)| (index, faults::as_written(fault)));
        let repos = plan.world.github.repos.iter();
        let inner = Inner {
            title: plan.title.clone(),
            seed: plan.seed,
            repos: repos.map(|repo| repo.name.0.clone()).collect(),
            faults: Mutex::new(written.collect()),
            webhook: Mutex::new(None),
            addresses,
            world,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Sends the world's webhooks there from now on.
    pub fn deliver_to(&self, target: &Url) {
        *self.webhook() = Some(target.webhook().to_string());
        self.world().deliver_to(target.webhooks());
    }

    /// Lets deliveries be refused from now on, as by a host where nothing listens.
    pub fn deliver_to_nobody(&self) {
        *self.webhook() = None;
        self.world().deliver_to_nobody();
    }

    fn world(&self) -> &World {
        &self.inner.world
    }

    fn webhook(&self) -> MutexGuard<'_, Option<String>> {
        let webhook = self.inner.webhook.lock();
        webhook.unwrap_or_else(PoisonError::into_inner)
    }

    fn written_faults(&self) -> MutexGuard<'_, BTreeMap<usize, serde_json::Value>> {
        let faults = self.inner.faults.lock();
        faults.unwrap_or_else(PoisonError::into_inner)
    }

    /// What a request may name by now.
    fn live(&self) -> LiveWorld {
        let github = self.world().github();
        let mut repos: Vec<String> = github.repos().into_iter().map(|repo| repo.name).collect();
        // The plan's own come first, in its order.
        let rank = |name: &String| self.inner.repos.iter().position(|known| known == name);
        repos.sort_by_key(|name| rank(name).unwrap_or(usize::MAX));
        LiveWorld {
            seed: self.inner.seed,
            repos,
            jobs: github.jobs().into_iter().map(|job| job.name).collect(),
            faults: self.world().faults().states().len(),
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("addresses", &self.inner.addresses)
            .finish_non_exhaustive()
    }
}
