//! A job's log, its metrics and its stages as server-sent events.

use super::{
    route::{Access, Ask, Route},
    ticking::{Next, Pace, ticking},
};
use crate::{
    calls::{Live, Reply},
    github::query_pairs,
    hf::{
        handle::HfJobs,
        objects::reply::{error, no_such_job},
    },
    settings::HfPermission,
};

const READ: HfPermission = HfPermission::JobRead;

pub(in crate::hf) const ROUTES: &[Route] = &[
    Route::get(
        "/api/jobs/{namespace}/{jobId}/logs",
        "hf.logs",
        Access::Namespace(READ, HfJobs::logs),
    ),
    Route::get(
        "/api/jobs/{namespace}/{jobId}/metrics",
        "hf.metrics",
        Access::Namespace(READ, HfJobs::metrics),
    ),
    Route::get(
        "/api/jobs/{namespace}/{jobId}/events",
        "hf.events",
        Access::Namespace(READ, HfJobs::events),
    ),
];

impl HfJobs {
    fn logs(&self, ask: &Ask<'_>) -> Reply {
        let state = self.state();
        let Some(job) = state.in_namespace(ask.namespace(), &ask.job_id()) else {
            return no_such_job();
        };
        let tail = match tail(&ask.request.query) {
            Ok(tail) => tail,
            Err(refusal) => return refusal,
        };
        let log = job.log.clone();
        Reply::events(Live::new(move || log.follow(tail)))
    }
}

impl HfJobs {
    /// What a job uses, once a second while it runs. The stream does not end with the job, and there is
    /// none for a job that has ended (`huggingface_hub`, `hf_api.py`, `fetch_job_metrics`).
    fn metrics(&self, ask: &Ask<'_>) -> Reply {
        let id = ask.job_id();
        let state = self.state();
        let Some(job) = state.in_namespace(ask.namespace(), &id) else {
            return no_such_job();
        };
        if job.status.stage.is_terminal() {
            return error(406, "Job is not running");
        }
        let hf = self.clone();
        Reply::events(Live::new(move || {
            let (hf, id) = (hf.clone(), id.clone());
            ticking(Pace::EverySecond, move |_| {
                hf.metric_event(&id).map_or(Next::Wait, Next::Event)
            })
        }))
    }

    /// The stages of a job, to its end.
    fn events(&self, ask: &Ask<'_>) -> Reply {
        let id = ask.job_id();
        if self.state().in_namespace(ask.namespace(), &id).is_none() {
            return no_such_job();
        }
        let hf = self.clone();
        Reply::events(Live::new(move || {
            let (hf, id) = (hf.clone(), id.clone());
            ticking(Pace::AtOnce, move |told| hf.stage_event(&id, told))
        }))
    }
}

/// How many of the last lines are asked for.
fn tail(query: &str) -> Result<Option<usize>, Reply> {
    let given = query_pairs(query)
        .into_iter()
        .find(|(key, _)| key == "tail");
    given
        .map(|(_, value)| value.parse())
        .transpose()
        .map_err(|_| error(400, "tail: Invalid input: expected a whole number"))
}
