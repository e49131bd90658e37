//! What the App is: its name, its permissions, its events. A manifest can replace all of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{github::state::accounts::account::html_base, settings::GithubSettings};

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
