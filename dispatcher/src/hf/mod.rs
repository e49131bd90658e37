//! Hugging Face Jobs, as little of it as a dispatcher needs.

mod client;
mod order;

pub(crate) use self::order::lifetime;
pub use self::{client::HfClient, order::bootstrap};
