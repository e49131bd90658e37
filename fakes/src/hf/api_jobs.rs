//! Creating, listing, inspecting and cancelling jobs.

use super::{
    HfJobs,
    labels::{is_label_key, is_label_value},
    life::Change,
    object::JobObject,
    reply::{error, no_such_job},
    route::{Access, Ask, Permission, Route},
    spec::JobSpec,
    state::HfJob,
};
use crate::{
    calls::Reply,
    github::query_pairs,
    history::{Stage, StageCause},
};

const READ: Permission = Permission::JobRead;
const WRITE: Permission = Permission::JobWrite;

pub(super) const ROUTES: &[Route] = &[
    Route::post(
        "/api/jobs/{namespace}",
        "hf.create",
        Access::Namespace(WRITE, HfJobs::create),
    ),
    Route::get(
        "/api/jobs/{namespace}",
        "hf.list",
        Access::Namespace(READ, HfJobs::list),
    ),
    Route::get(
        "/api/jobs/{namespace}/{jobId}",
        "hf.inspect",
        Access::Namespace(READ, HfJobs::inspect),
    ),
    Route::post(
        "/api/jobs/{namespace}/{jobId}/cancel",
        "hf.cancel",
        Access::Namespace(WRITE, HfJobs::cancel),
    ),
];

impl HfJobs {
    fn create(&self, ask: &Ask<'_>) -> Reply {
        let spec = match JobSpec::parse(&ask.request.body) {
            Ok(spec) => spec,
            Err(why) => return error(400, &why),
        };
        let mut state = self.state();
        let id = self.begin(&mut state, ask.namespace(), spec, ask.call);
        match state.get(&id) {
            Some(job) => Reply::json(200, &self.object(job)).with_effect(),
            None => error(500, "Internal Error"),
        }
    }

    /// Newest first; of several stages any must match, of several labels all.
    fn list(&self, ask: &Ask<'_>) -> Reply {
        let (namespace, request) = (ask.namespace(), ask.request);
        let filter = match Filter::parse(&request.query) {
            Ok(filter) => filter,
            Err(why) => return error(400, &why),
        };
        let state = self.state();
        let mut rest = state
            .jobs
            .iter()
            .rev()
            .filter(|job| {
                job.ordinal < filter.before && job.namespace == namespace && filter.matches(job)
            })
            .peekable();
        let page: Vec<&HfJob> = rest
            .by_ref()
            .take(self.settings().page_size.max(1))
            .collect();
        let objects: Vec<JobObject<'_>> = page.iter().map(|job| self.object(job)).collect();
        let reply = Reply::json(200, &objects);
        match (page.last(), rest.peek()) {
            (Some(last), Some(_)) => {
                let mut query: Vec<&str> = request
                    .query
                    .split('&')
                    .filter(|part| !part.is_empty() && !part.starts_with("cursor="))
                    .collect();
                let cursor = format!("cursor={}", last.ordinal);
                query.push(&cursor);
                let url = format!(
                    "{}{}?{}",
                    self.settings().base_url,
                    request.path,
                    query.join("&")
                );
                reply.with_header("link", format!("<{url}>; rel=\"next\""))
            }
            _ => reply,
        }
    }

    fn inspect(&self, ask: &Ask<'_>) -> Reply {
        match self.state().in_namespace(ask.namespace(), &ask.job_id()) {
            Some(job) => Reply::json(200, &self.object(job)),
            None => no_such_job(),
        }
    }

    /// Cancelling a job that has ended changes nothing and is answered like an inspection; what HF says
    /// there is not documented.
    fn cancel(&self, ask: &Ask<'_>) -> Reply {
        let job = ask.job_id();
        if self.state().in_namespace(ask.namespace(), &job).is_none() {
            return no_such_job();
        }
        let change = Change {
            stage: Stage::Canceled,
            cause: StageCause::Cancel,
            message: None,
            because: Some(ask.call.received),
        };
        let stopped = self.stop(&job, change);
        let reply = self.inspect(ask);
        if stopped { reply.with_effect() } else { reply }
    }
}

struct Filter {
    stages: Vec<Stage>,
    labels: Vec<(String, String)>,
    before: usize,
}

impl Filter {
    fn parse(query: &str) -> Result<Self, String> {
        let mut filter = Self {
            stages: Vec::new(),
            labels: Vec::new(),
            before: usize::MAX,
        };
        for (key, value) in query_pairs(query) {
            match key.as_str() {
                "stage" => {
                    let stage = serde_json::from_value(value.clone().into());
                    filter
                        .stages
                        .push(stage.map_err(|_| format!("stage: Invalid option: {value}"))?);
                }
                "label" => {
                    let pair = value
                        .split_once('=')
                        .filter(|(key, value)| is_label_key(key) && is_label_value(value));
                    let (key, value) =
                        pair.ok_or_else(|| format!("label: Invalid filter: {value}"))?;
                    filter.labels.push((key.to_owned(), value.to_owned()));
                }
                "cursor" => {
                    filter.before = value
                        .parse()
                        .map_err(|_| "cursor: Invalid cursor".to_owned())?;
                }
                _ => {}
            }
        }
        Ok(filter)
    }

    fn matches(&self, job: &HfJob) -> bool {
        (self.stages.is_empty() || self.stages.contains(&job.stage))
            && self
                .labels
                .iter()
                .all(|(key, value)| job.spec.labels.get(key) == Some(value))
    }
}
