//! Jobs that are queued: each its labels, its run, its matrix and its concurrency group.

use std::time::Duration;

use super::{
    Context,
    jobs::{Named, members},
    so_far::SoFar,
    step::Start,
};
use crate::{
    error::{Flaw, Place},
    plan::{Concurrency, NewJob, Step, Verb},
    written::{Names, Placed, Queue},
};
use vocabulary::{Fixed, Length};

/// How many jobs GitHub makes of a matrix, at most: <https://docs.github.com/en/actions/reference/limits>.
const MATRIX_JOBS_MAX: usize = 256;

impl Context<'_> {
    /// Expands a `queue`: one step for each job.
    pub(super) fn queue(
        &self,
        queue: &Placed<Queue>,
        start: &Start<'_>,
        so_far: &mut SoFar,
        timeline: &mut Vec<Step>,
    ) -> Result<(), Flaw> {
        let (place, queue) = (queue.place, &queue.value);
        let repo = self
            .repos
            .named_at(queue.repo.as_ref(), start.number, start.step.at)?;
        if queue.labels.0.is_empty() {
            let what = "a job without a label is asked of nobody\nwrite what it runs on: `labels: hf-jobs-cpu-basic`";
            return Err(Flaw::at(place, what));
        }
        let named = members(queue)?;
        waits_for_itself(&named, start)?;
        let runs_for = queue.runs_for.unwrap_or(Length::millis(60_000, 60_000));
        if let (Some(matrix), None) = (&queue.matrix, &queue.run) {
            let what = "a matrix belongs to a run\nname the run: `run: R`";
            return Err(Flaw::at(matrix.place, what));
        }
        for job in named {
            let number = job.number.to_string();
            let new = NewJob {
                labels: labels(&queue.labels, &number)?,
                repo: repo.clone(),
                matrix: matrix(queue, &number),
                concurrency: concurrency(queue, &number)?,
                runs_for: Fixed(self.keyed.within(runs_for, &job.name, "runs_for")),
                conclusion: queue.conclusion,
                max_parallel: queue.max_parallel.map(std::num::NonZeroU32::get),
                needs_approval: queue.needs_approval,
                run: job.run,
                name: job.name,
            };
            check_run(so_far, &new, queue, place)?;
            let entity = new.name.clone();
            timeline.push(self.step(start, &entity, Duration::ZERO, Verb::Queue(new))?);
        }
        Ok(())
    }
}

/// Refuses a `queue` that waits for one of its own jobs.
fn waits_for_itself(named: &[Named], start: &Start<'_>) -> Result<(), Flaw> {
    let Some(when) = &start.step.when else {
        return Ok(());
    };
    let after = when.value.after.as_ref().map(|after| &after.job);
    let waited = when.value.job.iter().chain(after);
    for job in waited {
        let base = job.value.split('/').next().unwrap_or_default();
        if named.iter().any(|named| named.name == base) {
            let what = format!(
                "this step queues `{base}`, and waits for it before\nwait for another job, or write a time: `at: 10s`"
            );
            return Err(Flaw::at(job.place, &what));
        }
    }
    Ok(())
}

/// The matrix of a job: what its `queue` says, or all jobs that the `queue` puts into one run.
fn matrix(queue: &Queue, number: &str) -> Option<String> {
    if let Some(matrix) = &queue.matrix {
        return Some(matrix.value.replace("$i", number));
    }
    let share_a_run = queue.run.is_some() || queue.max_parallel.is_some();
    (queue.jobs.is_some() && share_a_run).then(|| queue.name.value.clone())
}

fn concurrency(queue: &Queue, number: &str) -> Result<Option<Concurrency>, Flaw> {
    let Some(written) = &queue.concurrency else {
        return Ok(None);
    };
    let group = written.value.group.replace("$i", number);
    if group.trim().is_empty() {
        let what = "a concurrency group needs a name\nwrite `concurrency: deploy`";
        return Err(Flaw::at(written.place, what));
    }
    Ok(Some(Concurrency {
        group,
        ..written.value
    }))
}

/// Refuses a matrix that is too large, and a run that is in two concurrency groups.
fn check_run(so_far: &mut SoFar, new: &NewJob, queue: &Queue, place: Place) -> Result<(), Flaw> {
    let (run, jobs) = so_far.enter(new);
    if run.concurrency != new.concurrency {
        let what = format!(
            "run `{}` has another concurrency group here than where `{}` is queued\na run is in one group or in none: say the same in every `queue` of it",
            new.run, run.first
        );
        let place = queue.concurrency.as_ref().map_or(place, |it| it.place);
        return Err(Flaw::at(place, &what));
    }
    if jobs <= MATRIX_JOBS_MAX {
        return Ok(());
    }
    let whose = match &new.matrix {
        Some(matrix) => format!("matrix `{matrix}` of run `{}`", new.run),
        None => format!("run `{}`", new.run),
    };
    let what = format!(
        "{whose} has more than {MATRIX_JOBS_MAX} jobs, and GitHub makes no more of a matrix\nput the others into another `queue` of the same `run`, which is a matrix of its own, or give them another `run`"
    );
    Err(Flaw::at(place, &what))
}

/// The labels of a job, with its number put in. In a list each item is one label, commas and all.
fn labels(labels: &Names, number: &str) -> Result<Vec<String>, Flaw> {
    let with_number = labels.0.iter().map(|label| {
        let text = label.value.replace("$i", number);
        let wrong = match text.as_str() {
            "" => "it is empty",
            text if text.chars().count() > 100 => "it is longer than 100 characters",
            text if text.contains(", ") => "it contains a comma",
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
