//! Single verbs and faults for a world that runs already: the expansion of a file, with names from outside it.

use super::{Context, jobs::Jobs, repos::Repos, so_far::SoFar};
use crate::{
    error::Flaw,
    keyed::Keyed,
    plan::{Fault, Verb},
    recording::Recordings,
    written::Scenario,
};

/// The verbs of a timeline, in a world that has these jobs already.
pub(crate) fn verbs(
    scenario: &Scenario,
    seed: u64,
    jobs_there: &[String],
) -> Result<Vec<Verb>, Flaw> {
    let recordings = Recordings::of("");
    let context = Context {
        keyed: Keyed::new(seed),
        jobs: Jobs::name_after(jobs_there, scenario, &recordings)?,
        scenario,
        recordings: &recordings,
        repos: Repos::read(scenario)?,
        live: true,
    };
    let mut timeline = Vec::new();
    let mut so_far = SoFar::default();
    for step in &scenario.timeline.value {
        context.expand_step(step, &mut so_far, &mut timeline)?;
    }
    Ok(timeline.into_iter().map(|step| step.verb).collect())
}

/// The faults of a scenario, the first as number `first` of its world. They may name any job.
pub(crate) fn faults(scenario: &Scenario, seed: u64, first: usize) -> Result<Vec<Fault>, Flaw> {
    let recordings = Recordings::of("");
    let context = Context {
        keyed: Keyed::new(seed),
        jobs: Jobs::of_any_name(),
        scenario,
        recordings: &recordings,
        repos: Repos::read(scenario)?,
        live: true,
    };
    let numbered = (first..).zip(&scenario.faults);
    numbered
        .map(|(index, written)| context.expand_fault(index, written))
        .collect()
}
