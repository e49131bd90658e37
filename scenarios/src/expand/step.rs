//! Steps: each becomes one step of the plan for every job or run it stands for.

use std::time::Duration;

use vocabulary::Fixed;

use super::{Context, it, so_far::SoFar};
use crate::{
    error::{Flaw, Place},
    plan::{Down, HfStage, Redeliver, RunnerVerb, Step, Trigger, Verb},
    words,
    written::{self, Placed},
};

const VERBS: &[&str] = &[
    "queue",
    "cancel",
    "rerun",
    "approve",
    "complete_run",
    "take_back",
    "suspend",
    "unsuspend",
    "rename_repo",
    "rotate_secret",
    "event",
    "deliver",
    "redeliver",
    "hf_stage",
    "runner",
    "crash",
    "stop",
    "restart",
];

/// A step's trigger, before its times are drawn.
pub(super) struct Start<'a> {
    pub(super) step: &'a written::Step,
    /// Keys the draws of a step that stands for no job.
    pub(super) entity: String,
    pub(super) line: usize,
    /// Its place in the timeline, from 0.
    pub(super) number: usize,
}

impl Context<'_> {
    /// Expands one step into `timeline`.
    pub(super) fn expand_step(
        &self,
        step: &Placed<written::Step>,
        so_far: &mut SoFar,
        timeline: &mut Vec<Step>,
    ) -> Result<(), Flaw> {
        let verb = the_verb(step)?;
        check_start(step)?;
        let (number, ordinal) = so_far.step(verb);
        let entity = format!("{verb}#{ordinal}");
        let start = Start {
            step: &step.value,
            entity,
            line: step.place.line,
            number,
        };
        let written = &step.value;

        if let Some(queue) = &written.queue {
            return self.queue(queue, &start, so_far, timeline);
        }
        if let Some(deliver) = &written.deliver {
            self.check_old_secret(deliver)?;
            return self.deliver(deliver, &start, timeline);
        }
        if let Some(acts) = self.about_jobs(written, &start)? {
            for (job, verb) in acts {
                let entity = format!("{}:{job}", start.entity);
                timeline.push(self.step(&start, &entity, Duration::ZERO, verb)?);
            }
            return Ok(());
        }
        let verb = match self.around(written)? {
            Some(verb) => verb,
            None => self.single(written, &start)?,
        };
        timeline.push(self.step(&start, &start.entity, Duration::ZERO, verb)?);
        Ok(())
    }

    /// One step of the plan, its time drawn for `entity` and put off by `offset`.
    pub(super) fn step(
        &self,
        start: &Start<'_>,
        entity: &str,
        offset: Duration,
        verb: Verb,
    ) -> Result<Step, Flaw> {
        let trigger = match (&start.step.at, &start.step.when) {
            (_, Some(when)) => {
                let mut when = self.when(&when.value, when.place, entity)?;
                when.plus += offset;
                Trigger::When(when)
            }
            (at, None) => {
                Trigger::At(self.keyed.within(at.unwrap_or_default(), entity, "at") + offset)
            }
        };
        Ok(Step {
            trigger,
            verb,
            line: start.line,
        })
    }

    /// Verbs that stand for one step.
    fn single(&self, step: &written::Step, start: &Start<'_>) -> Result<Verb, Flaw> {
        if let Some(redeliver) = &step.redeliver {
            return self.redeliver(step, redeliver).map(Verb::Redeliver);
        }
        if let Some(stage) = &step.hf_stage {
            it::must_be_an_hf_job(step, stage.place)?;
            return Ok(Verb::HfStage(HfStage {
                hf_job: stage.value.hf_job,
                stage: stage.value.stage,
                message: stage
                    .value
                    .message
                    .as_ref()
                    .map(|message| message.0.clone()),
            }));
        }
        if let Some(runner) = &step.runner {
            it::must_be_an_hf_job(step, runner.place)?;
            return befallen(runner).map(Verb::Runner);
        }
        let down = |down: &Placed<written::Down>| Down {
            restart_after: down
                .value
                .restart_after
                .map(|after| Fixed(self.keyed.within(after, &start.entity, "restart_after"))),
        };
        Ok(match (&step.crash, &step.stop) {
            (Some(crash), _) => Verb::Crash(down(crash)),
            (None, Some(stop)) => Verb::Stop(down(stop)),
            (None, None) => Verb::Restart,
        })
    }

    fn redeliver(
        &self,
        step: &written::Step,
        redeliver: &Placed<written::Redeliver>,
    ) -> Result<Redeliver, Flaw> {
        match (
            &redeliver.value.job,
            &redeliver.value.action,
            redeliver.value.failed,
        ) {
            (Some(job), Some(action), false) => Ok(Redeliver::Job {
                job: self.job_or_it(step, job)?,
                action: known_action(action)?,
            }),
            (None, None, true) => Ok(Redeliver::Failed),
            _ => {
                let what = "`redeliver` does not say which deliveries\nwrite `{ job: J1, action: queued }` or `{ failed: true }`";
                Err(Flaw::at(redeliver.place, what))
            }
        }
    }
}

/// What happens to a runner.
fn befallen(runner: &Placed<written::RunnerVerb>) -> Result<RunnerVerb, Flaw> {
    let written = &runner.value;
    if let (Some(times), None) = (&written.times, written.restart) {
        let what = "`times` says how often a container starts again\nwrite `runner: { restart: it, times: 3 }`, or leave `times` out";
        return Err(Flaw::at(times.place, what));
    }
    match (written.die, written.hang, written.restart) {
        (Some(_), None, None) => Ok(RunnerVerb::Die),
        (None, Some(_), None) => Ok(RunnerVerb::Hang),
        (None, None, Some(_)) => Ok(RunnerVerb::Restart {
            times: written.times.as_ref().map_or(1, |times| times.value.get()),
        }),
        _ => Err(Flaw::at(
            runner.place,
            "`runner` needs exactly one of `die`, `hang` and `restart`\nwrite `runner: { die: it }`",
        )),
    }
}

/// The one verb of a step.
fn the_verb(step: &Placed<written::Step>) -> Result<&'static str, Flaw> {
    let s = &step.value;
    let places: [Option<Place>; 18] = [
        s.queue.as_ref().map(|verb| verb.place),
        s.cancel.as_ref().map(|verb| verb.place),
        s.rerun.as_ref().map(|verb| verb.place),
        s.approve.as_ref().map(|verb| verb.place),
        s.complete_run.as_ref().map(|verb| verb.place),
        s.take_back.as_ref().map(|verb| verb.place),
        s.suspend.as_ref().map(|verb| verb.place),
        s.unsuspend.as_ref().map(|verb| verb.place),
        s.rename_repo.as_ref().map(|verb| verb.place),
        s.rotate_secret.as_ref().map(|verb| verb.place),
        s.event.as_ref().map(|verb| verb.place),
        s.deliver.as_ref().map(|verb| verb.place),
        s.redeliver.as_ref().map(|verb| verb.place),
        s.hf_stage.as_ref().map(|verb| verb.place),
        s.runner.as_ref().map(|verb| verb.place),
        s.crash.as_ref().map(|verb| verb.place),
        s.stop.as_ref().map(|verb| verb.place),
        s.restart.as_ref().map(|verb| verb.place),
    ];
    let set = VERBS
        .iter()
        .zip(places)
        .filter_map(|(verb, place)| Some((*verb, place?)));
    match set.collect::<Vec<_>>().as_slice() {
        [(verb, _)] => Ok(verb),
        [] => {
            let what = format!("this step has no verb\nadd one of: {}", VERBS.join(", "));
            Err(Flaw::at(step.place, &what))
        }
        [(first, _), (second, _), ..] => {
            let what = format!(
                "this step has two verbs, `{first}` and `{second}`\nmake two steps of it, each with its own `at:` or `when:`"
            );
            Err(Flaw::at(step.place, &what))
        }
    }
}

fn check_start(step: &Placed<written::Step>) -> Result<(), Flaw> {
    match (&step.value.at, &step.value.when) {
        (Some(_), Some(when)) => {
            let what = "this step has both `at` and `when`\nkeep one; to wait after an event, write `when: { …, plus: 5s }`";
            Err(Flaw::at(when.place, what))
        }
        (None, None) => {
            let what = "this step does not say when it happens\nadd `at: 10s` or `when: { hf_job: running }`";
            Err(Flaw::at(step.place, what))
        }
        _ => Ok(()),
    }
}

/// An action of a `workflow_job` event.
pub(super) fn known_action(action: &Placed<String>) -> Result<String, Flaw> {
    if words::ACTIONS.contains(&action.value.as_str()) {
        return Ok(action.value.clone());
    }
    Err(Flaw::at(
        action.place,
        &words::unknown("action", &action.value, words::ACTIONS),
    ))
}
