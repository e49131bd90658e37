//! Whose things are whose: repositories, and the accounts that own them.

pub(in crate::github) mod organization;
pub(in crate::github) mod repository;
