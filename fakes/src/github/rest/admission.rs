//! What is known of a call once its headers were looked at: who calls, in which version, at what price.

use http::HeaderName;

use super::{endpoint::Endpoint, versions::ApiVersion};
use crate::{
    calls::{Headers, Incoming},
    github::{
        handle::Github,
        limits::charging::OpenRequest,
        objects::refusal::Refusal,
        state::{
            apps::caller::Caller,
            usage::{
                account::{Account, Resource},
                price::Price,
            },
        },
    },
    history::CredentialUse,
};

/// A call that has arrived. It is kept until the call ends, and is one of the concurrent calls so long.
pub(in crate::github) struct Admission {
    /// Who calls, or GitHub's refusal.
    pub(in crate::github) caller: Result<Caller, Refusal>,
    pub(in crate::github) version: ApiVersion,
    /// Whose limits it counts against, if it is counted.
    pub(in crate::github) account: Account,
    pub(in crate::github) price: Price,
    _open: OpenRequest,
}

impl Github {
    /// Looks at the headers of a request.
    pub(in crate::github) fn admit(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Admission, Option<CredentialUse>) {
        let (caller, credential) = self.authenticate(endpoint, request);
        let (caller, version) = match ApiVersion::of(request) {
            Ok(version) => (caller, version),
            Err(refusal) => (Err(refusal), ApiVersion::default()),
        };
        let account = self.state().apps.account_of(caller.as_ref());
        let route = endpoint.route().map(|route| route.info(route.surface()));
        let price = Price::of(route.as_ref(), &request.method, &self.settings().limits);
        let admission = Admission {
            caller,
            version,
            account,
            price,
            _open: OpenRequest::new(&self.inner.limits, account),
        };
        (admission, credential)
    }

    /// Writes what GitHub says about limits and versions on every answer of its API.
    pub(in crate::github) fn admission_headers(
        &self,
        admission: &Admission,
        headers: &mut Headers,
    ) {
        let Admission {
            account,
            price,
            version,
            ..
        } = admission;
        if !price.is_of_the_api {
            return;
        }
        // A free call shows the limit that all others count against.
        let resource = price.resource.unwrap_or(Resource::Core);
        self.limit_headers(*account, resource, headers);
        headers.set_static(VERSION_SELECTED, version.as_str());
    }
}

const VERSION_SELECTED: HeaderName = HeaderName::from_static("x-github-api-version-selected");
