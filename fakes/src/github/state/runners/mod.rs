//! Registered runners, with their labels and groups.

pub(in crate::github) mod credential;
pub(in crate::github) mod groups;
pub(in crate::github) mod labels;
pub(in crate::github) mod orders;
pub(in crate::github) mod record;
pub(in crate::github) mod table;
pub(in crate::github) mod token;
