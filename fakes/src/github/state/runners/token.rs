//! Tokens that a runner registers or removes itself with.

use crate::github::state::accounts::owner::Owner;

/// What a runner may do with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum TokenPurpose {
    Register,
    Remove,
}

pub(in crate::github) struct RegistrationToken {
    pub(in crate::github) owner: Owner,
    pub(in crate::github) purpose: TokenPurpose,
    pub(in crate::github) expires_ms: u64,
}
