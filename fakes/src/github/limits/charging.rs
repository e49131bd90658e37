//! Rate limits: who has used how much of what, which calls are refused, and what the headers say.
//!
//! Hours, minutes and bursts are fixed windows that begin with the first call counted in them: a call
//! costs a few look-ups, however many came before it. A refused call is not counted anywhere.

use std::{sync::Arc, time::Duration};

use crate::github::{
    handle::{Github, Limits},
    objects::refusal::Refusal,
    state::{
        apps::{caller::Caller, table::Apps},
        usage::{
            account::{Account, Resource},
            ledger::Bucket,
            price::Price,
        },
    },
};

/// One call that has arrived and has not ended. It counts among the concurrent ones until it is dropped.
pub(in crate::github) struct OpenRequest {
    limits: Arc<Limits>,
    account: Account,
}

impl OpenRequest {
    pub(in crate::github) fn new(limits: &Arc<Limits>, account: Account) -> Self {
        limits.ledger().opened(account);
        let limits = limits.clone();
        Self { limits, account }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.limits.ledger().closed(self.account);
    }
}

impl Apps {
    /// Whose limits this caller's calls count against.
    pub(in crate::github) fn account_of(&self, caller: Result<&Caller, &Refusal>) -> Account {
        match caller {
            Ok(Caller::App) => Account::App,
            Ok(Caller::Installation(token)) => {
                self.tokens.get(token).map_or(Account::Anonymous, |token| {
                    Account::Installation(token.installation)
                })
            }
            Ok(Caller::Anonymous) | Err(_) => Account::Anonymous,
        }
    }
}

impl Github {
    /// The limit of a bucket that begins now.
    fn limit_of(&self, account: Account, resource: Resource) -> u32 {
        let primary = &self.settings().limits.primary;
        match (resource, account) {
            (Resource::RunnerRegistration, _) => primary.runner_registration,
            (Resource::Manifest, _) => primary.manifest,
            (Resource::Core, Account::Anonymous) => primary.anonymous,
            (Resource::Core, Account::App) => primary.app,
            (Resource::Core, Account::Installation(id)) => {
                primary.of_installation(self.state().accounts.repos_of(id).count())
            }
        }
    }

    /// What an account has left of a resource. Nothing is counted.
    pub(in crate::github) fn bucket(&self, account: Account, resource: Resource) -> Bucket {
        let now_s = self.now().as_second();
        let known = self.inner.limits.ledger().bucket(account, resource, now_s);
        known.unwrap_or_else(|| {
            let limit = self.limit_of(account, resource);
            let begun = self.begun_hour(account, resource, limit);
            begun.unwrap_or_else(|| Bucket::beginning(now_s, limit))
        })
    }

    /// The hour that had begun before the world did, while it lasts.
    fn begun_hour(&self, account: Account, resource: Resource, limit: u32) -> Option<Bucket> {
        let begun = self.settings().limits.primary.begun?;
        let is_an_installations = matches!(account, Account::Installation(_));
        let elapsed = Duration::from_millis(self.env().clock.elapsed_ms());
        let left = begun.resets_in.checked_sub(elapsed)?;
        if !is_an_installations || resource != Resource::Core || left.is_zero() {
            return None;
        }
        let ends = self.now() + left;
        Some(Bucket {
            limit,
            used: limit.saturating_sub(begun.remaining),
            // Whole seconds, and never before the moment itself.
            reset_s: ends.as_second() + i64::from(ends.subsec_nanosecond() > 0),
        })
    }

    /// Counts a call, or refuses it.
    pub(in crate::github) fn charge(
        &self,
        account: Account,
        price: &Price,
        owner: &str,
    ) -> Result<(), Refusal> {
        let limits = &self.settings().limits;
        if !limits.enforced || !price.is_of_the_api {
            return Ok(());
        }
        // Whether an hour begins is decided before the ledger is locked: the limit needs the other lock.
        let begins = price
            .resource
            .map(|resource| (resource, self.bucket(account, resource)));
        let now_ms = self.env().clock.elapsed_ms();
        let secondary = &limits.secondary;
        let outcome =
            self.inner
                .limits
                .ledger()
                .charge(account, price, begins, (secondary, owner), now_ms);
        outcome.map_err(|excess| self.too_much(account, excess))
    }

    /// Counts a runner registration of this owner that came about. The error says that there were too many.
    pub(in crate::github) fn count_registration(&self, owner: &str) {
        if self.settings().limits.enforced {
            let now_ms = self.env().clock.elapsed_ms();
            self.inner.limits.ledger().registered(owner, now_ms);
        }
    }

    /// Whether this owner may have one more runner registration now.
    pub(in crate::github) fn may_register(&self, owner: &str) -> bool {
        let limits = &self.settings().limits;
        let now_ms = self.env().clock.elapsed_ms();
        let max = limits.secondary.registrations_per_five_minutes;
        !limits.enforced || self.inner.limits.ledger().registrations(owner, now_ms) < max
    }
}
