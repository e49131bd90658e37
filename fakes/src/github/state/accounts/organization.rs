//! The accounts that own repositories and can have runners of their own.

use super::account::{account_id, html_base};
use crate::{json_text::push_string, settings::GithubSettings};

/// An organisation, or a user who owns repositories.
pub(in crate::github) struct Organization {
    pub(in crate::github) id: u64,
    pub(in crate::github) login: String,
    /// Whether it is a user, who has no runners of its own.
    pub(in crate::github) is_user: bool,
    /// The shorter object that webhooks show.
    pub(in crate::github) in_payload: String,
    /// `{base}/orgs/{login}`.
    pub(in crate::github) url: String,
}

impl Organization {
    pub(in crate::github) fn new(login: &str, settings: &GithubSettings) -> Self {
        let (base_url, is_user) = (&settings.base_url, settings.app.is_user(login));
        Self {
            id: account_id(login),
            login: login.to_owned(),
            is_user,
            in_payload: in_payload(login, base_url),
            url: format!("{base_url}/orgs/{login}"),
        }
    }
}

/// The object that webhooks show.
pub(in crate::github) fn in_payload(login: &str, base_url: &str) -> String {
    let (id, html) = (account_id(login), html_base(base_url));
    let url = format!("{base_url}/orgs/{login}");
    let mut out = String::from("{\"login\":");
    push_string(&mut out, login);
    out.push_str(&format!(
        ",\"id\":{id},\"node_id\":\"O_kgDO{id:08x}\",\"url\":\"{url}\",\"repos_url\":\"{url}/repos\",\
         \"events_url\":\"{url}/events\",\"hooks_url\":\"{url}/hooks\",\"issues_url\":\"{url}/issues\",\
         \"members_url\":\"{url}/members{{/member}}\",\"public_members_url\":\"{url}/public_members{{/member}}\",\
         \"avatar_url\":\"{html}/avatars/u/{id}?v=4\",\"description\":null}}"
    ));
    out
}
