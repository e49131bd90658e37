//! The reference dispatcher, in process: the real one, on the world's clock and over the lab's transports.

use std::{fmt, sync::Arc};

use dispatcher::{Config, Dispatcher, Host, MemoryStore, signature::Secrets};
use fakes::{Faults, env::Env};
use futures_util::future::BoxFuture;
use scenarios::plan::Plan;

use super::{Target, TargetError, given, store::BentStore};
use crate::transport::{Connections, HttpService, Latency, Line, Listener, TaskGroup, Transport};

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
    env: Env,
    clock_skew_ms: i64,
    transport: Transport,
    network: Latency,
    github: Listener,
    hf: Listener,
    seams: Seams,
    store: BentStore<MemoryStore>,
    up: Option<TaskGroup>,
    listener: Listener,
    caller: TaskGroup,
    deliveries: Connections,
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference")
            .field("up", &self.up.is_some())
            .finish_non_exhaustive()
    }
}

/// Where the dispatcher lives and what it can reach.
#[derive(Clone, Debug)]
pub struct Place {
    /// The world's environment.
    pub env: Env,
    /// How far the dispatcher's clock is ahead of the world's, milliseconds.
    pub clock_skew_ms: i64,
    /// How its requests travel.
    pub transport: Transport,
    /// How long they travel.
    pub network: Latency,
    /// The fake GitHub's listener.
    pub github: Listener,
    /// The fake HF's listener.
    pub hf: Listener,
    /// Who owns GitHub's side of the webhook connections.
    pub caller: TaskGroup,
    /// Whether those are kept.
    pub deliveries: Connections,
    /// What bends its store.
    pub faults: Faults,
}

impl Reference {
    /// A reference dispatcher that is not started yet.
    #[must_use]
    pub fn new(config: Config, place: Place, seams: Seams) -> Self {
        let Place {
            env,
            clock_skew_ms,
            transport,
            network,
            github,
            hf,
            caller,
            deliveries,
            faults,
        } = place;
        Self {
            config,
            env,
            clock_skew_ms,
            transport,
            network,
            github,
            hf,
            seams,
            store: BentStore::new(MemoryStore::default(), faults),
            up: None,
            listener: Listener::default(),
            caller,
            deliveries,
        }
    }

    fn outgoing(
        &self,
        line: Line,
        to: &Listener,
        seam: Option<&Seam>,
        tasks: &TaskGroup,
    ) -> HttpService {
        let connected = self
            .transport
            .connect(to.clone(), tasks.clone(), Connections::default());
        bend(seam, self.network.in_front_of(line, connected))
    }

    async fn come_up(&mut self) -> Result<(), TargetError> {
        // There is one dispatcher: one that is still up goes down first.
        self.crash()?;
        let tasks = TaskGroup::default();
        let github = self.outgoing(
            Line::ToGithub,
            &self.github,
            self.seams.github.as_ref(),
            &tasks,
        );
        let hf = self.outgoing(Line::ToHf, &self.hf, self.seams.hf.as_ref(), &tasks);
        let (spawner, draw) = (tasks.clone(), self.env.draw.clone());
        let host = Host {
            clock: dispatcher::Clock::virtual_at(self.env.clock.now(), self.clock_skew_ms),
            spawner: dispatcher::Spawner::new(move |task| spawner.spawn(task)),
            draw: Arc::new(move |purpose: &str| draw.bits("dispatcher", purpose)),
        };
        let store = Arc::new(self.store.clone());
        let started = Dispatcher::start(self.config.clone(), host, store, github, hf).await;
        let dispatcher = started.map_err(|error| TargetError::Start(error.to_string()))?;
        self.listener.open(dispatcher.router(), tasks.clone());
        self.up = Some(tasks);
        Ok(())
    }
}

impl Target for Reference {
    fn start(&mut self) -> BoxFuture<'_, Result<(), TargetError>> {
        Box::pin(self.come_up())
    }

    fn crash(&mut self) -> Result<(), TargetError> {
        self.listener.close();
        if let Some(tasks) = self.up.take() {
            tasks.abort_all();
        }
        Ok(())
    }

    fn tell_secret(&mut self, secret: &str) {
        self.config.webhook_secrets = Secrets::new(secret.as_bytes(), None);
    }

    fn cannot_be_given(&self, plan: &Plan) -> Vec<String> {
        given::by_the_reference(&plan.world.dispatcher, plan)
    }

    fn webhooks(&self) -> HttpService {
        let (listener, caller) = (self.listener.clone(), self.caller.clone());
        let connected = self.transport.connect(listener, caller, self.deliveries);
        let bent = bend(self.seams.webhooks.as_ref(), connected);
        self.network.in_front_of(Line::ToDispatcher, bent)
    }
}
