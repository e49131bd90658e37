//! How much of the API has been used by whom.

pub(in crate::github) mod account;
pub(in crate::github) mod ledger;
pub(in crate::github) mod price;
