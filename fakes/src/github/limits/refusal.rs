//! What GitHub answers to too many calls, and the headers that warn of it.

use crate::github::{
    handle::Github,
    objects::refusal::Refusal,
    state::usage::{
        account::{Account, Excess, Resource},
        ledger::Bucket,
    },
};

impl Github {
    /// The refusal of a call too many.
    pub(in crate::github) fn too_much(&self, account: Account, excess: Excess) -> Refusal {
        let limits = &self.settings().limits;
        match excess {
            Excess::Primary => Refusal::PrimaryLimit {
                status: limits.primary.status,
                message: primary_message(account, self.settings().app_id),
            },
            Excess::Secondary => Refusal::SecondaryLimit {
                status: limits.secondary.status,
                retry_after_s: limits.secondary.retry_after.map(|wait| wait.as_secs()),
            },
        }
    }

    /// The five headers about a primary limit.
    pub(in crate::github) fn limit_headers(
        &self,
        account: Account,
        resource: Resource,
    ) -> [(&'static str, String); 5] {
        let bucket: Bucket = self.bucket(account, resource);
        [
            ("x-ratelimit-limit", bucket.limit.to_string()),
            ("x-ratelimit-remaining", bucket.remaining().to_string()),
            ("x-ratelimit-used", bucket.used.to_string()),
            ("x-ratelimit-reset", bucket.reset_s.to_string()),
            ("x-ratelimit-resource", resource.as_str().to_owned()),
        ]
    }
}

fn primary_message(account: Account, app_id: u64) -> String {
    match account {
        Account::Installation(id) => {
            format!("API rate limit exceeded for installation ID {id}.")
        }
        Account::App => format!("API rate limit exceeded for app ID {app_id}."),
        Account::Anonymous => "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)".to_owned(),
    }
}
