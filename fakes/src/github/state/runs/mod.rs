//! Workflow runs and their jobs, and what hangs on them.

pub(in crate::github) mod checks;
pub(in crate::github) mod claims;
pub(in crate::github) mod hold;
pub(in crate::github) mod index;
pub(in crate::github) mod job;
pub(in crate::github) mod log_links;
pub(in crate::github) mod matrices;
pub(in crate::github) mod new_job;
pub(in crate::github) mod run;
pub(in crate::github) mod standing;
pub(in crate::github) mod table;
pub(in crate::github) mod tallying;
