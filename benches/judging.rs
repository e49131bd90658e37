//! What judging a history costs for each of its events, by how many jobs the world holds: it should not grow.
//!
//! Worlds of that size take minutes to run, so one of a hundred jobs is laid over itself, each copy with ids of its own:
//! all of them are in one lane at once.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dispatchlab::{
    run::{End, Lab, Outcome, Tested},
    target::Seams,
    transport::Transport,
};
use fakes::history::Event;
use scenarios::plan::Plan;
use serde_json::Value;

/// Jobs of the world that is laid over itself.
const JOBS: u32 = 100;

/// The fields that name something of one copy by a number.
const NUMBERS: &[&str] = &[
    "job", "run", "runner", "delivery", "call", "because", "id", "strike", "jobs", "runs",
];

/// The fields that name it by a text.
const TEXTS: &[&str] = &["hf_job", "guid", "runner_name", "name"];

/// Kinds of events whose `name` is the name of something of one copy, and not of a call.
const NAMED: &[&str] = &["runner.created", "job.queued"];

/// More than any id of one copy.
const APART: u64 = 1 << 40;

fn copied(value: &mut Value, copy: u64, in_names: bool) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.as_str();
                if NUMBERS.contains(&key) {
                    numbered(value, copy);
                } else if TEXTS.contains(&key) && (key != "name" || in_names) {
                    texted(value, copy);
                } else if key == "path" {
                    numbered_path(value, copy);
                } else {
                    copied(value, copy, in_names);
                }
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| copied(value, copy, in_names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn numbered(value: &mut Value, copy: u64) {
    match value {
        Value::Number(number) => {
            let id = number.as_u64().expect("an id is a number");
            *value = (id + copy * APART).into();
        }
        Value::Array(ids) => ids.iter_mut().for_each(|id| numbered(id, copy)),
        Value::String(_) => texted(value, copy),
        Value::Null | Value::Bool(_) | Value::Object(_) => {}
    }
}

fn texted(value: &mut Value, copy: u64) {
    if let Value::String(text) = value {
        text.push_str(&format!("-{copy}"));
    }
}

/// A path that ends in an id is about something of this copy.
fn numbered_path(value: &mut Value, copy: u64) {
    if let Value::String(path) = value
        && path.ends_with(|last: char| last.is_ascii_digit())
    {
        path.push_str(&format!("0{copy}"));
    }
}

/// The history of `copies` such worlds at once.
fn overlaid(events: &[Event], copies: u64) -> Vec<Event> {
    let (shared, own): (Vec<_>, Vec<_>) = events.iter().partition(|event| {
        let kind = serde_json::to_value(&event.event).expect("an event is JSON");
        let kind = kind["kind"].as_str().unwrap_or_default().to_owned();
        kind.starts_with("world.") || kind.starts_with("dispatcher.")
    });
    let texts: Vec<Value> = own
        .iter()
        .map(|event| serde_json::to_value(event).expect("an event is JSON"))
        .collect();
    let mut all: Vec<Event> = shared.into_iter().cloned().collect();
    for copy in 0..copies {
        all.extend(texts.iter().map(|text| {
            let mut text = text.clone();
            let in_names = text["event"]["kind"]
                .as_str()
                .is_some_and(|kind| NAMED.contains(&kind));
            copied(&mut text, copy, in_names);
            serde_json::from_value(text).expect("the copy of an event is one")
        }));
    }
    all.sort_by_key(|event| event.at_ms);
    let numbers: std::collections::BTreeMap<_, _> = all
        .iter()
        .zip(1..)
        .map(|(event, number)| (event.id.0, number))
        .collect();
    for event in &mut all {
        event.id.0 = numbers[&event.id.0];
        if let Some(because) = &mut event.because {
            because.0 = numbers.get(&because.0).copied().unwrap_or(because.0);
        }
    }
    all
}

fn judged(plan: &Plan, events: &[Event], end: &End) -> Outcome {
    Outcome::judge(plan, events, end, Tested::Other, None)
}

fn judging(criterion: &mut Criterion) {
    let plan = benches::an_hour_of(JOBS, 1);
    let run = Lab::new(Transport::Direct, Seams::default())
        .run(&plan)
        .expect("the plan runs");
    let end = End {
        settled: true,
        steps_not_taken: Vec::new(),
        quiet: std::time::Duration::ZERO,
        settle: std::time::Duration::ZERO,
        spending: run.outcome.budget.clone(),
    };
    let mut group = criterion.benchmark_group("judging");
    group.sample_size(10);
    for copies in [1, 10, 100, 1_000] {
        let events = overlaid(&run.events, copies);
        group.throughput(Throughput::Elements(events.len() as u64));
        let jobs = copies * u64::from(JOBS);
        group.bench_function(BenchmarkId::new("jobs", jobs), |bench| {
            bench.iter(|| judged(&plan, &events, &end).events);
        });
    }
    group.finish();
}

criterion_group!(benches, judging);
criterion_main!(benches);
