//! The fake Hugging Face Jobs: validation, life cycle, cost, and the API around them.

mod accounts;
mod handle;
mod job;
mod life;
mod objects;
mod rest;
mod schedules;
mod state;

pub use handle::HfJobs;
pub use life::views::{Cost, Costs, HfJobView};
pub use rest::routes::routes;
