//! Steps: each becomes one step of the plan for every job or run it stands for.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Context,
    jobs::{members, share_of},
};
use crate::{
    error::{Flaw, Place},
    plan::{
        Approve, Cancel, Down, HfStage, NewJob, Redeliver, Rerun, RunnerVerb, Step, Trigger, Verb,
    },
    time::{Fixed, Length},
    words,
    written::{self, Names, Placed, Queue},
};

const VERBS: &[&str] = &[
    "queue",
    "cancel",
    "rerun",
    "approve",
    "deliver",
    "redeliver",
    "hf_stage",
    "runner",
    "crash",
    "stop",
    "restart",
];

/// How many steps of each verb there were, to key their draws.
pub(super) type Ordinals = BTreeMap<&'static str, usize>;

/// A step's trigger, before its times are drawn.
pub(super) struct Start<'a> {
    step: &'a written::Step,
    /// Keys the draws of a step that stands for no job.
    pub(super) entity: String,
    pub(super) line: usize,
}

/// How many jobs GitHub makes of a matrix, at most: <https://docs.github.com/en/actions/reference/limits>.
const RUN_JOBS_MAX: usize = 256;

impl Context<'_> {
    /// Expands one step into `timeline`.
    pub(super) fn expand_step(
        &self,
        step: &Placed<written::Step>,
        ordinals: &mut Ordinals,
        timeline: &mut Vec<Step>,
    ) -> Result<(), Flaw> {
        let verb = the_verb(step)?;
        check_start(step)?;
        let ordinal = ordinals.entry(verb).or_default();
        *ordinal += 1;
        let entity = format!("{verb}#{ordinal}");
        let start = Start {
            step: &step.value,
            entity,
            line: step.place.line,
        };
        let written = &step.value;

        if let Some(queue) = &written.queue {
            return self.queue(queue, &start, timeline);
        }
        if let Some(deliver) = &written.deliver {
            return self.deliver(deliver, &start, timeline);
        }
        if let Some((jobs, verb)) = self.about_runs(written, &start)? {
            for job in self.jobs.one_of_each_run(jobs) {
                let entity = format!("{}:{job}", start.entity);
                timeline.push(self.step(&start, &entity, Duration::ZERO, verb(job))?);
            }
            return Ok(());
        }
        let verb = self.single(written, &start)?;
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

    fn queue(
        &self,
        queue: &Placed<Queue>,
        start: &Start<'_>,
        timeline: &mut Vec<Step>,
    ) -> Result<(), Flaw> {
        let (place, queue) = (queue.place, &queue.value);
        let repo = self.repo(queue.repo.as_ref())?;
        let runs_for = queue.runs_for.unwrap_or(Length::millis(60_000, 60_000));
        for job in members(queue)? {
            let number = job.number.to_string();
            let run = &job.run;
            if queue.run.is_some() && jobs_of_run(timeline, &repo, run) >= RUN_JOBS_MAX {
                let what = format!(
                    "run `{run}` has more than {RUN_JOBS_MAX} jobs, and GitHub makes no more of a matrix\ngive some of them another `run`, or none"
                );
                return Err(Flaw::at(place, &what));
            }
            let verb = Verb::Queue(NewJob {
                labels: labels(&queue.labels, &number)?,
                repo: repo.clone(),
                run: job.run,
                runs_for: Fixed(self.keyed.within(runs_for, &job.name, "runs_for")),
                conclusion: queue.conclusion,
                max_parallel: queue.max_parallel.map(std::num::NonZeroU32::get),
                needs_approval: queue.needs_approval,
                name: job.name.clone(),
            });
            timeline.push(self.step(start, &job.name, Duration::ZERO, verb)?);
        }
        Ok(())
    }

    /// The repository that a job belongs to.
    pub(super) fn repo(&self, repo: Option<&Placed<String>>) -> Result<String, Flaw> {
        let known: Vec<&str> = self
            .scenario
            .world
            .github
            .repos
            .iter()
            .map(|repo| repo.name.0.as_str())
            .collect();
        match repo {
            Some(repo) if known.contains(&repo.value.as_str()) => Ok(repo.value.clone()),
            Some(repo) => Err(Flaw::at(
                repo.place,
                &words::unknown("repository", &repo.value, &known),
            )),
            None => known.first().map(|&repo| repo.to_owned()).ok_or_else(|| {
                Flaw::at(
                    self.scenario.timeline.place,
                    "the world has no repository\nadd one to `world.github.repos`",
                )
            }),
        }
    }

    /// Verbs that act on the runs of jobs: the jobs, and the verb for one of them.
    fn about_runs(
        &self,
        step: &written::Step,
        start: &Start<'_>,
    ) -> Result<Option<(Vec<String>, MakeVerb)>, Flaw> {
        if let Some(cancel) = &step.cancel {
            let names = either(
                &cancel.value.job,
                &cancel.value.jobs,
                cancel.place,
                "job",
                "jobs",
            )?;
            let mut jobs = self.jobs.of_all(names)?;
            if let Some(share) = cancel.value.share {
                jobs = share_of(self.keyed, &jobs, share, &format!("{}.share", start.entity));
            }
            return Ok(Some((jobs, |job| Verb::Cancel(Cancel { job }))));
        }
        if let Some(approve) = &step.approve {
            return Ok(Some((self.jobs.of_all(&approve.value.job)?, |job| {
                Verb::Approve(Approve { job })
            })));
        }
        let Some(rerun) = &step.rerun else {
            return Ok(None);
        };
        let jobs = match (&rerun.value.job, &rerun.value.run) {
            (Some(names), None) => self.jobs.of_all(names)?,
            (None, Some(run)) => vec![self.jobs.of_run(run)?],
            _ => {
                return Err(Flaw::at(
                    rerun.place,
                    "`rerun` needs either `job` or `run`\nname one of the two",
                ));
            }
        };
        let verb: MakeVerb = if rerun.value.failed_only {
            |job| {
                Verb::Rerun(Rerun {
                    job,
                    failed_only: true,
                })
            }
        } else {
            |job| {
                Verb::Rerun(Rerun {
                    job,
                    failed_only: false,
                })
            }
        };
        Ok(Some((jobs, verb)))
    }

    /// Verbs that stand for one step.
    fn single(&self, step: &written::Step, start: &Start<'_>) -> Result<Verb, Flaw> {
        if let Some(redeliver) = &step.redeliver {
            return self.redeliver(redeliver).map(Verb::Redeliver);
        }
        if let Some(stage) = &step.hf_stage {
            check_it(step, stage.place)?;
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
            check_it(step, runner.place)?;
            return match (runner.value.die, runner.value.hang) {
                (Some(_), None) => Ok(Verb::Runner(RunnerVerb::Die)),
                (None, Some(_)) => Ok(Verb::Runner(RunnerVerb::Hang)),
                _ => Err(Flaw::at(
                    runner.place,
                    "`runner` needs either `die` or `hang`\nwrite `runner: { die: it }`",
                )),
            };
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

    fn redeliver(&self, redeliver: &Placed<written::Redeliver>) -> Result<Redeliver, Flaw> {
        match (
            &redeliver.value.job,
            &redeliver.value.action,
            redeliver.value.failed,
        ) {
            (Some(job), Some(action), false) => Ok(Redeliver::Job {
                job: self.jobs.one(job)?,
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

type MakeVerb = fn(String) -> Verb;

/// The one verb of a step.
fn the_verb(step: &Placed<written::Step>) -> Result<&'static str, Flaw> {
    let s = &step.value;
    let places: [Option<Place>; 11] = [
        s.queue.as_ref().map(|verb| verb.place),
        s.cancel.as_ref().map(|verb| verb.place),
        s.rerun.as_ref().map(|verb| verb.place),
        s.approve.as_ref().map(|verb| verb.place),
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

/// `it` is what a trigger matched, so there must be one that matches an HF job or a runner.
fn check_it(step: &written::Step, place: Place) -> Result<(), Flaw> {
    let matched = step
        .when
        .as_ref()
        .is_some_and(|when| when.value.hf_job.is_some() || when.value.runner.is_some());
    if matched {
        return Ok(());
    }
    let what = "`it` needs a trigger that matches an HF job or a runner\nwrite `when: { hf_job: running }` or `when: { runner: busy }`";
    Err(Flaw::at(place, what))
}

fn either<'a>(
    one: &'a Option<Names>,
    other: &'a Option<Names>,
    place: Place,
    one_name: &str,
    other_name: &str,
) -> Result<&'a Names, Flaw> {
    match (one, other) {
        (Some(names), None) | (None, Some(names)) => Ok(names),
        _ => Err(Flaw::at(
            place,
            &format!("either `{one_name}` or `{other_name}` must stand here\nname one of the two"),
        )),
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

/// The labels of a job, with its number put in.
fn labels(labels: &Names, number: &str) -> Result<Vec<String>, Flaw> {
    let with_number = labels.0.iter().map(|label| {
        let text = label.value.replace("$i", number);
        let wrong = match text.as_str() {
            "" => "it is empty",
            text if text.chars().count() > 100 => "it is longer than 100 characters",
            text if text.contains(',') => "it contains a comma",
            text if text.contains(char::is_whitespace) => "it contains a space",
            _ => return Ok(text),
        };
        let what = format!(
            "`{text}` cannot be a label: {wrong}\nwrite one label, or a list: `[hf-jobs-cpu-basic, linux]`"
        );
        Err(Flaw::at(label.place, &what))
    });
    with_number.collect()
}

/// How many jobs of this run have been queued so far.
fn jobs_of_run(timeline: &[Step], repo: &str, run: &str) -> usize {
    let is_of_it =
        |step: &&Step| matches!(&step.verb, Verb::Queue(job) if job.repo == repo && job.run == run);
    timeline.iter().filter(is_of_it).count()
}
