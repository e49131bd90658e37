//! The stages of a job as events.
//!
//! HF's description names the stream and not what is in it. Here it is one event for every stage the job
//! was in, from SCHEDULING on, each with the time it came.

use jiff::Timestamp;
use serde::Serialize;

use super::ticking::Next;
use crate::{
    hf::{
        handle::HfJobs,
        state::{HfJob, Status},
    },
    history::Stage,
    ids::HfJobId,
    json_text::milliseconds,
};

#[derive(Serialize)]
struct StageEvent<'a> {
    stage: Stage,
    message: Option<&'a str>,
    timestamp: String,
}

impl HfJob {
    /// The stages it was in, in order, each as it began, and when.
    fn stages(&self) -> impl Iterator<Item = (&Status, Timestamp)> {
        let mut before = None;
        self.statuses()
            .filter(move |status| before.replace(status.stage) != Some(status.stage))
            .map(|status| {
                let began = match status.stage {
                    Stage::Scheduling => Some(self.created_at),
                    Stage::Running => status.started_at,
                    _ => status.finished_at,
                };
                (status, began.unwrap_or(self.created_at))
            })
    }
}

impl HfJobs {
    /// The event behind so many others.
    pub(in crate::hf) fn stage_event(&self, id: &HfJobId, told: usize) -> Next {
        let state = self.state();
        let Some(job) = state.get(id) else {
            return Next::End;
        };
        let Some((status, at)) = job.stages().nth(told) else {
            let is_over = job.status.stage.is_terminal();
            return if is_over { Next::End } else { Next::Wait };
        };
        let event = StageEvent {
            stage: status.stage,
            message: status.message.as_deref(),
            timestamp: milliseconds(at),
        };
        let data = serde_json::to_string(&event).unwrap_or_default();
        Next::Event(format!("event: stage\ndata: {data}\n\n"))
    }
}
