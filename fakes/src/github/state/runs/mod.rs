//! Workflow runs and their jobs, and what hangs on them.

pub(in crate::github) mod checks;
pub(in crate::github) mod index;
pub(in crate::github) mod log_links;
pub(in crate::github) mod new_job;
pub(in crate::github) mod standing;
