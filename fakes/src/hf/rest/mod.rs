//! The API: who may ask what, and one file a subject that answers.

pub(in crate::hf) mod account;
pub(in crate::hf) mod admission;
pub(in crate::hf) mod call_about;
pub(in crate::hf) mod endpoint;
pub(in crate::hf) mod flavor_of_call;
pub(in crate::hf) mod hardware;
pub(in crate::hf) mod job_changes;
pub(in crate::hf) mod job_filter;
pub(in crate::hf) mod job_streams;
pub(in crate::hf) mod jobs;
pub(in crate::hf) mod metrics;
pub(in crate::hf) mod route;
pub(in crate::hf) mod routes;
pub(in crate::hf) mod schedules;
pub(in crate::hf) mod stage_events;
pub(in crate::hf) mod ticking;
pub(in crate::hf) mod usage;
