//! From news to a webhook: a message is made, signed, sent, answered and logged.

pub(in crate::github) mod delivering;
pub(in crate::github) mod emitting;
pub(in crate::github) mod flying;
pub(in crate::github) mod genuine;
pub(in crate::github) mod other_events;
pub(in crate::github) mod sending;
