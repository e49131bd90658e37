//! A job's log as server-sent events.

use super::{
    HfJobs,
    reply::{error, no_such_job},
    route::{Access, Ask, Permission, Route},
};
use crate::{
    calls::{Live, Reply},
    github::query_pairs,
};

pub(super) const ROUTES: &[Route] = &[Route::get(
    "/api/jobs/{namespace}/{jobId}/logs",
    "hf.logs",
    Access::Namespace(Permission::JobRead, HfJobs::logs),
)];

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
