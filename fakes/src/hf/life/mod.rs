//! What happens to a job: its course, its containers, its end, and who pays.

pub(in crate::hf) mod containers;
pub(in crate::hf) mod course;
pub(in crate::hf) mod credit;
pub(in crate::hf) mod ending;
pub(in crate::hf) mod holds;
pub(in crate::hf) mod keeping_time;
pub(in crate::hf) mod plan;
pub(in crate::hf) mod program;
pub(in crate::hf) mod shell;
pub(in crate::hf) mod views;
