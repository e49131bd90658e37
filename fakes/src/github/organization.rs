//! The accounts that own repositories and can have runners of their own.

use super::repository_text::{account, account_id, html_base};

/// An organisation, or a user who owns repositories.
pub(super) struct Organization {
    pub(super) id: u64,
    pub(super) login: String,
    /// The account object.
    pub(super) object: String,
    /// `{base}/orgs/{login}`.
    pub(super) url: String,
}

impl Organization {
    pub(super) fn new(login: &str, base_url: &str) -> Self {
        Self {
            id: account_id(login),
            login: login.to_owned(),
            object: account(login, base_url, &html_base(base_url), "Organization"),
            url: format!("{base_url}/orgs/{login}"),
        }
    }
}
