//! What all accounts have: an id, a kind, and an object.

use crate::json_text::push_string;

/// A user or organisation object.
pub(in crate::github) fn account(
    login: &str,
    base_url: &str,
    html_base: &str,
    kind: &str,
) -> String {
    let id = account_id(login);
    let mut out = String::from("{\"login\":");
    push_string(&mut out, login);
    let api = format!("{base_url}/users/{login}");
    out.push_str(&format!(
        ",\"id\":{id},\"node_id\":\"U_kgDO{id:08x}\",\"avatar_url\":\"{html_base}/avatars/u/{id}?v=4\",\"gravatar_id\":\"\",\
         \"url\":\"{api}\",\"html_url\":\"{html_base}/{login}\",\"followers_url\":\"{api}/followers\",\
         \"following_url\":\"{api}/following{{/other_user}}\",\"gists_url\":\"{api}/gists{{/gist_id}}\",\
         \"starred_url\":\"{api}/starred{{/owner}}{{/repo}}\",\"subscriptions_url\":\"{api}/subscriptions\",\
         \"organizations_url\":\"{api}/orgs\",\"repos_url\":\"{api}/repos\",\"events_url\":\"{api}/events{{/privacy}}\",\
         \"received_events_url\":\"{api}/received_events\",\"type\":\"{kind}\",\"user_view_type\":\"public\",\"site_admin\":false}}"
    ));
    out
}

/// The id of an account: it follows from its login.
pub(in crate::github) fn account_id(login: &str) -> u64 {
    login.bytes().fold(5381_u64, |sum, byte| {
        (sum * 33 + u64::from(byte)) % 90_000_000
    }) + 1000
}

/// The `type` of an account.
pub(in crate::github) const fn account_kind(is_user: bool) -> &'static str {
    if is_user { "User" } else { "Organization" }
}

/// Where people look: the API's own host, without the API's prefix.
pub(in crate::github) fn html_base(base_url: &str) -> String {
    base_url
        .trim_end_matches("/api/v3")
        .replace("://api.", "://")
}
