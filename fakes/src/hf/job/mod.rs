//! What the fake HF remembers of jobs: what they consist of, where they come from, what they wrote and cost.

pub(in crate::hf) mod cost;
pub(in crate::hf) mod fields;
pub(in crate::hf) mod flavors;
pub(in crate::hf) mod image_name;
pub(in crate::hf) mod invalid;
pub(in crate::hf) mod labels;
pub(in crate::hf) mod logs;
pub(in crate::hf) mod origin;
pub(in crate::hf) mod repeated;
pub(in crate::hf) mod spec;
pub(in crate::hf) mod written;
