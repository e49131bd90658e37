//! The App: its permissions, its tokens, and how it can be made from a manifest.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The two forms of an installation token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenFormat {
    /// `ghs_` and 36 characters.
    #[default]
    Classic,
    /// `ghs_APPID_JWT`: about 520 characters with two dots.
    Stateless,
}

/// What the App is and how its credentials behave.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// The permissions the App was granted: name to `read`, `write` or `admin`. By default what a
    /// dispatcher can need: `actions`, `administration`, `checks` and `organization_self_hosted_runners`
    /// for writing, `metadata` for reading.
    pub permissions: BTreeMap<String, String>,
    /// The events the App is subscribed to, as its objects list them. Default `workflow_job`.
    pub events: Vec<String>,
    /// Logins of owners that are users, in any case; all other owners are organisations. Default none.
    pub user_owners: BTreeSet<String>,
    /// The form of a token whose request does not choose one with `X-GitHub-Stateless-S2S-Token`.
    /// Default classic. GitHub rolls the other form out in stages since April 2026; how far it has come is UNCONFIRMED.
    pub token_format: TokenFormat,
    /// How long after its minting a token is still answered 401. Default zero; GitHub documents no such
    /// delay, octokit retries for five seconds because of it.
    pub token_lag: Duration,
    /// The App manifest flow.
    pub manifest: ManifestSettings,
}

/// How a code of the App manifest flow behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestSettings {
    /// How long after the confirmation the code can be exchanged. Default one hour.
    pub code: Duration,
    /// Whether a code works only once. Default true; UNCONFIRMED.
    pub single_use: bool,
}

impl Default for ManifestSettings {
    fn default() -> Self {
        Self {
            code: Duration::from_secs(3600),
            single_use: true,
        }
    }
}

impl Default for AppSettings {
    fn default() -> Self {
        let permissions = [
            ("actions", "write"),
            ("administration", "write"),
            ("checks", "write"),
            ("metadata", "read"),
            ("organization_self_hosted_runners", "write"),
        ];
        Self {
            permissions: permissions
                .map(|(name, level)| (name.to_owned(), level.to_owned()))
                .into(),
            events: vec!["workflow_job".to_owned()],
            user_owners: BTreeSet::new(),
            token_format: TokenFormat::default(),
            token_lag: Duration::ZERO,
            manifest: ManifestSettings::default(),
        }
    }
}

impl AppSettings {
    /// Whether this owner is a user.
    pub(crate) fn is_user(&self, login: &str) -> bool {
        self.user_owners
            .iter()
            .any(|user| user.eq_ignore_ascii_case(login))
    }
}
