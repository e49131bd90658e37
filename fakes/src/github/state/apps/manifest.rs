//! An App manifest: what it may say, and what GitHub refuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

const CALLBACK_URLS_MAX: usize = 10;
const NAME_CHARACTERS_MAX: usize = 34;

/// Why GitHub does not take a manifest, for the one who sent the form. The wording is the lab's own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::github) enum ManifestFault {
    #[error("The manifest is not valid JSON.")]
    NoJson,
    #[error("The manifest should be a JSON object.")]
    NoObject,
    /// A field that its JSON schema does not take, in the words of the validator.
    #[error("The manifest is not valid. {0}")]
    Schema(String),
    /// The field.
    #[error("{0} must be a URL.")]
    NoUrl(&'static str),
    #[error("callback_urls must not have more than {CALLBACK_URLS_MAX} entries.")]
    TooManyCallbacks,
    #[error("default_permissions has no level {0}.")]
    UnknownLevel(String),
    #[error("Name can't be blank.")]
    BlankName,
    #[error("Name is too long (maximum is {NAME_CHARACTERS_MAX} characters).")]
    NameTooLong,
}

/// The manifest of an App to be made. Keys nobody knows are ignored.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::github) struct Manifest {
    pub(in crate::github) url: String,
    pub(in crate::github) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::github) hook_attributes: Option<HookAttributes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::github) redirect_url: Option<String>,
    pub(in crate::github) callback_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::github) description: Option<String>,
    pub(in crate::github) public: bool,
    pub(in crate::github) default_events: Vec<String>,
    pub(in crate::github) default_permissions: BTreeMap<String, String>,
}

/// Where the App's webhook goes.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(in crate::github) struct HookAttributes {
    pub(in crate::github) url: String,
    #[serde(default = "yes")]
    pub(in crate::github) active: bool,
}

const fn yes() -> bool {
    true
}

impl Manifest {
    /// Whether GitHub takes it.
    pub(in crate::github) fn check(&self) -> Result<(), ManifestFault> {
        require_url("url", &self.url)?;
        if let Some(hook) = &self.hook_attributes {
            require_url("hook_attributes.url", &hook.url)?;
        }
        if let Some(redirect) = &self.redirect_url {
            require_url("redirect_url", redirect)?;
        }
        if self.callback_urls.len() > CALLBACK_URLS_MAX {
            return Err(ManifestFault::TooManyCallbacks);
        }
        for callback in &self.callback_urls {
            require_url("callback_urls", callback)?;
        }
        let unknown = |level: &&String| !["read", "write", "admin"].contains(&level.as_str());
        match self.default_permissions.values().find(unknown) {
            Some(level) => Err(ManifestFault::UnknownLevel(level.clone())),
            None => Ok(()),
        }
    }

    /// The name the App gets, or why it cannot have it.
    pub(in crate::github) fn check_name(name: &str) -> Result<(), ManifestFault> {
        match name.trim().chars().count() {
            0 => Err(ManifestFault::BlankName),
            1..=NAME_CHARACTERS_MAX => Ok(()),
            _ => Err(ManifestFault::NameTooLong),
        }
    }

    /// The permissions of an App made from it: it can always read metadata.
    pub(in crate::github) fn permissions(&self) -> BTreeMap<String, String> {
        let mut permissions = self.default_permissions.clone();
        permissions
            .entry("metadata".to_owned())
            .or_insert_with(|| "read".to_owned());
        permissions
    }
}

fn require_url(key: &'static str, text: &str) -> Result<(), ManifestFault> {
    let known = ["http://", "https://"];
    let rest = known.iter().find_map(|scheme| text.strip_prefix(scheme));
    // What comes behind the scheme goes into a header, so it must be able to.
    let fits = rest
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()));
    if fits {
        Ok(())
    } else {
        Err(ManifestFault::NoUrl(key))
    }
}

/// The part of an address that stands for a name: small letters, digits and dashes.
pub(in crate::github) fn slug(name: &str) -> String {
    let dashed: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

/// A manifest that a person has confirmed, behind its code.
pub(in crate::github) struct Confirmed {
    pub(in crate::github) manifest: Manifest,
    /// The login of the account the App is for.
    pub(in crate::github) owner: String,
    pub(in crate::github) expires_ms: u64,
    pub(in crate::github) used: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_single_dashes_only() {
        assert_eq!(slug(" My  CI: Dispatcher! "), "my-ci-dispatcher");
    }
}
