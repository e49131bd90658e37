//! Repositories, and the accounts that own them.

pub(in crate::github) mod account;
pub(in crate::github) mod organization;
pub(in crate::github) mod owner;
pub(in crate::github) mod repository;
pub(in crate::github) mod table;
