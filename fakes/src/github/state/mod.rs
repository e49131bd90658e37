//! What the fake GitHub remembers: one record a subject. No lock, no clock, no history;
//! no JSON but what accounts and repositories carry along, written once when they are made.

pub(in crate::github) mod accounts;
pub(in crate::github) mod apps;
pub(in crate::github) mod hooks;
pub(in crate::github) mod queue;
pub(in crate::github) mod records;
pub(in crate::github) mod runners;
pub(in crate::github) mod runs;
pub(in crate::github) mod usage;
