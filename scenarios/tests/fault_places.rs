//! Which faults a scenario can name: places that are new or renamed, and what `for` narrows.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use scenarios::{
    Choices, Document, Plan,
    plan::{Connection, Effect, Fault, Which},
};

fn text(rest: &str) -> String {
    format!(
        "title: A test\ntimeline:\n  - {{ at: 0s, queue: {{ jobs: 4, as: J, labels: hf-jobs-cpu-basic }} }}\n{rest}\n"
    )
}

/// The plan as a scenario gives it, and as that plan gives it when it is read again.
fn plans(rest: &str) -> [Plan; 2] {
    let planned = |file: &str, text: &str| {
        let document = Document::parse(file, text).unwrap();
        document.plan(&Choices::default()).unwrap()
    };
    let first = planned("test.yaml", &text(rest));
    let again = planned("plan.json", &first.to_json());
    assert_eq!(first.to_json(), again.to_json());
    [first, again]
}

fn faults(fault: &str) -> [Fault; 2] {
    plans(&format!("faults:\n  - {fault}")).map(|plan| plan.faults[0].clone())
}

#[test]
fn the_runners_calls_are_places_one_by_one_and_together() {
    for place in [
        "runner.*",
        "runner.download",
        "runner.tenant-credential",
        "runner.register",
        "runner.remove",
        "runner.open-session",
        "runner.acquire-job",
        "runner.finish-job",
        "runner.end-session",
    ] {
        for fault in faults(&format!(
            "{{ to: {place}, times: 1, answer: {{ status: 409 }} }}"
        )) {
            assert_eq!(fault.to, [place]);
        }
    }
}

#[test]
fn a_store_is_slow_full_or_broken() {
    for (written, effect) in [("full", Effect::Full), ("broken", Effect::Broken)] {
        for fault in faults(&format!("{{ to: store, {written}: true }}")) {
            assert_eq!(fault.effect, effect);
        }
    }
    for fault in faults("{ to: store, delay: 2s }") {
        assert!(matches!(fault.effect, Effect::Delay(_)));
    }
}

#[test]
fn streams_stall_and_end_early() {
    for fault in faults("{ to: [hf.logs, hf.events], stall: { after: 1s..5s } }") {
        assert!(matches!(fault.effect, Effect::Stall { .. }));
    }
    for fault in faults("{ to: hf.metrics, end_early: { after: 10s } }") {
        assert!(matches!(fault.effect, Effect::EndEarly { .. }));
    }
}

#[test]
fn a_flavor_narrows_calls_about_an_hf_job() {
    for place in ["hf.create", "hf.inspect", "hf.cancel", "hf.logs", "hf.*"] {
        for fault in faults(&format!(
            "{{ to: {place}, for: {{ flavor: h200 }}, reset: true }}"
        )) {
            assert_eq!(fault.only.flavor.as_deref(), Some("h200"));
        }
    }
}

#[test]
fn a_job_narrows_what_befalls_a_runner_that_has_it() {
    for effect in [
        "hang: true",
        "die: { at: in_job, after: 5s }",
        "restart: { at: after_job }",
        "lose_network: { at: in_job, for: 1m }",
    ] {
        for fault in faults(&format!("{{ to: runner, for: {{ job: J2 }}, {effect} }}")) {
            assert_eq!(fault.only.job, Some(vec!["J2".to_owned()]), "{effect}");
        }
    }
    for place in ["runner.acquire-job", "runner.finish-job", "runner.*"] {
        for fault in faults(&format!(
            "{{ to: {place}, for: {{ job: J, half: second }}, no_answer: true }}"
        )) {
            assert_eq!(fault.only.job, Some(vec!["J3".to_owned(), "J4".to_owned()]));
        }
    }
}

#[test]
fn deliveries_share_connections_or_have_their_own() {
    for (word, connection) in [("new", Connection::New), ("kept", Connection::Kept)] {
        for plan in plans(&format!("world: {{ webhooks: {{ connection: {word} }} }}")) {
            assert_eq!(plan.world.webhooks.connection, Some(connection));
        }
    }
}

#[test]
fn an_hf_job_and_a_runner_are_told_by_their_place_in_order_by_id_or_by_name() {
    let nth = |nth: u32| Which::Nth(nth.try_into().unwrap());
    let id = "0123456789abcdef01234567";
    for fault in faults(&format!(
        "{{ to: hf.schedule, for: {{ hf_job: [2, {id}] }}, limbo: true }}"
    )) {
        let wanted = vec![nth(2), Which::Named(id.to_owned())];
        assert_eq!(fault.only.hf_job, Some(wanted));
    }
    for fault in faults("{ to: github.get-runner, for: { runner: hf-1 }, reset: true }") {
        let wanted = vec![Which::Named("hf-1".to_owned())];
        assert_eq!(fault.only.runner, Some(wanted));
    }
    for fault in faults("{ to: runner.*, for: { runner: 3 }, reset: true }") {
        assert_eq!(fault.only.runner, Some(vec![nth(3)]));
    }
}
