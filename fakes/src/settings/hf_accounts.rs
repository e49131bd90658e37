//! HF's accounts: tokens, whose they are and what they may do.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use super::HfPlan;

/// A permission of a token, in the words of HF's refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HfPermission {
    /// To look at the jobs of a namespace.
    JobRead,
    /// To start, stop and change them ("Start and manage Jobs").
    JobWrite,
}

impl HfPermission {
    /// As HF spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::JobRead => "job.read",
            Self::JobWrite => "job.write",
        }
    }
}

/// What a user is in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HfRole {
    /// May do everything.
    Admin,
    /// May start jobs.
    Write,
    /// May start jobs; what a contributor may do with jobs is UNCONFIRMED.
    Contributor,
    /// May only look.
    Read,
}

impl HfRole {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Write => "write",
            Self::Contributor => "contributor",
            Self::Read => "read",
        }
    }
}

/// What a token may do of what its user may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HfScope {
    /// Everything: a classic write token.
    Write,
    /// Only look: a classic read token.
    Read,
    /// What is listed, by namespace.
    FineGrained(BTreeMap<String, BTreeSet<HfPermission>>),
}

/// A user token.
#[derive(Clone)]
pub struct HfToken {
    /// The token itself.
    pub token: String,
    /// The user it belongs to, who is a namespace too.
    pub user: String,
    /// The organisations the user is in.
    pub organisations: BTreeMap<String, HfRole>,
    /// What it may do.
    pub scope: HfScope,
    /// Which rate limit it has.
    pub plan: HfPlan,
    /// How long after the world's beginning it is good; for ever, if missing.
    pub expires_after: Option<Duration>,
}

impl HfToken {
    /// A write token of a user who is in no organisation.
    #[must_use]
    pub fn write(token: &str, user: &str) -> Self {
        Self {
            token: token.to_owned(),
            user: user.to_owned(),
            organisations: BTreeMap::new(),
            scope: HfScope::Write,
            plan: HfPlan::default(),
            expires_after: None,
        }
    }

    /// Whether it may do this in a namespace: the token and its user's role must both allow it.
    pub(crate) fn may(&self, permission: HfPermission, namespace: &str) -> bool {
        let allowed = |by: HfPermission| permission <= by;
        let user_may = namespace == self.user
            || self.organisations.get(namespace).is_some_and(|role| {
                allowed(match role {
                    HfRole::Admin | HfRole::Write | HfRole::Contributor => HfPermission::JobWrite,
                    HfRole::Read => HfPermission::JobRead,
                })
            });
        user_may
            && match &self.scope {
                HfScope::Write => true,
                HfScope::Read => allowed(HfPermission::JobRead),
                HfScope::FineGrained(listed) => listed
                    .get(namespace)
                    .is_some_and(|listed| listed.iter().any(|&by| allowed(by))),
            }
    }
}

impl fmt::Debug for HfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Everything but the token.
        f.debug_struct("HfToken")
            .field("user", &self.user)
            .field("organisations", &self.organisations)
            .field("scope", &self.scope)
            .field("plan", &self.plan)
            .field("expires_after", &self.expires_after)
            .finish_non_exhaustive()
    }
}
