//! What can be taken out of a history, with all that follows from it.

use fakes::{
    history::What,
    ids::{DeliveryId, HfJobId, JobId},
};

use super::Tape;

impl Tape<'_> {
    /// Ends the history then, before the world has settled.
    pub(in crate::edits) fn stops(&mut self, at_ms: u64) {
        let tail = self.tail();
        let mut words = self.events.split_off(tail);
        self.events.retain(|event| event.at_ms <= at_ms);
        for event in &mut words {
            event.at_ms = at_ms;
            if let What::WorldEnded { settled } = &mut event.event {
                *settled = false;
            }
        }
        self.events.append(&mut words);
    }

    /// Takes out that a job ever started, and what follows from it.
    pub(in crate::edits) fn never_starts(&mut self, job: JobId) -> Option<()> {
        let deliveries: Vec<DeliveryId> = self
            .events
            .iter()
            .filter_map(|event| match &event.event {
                What::DeliveryCreated {
                    delivery,
                    job: Some(about),
                    action: Some(action),
                    ..
                } if *about == job && (action == "in_progress" || action == "completed") => {
                    Some(*delivery)
                }
                _ => None,
            })
            .collect();
        let run = self
            .jobs()
            .into_iter()
            .find(|one| one.id == job)
            .map(|job| job.run);
        self.remove(|what| match what {
            What::DeliveryCreated { delivery, .. }
            | What::DeliverySent { delivery, .. }
            | What::DeliveryAnswered { delivery, .. }
            | What::DeliveryLost { delivery, .. } => deliveries.contains(delivery),
            What::RunCompleted { run: of, .. } => Some(*of) == run,
            _ => false,
        });
        self.remove(|what| match what {
            What::RunnerAssigned { job: of, .. }
            | What::JobStarted { job: of, .. }
            | What::JobCompleted { job: of, .. } => *of == job,
            _ => false,
        })
    }

    /// Takes an HF job out, with its runner and whatever was on it.
    pub(in crate::edits) fn never_was(&mut self, id: &HfJobId) -> Option<()> {
        let hf = self.hf_jobs().into_iter().find(|hf| hf.id == *id)?;
        if let Some((_, job)) = hf.assigned {
            self.never_starts(job);
        }
        let call = self.events.iter().find_map(|event| match &event.event {
            What::HfCreated { hf_job, call, .. } if hf_job == id => *call,
            _ => None,
        });
        self.remove(|what| match what {
            What::CallReceived {
                call: of, about, ..
            } => {
                Some(*of) == call
                    || about
                        .as_ref()
                        .is_some_and(|about| about.hf_job.as_ref() == Some(id))
            }
            What::CallEffect { call: of, .. }
            | What::CallAnswered { call: of, .. }
            | What::CallLost { call: of, .. } => Some(*of) == call,
            _ => false,
        });
        self.remove(|what| match what {
            What::HfCreated { hf_job, .. }
            | What::HfStage { hf_job, .. }
            | What::RunnerExited { hf_job, .. }
            | What::RunnerRefused { hf_job, .. } => hf_job == id,
            What::RunnerOnline { runner, .. }
            | What::RunnerRemoved { runner, .. }
            | What::RunnerCreated { runner, .. } => Some(*runner) == hf.runner,
            _ => false,
        })
    }
}
