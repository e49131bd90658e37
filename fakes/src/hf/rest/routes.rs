//! The table of all routes, and the fake HF as the layer around its calls sees it.

use std::sync::LazyLock;

use http::{HeaderName, Method, header};

use super::{
    account,
    admission::Caller,
    endpoint::Endpoint,
    hardware, job_changes, job_streams, jobs,
    route::{Access, Ask, Route},
    schedules, usage,
};
use crate::{
    calls::{About, Api, CallContext, Headers, Incoming, Reply, RouteInfo, Shown, Surface, Table},
    hf::{
        handle::HfJobs,
        objects::refusal::{Answer, Refusal},
    },
    history::CredentialUse,
    http_service::Answering,
    ids::CallId,
    json_text::{push_http_date, push_lower_hex},
};

/// The routes, by the file that answers them. Of two that match a path the first one answers.
const TABLES: [&[Route]; 7] = [
    account::ROUTES,
    hardware::ROUTES,
    jobs::ROUTES,
    job_changes::ROUTES,
    job_streams::ROUTES,
    schedules::ROUTES,
    usage::ROUTES,
];

/// Everything the fake HF's API answers.
pub fn routes() -> impl Iterator<Item = RouteInfo> {
    all().map(|route| route.info(Surface::Api))
}

fn all() -> impl Iterator<Item = &'static Route> {
    TABLES.into_iter().flatten()
}

static TABLE: LazyLock<Table<Access>> = LazyLock::new(|| Table::of(all()));

/// What answers `GET` answers `HEAD` too.
fn recognise(method: &Method, path: &str) -> Endpoint {
    let (route, params) = TABLE.find(method, path);
    Endpoint::new(route, params)
}

/// The fake HF as the call layer sees it.
#[derive(Clone)]
pub(in crate::hf) struct HfApi(pub(in crate::hf) HfJobs);

impl Api for HfApi {
    type Endpoint = Endpoint;
    type Auth = Caller;

    fn recognise(&self, method: &Method, path: &str) -> Endpoint {
        recognise(method, path)
    }

    fn about(&self, endpoint: &Endpoint, request: &Incoming) -> About {
        self.call_about(endpoint, request)
    }

    fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Caller, Option<CredentialUse>) {
        let namespace = endpoint.params().text("namespace");
        self.0.admit(endpoint.route(), namespace, request)
    }

    fn answer(
        &self,
        endpoint: &Endpoint,
        caller: &Caller,
        request: &Incoming,
        call: CallContext,
    ) -> Reply {
        let answer = self.0.answer(endpoint, caller, request, call);
        answer.unwrap_or_else(Reply::from)
    }

    fn truth(
        &self,
        endpoint: &Endpoint,
        caller: &Caller,
        request: &Incoming,
        call: CallContext,
    ) -> Option<Reply> {
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return None;
        }
        let now = CallContext {
            as_of_ms: None,
            ..call
        };
        Some(self.answer(endpoint, caller, request, now))
    }

    fn stands(&self, entity: &Shown) -> Option<String> {
        let Shown::HfJob(id) = entity else {
            return None;
        };
        let state = self.0.state();
        let job = state.get(id).filter(|job| !job.forgotten)?;
        Some(job.status.stage.as_str().to_owned())
    }

    fn common_headers(&self, call: CallId, caller: &Caller, headers: &mut Headers) {
        let clock = self.0.env().clock;
        headers.set(header::DATE, |text| push_http_date(text, clock.now()));
        // Clients send the name under which they want to find the call again.
        headers.set(REQUEST_ID, |text| match &caller.request_id {
            Some(given) => text.push_str(given),
            None => {
                text.push_str("Root=1-");
                push_lower_hex(text, call.0, 8);
                text.push_str("-lab");
            }
        });
        if let Some(quota) = &caller.quota {
            quota.headers(clock.elapsed_ms(), headers);
        }
        if let Some(warning) = &self.0.settings().warning {
            headers.set(WARNING, |text| text.push_str(warning));
        }
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const WARNING: HeaderName = HeaderName::from_static("x-hf-warning");

impl HfJobs {
    fn answer(
        &self,
        endpoint: &Endpoint,
        caller: &Caller,
        request: &Incoming,
        call: CallContext,
    ) -> Answer {
        if let Some(refusal) = &caller.refusal {
            return Err(refusal.clone());
        }
        let route = endpoint.route().ok_or(Refusal::NoPage)?;
        let ask = Ask {
            request,
            call,
            endpoint,
            caller,
        };
        match route.access {
            Access::Public(answer) | Access::User(answer) | Access::Namespace(_, answer) => {
                answer(self, &ask)
            }
        }
    }

    /// The API.
    pub(crate) fn router(&self) -> axum::Router {
        self.inner.calls.router(&HfApi(self.clone()))
    }

    /// The same without what a router costs for each call.
    pub(crate) fn service(&self) -> Answering {
        self.inner.calls.service(&HfApi(self.clone()))
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
        let endpoint = recognise(&Method::GET, "/api/jobs/hardware");
        assert_eq!(endpoint.name(), "hf.hardware");
    }
}
