//! Two dispatchers that are right and quite unlike the reference: what a property holds against either is a fault of the
//! property. They share no code with the crate `dispatcher`.

mod acting;
mod hosting;
mod keeping;
mod looking;
mod news;
mod orders;
mod polling;
mod reconciling;
mod reply;
mod standing;
mod troubles;
mod warm_pool;
mod windows;
mod wire;
mod worlds;

use std::collections::BTreeSet;

use dispatchlab::{
    properties::{ALL, Verdict},
    run::{Lab, Outcome, Run},
};
use scenarios::plan::Plan;
use worlds::WORLDS;

use crate::plans::{built_in, of_text, violations};

/// Properties that neither dispatcher puts to the test, and why.
const NOT_EXERCISED: &[(&str, &str)] = &[];

const FIXED: [u64; 3] = [1, 2, 3];
const VARIED: [u64; 3] = [100, 101, 102];

/// One of the two, and what it makes of a plan.
struct Different {
    lab: Lab,
    change: fn(Plan) -> Plan,
}

fn polling() -> Different {
    Different {
        lab: polling::lab(),
        change: |plan| plan,
    }
}

fn pooling() -> Different {
    Different {
        lab: warm_pool::lab(0),
        change: warm_pool::declaring,
    }
}

impl Different {
    fn run(&self, plan: Plan) -> Run {
        self.lab.run(&(self.change)(plan)).unwrap()
    }

    /// In every scenario of the corpus and in every further world; `look` sees each run.
    fn everywhere(&self, seeds: &[u64], vary: bool, mut look: impl FnMut(&str, u64, &Outcome)) {
        for seed in seeds {
            for entry in scenarios::corpus() {
                let run = self.run(built_in(entry.name, *seed, vary));
                look(entry.name, *seed, &run.outcome);
            }
            for (name, _) in WORLDS {
                let run = self.run(world(name, *seed, vary));
                look(name, *seed, &run.outcome);
            }
        }
    }

    /// Nothing is held against it, and every run ends by itself.
    fn is_right(&self, seeds: &[u64], vary: bool) {
        let mut wrong = Vec::new();
        self.everywhere(seeds, vary, |name, seed, outcome| {
            let mut found = Vec::new();
            for (property, breach) in outcome.verdicts.violated() {
                found.push(format!(
                    "{property} at event {}: {}",
                    breach.event.0,
                    breach.in_words()
                ));
            }
            for (property, breach) in outcome.verdicts.undecided() {
                found.push(format!("{property} is undecided: {}", breach.why));
            }
            if !outcome.settled {
                found.push("it did not settle".to_owned());
            }
            let found = found.into_iter();
            wrong.extend(found.map(|what| format!("{name}, seed {seed}: {what}")));
        });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// The plan of a further world.
fn world(name: &str, seed: u64, vary: bool) -> Plan {
    let (_, text) = WORLDS.iter().find(|(known, _)| *known == name).unwrap();
    let text = format!("title: {name}\n{text}");
    of_text(&format!("{name}.yaml"), &text, seed, vary)
}

#[test]
fn no_property_holds_anything_against_a_dispatcher_that_only_polls() {
    polling().is_right(&FIXED, false);
}

#[test]
fn nor_with_varied_parameters() {
    polling().is_right(&VARIED, true);
}

#[test]
fn no_property_holds_anything_against_a_dispatcher_with_a_declared_pool() {
    pooling().is_right(&FIXED, false);
}

#[test]
fn nor_with_varied_parameters_and_a_pool() {
    pooling().is_right(&VARIED, true);
}

#[test]
fn every_property_is_put_to_the_test_by_one_of_them_or_listed_with_the_reason() {
    let mut held = BTreeSet::new();
    for different in [polling(), pooling()] {
        different.everywhere(&FIXED[..1], false, |_, _, outcome| {
            let verdicts = outcome.verdicts.0.iter();
            let tested = verdicts.filter(|(_, verdict)| matches!(verdict, Verdict::Held { .. }));
            held.extend(tested.map(|(name, _)| name.clone()));
        });
    }
    for property in ALL {
        let tested = held.contains(property.name);
        let mut listed = NOT_EXERCISED.iter();
        let excused = listed.any(|(name, why)| *name == property.name && !why.is_empty());
        assert!(
            tested != excused,
            "{} is held in some run: {tested}, and excused: {excused}",
            property.name
        );
    }
}

#[test]
fn whoever_takes_no_webhooks_is_not_asked_how_fast_it_answers_them() {
    let run = polling().run(built_in("happy-path", 1, false));
    let verdict = &run.outcome.verdicts.0["fast-ack"];
    assert!(
        matches!(verdict, Verdict::NotExercised { .. }),
        "{verdict:?}"
    );
    assert!(run.outcome.verdicts.exercised("served-or-told"));
}

/// The sound counterpart of the reference dispatcher, which goes on for such a job.
#[test]
fn whoever_asks_for_runs_that_are_not_over_spends_nothing_on_dead_jobs() {
    for name in ["run-over-its-jobs", "run-over-before-anybody-looks"] {
        let run = polling().run(world(name, 1, false));
        assert_eq!(violations(&run), Vec::<String>::new(), "{name}");
        assert!(run.outcome.verdicts.exercised("dead-run"), "{name}");
    }
}

#[test]
fn a_world_settles_while_a_declared_pool_lives() {
    let run = pooling().run(world("pools", 1, false));
    assert!(run.outcome.settled);
    assert_eq!(violations(&run), Vec::<String>::new());
    let stages = run.events.iter().rev();
    let ended = stages.clone().filter(|event| {
        matches!(&event.event, fakes::history::What::HfStage { stage, .. } if stage.is_terminal())
    });
    assert_eq!(
        run.outcome.hf_jobs - ended.count(),
        3,
        "two and one are kept"
    );
}

#[test]
fn one_more_than_the_declared_pool_neither_settles_nor_holds() {
    let greedy = Different {
        lab: warm_pool::lab(1),
        ..pooling()
    };
    let run = greedy.run(world("pools", 1, false));
    assert!(!run.outcome.settled);
    let violated = run.outcome.verdicts.violated();
    let properties: BTreeSet<&str> = violated.iter().map(|(name, _)| *name).collect();
    assert!(
        properties.contains("at-most-one") && properties.contains("no-leak"),
        "{properties:?}"
    );
}

/// Its runners are renewed every two hours.
const APPROVED_LATE: &str = "title: A job waits for seven hours
world: { dispatcher: { warm: { hf-jobs-cpu-basic: 1 } } }
timeline:
  - { at: 0s, queue: { as: A, labels: hf-jobs-cpu-basic, needs_approval: true } }
  - { at: 7h, approve: { job: A } }
";

#[test]
fn a_declared_pool_may_renew_its_runners_while_a_job_waits_and_a_larger_one_burns_them() {
    let plan = || of_text("late.yaml", APPROVED_LATE, 1, false);
    let run = pooling().run(plan());
    assert_eq!(violations(&run), Vec::<String>::new());
    assert!(run.outcome.verdicts.exercised("waiting-is-not-queued"));
    assert!(run.outcome.hf_jobs >= 4, "{}", run.outcome.hf_jobs);
    let greedy = Different {
        lab: warm_pool::lab(1),
        ..pooling()
    };
    let run = greedy.run(plan());
    let violated = run.outcome.verdicts.violated();
    let found = violated
        .iter()
        .find(|(name, _)| *name == "waiting-is-not-queued");
    let (_, found) = found.unwrap_or_else(|| panic!("{violated:?}"));
    // Each create is one too many, and so is the third that ended unused.
    let mut others = found.others.iter();
    let is_end = |id: &fakes::ids::EventId| {
        let event = &run.events[id.0 as usize - 1].event;
        !matches!(event, fakes::history::What::HfCreated { .. })
    };
    assert!(others.any(is_end), "{found:?}");
}
