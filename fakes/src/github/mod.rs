//! The fake GitHub: jobs and runs, runners, label assignment, webhooks, and the REST API around them.

mod handle;
mod lifecycle;
mod limits;
mod objects;
mod rest;
mod state;
mod webhooks;

pub use crate::calls::RouteInfo;
pub use handle::{Github, LAB_APP_PRIVATE_KEY_PEM};
pub(crate) use lifecycle::runners::{
    connecting::{Credential, JitConfig, Registered, ToRunner},
    listening::run_job,
};
pub use lifecycle::{
    repositories::RepoView,
    runners::{life::NewRunner, listening::RunnerRefusal},
    runs::concurrency::Concurrency,
    views::{JobView, RunView, RunnerView},
};
pub(crate) use rest::pages::query_pairs;
pub use rest::routes::routes;
pub use state::{
    hooks::hook::NewHook,
    records::Status,
    runs::{
        new_job::{NewJob, RunIsFull},
        standing::{RunConclusion, RunStatus},
    },
};
pub use webhooks::{
    delivering::{RawDelivery, Redeliver},
    genuine::OtherEvent,
};
