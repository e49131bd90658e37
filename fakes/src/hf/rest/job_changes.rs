//! Changing a job: its end, its labels, its ports.

use super::route::{Access, Ask, Route};
use crate::{
    calls::Reply,
    hf::{
        handle::HfJobs,
        job::{
            fields::{Checked, Fields, json},
            spec::{Expose, JobSpec, labels},
        },
        objects::refusal::{Answer, Refusal},
    },
    settings::{CancelOfEnded, HfPermission},
};

const WRITE: HfPermission = HfPermission::JobWrite;

pub(in crate::hf) const ROUTES: &[Route] = &[
    Route::post(
        "/api/jobs/{namespace}/{jobId}/cancel",
        "hf.cancel",
        Access::Namespace(WRITE, HfJobs::cancel),
    ),
    Route::put(
        "/api/jobs/{namespace}/{jobId}/labels",
        "hf.update-labels",
        Access::Namespace(WRITE, HfJobs::update_labels),
    ),
    Route::put(
        "/api/jobs/{namespace}/{jobId}/expose",
        "hf.update-expose",
        Access::Namespace(WRITE, HfJobs::update_expose),
    ),
];

impl HfJobs {
    /// What HF says to the cancellation of a job that has ended is not documented: the settings say it.
    fn cancel(&self, ask: &Ask<'_>) -> Answer {
        let job = ask.job_id();
        if self.state().in_namespace(ask.namespace(), &job).is_none() {
            return Err(Refusal::NoSuchJob);
        }
        if self.cancel_job(&job, ask.call.received) {
            return self.inspect(ask).map(Reply::with_effect);
        }
        match &self.settings().life.cancel_of_ended {
            CancelOfEnded::Ignored => self.inspect(ask),
            CancelOfEnded::Refused { status, message } => Err(Refusal::CancelOfEnded {
                status: *status,
                message: message.clone(),
            }),
        }
    }

    /// Replaces all labels.
    fn update_labels(&self, ask: &Ask<'_>) -> Answer {
        self.update(ask, |fields| {
            let labels = fields.required("labels", labels(fields)?)?;
            Ok(move |spec: &mut JobSpec| spec.labels = labels)
        })
    }

    /// Replaces the exposed ports. What becomes of a job that has ended is not documented: it is changed
    /// like any other.
    fn update_expose(&self, ask: &Ask<'_>) -> Answer {
        self.update(ask, |fields| {
            let expose = Expose::read(fields)?;
            Ok(move |spec: &mut JobSpec| spec.expose = Some(expose))
        })
    }

    fn update<C: FnOnce(&mut JobSpec)>(
        &self,
        ask: &Ask<'_>,
        read: impl FnOnce(&Fields<'_>) -> Checked<C>,
    ) -> Answer {
        let body = json(&ask.request.body)?;
        let change = read(&Fields::of_body(&body)?)?;
        let mut state = self.state();
        let Some(job) = state.respecify(ask.namespace(), &ask.job_id(), change) else {
            return Err(Refusal::NoSuchJob);
        };
        Ok(Reply::text(200, self.object(job)).with_effect())
    }
}
