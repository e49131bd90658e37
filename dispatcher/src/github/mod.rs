//! GitHub, as little of it as a dispatcher needs: App authentication, tokens, runners, jobs, deliveries.

mod call;
mod client;
mod jwt;
mod survey;
mod tokens;
mod wire;

pub(crate) use self::survey::Surveyor;
pub use self::{
    client::GithubClient,
    jwt::{AppKey, KeyError},
    tokens::{CachedToken, Lease},
};
