//! The table of all routes, and the fake GitHub as the layer around its calls sees it.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use http::{HeaderName, Method, Request, header};
use tower::{ServiceExt as _, service_fn};

use super::{
    admission::Admission,
    apps, check_runs, deliveries, deployments,
    endpoint::Endpoint,
    group_runners, hooks, installations, logs, lookups, manifest, rate_limit, releases,
    route::{Access, Ask, Permission, Route},
    run_changes, runner_groups, runner_labels, runner_protocol, runners, runs, workflows,
};
use crate::{
    calls::{
        About, Api, CallContext, Headers, Incoming, Reply, RouteInfo, Shown, Table, runner_words,
    },
    github::{
        handle::Github,
        lifecycle::runners::sessions::{beside, is_of_session},
        objects::refusal::{Answer, Refusal},
        state::accounts::owner::Owner,
    },
    history::CredentialUse,
    http_service::Answering,
    ids::CallId,
    json_text::{push_hex, push_http_date},
};

/// The routes, by the file that answers them.
const TABLES: [&[Route]; 19] = [
    apps::ROUTES,
    check_runs::ROUTES,
    deliveries::ROUTES,
    hooks::ROUTES,
    installations::ROUTES,
    lookups::ROUTES,
    manifest::ROUTES,
    rate_limit::ROUTES,
    releases::ROUTES,
    deployments::ROUTES,
    logs::ROUTES,
    run_changes::ROUTES,
    group_runners::ROUTES,
    runner_groups::ROUTES,
    runner_labels::ROUTES,
    runner_protocol::ROUTES,
    runners::ROUTES,
    runs::ROUTES,
    workflows::ROUTES,
];

/// Everything the fake GitHub's API answers.
pub fn routes() -> impl Iterator<Item = RouteInfo> {
    all().map(|route| route.info(route.surface()))
}

fn all() -> impl Iterator<Item = &'static Route> {
    TABLES.into_iter().flatten()
}

static TABLE: LazyLock<Table<Access>> = LazyLock::new(|| Table::of(all()));

/// Recognises a path; `/api/v3` in front makes no difference, a slash at the end does. What answers
/// `GET` answers `HEAD` too.
fn recognise(method: &Method, path: &str) -> Endpoint {
    let path = path.strip_prefix("/api/v3").unwrap_or(path);
    let (route, params) = TABLE.find(method, path);
    Endpoint { route, params }
}

/// The fake GitHub as the call layer sees it.
#[derive(Clone)]
pub(in crate::github) struct GithubApi(pub(in crate::github) Github);

impl Api for GithubApi {
    type Endpoint = Endpoint;
    type Auth = Admission;

    fn recognise(&self, method: &Method, path: &str) -> Endpoint {
        match self.0.path_by_name(path) {
            Some(path) => recognise(method, &path),
            None => recognise(method, path),
        }
    }

    fn about(&self, endpoint: &Endpoint, request: &Incoming) -> About {
        self.call_about(endpoint, request)
    }

    fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Admission, Option<CredentialUse>) {
        self.0.admit(endpoint, request)
    }

    fn answer(
        &self,
        endpoint: &Endpoint,
        admission: &Admission,
        request: &Incoming,
        call: CallContext,
    ) -> Reply {
        let answer = self.0.charged_answer(endpoint, admission, request, call);
        answer.unwrap_or_else(Reply::from)
    }

    fn truth(
        &self,
        endpoint: &Endpoint,
        admission: &Admission,
        request: &Incoming,
        call: CallContext,
    ) -> Option<Reply> {
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return None;
        }
        let ask = Ask {
            request,
            call: CallContext {
                as_of_ms: None,
                ..call
            },
            caller: admission.caller.as_ref().ok()?,
            version: admission.version,
            params: &endpoint.params,
        };
        let repo = endpoint.repo();
        self.0
            .answer(endpoint.access()?, repo.as_deref(), &ask)
            .ok()
    }

    fn stands(&self, entity: &Shown) -> Option<String> {
        let state = self.0.state();
        match entity {
            Shown::Runner(id) => {
                let runner = state.runners.get(id)?;
                Some(runner_words(runner.is_online(), runner.is_busy()))
            }
            Shown::Job(id) => Some(state.runs.jobs.get(id)?.status.as_str().to_owned()),
            Shown::HfJob(_) => None,
        }
    }

    fn common_headers(&self, call: CallId, admission: &Admission, headers: &mut Headers) {
        let now = self.0.now();
        headers.set(header::DATE, |text| push_http_date(text, now));
        headers.set_static(header::SERVER, "github.com");
        headers.set(REQUEST_ID, |text| {
            push_hex(text, call.0 % 0x1_0000, 4);
            text.push(':');
            push_hex(text, call.0, 6);
            text.push_str(":LAB");
        });
        headers.set_static(MEDIA_TYPE, "github.v3; format=json");
        self.0.admission_headers(admission, headers);
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-github-request-id");
const MEDIA_TYPE: HeaderName = HeaderName::from_static("x-github-media-type");

impl Github {
    /// Takes the call's price from its caller's limits, and answers.
    fn charged_answer(
        &self,
        endpoint: &Endpoint,
        admission: &Admission,
        request: &Incoming,
        call: CallContext,
    ) -> Answer {
        let access = endpoint.access();
        let caller = match (&admission.caller, access) {
            (Ok(caller), _) => caller,
            (Err(_), None) => return Err(Refusal::NotFound),
            (Err(refusal), Some(_)) => return Err(refusal.clone()),
        };
        let repo = endpoint.repo();
        let owner = repo.as_deref().unwrap_or(endpoint.params.text("org"));
        let Admission { version, price, .. } = admission;
        self.charge(admission.account, price, owner)?;
        let ask = Ask {
            request,
            call,
            caller,
            version: *version,
            params: &endpoint.params,
        };
        let reply = self.answer(access.ok_or(Refusal::NotFound)?, repo.as_deref(), &ask)?;
        if price.registers && reply.status == 201 {
            self.count_registration(owner);
        }
        Ok(version.shape(reply))
    }

    /// Lets the caller in where its credential reaches, and answers.
    fn answer(&self, access: &'static Access, repo: Option<&str>, ask: &Ask<'_>) -> Answer {
        if let Some(elsewhere) = repo.and_then(|repo| self.redirect(repo, ask)) {
            return Ok(elsewhere);
        }
        let repository = |permission: Permission| {
            let token = ask.caller.installation_token().ok_or(Refusal::NotFound)?;
            self.state()
                .repository(token, repo.unwrap_or_default(), permission)
        };
        let organization = |permission: Permission| {
            let token = ask.caller.installation_token().ok_or(Refusal::NotFound)?;
            self.state()
                .organization(token, ask.text("org"), permission)
        };
        match access {
            Access::Public(answer) | Access::App(answer) | Access::Runner(answer) => {
                answer(self, ask)
            }
            Access::Installation(answer) => {
                let token = ask.caller.installation_token().ok_or(Refusal::NotFound)?;
                answer(self, token, ask)
            }
            Access::Repository(permission, answer) => answer(self, &repository(*permission)?, ask),
            Access::Organization(permission, answer) => {
                answer(self, &organization(*permission)?, ask)
            }
            Access::Owner(permission, answer) => {
                let owner = match repo {
                    Some(_) => Owner::Repository(repository(*permission)?),
                    None => Owner::Organization(organization(*permission)?),
                };
                answer(self, &owner, ask)
            }
        }
    }
}

impl Github {
    pub(crate) fn router(&self) -> axum::Router {
        let calls = self.inner.calls.router(&GithubApi(self.clone()));
        beside(calls, self.clone())
    }

    /// The same without what a router costs for each call.
    pub(crate) fn service(&self) -> Answering {
        let shared = Arc::new((GithubApi(self.clone()), self.router()));
        Answering::new(service_fn(move |request: Request<Body>| {
            let shared = Arc::clone(&shared);
            async move {
                let (api, router) = &*shared;
                if is_of_session(request.uri().path()) {
                    return router.clone().oneshot(request).await;
                }
                Ok(api.0.inner.calls.respond(api, request).await)
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    use crate::calls::Surface;
    fn name(method: &Method, path: &str) -> Option<&'static str> {
        recognise(method, path).route.map(|route| route.name)
    }

    #[test]
    fn a_slash_at_the_end_or_another_method_makes_a_path_unknown() {
        assert_eq!(name(&Method::GET, "/app"), Some("github.app"));
        assert_eq!(name(&Method::GET, "/app/"), None);
        assert_eq!(name(&Method::POST, "/app"), None);
    }

    #[test]
    fn the_enterprise_prefix_makes_no_difference() {
        for path in [
            "/repos/octo/app/actions/runners/7",
            "/api/v3/repos/octo/app/actions/runners/7",
        ] {
            assert_eq!(name(&Method::GET, path), Some("github.get-runner"));
        }
    }

    #[test]
    fn every_method_and_path_is_there_once() {
        let mut seen = BTreeSet::new();
        for route in routes() {
            let key = format!("{} {}", route.method, route.path);
            assert!(seen.insert(key.clone()), "{key} is there twice");
            let side = match route.surface {
                Surface::Runner => "runner.",
                Surface::Api | Surface::Web => "github.",
            };
            assert!(route.name.starts_with(side), "{}", route.name);
        }
    }
}
