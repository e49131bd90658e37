//! From the words of the scenario language to those of the fakes, for plans and for the control API alike: the one place
//! that knows both.

pub(crate) mod delivery;
pub(crate) mod fault;
mod github_settings;
pub(crate) mod job;
pub(crate) mod world;
