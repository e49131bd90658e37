//! Creating, listing, inspecting and cancelling jobs.

use super::{
    HfJobs,
    labels::{is_label_key, is_label_value},
    object::JobObject,
    reply::{error, no_such_job},
    route::{Access, Ask, Permission, Route},
    spec::JobSpec,
    state::{HfJob, Status},
};
use crate::{calls::Reply, github::query_pairs, history::Stage, settings::CancelOfEnded};

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
        if let Some(refusal) = self.unpaid(&state, ask.namespace()) {
            return refusal;
        }
        let id = self.begin(&mut state, ask.namespace(), spec, ask.call);
        match state.get(&id) {
            Some(job) => Reply::json(200, &self.object(job)).with_effect(),
            None => error(500, "Internal Error"),
        }
    }

    /// Newest first; of several stages any must match, of several labels all.
    fn list(&self, ask: &Ask<'_>) -> Reply {
        let (request, as_of_ms) = (ask.request, ask.call.as_of_ms);
        let filter = match Filter::parse(&request.query) {
            Ok(filter) => filter,
            Err(why) => return error(400, &why),
        };
        let state = self.state();
        let mut rest = state
            .of_namespace(ask.namespace())
            .rev()
            .filter_map(|job| Some((job, job.status_at(as_of_ms)?)))
            .filter(|(job, status)| job.ordinal < filter.before && filter.matches(job, status))
            .peekable();
        let page: Vec<(&HfJob, &Status)> = rest
            .by_ref()
            .take(self.settings().page_size.max(1))
            .collect();
        let objects: Vec<JobObject<'_>> = page
            .iter()
            .map(|(job, status)| self.object_with(job, status))
            .collect();
        let reply = Reply::json(200, &objects);
        match (page.last(), rest.peek()) {
            (Some((last, _)), Some(_)) => {
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
        let state = self.state();
        let found = state
            .in_namespace(ask.namespace(), &ask.job_id())
            .and_then(|job| Some((job, job.status_at(ask.call.as_of_ms)?)));
        match found {
            Some((job, status)) => Reply::json(200, &self.object_with(job, status)),
            None => no_such_job(),
        }
    }

    /// What HF says to the cancellation of a job that has ended is not documented: the settings say it.
    fn cancel(&self, ask: &Ask<'_>) -> Reply {
        let job = ask.job_id();
        if self.state().in_namespace(ask.namespace(), &job).is_none() {
            return no_such_job();
        }
        if self.cancel_job(&job, ask.call.received) {
            return self.inspect(ask).with_effect();
        }
        match &self.settings().life.cancel_of_ended {
            CancelOfEnded::Ignored => self.inspect(ask),
            CancelOfEnded::Refused { status, message } => error(*status, message),
        }
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

    fn matches(&self, job: &HfJob, status: &Status) -> bool {
        (self.stages.is_empty() || self.stages.contains(&status.stage))
            && self
                .labels
                .iter()
                .all(|(key, value)| job.spec.labels.get(key) == Some(value))
    }
}
