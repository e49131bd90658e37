//! What happens: the only room that changes records of more than one subject.

pub(in crate::github) mod hooks;
pub(in crate::github) mod installations;
pub(in crate::github) mod past;
pub(in crate::github) mod renames;
pub(in crate::github) mod repositories;
pub(in crate::github) mod runners;
pub(in crate::github) mod runs;
pub(in crate::github) mod scripted;
pub(in crate::github) mod settling;
pub(in crate::github) mod views;
