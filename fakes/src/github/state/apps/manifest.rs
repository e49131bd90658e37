//! An App manifest: what it may say, and what GitHub refuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::github::objects::body::{Unfit, read};

const CALLBACK_URLS_MAX: usize = 10;
const NAME_CHARACTERS_MAX: usize = 34;

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
    /// Reads the form field. The error is for the one who sent the form.
    pub(in crate::github) fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = read(text.as_bytes()).map_err(|unfit| match unfit {
            Unfit::NoJson => "The manifest is not valid JSON.".to_owned(),
            Unfit::NoObject => "The manifest should be a JSON object.".to_owned(),
            Unfit::Field(why) => format!("The manifest is not valid. {why}"),
        })?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        require_url("url", &self.url)?;
        if let Some(hook) = &self.hook_attributes {
            require_url("hook_attributes.url", &hook.url)?;
        }
        if let Some(redirect) = &self.redirect_url {
            require_url("redirect_url", redirect)?;
        }
        if self.callback_urls.len() > CALLBACK_URLS_MAX {
            return Err(format!(
                "callback_urls must not have more than {CALLBACK_URLS_MAX} entries."
            ));
        }
        for callback in &self.callback_urls {
            require_url("callback_urls", callback)?;
        }
        let unknown = |level: &&String| !["read", "write", "admin"].contains(&level.as_str());
        match self.default_permissions.values().find(unknown) {
            Some(level) => Err(format!("default_permissions has no level {level}.")),
            None => Ok(()),
        }
    }

    /// The name the App gets, or why it cannot have it.
    pub(in crate::github) fn check_name(name: &str) -> Result<(), String> {
        match name.trim().chars().count() {
            0 => Err("Name can't be blank.".to_owned()),
            1..=NAME_CHARACTERS_MAX => Ok(()),
            _ => Err(format!(
                "Name is too long (maximum is {NAME_CHARACTERS_MAX} characters)."
            )),
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

fn require_url(key: &str, text: &str) -> Result<(), String> {
    let known = ["http://", "https://"];
    let rest = known.iter().find_map(|scheme| text.strip_prefix(scheme));
    // What comes behind the scheme goes into a header, so it must be able to.
    let fits = rest
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()));
    if fits {
        Ok(())
    } else {
        Err(format!("{key} must be a URL."))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(manifest: &serde_json::Value) -> String {
        Manifest::parse(&manifest.to_string()).unwrap_err()
    }

    #[test]
    fn a_manifest_needs_a_url_and_has_no_more_than_ten_callbacks() {
        use serde_json::json;
        assert_eq!(refusal(&json!({})), "url must be a URL.");
        assert_eq!(
            refusal(&json!({"url": "https://x.test", "hook_attributes": {"url": "nowhere"}})),
            "hook_attributes.url must be a URL."
        );
        let callbacks: Vec<String> = (0..11).map(|n| format!("https://x.test/{n}")).collect();
        let many = json!({"url": "https://x.test", "callback_urls": callbacks});
        assert!(refusal(&many).contains("more than 10"));
        assert!(
            Manifest::parse(
                &json!({"url": "https://x.test", "callback_urls": &callbacks[..10]}).to_string()
            )
            .is_ok()
        );
        assert!(
            refusal(&json!({"url": "https://x.test", "default_permissions": {"checks": "much"}}))
                .contains("much")
        );
        assert!(
            Manifest::parse("not json")
                .unwrap_err()
                .contains("not valid")
        );
    }

    #[test]
    fn a_slug_has_single_dashes_only() {
        assert_eq!(slug(" My  CI: Dispatcher! "), "my-ci-dispatcher");
    }
}
