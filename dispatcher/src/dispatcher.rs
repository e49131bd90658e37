//! Puts the parts together.

use std::{fmt, sync::Arc};

use axum::{Router, routing::post};

use crate::{
    config::Config,
    core::{Core, JournalError},
    executor::Executor,
    github::{GithubClient, Surveyor},
    health::Health,
    hf::HfClient,
    host::Host,
    http::HttpService,
    intake::Intake,
    labels::Labels,
    metrics::Metrics,
    recipient::Recipient,
    reconciler::{Inbox, Reconciler},
    refusals::Sparing,
    store::{Store, StoreError, Writable},
    surface::{self, Misrouted, Surface},
    webhook::webhook,
};

/// Why a dispatcher cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Webhooks could not be verified.
    #[error("GH_WEBHOOK_SECRET is empty")]
    NoSecret,
    /// The journal cannot be read.
    #[error("failed to load the journal")]
    Store(#[from] StoreError),
    /// The journal holds something else.
    #[error("failed to understand the journal")]
    Journal(#[from] JournalError),
}

/// What a process works with, whether it has the journal to itself or shares it.
pub(crate) struct Means {
    pub(crate) config: Arc<Config>,
    labels: Arc<Labels>,
    pub(crate) health: Arc<Health>,
    metrics: Arc<Metrics>,
    github: HttpService,
    hf: HttpService,
}

impl Means {
    pub(crate) fn new(
        config: Config,
        journal: Arc<dyn Writable>,
        github: HttpService,
        hf: HttpService,
    ) -> Result<Self, StartError> {
        if config.webhook_secrets.is_empty() {
            return Err(StartError::NoSecret);
        }
        let metrics = Arc::new(Metrics::default());
        Ok(Self {
            labels: Arc::new(config.labels()),
            config: Arc::new(config),
            health: Arc::new(Health::new(journal)),
            github: metrics.watch("github", github),
            hf: metrics.watch("hf", hf),
            metrics,
        })
    }

    /// Loads the journal and starts the loop: what a process does that has the journal to itself, or leads.
    pub(crate) async fn run_loop(
        &self,
        host: Host,
        store: Arc<dyn Store>,
    ) -> Result<Inbox, StartError> {
        let (config, labels) = (Arc::clone(&self.config), Arc::clone(&self.labels));
        let now = host.clock.now();
        let mut core = Core::new(now, config.settings.clone(), Arc::clone(&host.draw));
        core.restore(now, store.load().await?)?;
        let (github, hf) = (self.github.clone(), self.hf.clone());
        let executor = Executor {
            github: GithubClient::new(&config, host.clock, github),
            hf: HfClient::new(Arc::clone(&config), Arc::clone(&labels), host.clock, hf),
            config,
            labels,
            clock: host.clock,
            metrics: Arc::clone(&self.metrics),
            surveyor: tokio::sync::Mutex::new(Surveyor::default()),
        };
        let health = Arc::clone(&self.health);
        let (reconciler, inbox) =
            Reconciler::new(core, host.clone(), store, health, Arc::new(executor));
        host.spawner.spawn(reconciler.run());
        Ok(inbox)
    }

    pub(crate) fn router(&self, recipient: Recipient) -> Router {
        let surface = Surface {
            config: Arc::clone(&self.config),
            labels: Arc::clone(&self.labels),
            recipient,
            health: Arc::clone(&self.health),
            metrics: Arc::clone(&self.metrics),
            misrouted: Misrouted::default(),
            intake: Intake::default(),
            sparing: Sparing::default(),
        };
        surface::routes()
            .route("/webhook", post(webhook))
            .with_state(Arc::new(surface))
    }
}

/// A running dispatcher. Its work is done by tasks of the host's spawner; dropping this value does not end them.
pub struct Dispatcher {
    means: Means,
    inbox: Inbox,
}

impl Dispatcher {
    /// Loads the journal and starts the loop.
    ///
    /// # Errors
    /// When the secret or the journal cannot be used.
    pub async fn start(
        config: Config,
        host: Host,
        store: Arc<dyn Store>,
        github: HttpService,
        hf: HttpService,
    ) -> Result<Self, StartError> {
        let journal = Arc::clone(&store) as Arc<dyn Writable>;
        let means = Means::new(config, journal, github, hf)?;
        let inbox = means.run_loop(host, store).await?;
        Ok(Self { means, inbox })
    }

    /// From now on `/readyz` says that it ends, so that nothing new is sent here.
    pub fn stops(&self) {
        self.means.health.stops();
    }

    /// The HTTP side: `/`, `/healthz`, `/readyz`, `/metrics`, `/status` and `/webhook`.
    pub fn router(&self) -> Router {
        self.means.router(Recipient::Own(self.inbox.clone()))
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("config", &self.means.config)
            .finish_non_exhaustive()
    }
}
