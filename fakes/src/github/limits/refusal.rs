//! What GitHub answers to too many calls, and the headers that warn of it.

use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::reply::documented,
        state::usage::{
            account::{Account, Excess, Resource},
            ledger::Bucket,
        },
    },
};

const PRIMARY_DOCUMENTATION: &str =
    "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api";
const SECONDARY_DOCUMENTATION: &str = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits";
pub(in crate::github) const SECONDARY: &str =
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";

impl Github {
    /// The refusal of a call too many.
    pub(in crate::github) fn too_much(&self, account: Account, excess: Excess) -> Reply {
        let limits = &self.settings().limits;
        match excess {
            Excess::Primary => {
                let status = limits.primary.status;
                documented(
                    status,
                    &primary_message(account, self.settings().app_id),
                    PRIMARY_DOCUMENTATION,
                )
            }
            Excess::Secondary => {
                let secondary = &limits.secondary;
                let reply = documented(secondary.status, SECONDARY, SECONDARY_DOCUMENTATION);
                match secondary.retry_after {
                    Some(wait) => reply.with_header("retry-after", wait.as_secs().to_string()),
                    None => reply,
                }
            }
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
