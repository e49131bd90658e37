//! The reference dispatcher: turns GitHub's queued `hf-jobs-*` jobs into runners on Hugging Face Jobs.
//!
//! Layout, in reading order:
//! - [`webhook`](crate::Dispatcher::router): takes a delivery, verifies it, makes it durable, answers;
//! - `surface`: what it shows of itself beside that, its health, numbers and pages; `server`: the sockets under both;
//! - [`core`]: decides, without IO; demand against supply, one lane (repository and label) at a time;
//! - `reconciler`: the loop that feeds the core and writes its journal ([`store`]);
//! - `executor`: makes the calls it wants, through [`github`] and [`hf`];
//! - [`host`]: the clock, tasks and randomness it runs on; [`config`]: what it is told.

mod causes;
pub mod config;
pub mod core;
mod dispatcher;
mod executor;
pub mod github;
mod health;
pub mod hf;
pub mod host;
mod http;
mod in_vain;
mod intake;
mod json;
pub mod labels;
mod metrics;
mod payload;
mod recipient;
mod reconciler;
mod refusals;
#[cfg(feature = "postgres")]
mod replica;
#[cfg(feature = "program")]
pub mod server;
pub mod signature;
pub mod store;
mod surface;
mod webhook;

pub use self::{
    causes::with_causes,
    config::{Config, ConfigErrors},
    dispatcher::{Dispatcher, StartError},
    host::{Clock, Host, Spawner},
    http::{BoxError, HttpService},
    store::{MemoryStore, Store, StoreError},
};

#[cfg(feature = "postgres")]
pub use self::{replica::Replica, store::postgres::Postgres};

#[cfg(feature = "sqlite")]
pub use self::store::{OpenError, SqliteStore};
