//! Who calls, and whether the call is let in: first the count of calls, then the token, then its permission.

use std::sync::Arc;

use http::{HeaderName, header};

use super::route::{Access, Route};
use crate::{
    calls::Incoming,
    hf::{
        accounts::rate_limits::{Bucket, Payer, Quota},
        handle::HfJobs,
        objects::refusal::Refusal,
    },
    history::{CredentialKind, CredentialState, CredentialUse},
    settings::{HfPermission, HfToken},
};

const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Who made a call, and what became of it before anything was answered.
pub(in crate::hf) struct Caller {
    /// The token, if it is good.
    pub(in crate::hf) token: Option<Arc<HfToken>>,
    pub(in crate::hf) refusal: Option<Refusal>,
    /// The name that the caller gave this call.
    pub(in crate::hf) request_id: Option<String>,
    pub(in crate::hf) quota: Option<Quota>,
}

impl HfJobs {
    /// Looks at a call to a route, and counts it.
    pub(in crate::hf) fn admit(
        &self,
        route: Option<&Route>,
        namespace: &str,
        request: &Incoming,
    ) -> (Caller, Option<CredentialUse>) {
        let text = request
            .authorization()
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token);
        let (token, state) = self.token(text.unwrap_or_default());
        let credential = text.map(|_| CredentialUse {
            kind: CredentialKind::HfToken,
            state,
        });
        let quota = self.charge(route, token.as_deref());
        let refusal = self
            .too_many(quota.as_ref())
            .or_else(|| self.too_large(request))
            .or_else(|| not_allowed(route?, token.as_deref(), namespace));
        let caller = Caller {
            token,
            refusal,
            request_id: request.header(TRACE_ID).map(str::to_owned),
            quota,
        };
        (caller, credential)
    }

    fn token(&self, text: &str) -> (Option<Arc<HfToken>>, CredentialState) {
        let Some(token) = self.inner.accounts.find(text) else {
            return (None, CredentialState::Unknown);
        };
        let now = self.env().clock.elapsed();
        if token.expires_after.is_some_and(|after| after <= now) {
            return (None, CredentialState::Expired);
        }
        (Some(token.clone()), CredentialState::Fresh)
    }

    fn charge(&self, route: Option<&Route>, token: Option<&HfToken>) -> Option<Quota> {
        let limits = &self.settings().limits;
        if !limits.enforced {
            return None;
        }
        let now_ms = self.env().clock.elapsed_ms();
        let payer = token.map_or(Payer::Anonymous, |token| Payer::Token(token.token.clone()));
        let count = |bucket, limit| {
            let payer = payer.clone();
            let counts = &self.inner.rate_limits;
            counts.charge(payer, bucket, limit, limits.window, now_ms)
        };
        let limit = token.map_or(limits.anonymous, |token| token.plan.calls());
        let all = count(Bucket::Api, limit);
        let is_whoami = route.is_some_and(|route| route.name == "hf.whoami");
        let stricter = limits.whoami.filter(|_| is_whoami);
        let stricter = stricter.map(|limit| count(Bucket::Whoami, limit));
        Some(stricter.filter(|_| !all.is_exceeded).unwrap_or(all))
    }

    fn too_many(&self, quota: Option<&Quota>) -> Option<Refusal> {
        let quota = quota.filter(|quota| quota.is_exceeded)?;
        let seconds = quota.seconds_left(self.env().clock.elapsed_ms());
        Some(Refusal::TooManyRequests {
            retry_after_s: seconds,
        })
    }

    fn too_large(&self, request: &Incoming) -> Option<Refusal> {
        let announced = request
            .header(header::CONTENT_LENGTH)
            .and_then(|length| length.parse().ok())
            .unwrap_or_default();
        let length = request.body.len().max(announced);
        (length > self.settings().limits.body_bytes_max).then_some(Refusal::TooLarge)
    }
}

/// The refusal of a token that may not call this route.
fn not_allowed(route: &Route, token: Option<&HfToken>, namespace: &str) -> Option<Refusal> {
    let permission = match &route.access {
        Access::Public(_) => return None,
        Access::User(_) => None,
        Access::Namespace(permission, _) => Some(*permission),
    };
    match token {
        None => Some(Refusal::BadCredentials),
        Some(token) => permission
            .filter(|permission| !token.may(*permission, namespace))
            .map(|permission| no_permission(permission, namespace)),
    }
}

/// The refusal of a token that may not do this in a namespace, or of a namespace that is not there.
pub(in crate::hf) fn no_permission(permission: HfPermission, namespace: &str) -> Refusal {
    Refusal::NoPermission {
        namespace: namespace.to_owned(),
        permission: permission.name(),
    }
}
