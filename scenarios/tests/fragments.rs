//! What `use` makes of a scenario: the fragment's settings and faults, unless the scenario says otherwise.

use scenarios::{Choices, Document, Plan, fragments, json_schema, plan::Effect};

fn plan(head: &str) -> Plan {
    let text = format!(
        "title: t\n{head}\ntimeline:\n  - {{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic }} }}\n"
    );
    let document = Document::parse("t.yaml", &text).unwrap_or_else(|error| panic!("{error:?}"));
    document.plan(&Choices::default()).expect("it parsed")
}

#[test]
fn every_fragment_can_be_used_and_its_plan_holds_its_faults_and_no_use() {
    let schema = json_schema();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for fragment in fragments() {
        let plan = plan(&format!("use: [{}]", fragment.name));
        assert!(!plan.faults.is_empty(), "{}", fragment.name);
        assert!(!fragment.title().is_empty());
        let json = plan.to_json();
        let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert!(read.get("use").is_none(), "{json}");
        validator
            .validate(&read)
            .unwrap_or_else(|error| panic!("{}: {error}", fragment.name));
        let again = Document::parse("plan.json", &json).unwrap_or_else(|error| panic!("{error:?}"));
        let again = again.plan(&Choices::default()).expect("it parsed");
        assert_eq!(again.to_json(), json);
    }
}

#[test]
fn the_scenarios_own_parameters_and_settings_win() {
    let used = plan(
        "use: incidents/webhooks-delayed-2024-07\nparams: { held_until: 30m }\nworld: { github: { assignment: { policy: newest } } }",
    );
    let alone = plan("use: incidents/webhooks-delayed-2024-07");
    assert_eq!(used.params["held_until"], "30m");
    assert_eq!(used.params["held_from"], alone.params["held_from"]);
    let assignment = |plan: &Plan| plan.world.github.assignment;
    assert_eq!(assignment(&used).delay, assignment(&alone).delay);
    assert_ne!(assignment(&used).policy, assignment(&alone).policy);
}

#[test]
fn faults_of_fragments_come_first_in_the_order_of_use() {
    let used = plan(
        "use: [incidents/busy-flag-false-2026-07, incidents/registration-502-2026-05]\nparams: { lasts: 5m }\nfaults:\n  - { to: hf.create, reset: true }",
    );
    let places: Vec<&str> = used
        .faults
        .iter()
        .map(|fault| fault.to[0].as_str())
        .collect();
    assert_eq!(
        places,
        [
            "github.list-runners",
            "github.registration-token",
            "hf.create"
        ]
    );
    assert!(matches!(used.faults[0].effect, Effect::Pretend(_)));
}

#[test]
fn a_sweep_varies_the_parameters_of_a_fragment() {
    let text = "title: t\nuse: incidents/queued-never-sent-2023-12\ntimeline:\n  - { at: 0s, queue: { as: J1, labels: x } }\n";
    let document = Document::parse("t.yaml", text).expect("sound");
    let chance = |seed| {
        let choices = Choices {
            seed,
            vary: true,
            ..Choices::default()
        };
        document.plan(&choices).expect("sound").faults[0].chance
    };
    assert_ne!(chance(1), chance(2));
}
