//! How requests travel between a target and the fakes inside one process.
//!
//! `wire` sends real HTTP/1.1 bytes over an in-memory pipe; `direct` calls the router as a service. Both
//! answer through the same [`HttpService`], the one seam of dispatcher and fakes, and both take the same
//! network delays, so a plan gives the same history on either.

mod direct;
mod latency;
mod tasks;
mod traffic;
mod wire;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Body;
use fakes::ConnectionReset;
use http::{Request, Response};
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

pub use latency::{Latency, Line};
pub use tasks::{STOP_GRACE, TaskGroup};

/// Any error of a transport or a service behind it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A place to send HTTP requests to.
pub type HttpService = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// What listens: it answers every request.
pub type Served = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Which of the two in-process transports a run uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Transport {
    /// Real HTTP/1.1 bytes over an in-memory pipe, with keep-alive.
    #[default]
    Wire,
    /// The router called as a service: faster, no bytes.
    Direct,
}

/// What a client does with a connection once an answer has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connections {
    /// It keeps it for the next request.
    #[default]
    Kept,
    /// It closes it: each request has one of its own.
    New,
}

impl Connections {
    /// How many idle connections a client keeps to one host.
    pub(crate) const fn idle_max(self) -> usize {
        match self {
            Self::Kept => usize::MAX,
            Self::New => 0,
        }
    }
}

/// Nothing listens at the other end.
#[derive(Debug, thiserror::Error)]
#[error("connection refused")]
pub struct ConnectionRefused;

/// The other end broke the connection.
#[derive(Debug, thiserror::Error)]
#[error("connection reset by peer")]
struct Reset;

/// Turns an answer by which a fake means that the connection broke into just that.
fn unless_reset(answer: Result<Response<Body>, Infallible>) -> Result<Response<Body>, Reset> {
    match answer {
        Ok(answer) if answer.extensions().get::<ConnectionReset>().is_some() => Err(Reset),
        Ok(answer) => Ok(answer),
        Err(never) => match never {},
    }
}

/// What listens at one address: a service while its host is up, nothing while it is down.
#[derive(Clone, Debug, Default)]
pub struct Listener(Arc<Mutex<Option<Listening>>>);

#[derive(Clone, Debug)]
struct Listening {
    served: Served,
    tasks: TaskGroup,
}

impl Listener {
    /// Starts to listen: `served` answers, its connections live in the host's `tasks`.
    pub fn open(&self, served: Served, tasks: TaskGroup) {
        *self.slot() = Some(Listening { served, tasks });
    }

    /// `inner`, which reaches what listens here, as long as something does: a host that stops in order takes nothing new
    /// over the connections it has, and answers what came before.
    #[must_use]
    pub fn in_front_of(&self, inner: HttpService) -> HttpService {
        let listener = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let (listening, inner) = (listener.current(), inner.clone());
            async move {
                let tasks = listening?.tasks;
                tasks.carry(inner.oneshot(request)).await
            }
        }))
    }

    /// Stops to listen. Connections end with the host's tasks.
    pub fn close(&self) {
        *self.slot() = None;
    }

    fn current(&self) -> Result<Listening, ConnectionRefused> {
        self.slot().clone().ok_or(ConnectionRefused)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Listening>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport {
    /// A service that reaches `listener` over this transport; `client` owns the calling side's tasks.
    #[must_use]
    pub fn connect(
        self,
        listener: Listener,
        client: TaskGroup,
        connections: Connections,
    ) -> HttpService {
        match self {
            Self::Wire => wire::connect(listener, client, connections),
            Self::Direct => direct::connect(listener),
        }
    }
}
