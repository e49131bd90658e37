//! What judging a history costs for each of its events, by how many jobs the world holds: it must not grow. And what
//! a million events cost.
//!
//! Worlds of that size take minutes to run, so one of a hundred jobs is laid over itself, each copy with ids of its own, all
//! numbered as they come: all of them are in one lane at once. One world is quiet; in the other faults strike, users cancel,
//! and caps hold back.

use std::collections::BTreeMap;

use benches::{Growth, cpu, hash};
use dispatchlab::{
    run::{End, Lab, Outcome, Tested},
    target::Seams,
    transport::Transport,
};
use fakes::history::Event;
use scenarios::plan::Plan;
use serde_json::Value;

/// Jobs of the world that is laid over itself.
const JOBS: u64 = 100;
/// Jobs of the worlds that are judged.
const SIZES: [u64; 4] = [100, 1_000, 10_000, 100_000];
/// How often the sizes take turns.
const TURNS: usize = 3;
/// An event among a hundred thousand jobs may cost so many times one among a hundred.
const RATIO_MAX: f64 = 2.0;
/// So many events are judged in so many seconds of CPU.
const MANY: (usize, f64) = (1_000_000, 2.0);

const QUIET: &str = "title: An hour of quiet
world: { hf: { cold_start: 20s..2m } }
timeline:
  - { at: 0s..1h, queue: { as: J, jobs: 100, labels: hf-jobs-cpu-basic, runs_for: 10s..10m } }
";

const TROUBLED: &str = "title: An hour of trouble
world: { hf: { cold_start: 20s..2m }, dispatcher: { caps: { total: 1000000 } } }
timeline:
  - { at: 0s..1h, queue: { as: J, jobs: 80, labels: hf-jobs-cpu-basic, runs_for: 10s..10m } }
  - { at: 0s..1h, queue: { as: K, jobs: 20, labels: hf-jobs-t4-small, runs_for: 10s..10m, needs_approval: true } }
  - { at: 30m..1h, cancel: { jobs: J, share: 0.3 } }
faults:
  - { to: hf.create, chance: 0.3, answer: 500 }
  - { to: github.jit-config, chance: 0.2, answer: 502 }
  - { to: webhook, chance: 0.2, drop: unlogged }
  - { to: webhook, chance: 0.2, delay: 10s..10m }
";

/// The fields that name something of one copy by a number, and which kind of thing.
const NUMBERS: &[(&str, &str)] = &[
    ("job", "job"),
    ("jobs", "job"),
    ("run", "run"),
    ("runs", "run"),
    ("runner", "runner"),
    ("delivery", "delivery"),
    ("call", "call"),
    ("id", "event"),
    ("because", "event"),
    ("strike", "event"),
];

/// The fields that name it by a text.
const TEXTS: &[&str] = &["hf_job", "guid", "runner_name", "name"];

/// Kinds of events whose `name` is the name of something of one copy, and not of a call.
const NAMED: &[&str] = &["runner.created", "job.queued", "job.waiting"];

/// Gives what a copy's ids are in the whole: the next number of its kind.
#[derive(Default)]
struct Numbers(
    BTreeMap<(&'static str, u64, u64), u64>,
    BTreeMap<&'static str, u64>,
);

impl Numbers {
    fn of(&mut self, kind: &'static str, copy: u64, id: u64) -> u64 {
        let next = &mut self.1;
        *self.0.entry((kind, copy, id)).or_insert_with(|| {
            let next = next.entry(kind).or_default();
            *next += 1;
            *next
        })
    }

    fn copied(&mut self, value: &mut Value, copy: u64, in_names: bool) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let key = key.as_str();
                    if let Some((_, kind)) = NUMBERS.iter().find(|(field, _)| *field == key) {
                        self.numbered(value, kind, copy);
                    } else if TEXTS.contains(&key) && (key != "name" || in_names) {
                        texted(value, copy);
                    } else if key == "path" {
                        numbered_path(value, copy);
                    } else {
                        self.copied(value, copy, in_names);
                    }
                }
            }
            Value::Array(values) => values
                .iter_mut()
                .for_each(|value| self.copied(value, copy, in_names)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn numbered(&mut self, value: &mut Value, kind: &'static str, copy: u64) {
        match value {
            Value::Number(number) => {
                let id = number.as_u64().expect("an id is a number");
                *value = self.of(kind, copy, id).into();
            }
            Value::Array(ids) => ids.iter_mut().for_each(|id| self.numbered(id, kind, copy)),
            Value::String(_) => texted(value, copy),
            Value::Null | Value::Bool(_) | Value::Object(_) => {}
        }
    }
}

/// A text of this copy alone, as far from that of another copy as two drawn ones are.
fn texted(value: &mut Value, copy: u64) {
    if let Value::String(text) = value {
        let bytes = text.bytes().chain(copy.to_le_bytes());
        let hash = hash(bytes);
        *text = format!(
            "{:016x}{copy:08x}",
            hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
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

/// A world and what came of it.
struct World {
    plan: Plan,
    end: End,
    events: Vec<Event>,
}

impl World {
    fn of(text: &str) -> Self {
        let plan = benches::plan(text, 1);
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
        Self {
            plan,
            end,
            events: run.events,
        }
    }

    /// The history of `copies` such worlds at once.
    fn overlaid(&self, copies: u64) -> Vec<Event> {
        let is_shared = |kind: &str| kind.starts_with("world.") || kind.starts_with("dispatcher.");
        let texts: Vec<(Value, bool, bool)> = self
            .events
            .iter()
            .map(|event| {
                let text = serde_json::to_value(event).expect("an event is JSON");
                let kind = text["event"]["kind"].as_str().unwrap_or_default();
                let (shared, in_names) = (is_shared(kind), NAMED.contains(&kind));
                (text, shared, in_names)
            })
            .collect();
        let mut numbers = Numbers::default();
        let mut all = Vec::with_capacity(self.events.len() * copies as usize);
        // In the order of time, and of copies within it.
        let mut at = 0;
        while at < texts.len() {
            let now = &texts[at].0["at_ms"];
            let same = texts[at..]
                .iter()
                .take_while(|(text, ..)| &text["at_ms"] == now);
            let until = at + same.count();
            for copy in 0..copies {
                for (text, shared, in_names) in &texts[at..until] {
                    if *shared && copy > 0 {
                        continue;
                    }
                    let mut text = text.clone();
                    numbers.copied(&mut text, copy, *in_names);
                    all.push(serde_json::from_value(text).expect("the copy of an event is one"));
                }
            }
            at = until;
        }
        all
    }

    /// The CPU that judging takes, in seconds.
    fn judged(&self, events: &[Event]) -> f64 {
        let before = cpu();
        let outcome = Outcome::judge(&self.plan, events, &self.end, Tested::Other, None);
        let took = cpu() - before;
        assert_eq!(outcome.events, events.len());
        took.as_secs_f64()
    }
}

fn growth(name: &str, world: &World) {
    let mut growth = Growth::new(&SIZES);
    for size in SIZES {
        let events = world.overlaid(size / JOBS);
        // Small histories are judged so often that it takes as long as a larger one.
        let times = (SIZES[2] / size).clamp(1, 100);
        for _ in 0..TURNS {
            let took: f64 = (0..times).map(|_| world.judged(&events)).sum();
            growth.took(size, took / (times as f64), events.len());
        }
    }
    growth.print(&format!("judging a {name} world"), "jobs", "event");
    growth.check(RATIO_MAX);
}

fn main() {
    let quiet = World::of(QUIET);
    let copies = MANY.0.div_ceil(quiet.events.len()) as u64;
    let mut events = quiet.overlaid(copies);
    events.truncate(MANY.0);
    let took = (0..TURNS)
        .map(|_| quiet.judged(&events))
        .fold(f64::MAX, f64::min);
    println!("judging {} events takes {took:.2} s of CPU", events.len());
    drop(events);
    growth("quiet", &quiet);
    growth("troubled", &World::of(TROUBLED));
    assert!(took <= MANY.1, "{took:.2} s are more than {} s", MANY.1);
}
