//! Records as HF writes them in JSON.

pub(in crate::hf) mod job;
pub(in crate::hf) mod refusal;
pub(in crate::hf) mod schedule;
pub(in crate::hf) mod spec;
