//! The accounts that own repositories and can have runners of their own.

use super::repository_text::{account, account_id, account_kind, html_base};
use crate::settings::GithubSettings;

/// An organisation, or a user who owns repositories.
pub(super) struct Organization {
    pub(super) id: u64,
    pub(super) login: String,
    /// Whether it is a user, who has no runners of its own.
    pub(super) is_user: bool,
    /// The account object.
    pub(super) object: String,
    /// `{base}/orgs/{login}`.
    pub(super) url: String,
}

impl Organization {
    pub(super) fn new(login: &str, settings: &GithubSettings) -> Self {
        let (base_url, is_user) = (&settings.base_url, settings.app.is_user(login));
        Self {
            id: account_id(login),
            login: login.to_owned(),
            is_user,
            object: account(login, base_url, &html_base(base_url), account_kind(is_user)),
            url: format!("{base_url}/orgs/{login}"),
        }
    }
}
