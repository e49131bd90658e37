//! Puts the parts together.

use std::{fmt, sync::Arc};

use axum::Router;

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
    metrics::Metrics,
    reconciler::{Inbox, Reconciler},
    refusals::Sparing,
    store::{Store, StoreError},
    surface::{Misrouted, Surface},
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

/// A running dispatcher. Its work is done by tasks of the host's spawner; dropping this value does not end them.
pub struct Dispatcher {
    config: Arc<Config>,
    labels: Arc<crate::labels::Labels>,
    inbox: Inbox,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
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
        if config.webhook_secrets.is_empty() {
            return Err(StartError::NoSecret);
        }
        let config = Arc::new(config);
        let labels = Arc::new(config.labels());
        let now = host.clock.now();
        let mut core = Core::new(now, config.settings.clone(), Arc::clone(&host.draw));
        core.restore(now, store.load().await?)?;
        let metrics = Arc::new(Metrics::default());
        let (github, hf) = (metrics.watch("github", github), metrics.watch("hf", hf));
        let executor = Executor {
            github: GithubClient::new(&config, host.clock, github),
            hf: HfClient::new(Arc::clone(&config), Arc::clone(&labels), host.clock, hf),
            config: Arc::clone(&config),
            labels: Arc::clone(&labels),
            clock: host.clock,
            metrics: Arc::clone(&metrics),
            surveyor: tokio::sync::Mutex::new(Surveyor::default()),
        };
        let health = Arc::new(Health::new(Arc::clone(&store)));
        let (reconciler, inbox) = Reconciler::new(
            core,
            host.clone(),
            store,
            Arc::clone(&health),
            Arc::new(executor),
        );
        host.spawner.spawn(reconciler.run());
        Ok(Self {
            config,
            labels,
            inbox,
            health,
            metrics,
        })
    }

    /// From now on `/readyz` says that it ends, so that nothing new is sent here.
    pub fn stops(&self) {
        self.health.stops();
    }

    /// The HTTP side: `/`, `/healthz`, `/readyz`, `/metrics`, `/status` and `/webhook`.
    pub fn router(&self) -> Router {
        let surface = Surface {
            config: Arc::clone(&self.config),
            labels: Arc::clone(&self.labels),
            inbox: self.inbox.clone(),
            health: Arc::clone(&self.health),
            metrics: Arc::clone(&self.metrics),
            misrouted: Misrouted::default(),
            intake: Intake::default(),
            sparing: Sparing::default(),
        };
        surface.router()
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
