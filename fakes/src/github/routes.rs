//! The table of all routes, and the fake GitHub as the layer around its calls sees it.

use http::Method;

use super::{
    Github, api_apps, api_deliveries, api_group_runners, api_runner_groups, api_runner_labels,
    api_runners, api_runs,
    auth::Caller,
    reply::not_found,
    route::{Access, Ask, Owner, Permission, Route, RouteInfo},
};
use crate::{
    calls::{About, Api, CallContext, Incoming, Reply},
    history::CredentialUse,
    ids::{CallId, JobId, RunId},
    json_text::http_date,
    path_template::{Params, matches},
};

/// The routes, by the file that answers them.
const TABLES: [&[Route]; 7] = [
    api_apps::ROUTES,
    api_deliveries::ROUTES,
    api_group_runners::ROUTES,
    api_runner_groups::ROUTES,
    api_runner_labels::ROUTES,
    api_runners::ROUTES,
    api_runs::ROUTES,
];

/// Everything the fake GitHub's API answers.
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
    /// Recognises a path; `/api/v3` in front makes no difference, a slash at the end does.
    fn recognise(method: &Method, path: &str) -> Self {
        let path = path.strip_prefix("/api/v3").unwrap_or(path);
        let found = all()
            .filter(|route| route.method == *method)
            .find_map(|route| Some((route, matches(route.path, path)?)));
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

    /// Who may call it; an unknown path asks for nothing.
    pub(super) fn access(&self) -> Option<&'static Access> {
        self.route.map(|route| &route.access)
    }

    /// The name of the repository in the path.
    fn repo(&self) -> Option<String> {
        let (owner, repo) = (self.params.text("owner"), self.params.text("repo"));
        (!repo.is_empty()).then(|| format!("{owner}/{repo}"))
    }
}

/// The fake GitHub as the call layer sees it.
#[derive(Clone)]
pub(super) struct GithubApi(pub(super) Github);

impl Api for GithubApi {
    type Endpoint = Endpoint;
    type Auth = Result<Caller, Reply>;

    fn recognise(&self, method: &Method, path: &str) -> Endpoint {
        Endpoint::recognise(method, path)
    }

    fn about(&self, endpoint: &Endpoint) -> About {
        let job = endpoint.params.number("job_id").map(JobId);
        let run = endpoint.params.number("run_id").map(RunId);
        About {
            name: endpoint.route.map_or("github.unknown", |route| route.name),
            repo: endpoint.repo(),
            job: job.and_then(|job| self.0.named(job)),
            job_names: run.map_or_else(Vec::new, |run| self.0.job_names_of(run)),
        }
    }

    fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Self::Auth, Option<CredentialUse>) {
        self.0.authenticate(endpoint, request)
    }

    fn answer(
        &self,
        endpoint: Endpoint,
        auth: Self::Auth,
        request: &Incoming,
        call: CallContext,
    ) -> Reply {
        let Some(access) = endpoint.access() else {
            return not_found();
        };
        let caller = match auth {
            Ok(caller) => caller,
            Err(refusal) => return refusal,
        };
        let ask = Ask {
            request,
            call,
            caller: &caller,
            params: &endpoint.params,
        };
        let answered = self.0.answer(access, endpoint.repo().as_deref(), &ask);
        answered.unwrap_or_else(|refusal| refusal)
    }

    fn common_headers(&self, call: CallId) -> Vec<(&'static str, String)> {
        let now = self.0.now();
        vec![
            ("date", http_date(now)),
            ("server", "github.com".to_owned()),
            (
                "x-github-request-id",
                format!("{:04X}:{:06X}:LAB", call.0 % 0x1_0000, call.0),
            ),
            ("x-github-media-type", "github.v3; format=json".to_owned()),
            ("x-ratelimit-limit", "5000".to_owned()),
            ("x-ratelimit-remaining", "4990".to_owned()),
            ("x-ratelimit-used", "10".to_owned()),
            ("x-ratelimit-reset", (now.as_second() + 3600).to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }
}

impl Github {
    /// Lets the caller in where its credential reaches, and answers. The error is GitHub's refusal.
    fn answer(
        &self,
        access: &'static Access,
        repo: Option<&str>,
        ask: &Ask<'_>,
    ) -> Result<Reply, Reply> {
        let repository = |permission: Permission| {
            let token = ask.caller.installation_token().ok_or_else(not_found)?;
            self.state()
                .repository(token, repo.unwrap_or_default(), permission)
        };
        let organization = |permission: Permission| {
            let token = ask.caller.installation_token().ok_or_else(not_found)?;
            self.state()
                .organization(token, ask.text("org"), permission)
        };
        Ok(match access {
            Access::Public(answer) | Access::App(answer) => answer(self, ask),
            Access::Installation(answer) => {
                let token = ask.caller.installation_token().ok_or_else(not_found)?;
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
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn name(method: &Method, path: &str) -> Option<&'static str> {
        Endpoint::recognise(method, path)
            .route
            .map(|route| route.name)
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
            assert!(route.name.starts_with("github."), "{}", route.name);
        }
    }
}
