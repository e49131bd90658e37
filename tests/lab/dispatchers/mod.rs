//! Two dispatchers that are right and quite unlike the reference: what a property holds against either is a fault of the
//! property. They share no code with the crate `dispatcher`.

mod acting;
mod hosting;
mod looking;
mod polling;
mod reconciling;
mod warm_pool;
mod wire;

use std::collections::BTreeMap;

use dispatchlab::{
    properties::{ALL, Verdict},
    run::{Lab, Run},
};

use scenarios::plan::Plan;

use crate::plans::{built_in, violations};

const SEEDS: u64 = 3;

/// Properties that neither dispatcher puts to the test in the corpus, and why.
const NOT_EXERCISED: &[(&str, &str)] = &[];

/// Every run of the corpus, changed like that, by scenario and seed.
fn sweep(lab: &Lab, change: impl Fn(Plan) -> Plan) -> BTreeMap<(&'static str, u64), Run> {
    let mut runs = BTreeMap::new();
    for entry in scenarios::corpus() {
        for seed in 1..=SEEDS {
            let run = lab.run(&change(built_in(entry.name, seed, false))).unwrap();
            runs.insert((entry.name, seed), run);
        }
    }
    runs
}

fn polled() -> BTreeMap<(&'static str, u64), Run> {
    sweep(&polling::lab(), |plan| plan)
}

fn kept_warm() -> BTreeMap<(&'static str, u64), Run> {
    sweep(&warm_pool::lab(), warm_pool::declaring)
}

fn broken(runs: &BTreeMap<(&'static str, u64), Run>) -> Vec<String> {
    let mut broken = Vec::new();
    for ((name, seed), run) in runs {
        let found = violations(run).into_iter();
        broken.extend(found.map(|what| format!("{name}, seed {seed}: {what}")));
        if !run.outcome.settled {
            broken.push(format!("{name}, seed {seed}: did not settle"));
        }
    }
    broken
}

#[test]
fn no_property_holds_anything_against_a_dispatcher_that_only_polls() {
    let broken = broken(&polled());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_property_holds_anything_against_a_dispatcher_with_a_declared_pool() {
    let broken = broken(&kept_warm());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_property_is_put_to_the_test_by_one_of_them_or_listed_with_the_reason() {
    let sweeps = [polled(), kept_warm()];
    let mut wrong = Vec::new();
    for property in ALL {
        let runs = sweeps.iter().flat_map(BTreeMap::values);
        let verdicts = runs.filter_map(|run| run.outcome.verdicts.0.get(property.name));
        let held = verdicts
            .filter(|verdict| matches!(verdict, Verdict::Held { .. }))
            .count();
        let listed = NOT_EXERCISED
            .iter()
            .any(|(name, why)| *name == property.name && !why.is_empty());
        if (held > 0) == listed {
            wrong.push(format!(
                "{}: held in {held} runs, listed: {listed}",
                property.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
