//! The layer around every API call: it gives the call an id, records it, applies faults, and answers.
//!
//! Both fakes plug in as an `Api`. Their answers are computed without waiting, under one lock, so a
//! call takes effect at one instant; all waiting (late, lost and broken answers) happens here.

mod about;
mod answered;
mod api;
mod bending;
mod handle;
mod headers;
mod in_process;
mod incoming;
mod lies;
mod open_call;
mod readings;
mod reply;
mod route;
mod serving;

pub(crate) use about::About;
pub(crate) use api::{Api, CallContext};
pub(crate) use handle::Calls;
pub(crate) use headers::Headers;
pub(crate) use in_process::{Failure, PATIENCE, Refusal, RunnerCall};
pub(crate) use incoming::Incoming;
pub(crate) use readings::{Shown, runner_words};
pub use reply::ConnectionReset;
pub(crate) use reply::{Live, Reply};
pub(crate) use route::{Route, Table};
pub use route::{RouteInfo, Surface};
