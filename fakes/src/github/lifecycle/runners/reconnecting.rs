//! Runners that were away for a while, and runners that are too old.

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    github::{
        handle::Github,
        objects::runner_refusal::RunnerRefusal,
        state::{
            runners::{orders::ToRunner, record::Link},
            runs::job::Status,
        },
    },
    history::CredentialUse,
    ids::{EventId, HfJobId, RunnerId},
    settings::RunnerVersion,
};

impl Github {
    /// Refuses a runner that is older than GitHub takes.
    pub(crate) fn must_support(&self, version: RunnerVersion) -> Result<(), RunnerRefusal> {
        match self.settings().runners.version_min {
            Some(oldest) if version < oldest => Err(RunnerRefusal::TooOld(version.to_string())),
            _ => Ok(()),
        }
    }

    /// A runner that could not be reached asks for messages again. If GitHub has not noticed, nothing has
    /// happened; if it has, the runner opens a new session, and keeps the job it may still have.
    pub(crate) fn resume(
        &self,
        runner: RunnerId,
        credential: CredentialUse,
        hf_job: &HfJobId,
        because: EventId,
    ) -> Result<UnboundedReceiver<ToRunner>, RunnerRefusal> {
        let mut state = self.state();
        let is_lost = state.runners.get(&runner).is_some_and(|found| {
            found.hf_job.as_ref() == Some(hf_job) && matches!(found.link, Link::Lost(_))
        });
        if !is_lost {
            drop(state);
            return self.connect(runner, credential, Some(hf_job), Some(because));
        }
        let (sender, receiver) = unbounded_channel();
        let given = state.runners.get(&runner).and_then(|found| found.job);
        let job = given.and_then(|job| state.runs.jobs.get(&job));
        if let Some(over) = job.filter(|job| job.driven && job.status == Status::Completed) {
            // It could not hear that the recording had ended its job.
            let because = over.last_event;
            let _heard = sender.send(ToRunner::Finish { because });
        }
        let waits = job.filter(|job| job.status == Status::Queued);
        let waits = waits.map(|job| job.id);
        if let Some(found) = state.runners.get_mut(&runner) {
            found.link = Link::Connected(sender);
        }
        if let Some(job) = waits {
            // It was given this job while it could not hear of it.
            self.unassign(&mut state, job, Some(because));
            state.queue.jobs.insert(job);
        }
        if given.is_none() || waits.is_some() {
            state.queue.idle.insert(runner);
            self.settle(&mut state);
        }
        Ok(receiver)
    }
}
