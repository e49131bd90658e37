//! Creating, listing, counting and inspecting jobs.

use serde_json::json;

use super::{
    job_filter::JobFilter,
    route::{Access, Ask, Route},
};
use crate::{
    calls::Reply,
    hf::{
        handle::HfJobs,
        job::{
            origin::{Initiator, Order, Origin},
            spec::JobSpec,
        },
        objects::{
            job::BYTES,
            refusal::{Answer, Refusal},
        },
        state::{HfJob, State, Status},
    },
    settings::HfPermission,
};

const READ: HfPermission = HfPermission::JobRead;
const WRITE: HfPermission = HfPermission::JobWrite;

pub(in crate::hf) const ROUTES: &[Route] = &[
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
        "/api/jobs/{namespace}/count",
        "hf.count",
        Access::Namespace(READ, HfJobs::count),
    ),
    Route::get(
        "/api/jobs/{namespace}/{jobId}",
        "hf.inspect",
        Access::Namespace(READ, HfJobs::inspect),
    ),
    Route::post(
        "/api/jobs/{namespace}/{jobId}/duplicate",
        "hf.duplicate",
        Access::Namespace(WRITE, HfJobs::duplicate),
    ),
];

impl HfJobs {
    fn create(&self, ask: &Ask<'_>) -> Answer {
        let spec = ask.spec().clone()?;
        self.launch(&mut self.state(), ask, spec, Initiator::User)
    }

    /// A new job like an old one, with its labels and secrets.
    fn duplicate(&self, ask: &Ask<'_>) -> Answer {
        let mut state = self.state();
        let Some(job) = state.in_namespace(ask.namespace(), &ask.job_id()) else {
            return Err(Refusal::NoSuchJob);
        };
        let (spec, initiator) = (job.spec.clone(), Initiator::DuplicatedJob(job.id.clone()));
        self.launch(&mut state, ask, spec, initiator)
    }

    /// Begins the job that a call wants, and answers with it.
    pub(in crate::hf) fn launch(
        &self,
        state: &mut State,
        ask: &Ask<'_>,
        spec: JobSpec,
        initiator: Initiator,
    ) -> Answer {
        self.must_be_paid(state, ask.namespace())?;
        let order = Order {
            namespace: ask.namespace().to_owned(),
            spec,
            origin: Origin {
                created_by: ask.user().to_owned(),
                initiator,
            },
            call: Some(ask.call.call),
            because: ask.call.received,
        };
        let id = self.begin(state, order);
        match state.get(&id) {
            Some(job) => Ok(Reply::text(200, self.object(job)).with_effect()),
            None => Err(Refusal::Internal),
        }
    }

    /// Newest first.
    fn list(&self, ask: &Ask<'_>) -> Answer {
        let filter = JobFilter::parse(&ask.request.query)?;
        let state = self.state();
        let mut rest = self.found(&state, ask, &filter).rev().peekable();
        let page: Vec<(&HfJob, &Status)> = rest
            .by_ref()
            .take(self.settings().page_size.max(1))
            .collect();
        let mut list = String::with_capacity(BYTES * page.len() + 2);
        list.push('[');
        for (job, status) in &page {
            if list.len() > 1 {
                list.push(',');
            }
            self.push_object(&mut list, job, status);
        }
        list.push(']');
        let reply = Reply::text(200, list);
        Ok(match (page.last(), rest.peek()) {
            (Some((last, _)), Some(_)) => {
                reply.with_header("link", self.next_page(ask, last.ordinal))
            }
            _ => reply,
        })
    }

    /// The jobs that a call may see and asks for, as they were at the moment it is answered from.
    fn found<'a>(
        &self,
        state: &'a State,
        ask: &'a Ask<'_>,
        filter: &'a JobFilter,
    ) -> impl DoubleEndedIterator<Item = (&'a HfJob, &'a Status)> {
        let as_of_ms = ask.call.as_of_ms;
        state
            .among(&filter.among(as_of_ms.is_some()))
            .filter(|job| job.namespace == ask.namespace() && !job.forgotten)
            .filter_map(move |job| Some((job, job.status_at(as_of_ms)?)))
            .filter(|(job, status)| filter.matches(job, status))
    }

    /// The link to the jobs older than this one.
    fn next_page(&self, ask: &Ask<'_>, ordinal: usize) -> String {
        let query = ask.request.query.split('&');
        let mut query: Vec<&str> = query
            .filter(|part| !part.is_empty() && !part.starts_with("cursor="))
            .collect();
        let cursor = format!("cursor={ordinal}");
        query.push(&cursor);
        let (base_url, path) = (&self.settings().base_url, &ask.request.path);
        format!("<{base_url}{path}?{}>; rel=\"next\"", query.join("&"))
    }

    fn count(&self, ask: &Ask<'_>) -> Answer {
        let filter = JobFilter::parse(&ask.request.query)?;
        let count = self.found(&self.state(), ask, &filter).count();
        Ok(Reply::json(200, &json!({ "count": count })))
    }

    pub(in crate::hf) fn inspect(&self, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let found = state
            .in_namespace(ask.namespace(), &ask.job_id())
            .and_then(|job| Some((job, job.status_at(ask.call.as_of_ms)?)));
        match found {
            Some((job, status)) => Ok(Reply::text(200, self.object_with(job, status))),
            None => Err(Refusal::NoSuchJob),
        }
    }
}
