//! The table of all routes, and the fake HF as the layer around its calls sees it.

use http::Method;

use super::{
    HfJobs, api_account, api_hardware, api_job_streams, api_jobs, api_usage,
    reply::error,
    route::{Access, Ask, Route},
};
use crate::{
    calls::{About, Api, CallContext, Incoming, Reply, RouteInfo},
    history::{CredentialKind, CredentialState, CredentialUse},
    ids::CallId,
    json_text::http_date,
    path_template::{Params, depth},
};

/// The routes, by the file that answers them. Of two that match a path the first one answers.
const TABLES: [&[Route]; 5] = [
    api_account::ROUTES,
    api_hardware::ROUTES,
    api_jobs::ROUTES,
    api_job_streams::ROUTES,
    api_usage::ROUTES,
];

/// Everything the fake HF's API answers.
pub fn routes() -> impl Iterator<Item = RouteInfo> {
    all().map(Route::info)
}

fn all() -> impl Iterator<Item = &'static Route> {
    TABLES.into_iter().flatten()
}

/// The route a request was found to ask for, with the parameters of its path.
pub(super) struct Endpoint {
    route: Option<&'static Route>,
    params: Params,
}

impl Endpoint {
    /// What answers `GET` answers `HEAD` too.
    fn recognise(method: &Method, path: &str) -> Self {
        let depth = depth(path);
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let found = all()
            .filter(|route| route.method == *method)
            .find_map(|route| Some((route, route.matches(path, depth)?)));
        match found {
            Some((route, params)) => Self {
                route: Some(route),
                params,
            },
            None => Self {
                route: None,
                params: Params::default(),
            },
        }
    }
}

/// The fake HF as the call layer sees it.
#[derive(Clone)]
pub(super) struct HfApi(pub(super) HfJobs);

impl Api for HfApi {
    type Endpoint = Endpoint;
    /// The refusal of a caller that is not let in.
    type Auth = Option<Reply>;

    fn recognise(&self, method: &Method, path: &str) -> Endpoint {
        Endpoint::recognise(method, path)
    }

    fn about(&self, endpoint: &Endpoint) -> About {
        About {
            name: endpoint.route.map_or("hf.unknown", |route| route.name),
            ..About::default()
        }
    }

    fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Option<Reply>, Option<CredentialUse>) {
        let text = request
            .authorization()
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let good = text.is_some_and(|(_, token)| token == self.0.settings().token);
        let state = if good {
            CredentialState::Fresh
        } else {
            CredentialState::Unknown
        };
        let credential = text.map(|_| CredentialUse {
            kind: CredentialKind::HfToken,
            state,
        });
        let permission = match endpoint.route.map(|route| &route.access) {
            None | Some(Access::Public(_)) => return (None, credential),
            Some(Access::User(_)) => None,
            Some(Access::Namespace(permission, _)) => Some(*permission),
        };
        if !good {
            let refusal = error(401, "Invalid credentials in Authorization header");
            return (Some(refusal), credential);
        }
        let namespace = endpoint.params.text("namespace");
        let refusal = permission.filter(|_| !self.0.may_use(namespace)).map(|permission| {
            let permission = permission.name();
            error(
                403,
                &format!("You don't have the required permissions to complete this action on namespace {namespace}, missing permissions: {permission}"),
            )
        });
        (refusal, credential)
    }

    fn answer(
        &self,
        endpoint: Endpoint,
        refusal: &Option<Reply>,
        request: &Incoming,
        call: CallContext,
    ) -> Reply {
        if let Some(refusal) = refusal {
            return refusal.clone();
        }
        let Some(route) = endpoint.route else {
            return error(404, "Sorry, we can't find the page you are looking for.");
        };
        let ask = Ask {
            request,
            call,
            params: &endpoint.params,
        };
        match route.access {
            Access::Public(answer) | Access::User(answer) | Access::Namespace(_, answer) => {
                answer(&self.0, &ask)
            }
        }
    }

    fn common_headers(
        &self,
        call: CallId,
        _refusal: &Option<Reply>,
    ) -> Vec<(&'static str, String)> {
        vec![
            ("date", http_date(self.0.env().clock.now())),
            ("x-request-id", format!("Root=1-{:08x}-lab", call.0)),
            ("ratelimit", "\"api\";r=990;t=300".to_owned()),
            (
                "ratelimit-policy",
                "\"fixed window\";\"api\";q=1000;w=300".to_owned(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_method_and_path_is_there_once() {
        let mut seen = BTreeSet::new();
        for route in routes() {
            let key = format!("{} {}", route.method, route.path);
            assert!(seen.insert(key.clone()), "{key} is there twice");
            assert!(route.name.starts_with("hf."), "{}", route.name);
        }
    }

    #[test]
    fn hardware_is_not_taken_for_a_namespace() {
        let endpoint = Endpoint::recognise(&Method::GET, "/api/jobs/hardware");
        assert_eq!(endpoint.route.map(|route| route.name), Some("hf.hardware"));
    }
}
