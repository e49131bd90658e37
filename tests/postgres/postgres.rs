//! The dispatcher's journal in Postgres: the same suite against all three stores, the lead, and replicas that are killed.
//! Method: a server of Debian's package in a temporary folder for each test, and the released binaries.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod lead;
mod replicas;
mod stores;
