//! Webhooks that a scenario sends as they are: recorded, written out, or as GitHub would send them of a job.

use std::{collections::BTreeMap, time::Duration};

use vocabulary::Fixed;

use super::{
    Context,
    step::{Start, known_action},
};
use crate::{
    error::Flaw,
    plan::{Deliver, DeliverJob, DeliverRaw, Step, Verb},
    recording::{form, known_before, learnable},
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
        let deliveries = &self.recordings.get(file)?.deliveries;
        if let Some(late) = &written.late {
            let what = "a recording tells of each delivery how late it was\nwrite `late` into its lines, or leave it out";
            return Err(Flaw::at(late.place, what));
        }
        for (delivery, before) in deliveries.iter().zip(known_before(deliveries)) {
            let learn = written.learn.unwrap_or(true);
            let late = if learn { before } else { Duration::ZERO };
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
                learn,
                late: (late > Duration::ZERO).then_some(Fixed(late)),
                failed,
                redelivery: delivery.redelivery,
            });
            let known_at = delivery.offset.saturating_sub(late);
            timeline.push(self.step(start, &start.entity, known_at, Verb::Deliver(verb))?);
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
            || written.redelivery.is_some()
            || written.late.is_some();
        if foreign {
            let what = "`event`, `guid`, `headers`, `learn`, `redelivery` and `late` do not go with `job`\nwrite the delivery out with `payload` instead";
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
    if learn {
        fits_its_type(&body, &headers, deliver)?;
    }
    let late = written.late.clone();
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
        late: late.as_ref().map(|late| late.value),
        failed: written.failed.clone(),
        redelivery,
    })
}

/// What GitHub takes for true it also sends as it says: a dispatcher cannot be charged with a form that is none.
fn fits_its_type(
    body: &str,
    headers: &BTreeMap<String, String>,
    deliver: &Placed<written::Deliver>,
) -> Result<(), Flaw> {
    let what = match (form::announced(headers), form::payload_in(body).is_some()) {
        (true, true) | (false, false) => return Ok(()),
        (true, false) => {
            "this body is no form, and its `content-type` says that it is one\nwrite the JSON as `payload`, which is put into a form, or leave the header out"
        }
        (false, true) => {
            "this body is a form, and its `content-type` does not say so\nadd `headers: { content-type: application/x-www-form-urlencoded }`, or write the JSON as `payload`"
        }
    };
    Err(Flaw::at(deliver.place, what))
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
