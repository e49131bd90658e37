//! Refuses a bound that no dispatcher can meet: one shorter than what the lab itself takes at its slowest.

use std::time::Duration;

use super::expect::SERVED_WITHIN;
use crate::{
    error::{Flaw, Place},
    plan::{ColdStart, Spread, World},
    words,
    written::{Placed, Scenario, Step},
};
use vocabulary::{Fixed, duration_text};

/// Messages that lie between a job and its HF job at the least: the webhook, a credential's request and answer, the
/// create call.
const MESSAGES_TO_SERVE: u32 = 4;
/// Between the end of a job and the end of its HF job: the webhook and the cancel call.
const MESSAGES_TO_RECLAIM: u32 = 2;
/// Between a failure and its user: its answer and the call that tells.
const MESSAGES_TO_TELL: u32 = 2;

/// What a bound consists of at the least, by name.
type Parts = Vec<(&'static str, Duration)>;

/// Refuses the bounds of `scenario` that are shorter than the lab's own delays.
pub(super) fn check(scenario: &Scenario) -> Result<(), Flaw> {
    let (world, expect) = (&scenario.world, &scenario.expect);
    let steps = &scenario.timeline;
    if let Some(parts) = to_serve(world, &steps.value) {
        match &expect.served_within {
            Some(given) => check_one("served_within", given.value, given.place, &parts)?,
            None => check_one("served_within", SERVED_WITHIN, steps.place, &parts)?,
        }
    }
    if let Some(given) = &expect.reclaimed_within {
        check_one(
            "reclaimed_within",
            given.value,
            given.place,
            &to_reclaim(world),
        )?;
    }
    if let Some(given) = &expect.told_within {
        let parts = vec![("latency", world.latency.max * MESSAGES_TO_TELL)];
        check_one("told_within", given.value, given.place, &parts)?;
    }
    Ok(())
}

fn check_one(key: &str, bound: Fixed, place: Place, parts: &Parts) -> Result<(), Flaw> {
    let sum: Duration = parts.iter().map(|(_, part)| *part).sum();
    if bound.0 >= sum {
        return Ok(());
    }
    let terms: Vec<_> = parts
        .iter()
        .filter(|(_, part)| !part.is_zero())
        .map(|(name, part)| format!("{name} {}", duration_text(*part)))
        .collect();
    let what = format!(
        "no dispatcher can meet `{key}: {bound}`: the lab itself takes up to {} ({})\nsay `{key}: {}` or more in `expect`, or make the world faster",
        duration_text(sum),
        terms.join(" + "),
        duration_text(sum)
    );
    Err(Flaw::at(place, &what))
}

/// From a queued job to its start; nothing if no job of the timeline names a flavor.
fn to_serve(world: &World, steps: &[Placed<Step>]) -> Option<Parts> {
    let labels = steps
        .iter()
        .filter_map(|step| step.value.queue.as_ref())
        .flat_map(|queue| &queue.value.labels.0);
    let flavors = labels.filter_map(|label| flavor_of(&label.value));
    let cold_start = flavors.map(|flavor| longest(world.hf.cold_start.of(flavor)));
    Some(vec![
        ("webhook delay", world.webhooks.delay.max),
        ("latency", world.latency.max * MESSAGES_TO_SERVE),
        ("cold start", cold_start.max()?),
        ("assignment", world.github.assignment.delay.max),
    ])
}

fn to_reclaim(world: &World) -> Parts {
    vec![
        ("webhook delay", world.webhooks.delay.max),
        ("latency", world.latency.max * MESSAGES_TO_RECLAIM),
        ("cancel latency", world.hf.cancel_latency.max),
        ("grace", world.hf.grace.0),
        ("stage lag", world.hf.stage_lag.max),
    ]
}

/// The longest a cold start takes. Of one with a tail the median counts: whoever gives up on a slow HF job and
/// orders another draws anew.
fn longest(start: ColdStart) -> Duration {
    let of = |spread: Spread| match spread {
        Spread::Even(length) => length.max,
        Spread::Quantiles(quantiles) => quantiles.p50.0,
    };
    of(start.schedule) + of(start.pull) + of(start.boot)
}

/// The flavor a label names by the convention of the field.
fn flavor_of(label: &str) -> Option<&'static str> {
    let label = label.to_ascii_lowercase();
    let rest = label.strip_prefix("hf-jobs-")?;
    let flavor = rest.split_once(':').map_or(rest, |(flavor, _)| flavor);
    words::FLAVORS
        .iter()
        .find(|known| **known == flavor)
        .copied()
}
