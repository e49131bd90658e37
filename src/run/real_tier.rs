//! The real tier: the same world on loopback TCP and the real clock, for a dispatcher somebody else runs.

use std::{net::SocketAddr, path::Path, time::Duration};

use axum::Router;
use fakes::{Boot, World, env::Clock};
use jiff::Timestamp;
use scenarios::plan::Plan;
use tokio::net::TcpListener;

use super::{
    Outcome, Run, Tested,
    build::{Built, build},
    driver::{End, Pace},
    socket::{self, SocketError, SocketFile},
    virtual_tier::{connections, drive},
};
use crate::{
    control::{Addresses, Control, Reach},
    target::{Target, TargetError, Url},
    transport::TaskGroup,
};

pub(super) const PACE: Pace = Pace {
    look_every: Duration::from_millis(200),
    // A dispatcher that polls every half minute has looked twice by then.
    settle: Duration::from_secs(70),
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

/// What to serve, and where. Port 0 picks a free one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listen {
    /// The fake GitHub.
    pub github: Option<SocketAddr>,
    /// The fake HF.
    pub hf: Option<SocketAddr>,
    /// Whether the control API is there for other machines too.
    pub expose_control: bool,
}

impl Listen {
    /// From where the control API may be used at this address; nothing if it is off there.
    const fn reach(self, address: SocketAddr) -> Option<Reach> {
        match (self.expose_control, address.ip().is_loopback()) {
            (true, _) => Some(Reach::Exposed),
            (false, true) => Some(Reach::Loopback),
            (false, false) => None,
        }
    }
}

/// A world that listens.
#[derive(Debug)]
pub struct Serving {
    world: World,
    tasks: TaskGroup,
    /// Removed when the world is let go.
    sockets: Vec<SocketFile>,
    control: Control,
    /// Base URL of the fake GitHub, if it is served.
    pub github_url: Option<String>,
    /// Base URL of the fake HF, if it is served.
    pub hf_url: Option<String>,
    /// URL of the control API, if it is on.
    pub control_url: Option<String>,
}

/// What a URL is of a fake that is not served: nothing resolves it.
const NOWHERE: &str = "http://not-served.invalid";

/// Puts the fakes of `plan` on their addresses.
///
/// # Errors
/// If an address cannot be listened on.
pub async fn serve(plan: &Plan, listen: Listen) -> Result<Serving, ServeError> {
    serve_with(plan, listen, Boot::Model).await
}

/// The same with HF jobs that are run in another way.
///
/// # Errors
/// If an address cannot be listened on.
pub async fn serve_with(plan: &Plan, listen: Listen, boot: Boot) -> Result<Serving, ServeError> {
    let github = bind(listen.github).await?;
    let hf = bind(listen.hf).await?;
    let url = |bound: &Option<Bound>| bound.as_ref().map(|bound| format!("http://{}", bound.1));
    let (github_url, hf_url) = (url(&github), url(&hf));
    #[expect(
        clippy::disallowed_methods,
        reason = "the real tier starts at the real time"
    )]
    let clock = Clock::starting_at(Timestamp::now());
    let known = |url: &Option<String>| url.clone().unwrap_or_else(|| NOWHERE.to_owned());
    let Built { world, tasks, .. } = build(plan, clock, &known(&github_url), &known(&hf_url), boot);
    let addresses = Addresses {
        github: github_url.clone(),
        hf: hf_url.clone(),
    };
    let control = Control::new(world.clone(), plan, addresses);
    let mut control_url = None;
    let served = [(github, world.github_router()), (hf, world.hf_router())];
    for (bound, fake) in served {
        let Some((listener, address)) = bound else {
            continue;
        };
        let router = match listen.reach(address) {
            Some(reach) => {
                control_url.get_or_insert_with(|| format!("http://{address}/_lab"));
                control.in_front_of(fake, reach)
            }
            None => fake,
        };
        tasks.spawn(answer(listener, router));
    }
    Ok(Serving {
        world,
        tasks,
        sockets: Vec::new(),
        control,
        github_url,
        hf_url,
        control_url,
    })
}

type Bound = (TcpListener, SocketAddr);

async fn bind(address: Option<SocketAddr>) -> Result<Option<Bound>, ServeError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let failed = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Some((listener, address)))
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

    /// Its control.
    #[must_use]
    pub const fn control(&self) -> &Control {
        &self.control
    }

    /// Plays the plan against the dispatcher behind `target`, and judges it.
    ///
    /// # Errors
    /// If the plan asks to take the dispatcher down, which only whoever runs it can do.
    pub async fn play(&self, plan: &Plan, mut target: Url) -> Result<Run, ServeError> {
        if let Some(connections) = connections(plan) {
            target = target.with_connections(connections);
        }
        self.control.deliver_to(&target);
        let not_given = target.cannot_be_given(plan);
        let end = drive(plan, &self.world, &mut target, PACE).await?;
        let events = self.world.history().take();
        let outcome = Outcome::judge(plan, &events, &end, Tested::Other, None);
        let outcome = outcome.without(not_given);
        Ok(Run { events, outcome })
    }

    /// Judges what a plan came to that is ended from outside, by whoever waits for it: what needs the rest is undecided.
    #[must_use]
    pub fn interrupted(&self, plan: &Plan, target: &Url) -> Run {
        let end = End::spent(plan, &self.world, PACE);
        let events = self.world.history().take();
        let mut outcome = Outcome::judge(plan, &events, &end, Tested::Other, None);
        outcome.interrupted = true;
        let outcome = outcome.without(target.cannot_be_given(plan));
        Run { events, outcome }
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
