//! What GitHub answers to too many calls, and the headers that warn of it.

use http::HeaderName;

use crate::{
    calls::Headers,
    github::{
        handle::Github,
        objects::refusal::Refusal,
        state::usage::{
            account::{Account, Excess, Resource},
            ledger::Bucket,
        },
    },
    json_text::push_display,
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

    /// Writes the five headers about a primary limit.
    pub(in crate::github) fn limit_headers(
        &self,
        account: Account,
        resource: Resource,
        headers: &mut Headers,
    ) {
        let bucket: Bucket = self.bucket(account, resource);
        headers.set_number(LIMIT, bucket.limit.into());
        headers.set_number(REMAINING, bucket.remaining().into());
        headers.set_number(USED, bucket.used.into());
        match u64::try_from(bucket.reset_s) {
            Ok(reset_s) => headers.set_number(RESET, reset_s),
            Err(_) => headers.set(RESET, |text| push_display(text, bucket.reset_s)),
        }
        headers.set_static(RESOURCE, resource.as_str());
    }
}

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const USED: HeaderName = HeaderName::from_static("x-ratelimit-used");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const RESOURCE: HeaderName = HeaderName::from_static("x-ratelimit-resource");

fn primary_message(account: Account, app_id: u64) -> String {
    match account {
        Account::Installation(id) => {
            format!("API rate limit exceeded for installation ID {id}.")
        }
        Account::App => format!("API rate limit exceeded for app ID {app_id}."),
        Account::Anonymous => "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)".to_owned(),
    }
}
