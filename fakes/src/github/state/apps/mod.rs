//! The App, the manifest it may be made from, and what it may do where.

pub(in crate::github) mod caller;
pub(in crate::github) mod installation;
pub(in crate::github) mod jwt;
pub(in crate::github) mod manifest;
pub(in crate::github) mod profile;
pub(in crate::github) mod table;
