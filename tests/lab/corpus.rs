//! The corpus: the reference dispatcher holds every property in every scenario, and each scenario puts to
//! the test what it exists for.

use dispatchlab::target::Seams;

use crate::plans::{built_in, run, violations};

/// Properties that no scenario of the corpus puts to the test, each with what it would take: the reference dispatcher
/// claims nothing in its answers, so nothing that it says there can be untrue.
const NOT_YET: &[(&str, &str)] = &[(
    "truthful",
    "a dispatcher that says in its answer what it has done",
)];

#[test]
fn the_reference_dispatcher_holds_every_property_in_every_scenario() {
    let (known, mut broken) = (scenarios::known::known(), Vec::new());
    for entry in scenarios::corpus() {
        for seed in 1..=3 {
            let mut run = run(&built_in(entry.name, seed, false), Seams::default());
            run.outcome.allow_known(entry.name, &known);
            let name = entry.name;
            broken.extend(
                violations(&run)
                    .into_iter()
                    .map(|what| format!("{name}, seed {seed}: {what}")),
            );
            if !run.outcome.settled {
                broken.push(format!("{name}, seed {seed}: did not settle"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_scenario_puts_to_the_test_what_it_is_about() {
    for entry in scenarios::corpus() {
        let plan = built_in(entry.name, 1, false);
        assert!(!plan.about.is_empty(), "{} is about nothing", entry.name);
        let run = run(&plan, Seams::default());
        assert_eq!(run.outcome.weak(), Vec::<&str>::new(), "{}", entry.name);
        assert_eq!(run.outcome.steps_not_taken, [], "{}", entry.name);
    }
}

#[test]
fn varied_parameters_break_nothing_either() {
    let (known, mut broken) = (scenarios::known::known(), Vec::new());
    for entry in scenarios::corpus() {
        for seed in 100..110 {
            let mut run = run(&built_in(entry.name, seed, true), Seams::default());
            run.outcome.allow_known(entry.name, &known);
            let name = entry.name;
            broken.extend(
                violations(&run)
                    .into_iter()
                    .map(|what| format!("{name}, seed {seed}: {what}")),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_whole_corpus_puts_every_property_to_the_test() {
    let runs: Vec<_> = scenarios::corpus()
        .iter()
        .map(|entry| run(&built_in(entry.name, 1, false), Seams::default()))
        .collect();
    for property in dispatchlab::properties::ALL {
        let tested = runs
            .iter()
            .any(|run| run.outcome.verdicts.exercised(property.name));
        let excused = NOT_YET.iter().any(|(name, _)| *name == property.name);
        assert!(
            tested != excused,
            "{} is put to the test: {tested}, and excused: {excused}",
            property.name
        );
    }
}
