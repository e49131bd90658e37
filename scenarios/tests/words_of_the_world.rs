//! The words for GitHub's limits and hooks, for clocks, and for what a dispatcher serves and keeps ready.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use scenarios::{
    Choices, Document, Fixed, Plan, ScenarioError, json_schema,
    plan::{ContentType, HookSecret, Permission, PointsOf, flavor_of, label_set},
};

fn text(world: &str) -> String {
    format!(
        "title: A test\nworld: {world}\ntimeline:\n  - {{ at: 0s, queue: {{ as: J1, labels: x }} }}\n"
    )
}

/// The plan of a world, which reads back as it was written and fits the schema.
fn plan(world: &str) -> Plan {
    let read = |name: &str, text: &str| {
        let document = Document::parse(name, text).unwrap_or_else(|error| panic!("{error:?}"));
        document.plan(&Choices::default()).unwrap()
    };
    let plan = read("test.yaml", &text(world));
    let json = plan.to_json();
    assert_eq!(read("plan.json", &json).to_json(), json);
    let schema = json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for written in [
        serde_json::from_str(&json).unwrap(),
        serde_saphyr::from_str(&text(world)).unwrap(),
    ] {
        let checked = validator.validate(&written);
        checked.unwrap_or_else(|error| panic!("{error} at {}", error.instance_path()));
    }
    plan
}

fn error(world: &str) -> ScenarioError {
    let error = Document::parse("test.yaml", &text(world)).expect_err("this world has a flaw");
    assert!(error.help_text().is_some(), "{error:?}");
    error
}

fn flaw(world: &str) -> String {
    let error = error(world);
    assert_eq!(error.place().0, 2, "{error:?}");
    assert!(error.place().1 > 8, "{error:?}");
    error.what().to_owned()
}

#[test]
fn a_rate_limit_says_what_is_left_of_the_hour() {
    let limit = plan(
        "{ github: { rate_limit: { limit: 100, remaining: 3, resets_in: 10m, status: 429 } } }",
    );
    let limit = limit.world.github.rate_limit.unwrap();
    assert_eq!((limit.limit, limit.remaining), (100, Some(3)));
    assert_eq!((limit.resets_in, limit.status.0), (Fixed::secs(600), 429));
    assert_eq!(
        flaw("{ github: { rate_limit: { limit: 10, remaining: 11 } } }"),
        "11 calls cannot be left of 10"
    );
    assert_eq!(
        flaw("{ github: { rate_limit: { resets_in: 2h } } }"),
        "the limit is one of an hour, so it cannot last 2h more"
    );
    assert_eq!(
        flaw("{ github: { rate_limit: { status: 503 } } }"),
        "GitHub does not answer 503 to too many calls"
    );
}

#[test]
fn a_secondary_limit_may_leave_out_how_long_to_wait() {
    let world = "{ github: { secondary_limit: { points_per_minute: 30, points_of: caller, retry_after: none } } }";
    let limit = plan(world).world.github.secondary_limit.unwrap();
    assert_eq!(
        (limit.points_per_minute, limit.points_of),
        (30, PointsOf::Caller)
    );
    assert_eq!((limit.retry_after.0, limit.concurrent), (None, 100));
    assert_eq!(
        flaw("{ github: { secondary_limit: { retry_after: never } } }"),
        "`never` is not a time"
    );
}

#[test]
fn a_page_holds_at_most_a_hundred() {
    assert_eq!(
        plan("{ github: { page_size_max: 30 } }")
            .world
            .github
            .page_size_max
            .0,
        30
    );
    assert_eq!(
        flaw("{ github: { page_size_max: 101 } }"),
        "GitHub has no pages of 101"
    );
    assert_eq!(
        flaw("{ github: { page_size_max: 0 } }"),
        "GitHub has no pages of 0"
    );
}

#[test]
fn permissions_are_those_that_an_app_has() {
    let plan = plan("{ github: { permissions: { administration: read, checks: none } } }");
    let permissions = plan.world.github.permissions.unwrap();
    let set: Vec<_> = permissions.set().collect();
    assert_eq!(
        set,
        [
            ("administration", Permission::Read),
            ("checks", Permission::None)
        ]
    );
    assert_eq!(
        flaw("{ github: { permissions: { issues: read } } }"),
        "unknown key `issues`"
    );
}

#[test]
fn hooks_belong_to_repositories_and_owners_that_are_there() {
    let plan = plan(
        "{ github: { hooks: [{ on: octo/app }, { on: octo, events: ['*'], content_type: form, secret: other }] } }",
    );
    let hooks = &plan.world.github.hooks;
    assert_eq!(hooks[0].events, ["workflow_job"]);
    assert_eq!(
        (hooks[0].content_type, hooks[0].secret),
        (ContentType::Json, HookSecret::Lab)
    );
    assert_eq!(
        (hooks[1].content_type, hooks[1].secret),
        (ContentType::Form, HookSecret::Other)
    );
    let unknown = error("{ github: { hooks: [{ on: octo/web }] } }");
    assert_eq!(unknown.what(), "unknown owner of a hook `octo/web`");
    assert_eq!(unknown.place(), (2, 34));
}

#[test]
fn clocks_may_be_behind_as_well_as_ahead() {
    let plan = plan("{ github: { clock_skew: -61s }, dispatcher: { clock_skew: -12s } }");
    assert_eq!(plan.world.github.clock_skew.0, -61_000);
    assert_eq!(plan.world.dispatcher.clock_skew.0, -12_000);
}

#[test]
fn rules_say_which_labels_go_to_which_flavor() {
    let plan = plan(
        "{ dispatcher: { rules: [{ labels: [self-hosted, gpu-*], flavor: t4-small, image: 'python:3.13' }, { labels: big, flavor: h200 }] } }",
    );
    let rules = plan.world.dispatcher.rules.unwrap();
    let flavor = |labels: &[&str]| flavor_of(Some(&rules), &label_set(labels.iter().copied()));
    assert_eq!(flavor(&["gpu-a", "self-hosted"]), Some("t4-small"));
    assert_eq!(flavor(&["big"]), Some("h200"));
    assert_eq!(flavor(&["hf-jobs-cpu-basic"]), None);
    assert_eq!(rules[0].image.as_deref(), Some("python:3.13"));
}

#[test]
fn a_rule_that_could_serve_nobody_or_everybody_is_refused() {
    for (rule, wanted) in [
        (
            "{ labels: '*', flavor: h200 }",
            "`*` cannot be a label of a rule: it stands for every label there is",
        ),
        (
            "{ labels: 'a*b', flavor: h200 }",
            "`a*b` cannot be a label of a rule: `*` can only stand at its end",
        ),
        (
            "{ labels: [], flavor: h200 }",
            "a rule without a label serves nobody",
        ),
        ("{ labels: gpu, flavor: h20 }", "unknown flavor `h20`"),
        ("{ labels: gpu }", "the key `flavor` is missing here"),
    ] {
        let world = format!("{{ dispatcher: {{ rules: [{rule}] }} }}");
        assert_eq!(flaw(&world), wanted, "{rule}");
    }
}

#[test]
fn a_pool_is_of_a_label_that_is_served() {
    let by_label = plan("{ dispatcher: { warm: { hf-jobs-cpu-basic: 2 } } }");
    let pools = by_label.world.dispatcher.warm.0;
    assert_eq!(
        (pools[0].labels[0].as_str(), pools[0].count),
        ("hf-jobs-cpu-basic", 2)
    );
    let by_set = plan(
        "{ dispatcher: { rules: [{ labels: [a, b], flavor: h200 }], warm: [{ labels: [b, a], count: 1 }] } }",
    );
    assert_eq!(by_set.world.dispatcher.warm.0[0].labels.len(), 2);
    let foreign = error("{ dispatcher: { warm: { ubuntu-latest: 2 } } }");
    assert_eq!(
        foreign.what(),
        "no job with the labels `ubuntu-latest` is served, so no runner waits for one"
    );
    assert_eq!(foreign.place(), (2, 32));
    assert_eq!(
        flaw(
            "{ dispatcher: { warm: [{ labels: [hf-jobs-h200], count: 1 }, { labels: [HF-Jobs-H200], count: 1 }] } }"
        ),
        "there is a pool of these labels already"
    );
    assert_eq!(
        flaw("{ dispatcher: { warm: [{ labels: [], count: 1 }] } }"),
        "a pool without a label is of no use"
    );
}
