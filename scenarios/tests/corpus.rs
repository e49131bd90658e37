//! Every scenario of the corpus, for many seeds: it plans, the same way twice, and its plan reads back unchanged.

use std::collections::{BTreeMap, BTreeSet};

use scenarios::{Choices, Document, Plan, corpus, json_schema};

fn choices(seed: u64) -> Choices {
    Choices {
        seed,
        vary: seed > 0,
        set: BTreeMap::new(),
    }
}

fn plans() -> impl Iterator<Item = (&'static str, u64, Plan)> {
    let seeds = corpus()
        .iter()
        .flat_map(|entry| (0..40).map(move |seed| (entry, seed)));
    seeds.map(|(entry, seed)| {
        let plan = entry.document().plan(&choices(seed));
        (
            entry.name,
            seed,
            plan.unwrap_or_else(|error| panic!("{} seed {seed}: {error:?}", entry.name)),
        )
    })
}

#[test]
fn every_scenario_is_free_of_flaws() {
    for entry in corpus() {
        if let Err(error) = Document::parse(entry.file, entry.text) {
            panic!("{error:?}");
        }
    }
}

#[test]
fn every_scenario_fits_a_screen_and_says_what_it_is_about() {
    for entry in corpus() {
        assert!(
            entry.text.lines().count() <= 45,
            "{} is too long",
            entry.name
        );
        assert!(
            entry.text.lines().all(|line| line.len() <= 130),
            "{} is too wide",
            entry.name
        );
        let plan = entry.document().plan(&choices(0)).unwrap();
        assert!(!plan.about.is_empty(), "{}", entry.name);
        assert_eq!(
            plan.source.is_some(),
            plan.cause.is_some(),
            "{}: a report has a source and a cause",
            entry.name
        );
    }
}

#[test]
fn a_seed_gives_the_same_plan_every_time() {
    for (name, seed, plan) in plans() {
        let entry = corpus().iter().find(|entry| entry.name == name).unwrap();
        assert_eq!(
            entry.document().plan(&choices(seed)).unwrap(),
            plan,
            "{name} seed {seed}"
        );
    }
}

#[test]
fn a_plan_is_a_scenario_that_plans_to_itself_whatever_is_chosen() {
    for (name, seed, plan) in plans() {
        let json = plan.to_json();
        let document = Document::parse("plan.json", &json)
            .unwrap_or_else(|error| panic!("{name}: {error:?}\n{json}"));
        for choices in [choices(0), choices(seed + 1)] {
            assert_eq!(
                document.plan(&choices).unwrap().to_json(),
                json,
                "{name} seed {seed}"
            );
        }
    }
}

#[test]
fn a_plan_is_json_with_nothing_left_to_default_or_name() {
    for (name, _, plan) in plans() {
        let json: serde_json::Value = serde_json::from_str(&plan.to_json()).unwrap();
        assert_eq!(json["seed"], plan.seed, "{name}");
        let timeline = json["timeline"].as_array().unwrap();
        for queue in timeline.iter().filter_map(|step| step.get("queue")) {
            assert!(
                queue.get("jobs").is_none() && queue["run"].is_string(),
                "{name}: {queue}"
            );
        }
        let mut deliveries = timeline.iter().filter_map(|step| step.get("deliver"));
        assert!(
            deliveries.all(|deliver| deliver.get("recorded").is_none()),
            "{name}"
        );
    }
}

#[test]
fn a_sweep_draws_different_parameters_within_their_ranges() {
    let entry = corpus()
        .iter()
        .find(|entry| entry.name == "b03-batch-two-forgotten")
        .unwrap();
    let document = entry.document();
    let jobs = |seed| document.plan(&choices(seed)).unwrap().timeline.len();
    let counts: Vec<usize> = (1..100).map(jobs).collect();
    assert!(counts.iter().all(|count| (2..=40).contains(count)));
    assert!(counts.iter().any(|count| *count < 10) && counts.iter().any(|count| *count > 30));
    assert_eq!(jobs(0), 10);
}

#[test]
fn the_schema_accepts_every_scenario_and_every_plan() {
    let schema = json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, _, plan) in plans() {
        let json = serde_json::from_str(&plan.to_json()).unwrap();
        validator
            .validate(&json)
            .unwrap_or_else(|error| panic!("plan of {name}: {error} at {}", error.instance_path()));
    }
    for entry in corpus() {
        let value: serde_json::Value = serde_saphyr::from_str(entry.text).unwrap();
        validator
            .validate(&value)
            .unwrap_or_else(|error| panic!("{}: {error} at {}", entry.name, error.instance_path()));
    }
}

#[test]
fn the_schema_refuses_an_unknown_key() {
    let schema = json_schema();
    let step = serde_json::json!({ "at": "0s", "que": { "as": "J1", "labels": "x" } });
    let scenario = serde_json::json!({ "title": "t", "timeline": [step] });
    assert!(!jsonschema::is_valid(&schema, &scenario));
}

#[test]
fn a_recording_tells_beforehand_which_actions_will_come() {
    let entry = corpus()
        .iter()
        .find(|entry| entry.name == "recorded-gap")
        .unwrap();
    let plan = entry.document().plan(&choices(0)).unwrap();
    let actions: Vec<usize> = plan
        .recorded_actions()
        .values()
        .map(BTreeSet::len)
        .collect();
    assert_eq!(
        actions,
        [3, 2, 1],
        "`lint` whole, `test` without `queued`, `docs` with nothing else"
    );
}
