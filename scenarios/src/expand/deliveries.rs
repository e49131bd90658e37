//! Webhooks that a scenario sends as they are: recorded, written out, or as GitHub would send them of a job.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Context,
    step::{Start, known_action},
};
use crate::{
    error::Flaw,
    plan::{Deliver, DeliverJob, DeliverRaw, Step, Verb},
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
            let verb = Deliver::Raw(DeliverRaw {
                event: delivery.event.clone(),
                guid: delivery.guid.clone(),
                headers,
                body: delivery.payload.clone(),
                sign: written.sign,
                tamper: written.tamper,
                learn: written.learn.unwrap_or(true),
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
            || written.learn.is_some();
        if foreign {
            let what = "`event`, `guid`, `headers` and `learn` do not go with `job`\nwrite the delivery out with `payload` instead";
            return Err(Flaw::at(deliver.place, what));
        }
        Ok(DeliverJob {
            job: self.jobs.one(job)?,
            action: known_action(action)?,
            sign: written.sign,
            tamper: written.tamper,
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
    let body = match (&written.payload, &written.body) {
        (Some(payload), _) => payload.0.to_string(),
        (None, body) => body.as_ref().map(|body| body.0.clone()).unwrap_or_default(),
    };
    Ok(DeliverRaw {
        event: written
            .event
            .as_ref()
            .map_or_else(|| "workflow_job".to_owned(), |event| event.0.clone()),
        guid: written.guid.as_ref().map(|guid| guid.0.clone()),
        headers: headers_of(written),
        body,
        sign: written.sign,
        tamper: written.tamper,
        learn: written.learn.unwrap_or(false),
    })
}

fn headers_of(written: &written::Deliver) -> BTreeMap<String, String> {
    written
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.0.clone()))
        .collect()
}
