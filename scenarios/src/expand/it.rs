//! `it`: what the trigger of a step matched, and whether that can be what the step's verb needs.

use vocabulary::{About, Call, Is};

use crate::{
    error::{Flaw, Place},
    plan::{JobMoment, Phase, RunnerMoment},
    written::{self, When},
};

/// `it` stands for an HF job, or for the one that holds the runner: the trigger must have matched one.
pub(super) fn must_be_an_hf_job(step: &written::Step, place: Place) -> Result<(), Flaw> {
    const WRITE: &str = "write `when: { hf_job: running }`, `{ runner: busy }`, `{ job: J1, is: in_progress }` or `{ call: hf.create }`";
    let none = |why: &str| Err(Flaw::at(place, &format!("{why}\n{WRITE}")));
    let Some(when) = step.when.as_ref().map(|when| &when.value) else {
        return none("`it` needs a trigger that matches an HF job or a runner");
    };
    if when.hf_job.is_some() || when.runner.is_some() {
        return Ok(());
    }
    match (subject(when)?, when.is.as_ref().map(|is| is.value)) {
        (_, Some(JobMoment::InProgress | JobMoment::Completed))
        | (Some(About::HfJob | About::Runner | About::Job), _) => Ok(()),
        (_, Some(JobMoment::Queued | JobMoment::Waiting)) => {
            none("`it` is a job here that no runner has yet")
        }
        (Some(About::Run), None) => none("`it` is a run here, and no one runner is meant"),
        (None, None) => none("`it` needs a trigger that matches an HF job or a runner"),
    }
}

/// `it` stands for a job, or for a run where runs are meant: the trigger must have matched one.
pub(super) fn must_be_a_job(step: &written::Step, place: Place) -> Result<(), Flaw> {
    const WRITE: &str =
        "write `when: { job: J1, is: queued }`, `{ runner: busy }` or `{ call: github.get-job }`";
    let none = |why: &str| Err(Flaw::at(place, &format!("{why}\n{WRITE}")));
    let Some(when) = step.when.as_ref().map(|when| &when.value) else {
        return none("`it` needs a trigger that matches a job");
    };
    match (when.runner, subject(when)?) {
        (Some(RunnerMoment::Busy), _) | (None, Some(About::Job | About::Run)) => Ok(()),
        (Some(RunnerMoment::Online | RunnerMoment::Idle | RunnerMoment::Gone), _) => {
            none("`it` is a runner here that has no job")
        }
        (None, Some(About::HfJob | About::Runner)) => {
            none("`it` is an HF job or a runner here, not a job")
        }
        (None, None) if when.job.is_some() => Ok(()),
        (None, None) => none("`it` needs a trigger that matches a job"),
    }
}

/// What the call of a trigger is about. A call that makes something is about it only once it has.
fn subject(when: &When) -> Result<Option<About>, Flaw> {
    let Some(call) = &when.call else {
        return Ok(None);
    };
    let known = Call::named(&call.value);
    let phase = when.phase.as_ref().map(|phase| phase.value);
    if known.is_some_and(|known| known.is(Is::Makes)) && phase == Some(Phase::Received) {
        let what = format!(
            "when `{}` is received, there is nothing yet that `it` could be\nuse `phase: effect` or `phase: answered`",
            call.value
        );
        return Err(Flaw::at(call.place, &what));
    }
    Ok(known.and_then(|known| known.about))
}
