//! Rate limits: what a call costs, what refuses it, and the headers that warn of it.

pub(in crate::github) mod charging;
pub(in crate::github) mod refusal;
