//! The App, the manifest it may be made from, and what it may do where.

pub(in crate::github) mod manifest;
pub(in crate::github) mod profile;
