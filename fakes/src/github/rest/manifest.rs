//! The App manifest flow: two pages for a person, a redirect with a code, and its exchange for an App.
//!
//! This fake has one App. An App made here *is* that App: it has the id and the key of the lab's, and takes
//! the name, the homepage, the events, the permissions and the webhook address of the manifest.
//! GitHub documents a 422 for the exchange, but no rule for it; here a code is good or it is a 404.

use super::{
    pages::query_pairs,
    route::{Access, Ask, Route},
};
use crate::{
    calls::Reply,
    drawn_text::{HEX, drawn},
    github::{
        handle::Github,
        objects::{
            app::{Secrets, app_object},
            body::{Unfit, read},
            refusal::{Answer, Refusal},
            reply::{escaped, page},
        },
        state::apps::{
            jwt::LAB_APP_PRIVATE_KEY_PEM,
            manifest::{Confirmed, Manifest, ManifestFault, slug},
            profile::AppProfile,
        },
    },
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/settings/apps/new",
        "github.manifest-form",
        Access::Public(Github::manifest_form),
    ),
    Route::get(
        "/organizations/{org}/settings/apps/new",
        "github.manifest-form",
        Access::Public(Github::manifest_form),
    ),
    Route::post(
        "/settings/apps/new",
        "github.submit-manifest",
        Access::Public(Github::submit_manifest),
    ),
    Route::post(
        "/organizations/{org}/settings/apps/new",
        "github.submit-manifest",
        Access::Public(Github::submit_manifest),
    ),
    Route::post(
        "/settings/apps",
        "github.confirm-manifest",
        Access::Public(Github::confirm_manifest),
    ),
    Route::post(
        "/organizations/{org}/settings/apps",
        "github.confirm-manifest",
        Access::Public(Github::confirm_manifest),
    ),
    Route::post(
        "/app-manifests/{code}/conversions",
        "github.convert-manifest",
        Access::Public(Github::convert_manifest),
    ),
];

impl Github {
    /// The address the latest App manifest named for webhooks, unless it switched them off there. Where they
    /// really go is for whoever runs this world to decide.
    #[must_use]
    pub fn manifest_hook_url(&self) -> Option<String> {
        self.state().apps.profile.hook_url.clone()
    }

    fn manifest_form(&self, ask: &Ask<'_>) -> Answer {
        if self.account_in(ask).is_none() {
            return Err(Refusal::NotFound);
        }
        let query = escaped(&ask.request.query);
        Ok(page(
            200,
            "Register a GitHub App",
            &format!(
                "<form method=\"post\" action=\"?{query}\">\
                 <p><label>App manifest<br><textarea name=\"manifest\" rows=\"20\" cols=\"80\"></textarea></label></p>\
                 <p><button type=\"submit\">Continue</button></p></form>"
            ),
        ))
    }

    fn submit_manifest(&self, ask: &Ask<'_>) -> Answer {
        if self.account_in(ask).is_none() {
            return Err(Refusal::NotFound);
        }
        let text = field(ask, "manifest");
        let manifest = parse(&text)?;
        let given = query_pairs(&ask.request.query).find(|(key, _)| key == "state");
        let state = given.map(|(_, value)| value).unwrap_or_default();
        let action = match ask.text("org") {
            "" => "/settings/apps".to_owned(),
            org => format!("/organizations/{org}/settings/apps"),
        };
        let (base, name) = (self.web_prefix(ask), manifest.name.as_str());
        Ok(page(
            200,
            "Create GitHub App",
            &format!(
                "<p>{url} wants to create a GitHub App with you.</p>\
                 <form method=\"post\" action=\"{base}{action}\">\
                 <input type=\"hidden\" name=\"manifest\" value=\"{manifest}\">\
                 <input type=\"hidden\" name=\"state\" value=\"{state}\">\
                 <p><label>GitHub App name <input name=\"name\" value=\"{name}\"></label></p>\
                 <p><button type=\"submit\">Create GitHub App</button></p></form>",
                url = escaped(&manifest.url),
                action = escaped(&action),
                manifest = escaped(&text),
                state = escaped(&state),
                name = escaped(name),
            ),
        ))
    }

    /// The prefix under which the form was found, so that its successor is found there too.
    fn web_prefix(&self, ask: &Ask<'_>) -> &'static str {
        if ask.request.path.starts_with("/api/v3/") {
            "/api/v3"
        } else {
            ""
        }
    }

    fn confirm_manifest(&self, ask: &Ask<'_>) -> Answer {
        let Some(owner) = self.account_in(ask) else {
            return Err(Refusal::NotFound);
        };
        let (name, state) = (field(ask, "name"), field(ask, "state"));
        Manifest::check_name(&name)?;
        let mut manifest = parse(&field(ask, "manifest"))?;
        manifest.name = name.trim().to_owned();
        let entity = format!("github.confirm-manifest#{}", ask.call.ordinal);
        let code = drawn(self.env(), &entity, "code", HEX, 40);
        let redirect = manifest.redirect_url.clone();
        let confirmed = Confirmed {
            manifest,
            owner,
            expires_ms: self.ends_ms(self.settings().app.manifest.code),
            used: false,
        };
        self.state().apps.manifests.insert(code.clone(), confirmed);
        let Some(mut address) = redirect else {
            let told = format!("<p>The code of this App is <code>{code}</code>.</p>");
            return Ok(page(200, "GitHub App created", &told).with_effect());
        };
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(&format!("code={code}"));
        if !state.is_empty() {
            address.push_str(&format!("&state={}", url_encoded(&state)));
        }
        Ok(Reply::empty(302)
            .with_header("location", address)
            .with_effect())
    }

    fn convert_manifest(&self, ask: &Ask<'_>) -> Answer {
        let (now_ms, settings) = (self.env().clock.elapsed_ms(), self.settings());
        let mut guard = self.state();
        let state = &mut *guard;
        let single_use = settings.app.manifest.single_use;
        let good =
            |found: &&mut Confirmed| found.expires_ms > now_ms && !(found.used && single_use);
        let Some(found) = state.apps.manifests.get_mut(ask.text("code")).filter(good) else {
            return Err(Refusal::NotFound);
        };
        found.used = true;
        let manifest = &found.manifest;
        state.apps.profile = AppProfile {
            name: manifest.name.clone(),
            slug: slug(&manifest.name),
            description: manifest.description.clone(),
            external_url: manifest.url.clone(),
            owner: found.owner.clone(),
            permissions: manifest.permissions(),
            events: manifest.default_events.clone(),
            hook_url: manifest
                .hook_attributes
                .as_ref()
                .filter(|hook| hook.active)
                .map(|hook| hook.url.clone()),
            created_at: self.now(),
        };
        // The client secret follows from the code, so that a code that works twice tells the same twice.
        let secrets = Secrets {
            client: drawn(self.env(), ask.text("code"), "client-secret", HEX, 40),
            webhook: String::from_utf8_lossy(&settings.webhook_secret).into_owned(),
            pem: LAB_APP_PRIVATE_KEY_PEM.to_owned(),
        };
        Ok(Reply::text(201, app_object(state, settings, Some(&secrets))).with_effect())
    }

    /// The account the App is to belong to: the path's organisation, or the person at the browser.
    fn account_in(&self, ask: &Ask<'_>) -> Option<String> {
        match ask.text("org") {
            "" => Some("octocat".to_owned()),
            org => self
                .state()
                .accounts
                .organizations
                .get(&org.to_lowercase())
                .filter(|found| !found.is_user)
                .map(|found| found.login.clone()),
        }
    }
}

/// A field of the form that was sent.
fn field(ask: &Ask<'_>, name: &str) -> String {
    let form = String::from_utf8_lossy(&ask.request.body);
    let found = query_pairs(&form).find(|(key, _)| key == name);
    found.map(|(_, value)| value).unwrap_or_default()
}

/// A text as it can stand in a query.
fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Reads the manifest of the form.
fn parse(text: &str) -> Result<Manifest, ManifestFault> {
    let manifest: Manifest = read(text.as_bytes()).map_err(|unfit| match unfit {
        Unfit::NoJson => ManifestFault::NoJson,
        Unfit::NoObject => ManifestFault::NoObject,
        Unfit::Field(why) => ManifestFault::Schema(why),
    })?;
    manifest.check()?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(manifest: &serde_json::Value) -> String {
        parse(&manifest.to_string()).unwrap_err().to_string()
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
            parse(&json!({"url": "https://x.test", "callback_urls": &callbacks[..10]}).to_string())
                .is_ok()
        );
        assert!(
            refusal(&json!({"url": "https://x.test", "default_permissions": {"checks": "much"}}))
                .contains("much")
        );
        assert_eq!(parse("not json").unwrap_err(), ManifestFault::NoJson);
    }
}
