//! What must hold: defaults are put in, and what nobody could hold is refused.

use std::{num::NonZeroU32, time::Duration};

use vocabulary::Fixed;

use super::bounds;
use crate::{
    error::Flaw,
    plan::{Expect, Waiver},
    written::{Placed, Scenario},
};

/// How long a run goes on after the last time its scenario names, unless it says otherwise.
const BOUND: Duration = Duration::from_secs(6 * 3_600);
pub(super) const SERVED_WITHIN: Fixed = Fixed::secs(30 * 60);
const TOLD_WITHIN: Fixed = Fixed::secs(60 * 60);
const RECLAIMED_WITHIN: Fixed = Fixed::secs(20 * 60);
const PATIENCE: NonZeroU32 = NonZeroU32::new(2).expect("it is not zero");
const REQUESTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("it is not zero");
const CALLS_PER_JOB: NonZeroU32 = NonZeroU32::new(100).expect("it is not zero");

/// What a scenario expects; `last` is the last time it names.
pub(super) fn expand(scenario: &Scenario, last: Duration) -> Result<Expect, Flaw> {
    let written = &scenario.expect;
    let or = |given: &Option<Placed<Fixed>>, default| {
        given.as_ref().map_or(default, |given| given.value)
    };
    bounds::check(scenario)?;
    if let Some(bound) = written.bound.as_ref().filter(|it| it.value.0.is_zero()) {
        let what =
            "a run that ends at once comes to nothing\nwrite how long it may go on: `bound: 6h`";
        return Err(Flaw::at(bound.place, what));
    }
    let answers = written
        .answers
        .iter()
        .map(|(status, count)| (status.0.clone(), *count));
    Ok(Expect {
        served_within: or(&written.served_within, SERVED_WITHIN),
        patience: written.patience.unwrap_or(PATIENCE),
        told_within: or(&written.told_within, TOLD_WITHIN),
        reclaimed_within: or(&written.reclaimed_within, RECLAIMED_WITHIN),
        requests_per_minute: written.requests_per_minute.unwrap_or(REQUESTS_PER_MINUTE),
        calls_per_job: written.calls_per_job.unwrap_or(CALLS_PER_JOB),
        bound: or(&written.bound, Fixed(last + BOUND)),
        settle: written.settle,
        hf_jobs: written.hf_jobs,
        answers: answers.collect(),
        cost_usd: written.cost_usd,
        idle: written.idle,
        budget: written.budget,
        waive: waivers(scenario)?,
    })
}

fn waivers(scenario: &Scenario) -> Result<Vec<Waiver>, Flaw> {
    let mut waivers: Vec<Waiver> = Vec::new();
    for Placed { value, place } in &scenario.expect.waive.0 {
        let property = &value.property.value.0;
        if waivers.iter().any(|other| other.property == *property) {
            let what = format!("`{property}` is waived a second time\nwaive it once");
            return Err(Flaw::at(value.property.place, &what));
        }
        waivers.push(Waiver {
            property: property.clone(),
            reason: value.reason.clone(),
            link: value.link.clone(),
            expires: value.expires,
            line: place.line,
        });
    }
    Ok(waivers)
}
