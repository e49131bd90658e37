//! The table of all routes, and the fake HF as the layer around its calls sees it.

use http::Method;

use super::{
    HfJobs,
    admission::Caller,
    api_account, api_hardware, api_job_changes, api_job_streams, api_jobs, api_schedules,
    api_usage,
    reply::error,
    route::{Access, Ask, Route},
};
use crate::{
    calls::{About, Api, CallContext, Incoming, Reply, RouteInfo, Surface},
    history::CredentialUse,
    ids::CallId,
    json_text::http_date,
    path_template::Params,
};

/// The routes, by the file that answers them. Of two that match a path the first one answers.
const TABLES: [&[Route]; 7] = [
    api_account::ROUTES,
    api_hardware::ROUTES,
    api_jobs::ROUTES,
    api_job_changes::ROUTES,
    api_job_streams::ROUTES,
    api_schedules::ROUTES,
    api_usage::ROUTES,
];

/// Everything the fake HF's API answers.
pub fn routes() -> impl Iterator<Item = RouteInfo> {
    all().map(|route| route.info(Surface::Api))
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
        let (route, params) = Route::find(all(), method, path);
        Self { route, params }
    }
}

/// The fake HF as the call layer sees it.
#[derive(Clone)]
pub(super) struct HfApi(pub(super) HfJobs);

impl Api for HfApi {
    type Endpoint = Endpoint;
    type Auth = Caller;

    fn recognise(&self, method: &Method, path: &str) -> Endpoint {
        Endpoint::recognise(method, path)
    }

    fn about(&self, endpoint: &Endpoint, request: &Incoming) -> About {
        let name = endpoint.route.map_or("hf.unknown", |route| route.name);
        About {
            name,
            flavor: self.0.flavor_of_call(name, &endpoint.params, request),
            ..About::default()
        }
    }

    fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Caller, Option<CredentialUse>) {
        let namespace = endpoint.params.text("namespace");
        self.0.admit(endpoint.route, namespace, request)
    }

    fn answer(
        &self,
        endpoint: Endpoint,
        caller: &Caller,
        request: &Incoming,
        call: CallContext,
    ) -> Reply {
        if let Some(refusal) = &caller.refusal {
            return refusal.clone();
        }
        let Some(route) = endpoint.route else {
            return error(404, "Sorry, we can't find the page you are looking for.");
        };
        let ask = Ask {
            request,
            call,
            params: &endpoint.params,
            caller,
        };
        match route.access {
            Access::Public(answer) | Access::User(answer) | Access::Namespace(_, answer) => {
                answer(&self.0, &ask)
            }
        }
    }

    fn common_headers(&self, call: CallId, caller: &Caller) -> Vec<(&'static str, String)> {
        let clock = self.0.env().clock;
        // Clients send the name under which they want to find the call again.
        let request_id = caller.request_id.clone();
        let request_id = request_id.unwrap_or_else(|| format!("Root=1-{:08x}-lab", call.0));
        let mut headers = vec![
            ("date", http_date(clock.now())),
            ("x-request-id", request_id),
        ];
        if let Some(quota) = &caller.quota {
            headers.extend(quota.headers(clock.elapsed_ms()));
        }
        if let Some(warning) = &self.0.settings().warning {
            headers.push(("x-hf-warning", warning.clone()));
        }
        headers
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
