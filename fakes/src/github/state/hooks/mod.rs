//! Webhooks: where they point, what leaves through them, and the log of what became of it.

pub(in crate::github) mod hook;
pub(in crate::github) mod log;
pub(in crate::github) mod message;
pub(in crate::github) mod signing;
pub(in crate::github) mod throttling;
