//! The stages of a job as events.
//!
//! HF's description names the stream and not what is in it. Here it is one event for every stage the job
//! was in, from SCHEDULING on, each with the time it came.

use jiff::Timestamp;
use serde::Serialize;

use super::{HfJobs, state::HfJob, ticking::Next};
use crate::{history::Stage, ids::HfJobId, json_text::milliseconds};

#[derive(Serialize)]
struct StageEvent<'a> {
    stage: Stage,
    message: Option<&'a str>,
    timestamp: String,
}

impl HfJob {
    /// The stages it was in, in order, with their beginnings.
    fn stages(&self) -> impl Iterator<Item = (Stage, Timestamp)> {
        let finished = self.status.finished_at.map(|at| (self.status.stage, at));
        std::iter::once((Stage::Scheduling, self.created_at))
            .chain(self.status.started_at.map(|at| (Stage::Running, at)))
            .chain(finished)
    }
}

impl HfJobs {
    /// The event behind so many others.
    pub(super) fn stage_event(&self, id: &HfJobId, told: usize) -> Next {
        let state = self.state();
        let Some(job) = state.get(id) else {
            return Next::End;
        };
        let Some((stage, at)) = job.stages().nth(told) else {
            let is_over = job.status.stage.is_terminal();
            return if is_over { Next::End } else { Next::Wait };
        };
        let event = StageEvent {
            stage,
            message: job
                .status
                .message
                .as_deref()
                .filter(|_| stage == job.status.stage),
            timestamp: milliseconds(at),
        };
        let data = serde_json::to_string(&event).unwrap_or_default();
        Next::Event(format!("event: stage\ndata: {data}\n\n"))
    }
}
