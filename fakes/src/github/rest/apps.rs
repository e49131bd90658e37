//! The App itself and its installations' tokens.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{
    auth::grants_text,
    route::{Access, Ask, Route},
};
use crate::{
    calls::{Incoming, Reply},
    drawn_text::{BASE_62, drawn},
    github::{
        handle::Github,
        objects::{
            app::{app_object, permissions_json},
            body::read,
            refusal::{Answer, Refusal},
        },
        state::{
            accounts::repository::Repository,
            apps::{installation::InstallationToken, profile::client_id},
        },
    },
    json_text::{push_display, seconds},
    settings::TokenFormat,
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get("/app", "github.app", Access::App(Github::app)),
    Route::post(
        "/app/installations/{installation_id}/access_tokens",
        "github.create-token",
        Access::App(Github::create_token),
    ),
];

/// How many repositories a request for a token may name.
const REPOSITORIES_MAX: usize = 500;
/// The base64url text of a signature by a 2048-bit key.
const SIGNATURE_CHARACTERS: usize = 342;

#[derive(Default, Deserialize)]
struct TokenRequest {
    repositories: Option<Vec<String>>,
    repository_ids: Option<Vec<u64>>,
    #[serde(default)]
    permissions: Option<BTreeMap<String, String>>,
}

impl Github {
    fn app(&self, _ask: &Ask<'_>) -> Answer {
        Ok(Reply::text(
            200,
            app_object(&self.state(), self.settings(), None),
        ))
    }

    fn create_token(&self, ask: &Ask<'_>) -> Answer {
        let (installation, request) = (ask.number("installation_id"), ask.request);
        let wanted: TokenRequest = if request.body.is_empty() {
            TokenRequest::default()
        } else {
            read(&request.body)?
        };
        let mut state = self.state();
        let permissions = granted(wanted.permissions.as_ref(), &state.apps.profile.permissions)?;
        let found = state
            .apps
            .installations
            .get(&installation)
            .ok_or(Refusal::NotFound)?;
        if found.suspended_at.is_some() {
            return Err(Refusal::Suspended);
        }
        let covered: Vec<Arc<Repository>> =
            state.accounts.repos_of(installation).cloned().collect();
        let repositories = restriction(&wanted, &covered)?;
        let entity = format!("github.create-token#{}", ask.call.ordinal);
        let life = self.settings().installation_token;
        let text = match self.token_format(request) {
            TokenFormat::Classic => {
                format!("ghs_{}", drawn(self.env(), &entity, "token", BASE_62, 36))
            }
            TokenFormat::Stateless => self.stateless_token(&entity, installation, life),
        };
        let token = InstallationToken {
            installation,
            usable_ms: self.ends_ms(self.settings().app.token_lag),
            expires_ms: self.ends_ms(life),
            revoked: false,
            repositories,
            permissions,
        };
        let body = token_json(&text, &seconds(self.now() + life), &token, &covered);
        state.apps.tokens.insert(text, token);
        Ok(Reply::text(201, body).with_effect())
    }

    /// The form this request's token has. Values of the header other than these two are ignored.
    fn token_format(&self, request: &Incoming) -> TokenFormat {
        match request.header("x-github-stateless-s2s-token") {
            Some("enabled") => TokenFormat::Stateless,
            Some("disabled") => TokenFormat::Classic,
            _ => self.settings().app.token_format,
        }
    }

    /// `ghs_APPID_JWT`. Nobody but GitHub can read more from it than its form, so its signature is drawn.
    fn stateless_token(&self, entity: &str, installation: u64, life: Duration) -> String {
        let app_id = self.settings().app_id;
        let (now, id) = (
            self.now(),
            drawn(self.env(), entity, "token-id", BASE_62, 16),
        );
        let header = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
        let claims = format!(
            "{{\"iss\":\"github\",\"sub\":\"{installation}\",\"client_id\":\"{}\",\"iat\":{},\"exp\":{},\"jti\":\"{id}\"}}",
            client_id(app_id),
            now.as_second(),
            (now + life).as_second(),
        );
        format!(
            "ghs_{app_id}_{}.{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims),
            drawn(self.env(), entity, "token", BASE_62, SIGNATURE_CHARACTERS),
        )
    }

    /// When something that lives so long from now ends, in milliseconds of the world.
    pub(in crate::github) fn ends_ms(&self, life: Duration) -> u64 {
        self.env()
            .clock
            .elapsed_ms()
            .saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The permissions a token gets: those asked for, or all the App has. More than that is refused.
fn granted(
    wanted: Option<&BTreeMap<String, String>>,
    all: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Refusal> {
    match wanted.filter(|wanted| !wanted.is_empty()) {
        None => Ok(all.clone()),
        Some(wanted)
            if wanted
                .iter()
                .all(|(name, level)| grants_text(all, name, level)) =>
        {
            Ok(wanted.clone())
        }
        Some(_) => Err(Refusal::PermissionsNotGranted),
    }
}

/// The repositories a token is restricted to; a repository outside the installation is refused, and so is
/// the old name of a renamed one. Empty lists restrict nothing.
fn restriction(
    wanted: &TokenRequest,
    covered: &[Arc<Repository>],
) -> Result<Option<BTreeSet<u64>>, Refusal> {
    let names = wanted.repositories.as_deref().unwrap_or_default();
    let ids = wanted.repository_ids.as_deref().unwrap_or_default();
    if names.is_empty() && ids.is_empty() {
        return Ok(None);
    }
    if names.len() + ids.len() > REPOSITORIES_MAX {
        return Err(Refusal::TooManyRepositories(REPOSITORIES_MAX));
    }
    let mut only = BTreeSet::new();
    for name in names {
        let named = |repo: &&Arc<Repository>| {
            repo.name
                .split_once('/')
                .is_some_and(|(_, short)| short.eq_ignore_ascii_case(name))
        };
        only.insert(
            covered
                .iter()
                .find(named)
                .ok_or(Refusal::RepositoryOutside)?
                .id,
        );
    }
    for id in ids {
        let found = covered.iter().find(|repo| repo.id == *id);
        only.insert(found.ok_or(Refusal::RepositoryOutside)?.id);
    }
    Ok(Some(only))
}

fn token_json(
    text: &str,
    expires_at: &str,
    token: &InstallationToken,
    covered: &[Arc<Repository>],
) -> String {
    let permissions = permissions_json(&token.permissions);
    let mut body = format!(
        "{{\"token\":\"{text}\",\"expires_at\":\"{expires_at}\",\"permissions\":{permissions},\
         \"repository_selection\":\"selected\""
    );
    if token.repositories.is_some() {
        let chosen = covered.iter().filter(|repo| token.covers(repo));
        let chosen: Vec<&str> = chosen.map(|repo| repo.plain.as_str()).collect();
        push_display(
            &mut body,
            format_args!(",\"repositories\":[{}]", chosen.join(",")),
        );
    }
    body.push('}');
    body
}
