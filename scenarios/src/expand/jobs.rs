//! The names of a scenario: which jobs it queues, which groups and runs they form.

use std::collections::BTreeMap;

use vocabulary::Chance;

use crate::{
    error::Flaw,
    keyed::Keyed,
    plan::IT,
    recording::{LearnedNames, Recordings},
    words,
    written::{Names, Placed, Queue, Scenario},
};

/// More jobs than this in one scenario are a slip of the pen.
const JOBS_MAX: usize = 20_000;

/// Every job, group and run that a scenario names.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// Each job with its run.
    jobs: BTreeMap<String, String>,
    groups: BTreeMap<String, Vec<String>>,
    /// Each run with its jobs, in the order they are queued.
    runs: BTreeMap<String, Vec<String>>,
    /// Whether a name that nothing has yet may be meant too.
    any: bool,
}

/// A job that a `queue` step stands for.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) run: String,
    /// What `$i` stands for.
    pub(super) number: u32,
}

impl Jobs {
    /// Names the jobs of a scenario; a job may be referred to before it is queued.
    pub(super) fn name(scenario: &Scenario, recordings: &Recordings) -> Result<Self, Flaw> {
        Self::name_after(&[], scenario, recordings)
    }

    /// Every name that could be one.
    pub(super) fn of_any_name() -> Self {
        Self {
            any: true,
            ..Self::default()
        }
    }

    /// Names the jobs of a scenario in a world that has some already.
    pub(super) fn name_after(
        there: &[String],
        scenario: &Scenario,
        recordings: &Recordings,
    ) -> Result<Self, Flaw> {
        let mut all = Self::default();
        there.iter().for_each(|job| all.know(Some(job.clone())));
        for step in &scenario.timeline.value {
            if let Some(queue) = &step.value.queue {
                all.add(&queue.value)?;
            }
        }
        let mut names = LearnedNames::default();
        for step in &scenario.timeline.value {
            let Some(deliver) = &step.value.deliver else {
                continue;
            };
            if let Some(file) = &deliver.value.recorded {
                let recording = recordings.get(file)?;
                let payloads = recording.deliveries.iter();
                payloads.for_each(|delivery| all.know(names.learn(&delivery.payload)));
            }
            // In a plan, recordings are written out.
            if deliver.value.learn == Some(true) {
                let payload = deliver.value.payload.as_ref();
                let written = payload.map(|payload| payload.0.to_string());
                let body = deliver.value.body.as_ref().map(|body| body.0.clone());
                let told = written.or(body);
                all.know(told.and_then(|told| names.learn(&told)));
            }
        }
        Ok(all)
    }

    /// A job that the world learns from a recording.
    fn know(&mut self, job: Option<String>) {
        if let Some(job) = job {
            self.jobs.entry(job.clone()).or_insert(job);
        }
    }

    fn add(&mut self, queue: &Queue) -> Result<(), Flaw> {
        let group = &queue.name.value;
        check_name(&queue.name)?;
        let mut names = Vec::new();
        for job in members(queue)? {
            if self.jobs.contains_key(&job.name) || self.groups.contains_key(&job.name) {
                return Err(twice(queue, &job.name));
            }
            self.runs
                .entry(job.run.clone())
                .or_default()
                .push(job.name.clone());
            self.jobs.insert(job.name.clone(), job.run);
            names.push(job.name);
        }
        if self.jobs.len() > JOBS_MAX {
            let place = queue
                .jobs
                .as_ref()
                .map_or(queue.name.place, |jobs| jobs.place);
            return Err(Flaw::at(
                place,
                &format!("too many jobs\na scenario holds at most {JOBS_MAX}"),
            ));
        }
        if queue.jobs.is_some() {
            if self.jobs.contains_key(group) || self.groups.contains_key(group) {
                return Err(twice(queue, group));
            }
            self.groups.insert(group.clone(), names);
        }
        Ok(())
    }

    /// The jobs that a name stands for.
    pub(super) fn of(&self, name: &Placed<String>) -> Result<Vec<String>, Flaw> {
        if let Some(group) = self.groups.get(&name.value) {
            return Ok(group.clone());
        }
        self.one(name).map(|job| vec![job])
    }

    /// The jobs that names stand for, each once.
    pub(super) fn of_all(&self, names: &Names) -> Result<Vec<String>, Flaw> {
        let mut all = Vec::new();
        for name in &names.0 {
            for job in self.of(name)? {
                if !all.contains(&job) {
                    all.push(job);
                }
            }
        }
        Ok(all)
    }

    /// The one job that a name stands for.
    pub(super) fn one(&self, name: &Placed<String>) -> Result<String, Flaw> {
        let known = |job: &str| self.jobs.contains_key(job);
        // `J1/2` is the second attempt of J1.
        let base = name
            .value
            .split_once('/')
            .filter(|(_, attempt)| attempt.parse::<u32>().is_ok_and(|n| n > 1));
        if self.any || known(&name.value) || base.is_some_and(|(job, _)| known(job)) {
            return Ok(name.value.clone());
        }
        if let Some([first, ..]) = self.groups.get(&name.value).map(Vec::as_slice) {
            let what = format!(
                "`{}` is a group of jobs, and one job must stand here\nname one of them, such as `{first}`",
                name.value
            );
            return Err(Flaw::at(name.place, &what));
        }
        let names: Vec<&str> = self
            .groups
            .keys()
            .chain(self.jobs.keys())
            .map(String::as_str)
            .collect();
        let what = match words::closest(&name.value, &names) {
            Some(meant) => format!("no job is called `{}`\ndid you mean `{meant}`?", name.value),
            None => format!(
                "no job is called `{}`\nqueue it: `queue: {{ as: {}, labels: hf-jobs-cpu-basic }}`",
                name.value, name.value
            ),
        };
        Err(Flaw::at(name.place, &what))
    }

    /// The first job of a run.
    pub(super) fn of_run(&self, run: &Placed<String>) -> Result<String, Flaw> {
        if let Some([first, ..]) = self.runs.get(&run.value).map(Vec::as_slice) {
            return Ok(first.clone());
        }
        let known: Vec<&str> = self.runs.keys().map(String::as_str).collect();
        Err(Flaw::at(
            run.place,
            &words::unknown("run", &run.value, &known),
        ))
    }

    /// One job for each run among these jobs, in order.
    pub(super) fn one_of_each_run(&self, jobs: Vec<String>) -> Vec<String> {
        let mut seen = Vec::new();
        let mut kept = Vec::new();
        for job in jobs {
            let run = self.jobs.get(&job).cloned().unwrap_or_else(|| job.clone());
            if !seen.contains(&run) {
                seen.push(run);
                kept.push(job);
            }
        }
        kept
    }
}

/// The jobs a `queue` stands for.
pub(super) fn members(queue: &Queue) -> Result<Vec<Named>, Flaw> {
    let group = &queue.name.value;
    let count = queue.jobs.as_ref().map(|jobs| jobs.value);
    if let Some(jobs) = queue.jobs.as_ref().filter(|jobs| jobs.value == 0) {
        return Err(Flaw::at(
            jobs.place,
            "no job at all is queued here\nwrite at least 1, or remove the step",
        ));
    }
    let named = (1..=count.unwrap_or(1)).map(|number| {
        let name = if count.is_some() {
            format!("{group}{number}")
        } else {
            group.clone()
        };
        let run = match &queue.run {
            Some(run) => run.value.replace("$i", &number.to_string()),
            None if queue.max_parallel.is_some() => group.clone(),
            None => name.clone(),
        };
        Named { name, run, number }
    });
    Ok(named.take(JOBS_MAX + 1).collect())
}

/// Those of `jobs` that a share strikes: each by a draw of its own, but at least one.
pub(super) fn share_of(keyed: Keyed, jobs: &[String], share: Chance, purpose: &str) -> Vec<String> {
    let draw = |job: &String| keyed.unit(job, purpose);
    let least = jobs
        .iter()
        .min_by(|a, b| draw(a).total_cmp(&draw(b)))
        .cloned();
    let struck =
        |job: &String| draw(job) < share.0 || (share.0 > 0.0 && least.as_ref() == Some(job));
    jobs.iter().filter(|job| struck(job)).cloned().collect()
}

fn check_name(name: &Placed<String>) -> Result<(), Flaw> {
    if name.value == IT {
        let what = "`it` cannot name a job: it is what a trigger matched\nchoose another name";
        return Err(Flaw::at(name.place, what));
    }
    let fine = name
        .value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if fine && !name.value.is_empty() && name.value.len() <= 64 {
        return Ok(());
    }
    let what = format!(
        "`{}` cannot name a job\nuse up to 64 letters, digits, `-`, `_` and `.`; with `jobs:` the numbers come by themselves",
        name.value
    );
    Err(Flaw::at(name.place, &what))
}

fn twice(queue: &Queue, name: &str) -> Flaw {
    let what = format!("the name `{name}` is taken already\ngive this job another name");
    Flaw::at(queue.name.place, &what)
}
