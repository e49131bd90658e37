//! What a call to GitHub says it is about: by its path, its query and its body, whether that is so or not.

use http::Method;
use serde::Deserialize;

use super::{endpoint::Endpoint, pages::query_value, route::Route, routes::GithubApi};
use crate::{
    calls::{About, Incoming, Surface},
    history::Caller,
    ids::{JobId, RunId, RunnerId},
};

/// A runner that a body describes.
#[derive(Default, Deserialize)]
struct RunnerBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
}

/// The repositories that a body restricts a token to.
#[derive(Default, Deserialize)]
struct TokenBody {
    #[serde(default)]
    repositories: Option<Vec<String>>,
    #[serde(default)]
    repository_ids: Option<Vec<u64>>,
}

impl TokenBody {
    fn repositories(self) -> Vec<String> {
        let ids = self.repository_ids.unwrap_or_default().into_iter();
        let ids = ids.map(|id| id.to_string());
        let names = self.repositories.unwrap_or_default().into_iter();
        names.chain(ids).collect()
    }
}

/// A body that cannot be read says nothing; the call itself will be refused for it.
fn body<T: Default + for<'de> Deserialize<'de>>(request: &Incoming) -> T {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

impl GithubApi {
    pub(in crate::github) fn call_about(&self, endpoint: &Endpoint, request: &Incoming) -> About {
        let (params, github) = (endpoint.params(), &self.0);
        let name = endpoint
            .route()
            .map_or("github.unknown", |route| route.name);
        let organization = params.text("org");
        let run = params.number("run_id").map(RunId);
        let mut about = About {
            name,
            by: match endpoint.route().map(Route::surface) {
                Some(Surface::Runner) => Caller::Runner,
                Some(Surface::Api | Surface::Web) | None => Caller::Dispatcher,
            },
            repo: endpoint.repo(),
            organization: (!organization.is_empty()).then(|| organization.to_owned()),
            job: params.number("job_id").map(JobId).map(|job| {
                let name = github.named(job).map(|(_, name)| name);
                (job, name)
            }),
            run,
            job_names: run.map_or_else(Vec::new, |run| github.job_names_of(run)),
            runner: params.number("runner_id").map(RunnerId),
            installation: params.number("installation_id"),
            ..About::default()
        };
        match name {
            "github.jit-config" => {
                let wanted: RunnerBody = body(request);
                about.runner_name = wanted.name;
                about.labels = wanted.labels;
            }
            "github.create-token" => {
                let wanted: TokenBody = body(request);
                about.repositories = wanted.repositories();
            }
            "github.list-runners" if request.method == Method::GET => {
                about.runner_name = query_value(request, "name");
            }
            _ => {}
        }
        about
    }
}
