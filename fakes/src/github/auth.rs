//! Who may call what: the App's JWT, installation tokens, and GitHub's exact refusals.
//!
//! Everything is judged by GitHub's own clock.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::{
    Github,
    reply::{error, not_found},
    repository_text::Repository,
    routes::Endpoint,
    state::{InstallationToken, State},
};
use crate::{
    calls::{Incoming, Reply},
    history::{CredentialKind, CredentialState, CredentialUse},
};

/// The longest life of a JWT ahead of GitHub's clock.
const JWT_LIFE_S_MAX: f64 = 600.0;

const BAD_CREDENTIALS: &str = "Bad credentials";
const UNDECODABLE: &str = "A JSON web token could not be decoded";
const EXP_PAST: &str = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
const EXP_TOO_FAR: &str = "'Expiration time' claim ('exp') is too far in the future";
const IAT_AHEAD: &str = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
const NOT_ACCESSIBLE: &str = "Resource not accessible by integration";

/// The claims that matter, in whatever JSON type the client wrote them.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct JwtClaims {
    iat: Option<serde_json::Value>,
    exp: Option<serde_json::Value>,
    iss: Option<serde_json::Value>,
}

/// What an endpoint asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The App's JWT.
    App,
    /// Any installation token.
    Installation,
    /// An installation token that covers the repository and has this permission.
    Repository(&'static str, Level),
}

/// How much of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Read,
    Write,
}

impl Level {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" | "admin" => Some(Self::Write),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// The permissions the App was granted.
pub(super) fn app_permissions() -> BTreeMap<String, String> {
    [
        ("actions", "write"),
        ("administration", "write"),
        ("metadata", "read"),
    ]
    .map(|(name, level)| (name.to_owned(), level.to_owned()))
    .into()
}

/// Whether `granted` includes `wanted` of `name`.
pub(super) fn grants(granted: &BTreeMap<String, String>, name: &str, wanted: Level) -> bool {
    granted
        .get(name)
        .and_then(|level| Level::parse(level))
        .is_some_and(|level| level >= wanted)
}

/// The same for a level as the client wrote it.
pub(super) fn grants_text(granted: &BTreeMap<String, String>, name: &str, wanted: &str) -> bool {
    Level::parse(wanted).is_some_and(|wanted| grants(granted, name, wanted))
}

/// A caller that was let in, or the answer that keeps it out.
pub(super) enum Auth {
    App,
    Installation(String),
    Refused(Reply),
}

/// The public half of the lab's key.
pub(super) fn lab_app_public_key() -> DecodingKey {
    DecodingKey::from_rsa_pem(include_bytes!("lab-app.public-key.pem"))
        .expect("the shipped key is valid PEM")
}

impl Github {
    /// Looks at the credential of a request.
    pub(super) fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Auth, Option<CredentialUse>) {
        let (auth, credential) = match request.authorization() {
            None => (Auth::Refused(error(401, "Requires authentication")), None),
            Some((scheme, text)) if is_known(scheme) => self.judge(endpoint, text),
            Some(_) => (Auth::Refused(error(401, BAD_CREDENTIALS)), None),
        };
        if request.header("user-agent").is_none_or(str::is_empty) {
            let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
            return (Auth::Refused(error(403, message)), credential);
        }
        (auth, credential)
    }

    fn judge(&self, endpoint: &Endpoint, text: &str) -> (Auth, Option<CredentialUse>) {
        let wants_app = endpoint.need() == Some(Need::App);
        if text.starts_with("ghs_") || (!is_jwt(text) && !wants_app) {
            let (state, auth) = self.judge_installation_token(text, wants_app);
            return (
                auth,
                Some(CredentialUse {
                    kind: CredentialKind::InstallationToken,
                    state,
                }),
            );
        }
        let (state, auth) = if is_jwt(text) {
            self.judge_jwt(text)
        } else {
            (
                CredentialState::Unknown,
                Auth::Refused(error(401, BAD_CREDENTIALS)),
            )
        };
        let auth = match auth {
            Auth::App if !wants_app => Auth::Refused(error(403, NOT_ACCESSIBLE)),
            other => other,
        };
        (
            auth,
            Some(CredentialUse {
                kind: CredentialKind::AppJwt,
                state,
            }),
        )
    }

    fn judge_installation_token(&self, text: &str, wants_app: bool) -> (CredentialState, Auth) {
        let state = self.state();
        let credential = match state.installation_tokens.get(text) {
            None => CredentialState::Unknown,
            Some(token) if token.expires_ms <= self.env().clock.elapsed_ms() => {
                CredentialState::Expired
            }
            Some(_) => CredentialState::Fresh,
        };
        let auth = if credential == CredentialState::Fresh && !wants_app {
            Auth::Installation(text.to_owned())
        } else {
            Auth::Refused(error(401, BAD_CREDENTIALS))
        };
        (credential, auth)
    }

    fn judge_jwt(&self, text: &str) -> (CredentialState, Auth) {
        let claims = self.claims_of(text);
        let Some(claims) = claims else {
            return (
                CredentialState::Unknown,
                Auth::Refused(error(401, UNDECODABLE)),
            );
        };
        let now = self.now().as_millisecond() as f64 / 1000.0;
        let number =
            |claim: &Option<serde_json::Value>| claim.as_ref().and_then(serde_json::Value::as_f64);
        let refused = |state, message| (state, Auth::Refused(error(401, message)));
        match number(&claims.exp) {
            None => return refused(CredentialState::Unknown, EXP_PAST),
            Some(exp) if exp <= now => return refused(CredentialState::Expired, EXP_PAST),
            Some(exp) if exp > now + JWT_LIFE_S_MAX => {
                return refused(CredentialState::TooLong, EXP_TOO_FAR);
            }
            Some(_) => {}
        }
        match claims.iat.as_ref().and_then(serde_json::Value::as_i64) {
            None => return refused(CredentialState::Unknown, IAT_AHEAD),
            Some(iat) if iat as f64 > now => {
                return refused(CredentialState::NotYetValid, IAT_AHEAD);
            }
            Some(_) => {}
        }
        let issuer = claims
            .iss
            .map(|iss| iss.as_str().map_or_else(|| iss.to_string(), str::to_owned));
        if issuer != Some(self.settings().app_id.to_string()) {
            return (
                CredentialState::Unknown,
                Auth::Refused(error(404, "Integration not found")),
            );
        }
        (CredentialState::Fresh, Auth::App)
    }

    /// The claims of a JWT whose signature is right. Remembered by its text.
    fn claims_of(&self, text: &str) -> Option<JwtClaims> {
        if let Some(known) = self.state().jwts.get(text) {
            return known.clone();
        }
        let mut validation = Validation::new(Algorithm::RS256);
        // This crate's time checks read the real clock; ours are above.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<JwtClaims>(text, &self.inner.jwt_key, &validation)
            .ok()
            .map(|token| token.claims);
        self.state().jwts.insert(text.to_owned(), claims.clone());
        claims
    }
}

impl State {
    /// The repository, if this token covers it and has the permission; otherwise GitHub's refusal.
    pub(super) fn access(
        &self,
        token: &str,
        repo: &str,
        need: Option<Need>,
    ) -> Result<std::sync::Arc<Repository>, Reply> {
        let found = self.repo(repo).ok_or_else(not_found)?;
        let token = self.installation_tokens.get(token).ok_or_else(not_found)?;
        if !token.covers(found) {
            return Err(if found.private {
                not_found()
            } else {
                error(403, NOT_ACCESSIBLE)
            });
        }
        if let Some(Need::Repository(permission, level)) = need
            && !grants(&token.permissions, permission, level)
        {
            let wanted = format!("{permission}={}", level.as_str());
            return Err(
                error(403, NOT_ACCESSIBLE).with_header("x-accepted-github-permissions", wanted)
            );
        }
        Ok(found.clone())
    }
}

impl InstallationToken {
    pub(super) fn covers(&self, repo: &Repository) -> bool {
        repo.installation == Some(self.installation)
            && self
                .repositories
                .as_ref()
                .is_none_or(|only| only.contains(&repo.id))
    }
}

fn is_known(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
}

fn is_jwt(text: &str) -> bool {
    text.split('.').count() == 3
}
