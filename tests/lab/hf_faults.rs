//! Faults and money of HF Jobs in whole runs: each strikes, and the reference dispatcher holds every property.

use dispatchlab::{run::Run, target::Seams};
use fakes::history::{Stage, What};

use crate::plans::{of_text, run, violations};

/// The reference dispatcher orders the replacement of an HF job that came too late some milliseconds before it
/// cancels it, when several come too late at once.
const EARLY_REPLACEMENT: &str = "expect: { waive: { property: at-most-one, reason: a replacement is ordered just before the cancellation, link: docs/scenario-language.md, expires: 2027-12-31 } }\n";

fn world(more: &str) -> Run {
    let text = format!(
        "title: HF misbehaves\nheal: 2h\ntimeline:\n  - at: 0s..10m\n    queue: {{ jobs: 6, as: J, labels: hf-jobs-cpu-basic, runs_for: 1m..5m }}\n{more}"
    );
    run(&of_text("hf.yaml", &text, 1, false), Seams::default())
}

fn count(run: &Run, fits: impl Fn(&What) -> bool) -> usize {
    run.events.iter().filter(|event| fits(&event.event)).count()
}

#[test]
fn every_fault_of_scheduling_strikes_and_every_job_is_served_all_the_same() {
    for (effect, fault) in [
        ("hold", "{ to: hf.schedule, until: 40m, hold: true }"),
        (
            "stuck",
            "{ to: hf.schedule, times: 2, stuck: { every: 10m } }",
        ),
        ("limbo", "{ to: hf.schedule, times: 2, limbo: true }"),
        (
            "fail",
            "{ to: hf.schedule, times: 3, fail: { after: 5s, cancel_reason: RESOURCE_GROUP_LIMIT } }",
        ),
        (
            "fail",
            "{ to: hf.schedule, times: 3, fail: { after: 20s, message: Failed to pull image } }",
        ),
        (
            "stale",
            "{ to: [hf.list, hf.inspect], until: 1h, stale: 30s }",
        ),
    ] {
        let run = world(&format!("faults:\n  - {fault}\n{EARLY_REPLACEMENT}"));
        let struck = |what: &What| matches!(what, What::FaultApplied { effect: found, .. } if found == effect);
        assert!(count(&run, struck) > 0, "{fault}");
        assert_eq!(violations(&run), Vec::<String>::new(), "{fault}");
        assert!(run.outcome.settled, "{fault}");
        let started = count(&run, |what| matches!(what, What::JobStarted { .. }));
        assert_eq!(started, 6, "{fault}");
    }
}

#[test]
fn a_job_that_hf_cancels_says_why() {
    let run = world(
        "faults:\n  - { to: hf.schedule, times: 1, fail: { after: 5s, cancel_reason: RESOURCE_GROUP_LIMIT } }\n",
    );
    let said = |what: &What| {
        matches!(what, What::HfStage { stage: Stage::Canceled, message: Some(message), cancel_reason: Some(reason), .. }
            if message == "Resource group spend limit reached" && reason == "RESOURCE_GROUP_LIMIT")
    };
    assert_eq!(count(&run, said), 1);
}

#[test]
fn a_balance_ends_and_no_more_is_spent() {
    let run =
        world("world: { hf: { balance_usd: 0.000835, cold_start: 10s } }\nexpect: { bound: 3h }\n");
    let refused = |what: &What| matches!(what, What::CallAnswered { name, status: 402, .. } if name == "hf.create");
    assert!(count(&run, refused) > 0);
    assert!(
        run.outcome.cost_micro_usd <= 835,
        "{}",
        run.outcome.cost_micro_usd
    );
}

#[test]
fn the_parts_of_a_runs_cost_add_up() {
    let run = world("");
    let costs = &run.outcome.costs;
    let total = run.outcome.cost_micro_usd;
    assert!(total > 0);
    for part in [&costs.by_namespace, &costs.by_repo, &costs.by_flavor] {
        assert_eq!(part.values().sum::<u64>(), total, "{costs:?}");
    }
    assert_eq!(costs.by_repo.keys().collect::<Vec<_>>(), ["octo/app"]);
    assert_eq!(costs.by_flavor.keys().collect::<Vec<_>>(), ["cpu-basic"]);
}

#[test]
fn quantiles_and_the_pull_reach_the_world() {
    let run = world(
        "world: { hf: { cold_start: { default: { schedule: { p50: 5s, p95: 20s, max: 1m }, pull: 100s, boot: 1s } } } }\n",
    );
    let (mut created, mut waits) = (std::collections::BTreeMap::new(), Vec::new());
    for event in &run.events {
        match &event.event {
            What::HfCreated { hf_job, .. } => {
                created.insert(hf_job, event.at_ms);
            }
            What::HfStage {
                hf_job,
                stage: Stage::Running,
                ..
            } => waits.push(event.at_ms - created[hf_job]),
            _ => {}
        }
    }
    assert!(
        waits.len() >= 6 && waits.iter().all(|wait| (100_000..=160_000).contains(wait)),
        "{waits:?}"
    );
}
