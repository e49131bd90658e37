//! From a written scenario to a plan: names every job, makes every draw, checks what refers to what.
//!
//! Each draw is keyed by what it is for: a job's by its name, another step's by its verb and its place among the steps
//! of that verb. So a job added at the end changes no draw of the jobs before it.

mod about_jobs;
mod around;
mod bounds;
mod deliveries;
mod effect;
mod expect;
mod fault;
mod it;
mod jobs;
mod live;
mod queue;
mod repos;
mod so_far;
mod step;
mod trigger;
mod world;

use std::time::Duration;

use vocabulary::{Fixed, PROPERTIES};

pub(crate) use self::live::{faults, verbs};
use self::{jobs::Jobs, repos::Repos, so_far::SoFar};
use crate::{
    error::Flaw,
    keyed::Keyed,
    plan::{Deliver, DeliverRaw, Plan, Step, Trigger, Verb},
    recording::Recordings,
    words,
    written::Scenario,
};

/// What every part of the expansion needs.
struct Context<'a> {
    keyed: Keyed,
    jobs: Jobs,
    scenario: &'a Scenario,
    recordings: &'a Recordings,
    repos: Repos,
    /// Whether this is for a world that runs already.
    live: bool,
}

/// Expands a scenario. `params` are the values its parameters had.
pub(crate) fn plan(
    scenario: Scenario,
    seed: u64,
    params: std::collections::BTreeMap<String, serde_json::Value>,
    recordings: &Recordings,
) -> Result<Plan, Flaw> {
    check_head(&scenario)?;
    let keyed = Keyed::new(seed);
    let jobs = Jobs::name(&scenario, recordings)?;
    let context = Context {
        keyed,
        jobs,
        scenario: &scenario,
        recordings,
        repos: Repos::read(&scenario)?,
        live: false,
    };
    context.check_world()?;
    let mut timeline = Vec::new();
    let mut so_far = SoFar::default();
    for step in &scenario.timeline.value {
        context.expand_step(step, &mut so_far, &mut timeline)?;
    }
    let faults = scenario.faults.iter().enumerate();
    let faults: Vec<_> = faults
        .map(|(index, fault)| context.expand_fault(index, fault))
        .collect::<Result<_, _>>()?;
    let heal = scenario
        .heal
        .map(|heal| Fixed(keyed.within(heal, "heal", "at")));

    let times = timeline.iter().map(|step| &step.trigger);
    let times = times.chain(
        faults
            .iter()
            .flat_map(|fault| fault.from.iter().chain(&fault.until)),
    );
    let arrivals = timeline.iter().filter_map(arrives);
    let last = times
        .filter_map(time_of)
        .chain(arrivals)
        .chain(heal.map(|heal| heal.0))
        .max()
        .unwrap_or_default();
    let expect = expect::expand(&scenario, last)?;
    let texts = |words: Vec<vocabulary::Verbatim>| words.into_iter().map(|word| word.0).collect();
    Ok(Plan {
        title: scenario.title.0,
        source: scenario.source.map(|source| source.0),
        date: scenario.date.map(|date| date.0),
        cause: scenario.cause,
        tags: texts(scenario.tags),
        about: scenario
            .about
            .into_iter()
            .map(|name| name.value.0)
            .collect(),
        seed,
        params,
        world: scenario.world,
        timeline,
        faults,
        heal,
        expect,
    })
}

/// Refuses an empty timeline and unknown properties.
fn check_head(scenario: &Scenario) -> Result<(), Flaw> {
    if scenario.timeline.value.is_empty() {
        let what = "the timeline is empty\nadd a step: `- at: 0s` with `queue: { as: J1, labels: hf-jobs-cpu-basic }`";
        return Err(Flaw::at(scenario.timeline.place, what));
    }
    for name in &scenario.about {
        if !PROPERTIES.contains(&name.value.0.as_str()) {
            let what = words::unknown("property", &name.value.0, PROPERTIES);
            return Err(Flaw::at(name.place, &what));
        }
    }
    Ok(())
}

/// When a delivery that is late is sent.
fn arrives(step: &Step) -> Option<Duration> {
    let Verb::Deliver(Deliver::Raw(DeliverRaw {
        late: Some(late), ..
    })) = &step.verb
    else {
        return None;
    };
    Some(time_of(&step.trigger)? + late.0)
}

/// The time of a trigger that has one.
fn time_of(trigger: &Trigger) -> Option<Duration> {
    match trigger {
        Trigger::At(at) => Some(*at),
        Trigger::When(_) => None,
    }
}
