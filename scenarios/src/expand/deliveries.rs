//! Webhooks that a scenario sends as they are: recorded, written out, or as GitHub would send them of a job.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Context,
    step::{Start, known_action},
};
use crate::{
    error::Flaw,
    plan::{Deliver, DeliverJob, DeliverRaw, Step, Verb},
    recording::{form, learnable},
    written::{self, Placed},
};

const SOURCES: &str = "keep one of: recorded, payload, body, job";

impl Context<'_> {
    /// Expands a `deliver`: one step, or one for each delivery of a recording.
    pub(super) fn deliver(
        &self,
        deliver: &Placed<written::Deliver>,
        start: &Start<'_>,
        timeline: &mut Vec<Step>,
    ) -> Result<(), Flaw> {
        let written = &deliver.value;
        let sources = [
            written.recorded.is_some(),
            written.payload.is_some(),
            written.body.is_some(),
            written.job.is_some(),
        ];
        match sources.iter().filter(|set| **set).count() {
            0 => {
                return Err(Flaw::at(
                    deliver.place,
                    &format!("`deliver` does not say what to send\n{SOURCES}"),
                ));
            }
            1 => {}
            _ => {
                return Err(Flaw::at(
                    deliver.place,
                    &format!("`deliver` has two things to send\n{SOURCES}"),
                ));
            }
        }
        if let Some(file) = &written.recorded {
            return self.recorded(file, written, start, timeline);
        }
        let verb = match &written.job {
            Some(job) => Deliver::Job(self.job_event(job, deliver)?),
            None => Deliver::Raw(raw(deliver)?),
        };
        timeline.push(self.step(start, &start.entity, Duration::ZERO, Verb::Deliver(verb))?);
        Ok(())
    }

    fn recorded(
        &self,
        file: &Placed<String>,
        written: &written::Deliver,
        start: &Start<'_>,
        timeline: &mut Vec<Step>,
    ) -> Result<(), Flaw> {
        for delivery in &self.recordings.get(file)?.deliveries {
            let mut headers = delivery.headers.clone();
            headers.extend(headers_of(written));
            let failed = written.failed.clone().or_else(|| delivery.failed.clone());
            let verb = Deliver::Raw(DeliverRaw {
                event: delivery.event.clone(),
                guid: delivery.guid.clone(),
                body: body_of(&delivery.payload, &headers),
                headers,
                sign: written.sign,
                tamper: written.tamper,
                learn: written.learn.unwrap_or(true),
                failed,
                redelivery: delivery.redelivery,
            });
            timeline.push(self.step(start, &start.entity, delivery.offset, Verb::Deliver(verb))?);
        }
        Ok(())
    }

    fn job_event(
        &self,
        job: &Placed<String>,
        deliver: &Placed<written::Deliver>,
    ) -> Result<DeliverJob, Flaw> {
        let written = &deliver.value;
        let Some(action) = &written.action else {
            let what = "`deliver` does not say which action of the job\nadd `action: queued`, `waiting`, `in_progress` or `completed`";
            return Err(Flaw::at(deliver.place, what));
        };
        let foreign = written.event.is_some()
            || written.guid.is_some()
            || !written.headers.is_empty()
            || written.learn.is_some()
            || written.redelivery.is_some();
        if foreign {
            let what = "`event`, `guid`, `headers`, `learn` and `redelivery` do not go with `job`\nwrite the delivery out with `payload` instead";
            return Err(Flaw::at(deliver.place, what));
        }
        Ok(DeliverJob {
            job: self.jobs.one(job)?,
            action: known_action(action)?,
            sign: written.sign,
            tamper: written.tamper,
            failed: written.failed.clone(),
        })
    }
}

/// A delivery that the scenario writes out.
fn raw(deliver: &Placed<written::Deliver>) -> Result<DeliverRaw, Flaw> {
    let written = &deliver.value;
    if let Some(action) = &written.action {
        return Err(Flaw::at(
            action.place,
            "`action` goes with `job`\nput the action into the payload",
        ));
    }
    let headers = headers_of(written);
    let body = match (&written.payload, &written.body) {
        (Some(payload), _) => body_of(&payload.0.to_string(), &headers),
        (None, body) => body.as_ref().map(|body| body.0.clone()).unwrap_or_default(),
    };
    let event = written
        .event
        .as_ref()
        .map_or_else(|| "workflow_job".to_owned(), |event| event.0.clone());
    let learn = written.learn.unwrap_or(false);
    if learn && event == "workflow_job" && !learnable(&body) {
        let what = "GitHub cannot learn of a job from this body: it is neither a `workflow_job` payload with `action`, `workflow_job.id`, `workflow_job.run_id` and `repository.full_name`, nor a form with one\ncomplete the body, or write `learn: false`";
        return Err(Flaw::at(deliver.place, what));
    }
    let redelivery = written.redelivery.as_ref().is_some_and(|it| it.value);
    if let Some(flag) = written
        .redelivery
        .as_ref()
        .filter(|_| redelivery && written.guid.is_none())
    {
        let what = "a redelivery keeps the GUID of the first attempt, and none is given\nadd `guid:` with the one of the delivery that is sent again";
        return Err(Flaw::at(flag.place, what));
    }
    Ok(DeliverRaw {
        event,
        guid: written.guid.as_ref().map(|guid| guid.0.clone()),
        headers,
        body,
        sign: written.sign,
        tamper: written.tamper,
        learn,
        failed: written.failed.clone(),
        redelivery,
    })
}

/// A payload under the content type of forms is sent as a form; a body that is written out is sent as it stands.
fn body_of(payload: &str, headers: &BTreeMap<String, String>) -> String {
    match form::announced(headers) {
        true => form::of(payload),
        false => payload.to_owned(),
    }
}

fn headers_of(written: &written::Deliver) -> BTreeMap<String, String> {
    written
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.0.clone()))
        .collect()
}
