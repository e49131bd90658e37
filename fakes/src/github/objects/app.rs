//! The JSON of Apps.

use std::collections::BTreeMap;

use crate::{
    github::state::{
        accounts::account::{account, account_kind, html_base},
        apps::profile::client_id,
        records::State,
    },
    json_text::seconds,
    settings::GithubSettings,
};

/// What only the one who made the App gets to see.
pub(in crate::github) struct Secrets {
    pub(in crate::github) client: String,
    pub(in crate::github) webhook: String,
    pub(in crate::github) pem: String,
}

/// The App object; whoever made it from a manifest sees its `secrets` too.
pub(in crate::github) fn app_object(
    state: &State,
    settings: &GithubSettings,
    secrets: Option<&Secrets>,
) -> String {
    let html = html_base(&settings.base_url);
    let id = settings.app_id;
    let app = &state.apps.profile;
    let kind = account_kind(settings.app.is_user(&app.owner));
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let made = seconds(app.created_at);
    let mut object = format!(
        "{{\"id\":{id},\"slug\":{slug},\"node_id\":\"A_kwDO{id:x}\",\"client_id\":\"{client_id}\",\"owner\":{owner},\
         \"name\":{name},\"description\":{description},\"external_url\":{external_url},\
         \"html_url\":\"{html}/apps/{plain_slug}\",\"created_at\":\"{made}\",\"updated_at\":\"{made}\",\
         \"permissions\":{permissions},\"events\":{events},\"installations_count\":{count}",
        slug = text(&app.slug),
        plain_slug = app.slug,
        client_id = client_id(id),
        owner = account(&app.owner, &settings.base_url, &html, kind),
        name = text(&app.name),
        description = app
            .description
            .as_deref()
            .map_or_else(|| "null".to_owned(), text),
        external_url = text(&app.external_url),
        permissions = permissions_json(&app.permissions),
        events = serde_json::to_string(&app.events).unwrap_or_default(),
        count = state.apps.installations.len(),
    );
    if let Some(secrets) = secrets {
        let parts = [
            ("client_secret", &secrets.client),
            ("webhook_secret", &secrets.webhook),
            ("pem", &secrets.pem),
        ];
        for (key, secret) in parts {
            object.push_str(&format!(",\"{key}\":{}", text(secret)));
        }
    }
    object.push('}');
    object
}

pub(in crate::github) fn permissions_json(permissions: &BTreeMap<String, String>) -> String {
    serde_json::to_string(permissions).unwrap_or_default()
}

/// The App that stands behind workflow jobs.
pub(in crate::github) const ACTIONS_APP_ID: u64 = 15_368;

/// The App object of GitHub's own Actions.
pub(in crate::github) fn actions_app_object(settings: &GithubSettings) -> String {
    let base = &settings.base_url;
    let html = html_base(base);
    let owner = account("github", base, &html, "Organization");
    let id = ACTIONS_APP_ID;
    format!(
        "{{\"id\":{id},\"slug\":\"github-actions\",\"node_id\":\"A_kwDO{id:x}\",\"client_id\":\"{}\",\
         \"owner\":{owner},\"name\":\"GitHub Actions\",\"description\":null,\
         \"external_url\":\"{html}/apps/github-actions\",\"html_url\":\"{html}/apps/github-actions\",\
         \"created_at\":\"2026-01-01T00:00:00Z\",\"updated_at\":\"2026-01-01T00:00:00Z\",\
         \"permissions\":{{\"checks\":\"write\",\"metadata\":\"read\"}},\"events\":[]}}",
        client_id(id),
    )
}
