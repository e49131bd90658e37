//! What happens to runs and their jobs.

pub(in crate::github) mod approving;
pub(in crate::github) mod cancelling;
pub(in crate::github) mod concurrency;
pub(in crate::github) mod jobs;
pub(in crate::github) mod recorded;
pub(in crate::github) mod rerunning;
