//! The real tier: the same world on loopback TCP and the real clock, for a dispatcher somebody else runs.

use std::{net::SocketAddr, path::Path, time::Duration};

use axum::Router;
use fakes::{World, env::Clock};
use jiff::Timestamp;
use scenarios::plan::Plan;
use tokio::net::TcpListener;

use super::{
    Outcome, Run,
    build::{Built, build},
    driver::Pace,
    socket::{self, SocketError, SocketFile},
    virtual_tier::drive,
};
use crate::{
    target::{TargetError, Url},
    transport::TaskGroup,
};

const PACE: Pace = Pace {
    warm_up: Duration::from_secs(1),
    look_every: Duration::from_millis(200),
    cool_down: Duration::from_secs(2),
};

/// Why the fakes could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address could not be listened on.
    #[error("failed to listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The unix socket could not be listened on.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The scenario asks for what only the dispatcher's own machine can do.
    #[error(transparent)]
    Target(#[from] TargetError),
}

/// A world that listens.
#[derive(Debug)]
pub struct Serving {
    world: World,
    tasks: TaskGroup,
    /// Removed when the world is let go.
    sockets: Vec<SocketFile>,
    /// Base URL of the fake GitHub.
    pub github_url: String,
    /// Base URL of the fake HF.
    pub hf_url: String,
}

/// Puts the fakes of `plan` on two loopback addresses (port 0 picks a free one).
///
/// # Errors
/// If an address cannot be listened on.
pub async fn serve(plan: &Plan, github: SocketAddr, hf: SocketAddr) -> Result<Serving, ServeError> {
    let (github, github_url) = listen(github).await?;
    let (hf, hf_url) = listen(hf).await?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the real tier starts at the real time"
    )]
    let clock = Clock::starting_at(Timestamp::now());
    let Built { world, tasks, .. } = build(plan, clock, &github_url, &hf_url);
    tasks.spawn(answer(github, world.github_router()));
    tasks.spawn(answer(hf, world.hf_router()));
    Ok(Serving {
        world,
        tasks,
        sockets: Vec::new(),
        github_url,
        hf_url,
    })
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, String), ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("http://{address}")))
}

async fn answer<L>(listener: L, router: Router)
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "a fake stopped answering");
    }
}

impl Serving {
    /// The world that listens.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Answers on a unix socket too, as the same fake GitHub. The file goes when `self` is dropped.
    ///
    /// # Errors
    /// If `path` is something else than a socket left behind, or cannot be listened on.
    pub fn github_on_socket(&mut self, path: &Path) -> Result<(), ServeError> {
        let (listener, file) = socket::listen(path)?;
        self.tasks
            .spawn(answer(listener, self.world.github_router()));
        self.sockets.push(file);
        Ok(())
    }

    /// Plays the plan against the dispatcher behind `target`, and judges it.
    ///
    /// # Errors
    /// If the plan asks to take the dispatcher down, which only whoever runs it can do.
    pub async fn play(&self, plan: &Plan, mut target: Url) -> Result<Run, ServeError> {
        let end = drive(plan, &self.world, &mut target, PACE).await?;
        let events = self.world.history().take();
        let outcome = Outcome::judge(plan, &events, &end);
        Ok(Run { events, outcome })
    }

    /// Everything seen so far, for a world that is stopped from outside.
    #[must_use]
    pub fn events_so_far(&self) -> Vec<fakes::history::Event> {
        self.world.history().snapshot()
    }

    /// Stops listening.
    pub fn stop(&self) {
        self.tasks.abort_all();
    }
}
