//! Steps that were never taken: which, and why. A step acts on something, and says so if that was not there.

use fakes::{
    RunStatus, RunView, World,
    ids::{HfJobId, JobId, RunId},
};
use scenarios::plan::{IT, Step, Verb};
use serde::{Deserialize, Serialize};

use super::seen::It;

/// A step of the timeline that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotTaken {
    /// Its line in the scenario.
    pub line: usize,
    /// Its verb.
    pub step: String,
    /// Why: its trigger never came, or there was nothing to act on.
    pub why: String,
}

/// The steps of these that count as not taken, in the order of the scenario. One that is written for several jobs (`cancel:
/// { jobs: J }`) becomes several of the plan: it was taken if any of them found something.
pub(super) fn not_taken(
    timeline: &[Step],
    in_vain: &[(usize, String)],
    acted: &[usize],
) -> Vec<NotTaken> {
    let acted: Vec<&Step> = acted
        .iter()
        .filter_map(|index| timeline.get(*index))
        .collect();
    let mut found: Vec<NotTaken> = Vec::new();
    for (index, why) in in_vain {
        let Some(step) = timeline.get(*index) else {
            continue;
        };
        if acted.iter().any(|other| are_one(step, other)) {
            continue;
        }
        found.push(NotTaken {
            line: step.line,
            step: step.verb.word().to_owned(),
            why: why.clone(),
        });
    }
    found.sort_by_key(|step| step.line);
    found.dedup_by_key(|step| step.line);
    found
}

/// Whether two steps of a plan come from one of the scenario: by its line, which a plan that is read again has no more; then
/// `cancel` is of `J1` and `J2` at the same time.
fn are_one(one: &Step, other: &Step) -> bool {
    let group = |job: &str| {
        job.trim_end_matches(|it: char| it.is_ascii_digit())
            .to_owned()
    };
    match (&one.verb, &other.verb) {
        _ if one.line == other.line => true,
        (Verb::Cancel(one_of), Verb::Cancel(other_of)) => {
            one.trigger == other.trigger && group(&one_of.job) == group(&other_of.job)
        }
        _ => false,
    }
}

/// Whether a step found what it acts on; if not, why.
pub(super) type Acted = Result<(), String>;

/// Nothing to say of a step that acted.
pub(super) fn unless(acted: bool, why: impl FnOnce() -> String) -> Acted {
    if acted { Ok(()) } else { Err(why()) }
}

/// What a report calls a job.
pub(super) fn called(job: &str) -> &str {
    if job == IT {
        "what its trigger matched"
    } else {
        job
    }
}

/// That there is no such job.
pub(super) fn no_job(job: &str) -> String {
    if job == IT {
        "what its trigger matched has no job".to_owned()
    } else {
        format!("there was no job {job} yet")
    }
}

/// The job a step is about.
pub(super) fn job(world: &World, job: &str, it: &It) -> Result<JobId, String> {
    let found = if job == IT {
        it.job
    } else {
        world.github().job_by_name(job)
    };
    found.ok_or_else(|| no_job(job))
}

/// The run of the job a step is about.
pub(super) fn run(world: &World, job: &str, it: &It) -> Result<RunView, String> {
    let github = world.github();
    let named = it.run.filter(|_| job == IT);
    let found: Option<RunId> = match named {
        Some(run) => Some(run),
        None => github.run_of(self::job(world, job, it)?),
    };
    found
        .and_then(|run| github.run(run))
        .ok_or_else(|| no_job(job))
}

/// The same, while it has not ended.
pub(super) fn live_run(world: &World, job: &str, it: &It) -> Result<RunId, String> {
    let found = run(world, job, it)?;
    match found.status {
        RunStatus::Completed => Err(format!(
            "it came too late: the run of {} had ended",
            called(job)
        )),
        RunStatus::Pending | RunStatus::Waiting | RunStatus::Queued | RunStatus::InProgress => {
            Ok(found.run)
        }
    }
}

/// The HF job a step is about.
pub(super) fn hf_job(it: &It) -> Result<&HfJobId, String> {
    it.hf_job
        .as_ref()
        .ok_or_else(|| "what its trigger matched had no HF job".to_owned())
}

/// How far an HF job had come.
pub(super) fn stage_of(world: &World, hf_job: &HfJobId) -> String {
    let jobs = world.hf().jobs();
    let found = jobs.iter().find(|found| found.hf_job == *hf_job);
    found.map_or_else(
        || "there was no such HF job any more".to_owned(),
        |found| format!("its HF job was {}", found.stage.as_str()),
    )
}
