//! The reference dispatcher, in process: the real one, on the world's clock and over the lab's transports.

use std::{fmt, sync::Arc};

use dispatcher::{Config, Dispatcher, Host, MemoryStore, signature::Secrets};
use futures_util::future::BoxFuture;
use scenarios::plan::Plan;

use super::{Place, Process, Target, TargetError, given, store::BentStore};
use crate::transport::{HttpService, TaskGroup};

/// A change to what flows through one seam of the dispatcher. Saboteurs are made of these.
pub type Seam = Arc<dyn Fn(HttpService) -> HttpService + Send + Sync>;

/// Changes to the three seams of the reference dispatcher; none by default.
#[derive(Clone, Default)]
pub struct Seams {
    /// What comes in: webhooks.
    pub webhooks: Option<Seam>,
    /// What goes out to GitHub.
    pub github: Option<Seam>,
    /// What goes out to HF.
    pub hf: Option<Seam>,
}

impl fmt::Debug for Seams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bent = |seam: &Option<Seam>| seam.is_some();
        f.debug_struct("Seams")
            .field("webhooks", &bent(&self.webhooks))
            .field("github", &bent(&self.github))
            .field("hf", &bent(&self.hf))
            .finish()
    }
}

fn bend(seam: Option<&Seam>, service: HttpService) -> HttpService {
    match seam {
        Some(seam) => seam(service),
        None => service,
    }
}

/// The reference dispatcher as a target of the virtual tier.
pub struct Reference {
    config: Config,
    place: Place,
    seams: Seams,
    store: BentStore<MemoryStore>,
    process: Process,
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference")
            .field("up", &self.process.is_up())
            .finish_non_exhaustive()
    }
}

impl Reference {
    /// A reference dispatcher that is not started yet.
    #[must_use]
    pub fn new(config: Config, place: Place, seams: Seams) -> Self {
        Self {
            config,
            seams,
            store: BentStore::new(MemoryStore::default(), place.faults.clone()),
            place,
            process: Process::default(),
        }
    }

    async fn come_up(&mut self) -> Result<(), TargetError> {
        // There is one dispatcher: one that is still up goes down first.
        self.process.crash();
        let tasks = TaskGroup::default();
        let github = bend(self.seams.github.as_ref(), self.place.to_github(&tasks));
        let hf = bend(self.seams.hf.as_ref(), self.place.to_hf(&tasks));
        let (env, skew_ms) = (&self.place.env, self.place.clock_skew_ms);
        let (spawner, draw) = (tasks.clone(), env.draw.clone());
        let host = Host {
            clock: dispatcher::Clock::virtual_at(env.clock.now(), skew_ms),
            spawner: dispatcher::Spawner::new(move |task| spawner.spawn(task)),
            draw: Arc::new(move |purpose: &str| draw.bits("dispatcher", purpose)),
        };
        let store = Arc::new(self.store.clone().written_by(tasks.clone()));
        let started = Dispatcher::start(self.config.clone(), host, store, github, hf).await;
        let dispatcher = started.map_err(|error| TargetError::Start(error.to_string()))?;
        self.process.come_up(tasks, Some(dispatcher.router()));
        Ok(())
    }
}

impl Target for Reference {
    fn start(&mut self) -> BoxFuture<'_, Result<(), TargetError>> {
        Box::pin(self.come_up())
    }

    fn crash(&mut self) -> Result<(), TargetError> {
        self.process.crash();
        Ok(())
    }

    fn stop(&mut self) -> Result<(), TargetError> {
        self.process.stop();
        Ok(())
    }

    fn tell_secret(&mut self, secret: &str) {
        self.config.webhook_secrets = Secrets::new(secret.as_bytes(), None);
    }

    fn cannot_be_given(&self, plan: &Plan) -> Vec<String> {
        given::by_the_reference(&plan.world.dispatcher, plan)
    }

    fn webhooks(&self) -> HttpService {
        let seam = self.seams.webhooks.as_ref();
        self.place
            .from_github(self.process.listener(), |webhooks| bend(seam, webhooks))
    }
}
