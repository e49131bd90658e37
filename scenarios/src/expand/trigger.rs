//! Triggers: checks an observed event and fixes its times.

use std::time::Duration;

use vocabulary::{CALLS, Call as Known, Is};

use super::Context;
use crate::{
    error::{Flaw, Place},
    plan::{Call, JobIs, Phase, Trigger, Watched, When},
    words,
    written::{self, Moment, Placed},
};

impl Context<'_> {
    /// The trigger of a fault's beginning or end.
    pub(super) fn moment(
        &self,
        moment: &Placed<Moment>,
        entity: &str,
        purpose: &str,
    ) -> Result<Trigger, Flaw> {
        match &moment.value {
            Moment::At(at) => Ok(Trigger::At(self.keyed.within(*at, entity, purpose))),
            Moment::When(when) => self.when(when, moment.place, entity).map(Trigger::When),
        }
    }

    /// An observed event, with the time to wait after it drawn for `entity`.
    pub(super) fn when(
        &self,
        when: &written::When,
        place: Place,
        entity: &str,
    ) -> Result<When, Flaw> {
        let after = when.after.as_ref().map(|after| {
            self.jobs
                .one(&after.job)
                .map(|job| JobIs { job, is: after.is })
        });
        Ok(When {
            watched: self.watched(when, place)?,
            nth: when.nth.map_or(1, std::num::NonZeroU32::get),
            plus: when.plus.map_or(Duration::ZERO, |plus| {
                self.keyed.within(plus, entity, "plus")
            }),
            after: after.transpose()?,
        })
    }

    fn watched(&self, when: &written::When, place: Place) -> Result<Watched, Flaw> {
        if let Some(phase) = when.phase.as_ref().filter(|_| when.call.is_none()) {
            return Err(Flaw::at(
                phase.place,
                "`phase` belongs to a `call`\nadd `call: hf.create`, or remove `phase`",
            ));
        }
        if let Some(is) = when.is.as_ref().filter(|_| when.job.is_none()) {
            return Err(Flaw::at(
                is.place,
                "`is` belongs to a `job`\nadd `job: J1`, or remove `is`",
            ));
        }
        match (&when.call, when.hf_job, when.runner, &when.job) {
            (Some(call), None, None, None) => {
                let phase = when
                    .phase
                    .as_ref()
                    .map_or(Phase::Answered, |phase| phase.value);
                check_call(call, phase)?;
                Ok(Watched::Call(Call {
                    name: call.value.clone(),
                    phase,
                }))
            }
            (None, Some(moment), None, None) => Ok(Watched::HfJob(moment)),
            (None, None, Some(moment), None) => Ok(Watched::Runner(moment)),
            (None, None, None, Some(job)) => {
                let Some(is) = &when.is else {
                    let what = "the state of the job is missing\nadd `is: queued`, `waiting`, `in_progress` or `completed`";
                    return Err(Flaw::at(job.place, what));
                };
                Ok(Watched::Job(JobIs {
                    job: self.jobs.one(job)?,
                    is: is.value,
                }))
            }
            (None, None, None, None) => {
                let what =
                    "`when` names nothing to wait for\nadd one of: call, hf_job, runner, job";
                Err(Flaw::at(place, what))
            }
            _ => {
                let what =
                    "`when` names two things to wait for\nkeep one of: call, hf_job, runner, job";
                Err(Flaw::at(place, what))
            }
        }
    }
}

fn check_call(call: &Placed<String>, phase: Phase) -> Result<(), Flaw> {
    let name = call.value.as_str();
    let Some(known) = Known::named(name) else {
        return Err(Flaw::at(
            call.place,
            &words::unknown_name("call", name, CALLS),
        ));
    };
    if phase == Phase::Effect && known.is(Is::Reads) {
        let what = format!(
            "`{name}` only reads, so it has no effect to wait for\nuse `phase: received` or `phase: answered`"
        );
        return Err(Flaw::at(call.place, &what));
    }
    Ok(())
}
