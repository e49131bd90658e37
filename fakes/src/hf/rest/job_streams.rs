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
        job::invalid::{Invalid, Issue},
        objects::refusal::{Answer, Refusal},
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
    fn logs(&self, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let Some(job) = state.in_namespace(ask.namespace(), &ask.job_id()) else {
            return Err(Refusal::NoSuchJob);
        };
        let tail = tail(&ask.request.query)?;
        let log = job.log.clone();
        Ok(Reply::events(Live::new(move || log.follow(tail))))
    }
}

impl HfJobs {
    /// What a job uses, once a second while it runs. The stream does not end with the job, and there is
    /// none for a job that has ended (`huggingface_hub`, `hf_api.py`, `fetch_job_metrics`).
    fn metrics(&self, ask: &Ask<'_>) -> Answer {
        let id = ask.job_id();
        let state = self.state();
        let Some(job) = state.in_namespace(ask.namespace(), &id) else {
            return Err(Refusal::NoSuchJob);
        };
        if job.status.stage.is_terminal() {
            return Err(Refusal::NotRunning);
        }
        let hf = self.clone();
        Ok(Reply::events(Live::new(move || {
            let (hf, id) = (hf.clone(), id.clone());
            ticking(Pace::EverySecond, move |_| {
                hf.metric_event(&id).map_or(Next::Wait, Next::Event)
            })
        })))
    }

    /// The stages of a job, to its end.
    fn events(&self, ask: &Ask<'_>) -> Answer {
        let id = ask.job_id();
        if self.state().in_namespace(ask.namespace(), &id).is_none() {
            return Err(Refusal::NoSuchJob);
        }
        let hf = self.clone();
        Ok(Reply::events(Live::new(move || {
            let (hf, id) = (hf.clone(), id.clone());
            ticking(Pace::AtOnce, move |told| hf.stage_event(&id, told))
        })))
    }
}

/// How many of the last lines are asked for.
fn tail(query: &str) -> Result<Option<usize>, Invalid> {
    let given = query_pairs(query)
        .into_iter()
        .find(|(key, _)| key == "tail");
    given
        .map(|(_, value)| value.parse())
        .transpose()
        .map_err(|_| Invalid::at("tail", Issue::Expected("a whole number")))
}
