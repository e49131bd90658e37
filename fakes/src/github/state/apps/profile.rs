//! What the App is: its name, its permissions, its events. A manifest can replace all of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    github::{
        handle::Github,
        state::{
            accounts::repository::{account, account_kind, html_base},
            records::State,
        },
    },
    settings::GithubSettings,
};

/// When everything that was there before the world began was made: 2026-01-01.
pub(in crate::github) const BEFORE: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// The fake's one App, as its objects describe it.
pub(in crate::github) struct AppProfile {
    pub(in crate::github) name: String,
    pub(in crate::github) slug: String,
    pub(in crate::github) description: Option<String>,
    pub(in crate::github) external_url: String,
    /// The login of the account it belongs to.
    pub(in crate::github) owner: String,
    pub(in crate::github) permissions: BTreeMap<String, String>,
    pub(in crate::github) events: Vec<String>,
    /// Where a manifest wants the webhooks.
    pub(in crate::github) hook_url: Option<String>,
    pub(in crate::github) created_at: Timestamp,
}

impl AppProfile {
    pub(in crate::github) fn new(settings: &GithubSettings) -> Self {
        let slug = "lab-dispatcher";
        Self {
            name: "Lab dispatcher".to_owned(),
            slug: slug.to_owned(),
            description: None,
            external_url: format!("{}/apps/{slug}", html_base(&settings.base_url)),
            owner: "octo-lab".to_owned(),
            permissions: settings.app.permissions.clone(),
            events: settings.app.events.clone(),
            hook_url: None,
            created_at: BEFORE,
        }
    }

    /// Whether it is subscribed to this event.
    pub(in crate::github) fn hears_of(&self, event: &str) -> bool {
        self.events.iter().any(|known| known == event)
    }
}

/// The App's client id. It follows from its id.
pub(in crate::github) fn client_id(app_id: u64) -> String {
    format!("Iv23li{app_id:014}")
}

impl Github {
    /// The App object; whoever made it from a manifest sees its `secrets` too.
    pub(in crate::github) fn app_object(&self, state: &State, secrets: Option<&Secrets>) -> String {
        let settings = self.settings();
        let html = html_base(&settings.base_url);
        let id = settings.app_id;
        let app = &state.app;
        let kind = account_kind(settings.app.is_user(&app.owner));
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let made = crate::json_text::seconds(app.created_at);
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
            count = state.installations.len(),
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
}

/// What only the one who made the App gets to see.
pub(in crate::github) struct Secrets {
    pub(in crate::github) client: String,
    pub(in crate::github) webhook: String,
    pub(in crate::github) pem: String,
}

pub(in crate::github) fn permissions_json(permissions: &BTreeMap<String, String>) -> String {
    serde_json::to_string(permissions).unwrap_or_default()
}
