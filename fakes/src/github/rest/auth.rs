//! Who may call what: the App's JWT, installation tokens, and GitHub's exact refusals.
//!
//! Everything is judged by GitHub's own clock.

use std::{collections::BTreeMap, sync::Arc};

use http::header;

use super::{
    endpoint::Endpoint,
    route::{Access, Level, Permission},
};
use crate::{
    calls::Incoming,
    github::{
        handle::Github,
        objects::refusal::Refusal,
        state::{
            accounts::{organization::Organization, repository::Repository},
            apps::{
                caller::Caller, installation::InstallationToken, jwt::claims_of, profile::client_id,
            },
            records::State,
        },
    },
    history::{CredentialKind, CredentialState, CredentialUse},
};

/// The longest life of a JWT ahead of GitHub's clock.
const JWT_LIFE_S_MAX: f64 = 600.0;

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

/// Whether `granted` includes `wanted` of `name`.
pub(in crate::github) fn grants(
    granted: &BTreeMap<String, String>,
    name: &str,
    wanted: Level,
) -> bool {
    granted
        .get(name)
        .and_then(|level| Level::parse(level))
        .is_some_and(|level| level >= wanted)
}

/// The same for a level as the client wrote it.
pub(in crate::github) fn grants_text(
    granted: &BTreeMap<String, String>,
    name: &str,
    wanted: &str,
) -> bool {
    Level::parse(wanted).is_some_and(|wanted| grants(granted, name, wanted))
}

/// Which kinds of credential a route takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Jwt,
    InstallationToken,
    Any,
}

impl Takes {
    fn of(access: Option<&Access>) -> Self {
        match access {
            Some(Access::App(_)) => Self::Jwt,
            Some(Access::Public(_) | Access::Runner(_)) => Self::Any,
            Some(
                Access::Installation(_)
                | Access::Repository(..)
                | Access::Organization(..)
                | Access::Owner(..),
            )
            | None => Self::InstallationToken,
        }
    }
}

impl Github {
    /// Looks at the credential of a request.
    pub(in crate::github) fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Result<Caller, Refusal>, Option<CredentialUse>) {
        if let Some(Access::Runner(_)) = endpoint.access() {
            return (Ok(Caller::Anonymous), self.credential_of_runner(request));
        }
        let takes = Takes::of(endpoint.access());
        let (caller, credential) = match request.authorization() {
            None if takes == Takes::Any => (Ok(Caller::Anonymous), None),
            None => (Err(Refusal::NoCredential), None),
            Some((scheme, text)) if is_known(scheme) => {
                let (caller, credential) = self.judge(takes, text);
                (caller, Some(credential))
            }
            Some(_) => (Err(Refusal::BadCredentials), None),
        };
        if request.header(header::USER_AGENT).is_none_or(str::is_empty) {
            return (Err(Refusal::NoUserAgent), credential);
        }
        (caller, credential)
    }

    fn judge(&self, takes: Takes, text: &str) -> (Result<Caller, Refusal>, CredentialUse) {
        let (kind, (state, caller)) =
            if text.starts_with("ghs_") || (!is_jwt(text) && takes != Takes::Jwt) {
                let kind = CredentialKind::InstallationToken;
                (kind, self.judge_installation_token(takes, text))
            } else {
                (CredentialKind::AppJwt, self.judge_app(takes, text))
            };
        (caller, CredentialUse { kind, state })
    }

    fn judge_app(&self, takes: Takes, text: &str) -> (CredentialState, Result<Caller, Refusal>) {
        if !is_jwt(text) {
            let refusal = Refusal::BadCredentials;
            return (CredentialState::Unknown, Err(refusal));
        }
        let (state, verdict) = self.judge_jwt(text);
        let caller = match verdict {
            Ok(()) if takes == Takes::InstallationToken => Err(Refusal::NotAccessible),
            Ok(()) => Ok(Caller::App),
            Err(refusal) => Err(refusal),
        };
        (state, caller)
    }

    fn judge_installation_token(
        &self,
        takes: Takes,
        text: &str,
    ) -> (CredentialState, Result<Caller, Refusal>) {
        let state = self.state();
        let credential = match state.apps.tokens.get(text) {
            None => CredentialState::Unknown,
            Some(token) => token.state(self.env().clock.elapsed_ms()),
        };
        let hears = || {
            let token = state.apps.tokens.get(text);
            state.apps.hears(token.map(|token| token.installation))
        };
        let caller = if credential != CredentialState::Fresh || takes == Takes::Jwt {
            Err(Refusal::BadCredentials)
        } else if hears() {
            Ok(Caller::Installation(text.to_owned()))
        } else {
            Err(Refusal::Suspended)
        };
        (credential, caller)
    }

    fn judge_jwt(&self, text: &str) -> (CredentialState, Result<(), Refusal>) {
        let Some(claims) = claims_of(text) else {
            return (CredentialState::Unknown, Err(Refusal::UndecodableJwt));
        };
        let now = self.now().as_millisecond() as f64 / 1000.0;
        let number =
            |claim: &Option<serde_json::Value>| claim.as_ref().and_then(serde_json::Value::as_f64);
        let refused = |state, refusal| (state, Err(refusal));
        match number(&claims.exp) {
            None => return refused(CredentialState::Unknown, Refusal::ExpiredJwt),
            Some(exp) if exp <= now => {
                return refused(CredentialState::Expired, Refusal::ExpiredJwt);
            }
            Some(exp) if exp > now + JWT_LIFE_S_MAX => {
                return refused(CredentialState::TooLong, Refusal::JwtTooLong);
            }
            Some(_) => {}
        }
        match claims.iat.as_ref().and_then(serde_json::Value::as_i64) {
            None => return refused(CredentialState::Unknown, Refusal::JwtFromTheFuture),
            Some(iat) if iat as f64 > now => {
                return refused(CredentialState::NotYetValid, Refusal::JwtFromTheFuture);
            }
            Some(_) => {}
        }
        let issuer = claims
            .iss
            .map(|iss| iss.as_str().map_or_else(|| iss.to_string(), str::to_owned));
        let app_id = self.settings().app_id;
        let is_ours = |iss: &String| *iss == app_id.to_string() || *iss == client_id(app_id);
        if !issuer.as_ref().is_some_and(is_ours) {
            return (CredentialState::Unknown, Err(Refusal::UnknownApp));
        }
        (CredentialState::Fresh, Ok(()))
    }
}

impl State {
    /// The repository, if this token covers it and has the permission; otherwise GitHub's refusal.
    pub(in crate::github) fn repository(
        &self,
        token: &str,
        repo: &str,
        permission: Permission,
    ) -> Result<Arc<Repository>, Refusal> {
        let found = self.accounts.repo(repo).ok_or(Refusal::NotFound)?;
        let token = self.apps.tokens.get(token).ok_or(Refusal::NotFound)?;
        if !token.covers(found) {
            return Err(if found.private {
                Refusal::NotFound
            } else {
                Refusal::NotAccessible
            });
        }
        token.must_have(permission)?;
        Ok(found.clone())
    }

    /// The organisation, if this token is of its installation and has the permission.
    pub(in crate::github) fn organization(
        &self,
        token: &str,
        login: &str,
        permission: Permission,
    ) -> Result<Arc<Organization>, Refusal> {
        let found = self
            .accounts
            .organizations
            .get(&login.to_lowercase())
            .filter(|found| !found.is_user)
            .ok_or(Refusal::NotFound)?;
        let token = self.apps.tokens.get(token).ok_or(Refusal::NotFound)?;
        let installation = self.apps.installations.get(&token.installation);
        if installation.is_none_or(|of| !of.owner.eq_ignore_ascii_case(&found.login)) {
            return Err(Refusal::NotAccessible);
        }
        token.must_have(permission)?;
        Ok(found.clone())
    }
}

impl InstallationToken {
    fn must_have(&self, permission: Permission) -> Result<(), Refusal> {
        let Permission { name, level } = permission;
        if grants(&self.permissions, name, level) {
            return Ok(());
        }
        let wanted = format!("{name}={}", level.as_str());
        Err(Refusal::NotPermitted(wanted))
    }
}

fn is_known(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
}

fn is_jwt(text: &str) -> bool {
    text.split('.').count() == 3
}
