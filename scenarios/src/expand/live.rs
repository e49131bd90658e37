//! Single verbs and faults for a world that runs already: the expansion of a file, with names from outside it.

use super::{Context, jobs::Jobs, step};
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
    };
    let mut timeline = Vec::new();
    let mut ordinals = step::Ordinals::default();
    for step in &scenario.timeline.value {
        context.expand_step(step, &mut ordinals, &mut timeline)?;
    }
    Ok(timeline.into_iter().map(|step| step.verb).collect())
}

/// The one fault of a scenario, as number `index` of its world. It may name any job.
pub(crate) fn fault(scenario: &Scenario, seed: u64, index: usize) -> Result<Fault, Flaw> {
    let recordings = Recordings::of("");
    let context = Context {
        keyed: Keyed::new(seed),
        jobs: Jobs::of_any_name(),
        scenario,
        recordings: &recordings,
    };
    let written = scenario.faults.first();
    let written = written.ok_or_else(|| Flaw::new("there is no fault here"))?;
    context.expand_fault(index, written)
}
