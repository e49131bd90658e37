//! What is well-formed and can only be a slip is refused, at its place and with the way to mend it; what merely looks odd is not.

use scenarios::{Choices, Document, Plan, ScenarioError};

const JOB: &str = "{ at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }";

/// A scenario with one sound job, and this below it: the first line of it is line 4.
fn with(rest: &str) -> String {
    format!("title: A test\ntimeline:\n  - {JOB}\n{rest}\n")
}

fn flaw(text: &str) -> ScenarioError {
    let read = Document::parse("test.yaml", text);
    read.err()
        .unwrap_or_else(|| panic!("nothing is wrong with this:\n{text}"))
}

/// What is written, where it is wrong, a part of what is said, and a part of the help.
const SLIPS: &[(&str, (usize, usize), &str, &str)] = &[
    (
        "seed: 9",
        (4, 7),
        "a scenario has no `seed`",
        "run `--seed 9`",
    ),
    (
        "date: 12/31/2026",
        (4, 7),
        "`12/31/2026` is not a date",
        "`2026-12-31`",
    ),
    ("date: 2026-02-30", (4, 7), "is not a date", "`2026-12-31`"),
    (
        "about: [no-leak, signature, no-leak]",
        (4, 29),
        "`no-leak` stands here a second time",
        "name it once",
    ),
    (
        "world: { github: { repos: [{ name: octo/app }, { name: Octo/App }] } }",
        (4, 56),
        "the repository `Octo/App` stands here a second time",
        "name it once",
    ),
    (
        "  - { at: 1s, queue: { as: J2, labels: [] } }",
        (4, 22),
        "a job without a label",
        "labels: hf-jobs-cpu-basic",
    ),
    (
        "  - { when: { job: J2, is: queued }, queue: { as: J2, labels: x } }",
        (4, 20),
        "queues `J2`, and waits for it",
        "another job",
    ),
    (
        "  - { when: { hf_job: running, after: { job: K2, is: queued } }, queue: { as: K, jobs: 2, labels: x } }",
        (4, 46),
        "queues `K2`, and waits for it",
        "another job",
    ),
    (
        "  - { when: { hf_job: running }, plus: 5s, crash: {} }",
        (4, 34),
        "`plus` is a key of `when`",
        "inside: `when: { …, plus: … }`",
    ),
    (
        "  - { at: 1s, restart: now }",
        (4, 24),
        "expected a mapping, found `now`",
        "it takes no keys",
    ),
    (
        "  - { at: 1s, deliver: { body: x, headers: { \"a b\": c } } }",
        (4, 46),
        "`a b` cannot name a header",
        "letters, digits",
    ),
    (
        "faults: [{ to: webhook, drop: logged, times: 0 }]",
        (4, 46),
        "strikes 0 times",
        "`times: 1`",
    ),
    (
        "faults: [{ to: webhook, drop: logged, from: 10m, until: 5m }]",
        (4, 57),
        "is over when it begins",
        "come after `from`",
    ),
    (
        "heal: 5m\nfaults: [{ to: webhook, drop: logged, from: 10m }]",
        (5, 45),
        "`heal` has ended every fault",
        "before `heal`",
    ),
    (
        "faults: [{ to: github.list-runners, pretend: { bsy: false } }]",
        (4, 10),
        "has the key `bsy`",
        "did you mean `busy`?",
    ),
    (
        "faults: [{ to: hf.schedule, fail: { after: 1m, stage: canceled } }]",
        (4, 55),
        "HF says why it cancels",
        "cancel_reason: NO_CREDITS",
    ),
    (
        "faults: [{ to: hf.create, answer: { status: 429, headers: { \"a b\": c } } }]",
        (4, 61),
        "`a b` cannot name a header",
        "retry-after",
    ),
    (
        "faults: [{ to: hf.create, after_effect: { status: 500, headers: { x: \"a\\nb\" } } }]",
        (4, 70),
        "`x` has a line break",
        "in one line",
    ),
    (
        "expect: { bound: 0s }",
        (4, 18),
        "ends at once",
        "bound: 6h",
    ),
    (
        "params: { boot: 10s }",
        (4, 11),
        "nothing uses the parameter `boot`",
        "`$boot`",
    ),
    (
        "params: { a: $b, b: 10s }\nexpect: { settle: $a }",
        (4, 14),
        "made of another, `$b`",
        "where `$a` is used",
    ),
    (
        "params: { s: { chosen: 5s, vary: 10s..20s } }\nexpect: { settle: $s }",
        (4, 24),
        "`5s` is not among",
        "let `vary` reach it",
    ),
    (
        "params: { n: { chosen: 5, vary: [1, 2] } }\nfaults: [{ to: webhook, drop: logged, times: $n }]",
        (4, 24),
        "`5` is not among",
        "let `vary` reach it",
    ),
    (
        "world: { hf: { cold_start: { schedule: 10s, boot: 5s, t4-small: 1m } } }",
        (4, 28),
        "beside flavors",
        "default: {",
    ),
    (
        "world: { hf: { cold_start: { schedule: 10s } } }",
        (4, 28),
        "`schedule` and `boot`",
        "boot: 20s..30s",
    ),
    (
        "faults: [{ to: webhook, delay: 0s }]",
        (4, 32),
        "`delay: 0s` changes nothing",
        "a longer time",
    ),
    (
        "faults: [{ to: webhook, reorder: { within: 0s..0s } }]",
        (4, 44),
        "`reorder: within: 0s..0s` changes nothing",
        "a longer time",
    ),
    (
        "faults: [{ to: runner, wrong_clock: -0s }]",
        (4, 37),
        "`wrong_clock: -0s` changes nothing",
        "a longer time",
    ),
    (
        "faults: [{ to: runner, lose_network: { at: listening, for: 0s } }]",
        (4, 60),
        "`lose_network: for: 0s` changes nothing",
        "a longer time",
    ),
    (
        "faults: [{ to: webhook, drop: logged, chance: 0% }]",
        (4, 47),
        "with `chance: 0%` the fault never strikes",
        "write more",
    ),
    (
        "faults: [{ to: webhook, drop: logged, until: 0s }]",
        (4, 46),
        "the fault is over when the world begins",
        "let `until` come later",
    ),
    (
        "faults: [{ to: webhook, drop: logged, from: 10m, until: 10m }]",
        (4, 57),
        "the fault is over when it begins",
        "let `until` come after `from`",
    ),
    (
        "faults: [{ to: github.get-job, stale: 0ms }]",
        (4, 39),
        "`stale: 0ms` changes nothing",
        "a longer time",
    ),
    (
        "  - { at: 1s, deliver: { learn: true, headers: { content-type: application/x-www-form-urlencoded }, body: '{\"action\":\"queued\",\"workflow_job\":{\"id\":1,\"run_id\":1},\"repository\":{\"full_name\":\"a/b\"}}' } }",
        (4, 24),
        "this body is no form",
        "write the JSON as `payload`",
    ),
    (
        "  - { at: 1s, deliver: { learn: true, body: 'payload=%7B%22action%22%3A%22queued%22%2C%22workflow_job%22%3A%7B%22id%22%3A1%2C%22run_id%22%3A1%7D%2C%22repository%22%3A%7B%22full_name%22%3A%22a%2Fb%22%7D%7D' } }",
        (4, 24),
        "this body is a form",
        "content-type: application/x-www-form-urlencoded",
    ),
];

#[test]
fn every_slip_is_refused_at_its_place_with_the_way_to_mend_it() {
    for (rest, place, what, help) in SLIPS {
        let error = flaw(&with(rest));
        let said = format!("{error:?}");
        assert_eq!(error.place(), *place, "{rest}\n{said}");
        assert!(error.what().contains(what), "{rest}\n{said}");
        assert!(
            error.help_text().unwrap_or_default().contains(help),
            "{rest}\n{said}"
        );
    }
}

#[test]
fn what_only_looks_odd_is_accepted() {
    for rest in [
        "date: 2026-12-31",
        "date: ~2026-12",
        "date: 2026",
        "about: [no-leak, signature]",
        "world: { github: { repos: [{ name: octo/app }, { name: octo/app2 }] } }",
        "  - { when: { job: J1, is: queued }, queue: { as: J2, labels: x } }",
        "  - { when: { job: J1/2, is: queued }, queue: { as: J2, labels: x } }",
        "  - { at: 1s, restart: }",
        "  - { at: 1s, restart: {} }",
        "faults: [{ to: webhook, drop: logged, from: 5m..15m, until: 10m }]",
        "heal: 20m\nfaults: [{ to: webhook, drop: logged, from: 10m }]",
        "faults: [{ to: github.list-runners, pretend: { busy: false, fancy_new_key: 1 } }]",
        "faults: [{ to: webhook, pretend: { workflow_job.runner_id: 7, workflow_job.labels: [] } }]",
        "faults: [{ to: hf.schedule, fail: { after: 1m, stage: canceled, cancel_reason: NO_CREDITS } }]",
        "faults: [{ to: hf.schedule, fail: { after: 1m, cancel_reason: NO_CREDITS } }]",
        "faults: [{ to: hf.create, answer: { status: 429, headers: { retry-after: 30, X-Odd: \"a\\tb\" } } }]",
        "params: { s: { reported: 5s, vary: 10s..20s } }\nexpect: { settle: $s }",
        "params: { s: { chosen: 10s..12s, vary: 10s..20s } }\nworld: { latency: $s }\nexpect: { served_within: 3h }",
        "params: { p: { chosen: 5%, vary: 1%..20% } }\nfaults: [{ to: webhook, drop: logged, chance: $p }]",
        "params: { l: { chosen: hf-jobs-t4-small, vary: [hf-jobs-t4-small, x] } }\nworld: { dispatcher: { caps: { total: 1 }, warm: { hf-jobs-cpu-basic: 2 } } }\nexpect: { budget: { events: 1M } }\ntags: [$l]",
        "world: { hf: { cold_start: { schedule: 10s..20s, boot: 5s } } }",
        "world: { hf: { cold_start: { default: { schedule: 10s, boot: 5s }, t4-small: 1m } } }",
        "world: { github: { hooks: [{ on: octo, events: '*' }] } }",
        "world: { github: { hooks: [{ on: octo, events: [workflow_job, push] }] } }",
    ] {
        let text = with(rest);
        if let Err(error) = Document::parse("test.yaml", &text) {
            panic!("{rest}\n{error:?}");
        }
    }
}

/// The plan of a scenario with these keys.
fn plan(rest: &str) -> Plan {
    let document = Document::parse("test.yaml", &with(rest));
    document
        .and_then(|it| it.plan(&Choices::default()))
        .expect(rest)
}

#[test]
fn parts_of_a_cold_start_are_those_of_every_flavor() {
    let short = plan("world: { hf: { cold_start: { schedule: 40s, pull: 5s, boot: 20s } } }");
    let long =
        plan("world: { hf: { cold_start: { default: { schedule: 40s, pull: 5s, boot: 20s } } } }");
    assert_eq!(short.world, long.world);
}

#[test]
fn one_event_of_a_hook_needs_no_list() {
    let one = plan("world: { github: { hooks: [{ on: octo, events: '*' }] } }");
    let list = plan("world: { github: { hooks: [{ on: octo, events: ['*'] }] } }");
    assert_eq!(one.world, list.world);
}

#[test]
fn a_plan_has_a_seed_and_may_have_drawn_a_window_that_comes_to_nothing() {
    let text = with("faults: [{ to: webhook, drop: logged, from: 0s..10m, until: 5m }]");
    let document = Document::parse("test.yaml", &text).expect("it is sound");
    for seed in 0..20 {
        let plan = document
            .plan(&Choices {
                seed,
                ..Choices::default()
            })
            .expect("any seed");
        let again = Document::parse("plan.json", &plan.to_json()).expect("a plan can be read");
        assert_eq!(again.seed(), Some(seed));
        assert_eq!(document.seed(), None);
    }
}

#[test]
fn labels_are_told_with_their_places() {
    let text = with("  - { at: 1s, queue: { as: J2, labels: [self-hosted, gpu] } }");
    let document = Document::parse("test.yaml", &text).expect("it is sound");
    let labels = document.labels().expect("it was read");
    let told: Vec<_> = labels[1]
        .iter()
        .map(|(label, place)| (label.as_str(), place.line, place.column))
        .collect();
    assert_eq!(told, [("self-hosted", 4, 41), ("gpu", 4, 54)]);
}
