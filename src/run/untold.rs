//! Whose users are still to be told: a run does not end while that may yet come in time.

use std::{collections::BTreeMap, time::Duration};

use fakes::{
    history::{Event, What},
    ids::{JobId, RunId},
};
use tokio::time::Instant;

use crate::properties::{Terms, refuses_with_reason, says_failed};

/// Jobs that look meant for the dispatcher and that the scenario's own rules do not route.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// The run of each, and until when its user can be told in time.
    jobs: BTreeMap<JobId, (RunId, Instant)>,
}

impl Untold {
    /// Takes an event in. Whether a telling counts is for the property to say: here it is enough that there is one.
    pub(super) fn hear(&mut self, event: &Event, terms: &Terms) {
        match &event.event {
            What::JobQueued {
                job,
                run,
                repo,
                labels,
                ..
            } if terms.rules.are_declared()
                && !terms.unserved_repos.contains(repo)
                && terms.looks_meant(labels) =>
            {
                let within = Duration::from_millis(terms.bounds.told_within_ms);
                self.jobs
                    .entry(*job)
                    .or_insert((*run, Instant::now() + within));
            }
            What::JobStarted { job, .. } | What::JobCompleted { job, .. } => {
                self.jobs.remove(job);
            }
            What::RunCompleted { run, .. }
            | What::RunCancelRequested {
                run, call: Some(_), ..
            } => {
                self.jobs.retain(|_, (of, _)| of != run);
            }
            What::CheckRunCreated {
                jobs, conclusion, ..
            }
            | What::CheckRunUpdated {
                jobs, conclusion, ..
            } if conclusion.as_deref().is_some_and(says_failed) => {
                for job in jobs {
                    self.jobs.remove(job);
                }
            }
            What::DeliveryAnswered {
                job: Some(job),
                status,
                body,
                ..
            } if refuses_with_reason(*status, body.as_deref()) => {
                self.jobs.remove(job);
            }
            _ => {}
        }
    }

    /// True if somebody could still be told in time. At the bound itself that is so: later is too late.
    pub(super) fn any(&self) -> bool {
        let now = Instant::now();
        self.jobs.values().any(|(_, until)| now <= *until)
    }
}
