//! Whose tokens there are, and how many calls each has made.

pub(in crate::hf) mod rate_limits;
pub(in crate::hf) mod tokens;
