//! The fake GitHub: jobs and runs, runners, label assignment, webhooks, and the REST API around them.

mod handle;
mod lifecycle;
mod limits;
mod objects;
mod rest;
mod state;
mod webhooks;

pub use crate::calls::RouteInfo;
pub use handle::Github;
pub(crate) use lifecycle::runners::{connecting::Registered, listening::run_job};
pub use lifecycle::{
    repositories::RepoView,
    runners::life::NewRunner,
    scripted::RawDelivery,
    views::{JobView, RunView, RunnerView},
};
pub use objects::runner_refusal::RunnerRefusal;
pub(crate) use rest::pages::query_pairs;
pub use rest::routes::routes;
pub(crate) use state::runners::{
    credential::{Credential, JitConfig},
    orders::ToRunner,
};
pub use state::{
    apps::jwt::LAB_APP_PRIVATE_KEY_PEM,
    hooks::hook::NewHook,
    runs::{
        hold::Concurrency,
        job::Status,
        new_job::{NewJob, NotQueued},
        standing::{RunConclusion, RunStatus},
    },
};
pub use webhooks::{delivering::Redeliver, genuine::OtherEvent};
