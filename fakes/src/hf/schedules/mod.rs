//! Scheduled jobs, and the times at which they run.

pub(in crate::hf) mod record;
pub(in crate::hf) mod times;
