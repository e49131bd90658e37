//! The JSON of installations.

use super::app::permissions_json;
use crate::{
    github::state::{
        accounts::account::{account, account_id, account_kind, html_base},
        apps::{installation::Installation, profile::client_id},
        records::State,
    },
    json_text::seconds,
    settings::GithubSettings,
};

/// An installation.
pub(in crate::github) fn installation_object(
    state: &State,
    installation: &Installation,
    settings: &GithubSettings,
) -> String {
    let Installation { id, owner, .. } = installation;
    let (base, app_id, app) = (&settings.base_url, settings.app_id, &state.apps.profile);
    let html = html_base(base);
    let of_a_user = settings.app.is_user(owner);
    let kind = account_kind(of_a_user);
    let html_url = if of_a_user {
        format!("{html}/settings/installations/{id}")
    } else {
        format!("{html}/organizations/{owner}/settings/installations/{id}")
    };
    let (suspended_by, suspended_at) = match installation.suspended_at {
        None => ("null".to_owned(), "null".to_owned()),
        Some(at) => (
            account("octocat", base, &html, "User"),
            format!("\"{}\"", seconds(at)),
        ),
    };
    format!(
        "{{\"id\":{id},\"account\":{account},\"repository_selection\":\"selected\",\
         \"access_tokens_url\":\"{base}/app/installations/{id}/access_tokens\",\
         \"repositories_url\":\"{base}/installation/repositories\",\"html_url\":\"{html_url}\",\
         \"app_id\":{app_id},\"client_id\":\"{client_id}\",\"app_slug\":\"{slug}\",\"target_id\":{target},\"target_type\":\"{kind}\",\
         \"permissions\":{permissions},\"events\":{events},\"created_at\":\"{created}\",\"updated_at\":\"{updated}\",\
         \"single_file_name\":null,\"has_multiple_single_files\":false,\"single_file_paths\":[],\
         \"suspended_by\":{suspended_by},\"suspended_at\":{suspended_at}}}",
        account = account(owner, base, &html, kind),
        client_id = client_id(app_id),
        slug = app.slug,
        target = account_id(owner),
        permissions = permissions_json(&app.permissions),
        events = serde_json::to_string(&app.events).unwrap_or_default(),
        created = seconds(installation.created_at),
        updated = seconds(installation.updated_at),
    )
}
