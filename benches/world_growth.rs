//! What an event of a whole world costs by how many jobs it has: dispatcher, fakes, transport and judges, one thread. Over
//! proportionally more time, and with all of them alive at once. GitHub's limits are out of the way, since a refused call that
//! is made again is an event more, and no dearer one.
//!
//! Each world lives in a process of its own, so that its memory is its own; the sizes take turns. A hundred thousand jobs
//! take minutes and gigabytes: `GROWTH_LARGEST=100000` asks for them, once and over more time only.

use std::{env, process::Command};

use benches::{Growth, cpu, memory_bytes_peak};
use dispatchlab::{run::Lab, target::Seams, transport::Transport};

/// Jobs of the worlds that are held to the floor.
const SIZES: [u64; 3] = [100, 1_000, 10_000];
/// How often the sizes take turns.
const TURNS: usize = 3;
/// An event of a large world may cost so many times one of a small one.
const RATIO_MAX: f64 = 2.0;
/// How a process is told what to live through.
const LIVE: &str = "--live";

/// Worlds by name.
const WORLDS: [(&str, &str); 2] = [
    ("spread", "over proportionally more time"),
    ("at-once", "all alive at once"),
];

fn scenario(world: &str, jobs: u64) -> String {
    // Ten a minute; or as fast as the limits on registrations and on HF's API let them come, and for as long as that takes.
    let (over_s, runs_for) = match world {
        "spread" => (6 * jobs, "10s..10m"),
        _ => (2 * jobs / 5, "70m..75m"),
    };
    format!(
        "title: {jobs} jobs {world}
world:
  hf: {{ cold_start: 20s..2m }}
  dispatcher: {{ job_timeout: 6h }}
  github:
    rate_limit: {{ limit: 4000000000 }}
    secondary_limit: {{ concurrent: 4000000000, points_per_minute: 4000000000, contents_per_minute: 4000000000, contents_per_hour: 4000000000, registrations_per_five_minutes: 4000000000 }}
timeline:
  - {{ at: 0s..{over_s}s, queue: {{ as: J, jobs: {jobs}, labels: hf-jobs-cpu-basic, runs_for: {runs_for} }} }}
expect: {{ bound: {}s }}
",
        over_s + 30_000
    )
}

/// Lives through one world, and says what it took.
fn live(world: &str, jobs: u64) {
    let plan = benches::plan(&scenario(world, jobs), 1);
    let before = cpu();
    let run = Lab::new(Transport::Direct, Seams::default()).run(&plan);
    let took = cpu() - before;
    let run = run.expect("the plan runs");
    let violated = run.outcome.verdicts.violated();
    assert!(run.outcome.settled, "{world} {jobs} did not settle");
    assert!(violated.is_empty(), "{world} {jobs}: {violated:?}");
    println!(
        "{} {} {}",
        took.as_secs_f64(),
        run.events.len(),
        memory_bytes_peak().unwrap_or(0)
    );
}

/// Has a process live through one world.
fn measure(world: &str, jobs: u64, growth: &mut Growth) {
    let this = env::current_exe().expect("this program has a path");
    let out = Command::new(this)
        .args([LIVE, world, &jobs.to_string()])
        .output()
        .expect("this program can be started");
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        out.status.success(),
        "{world} {jobs}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let mut words = said.split_whitespace();
    let mut number = || words.next().and_then(|word| word.parse::<f64>().ok());
    let (seconds, events, memory) = (number(), number(), number());
    let all = seconds.zip(events).zip(memory);
    let ((seconds, events), memory) = all.expect("a process says three numbers");
    growth.held(jobs, seconds, events as usize, memory as u64);
}

fn main() {
    let words: Vec<String> = env::args().collect();
    if let Some(at) = words.iter().position(|word| word == LIVE) {
        let jobs = words[at + 2].parse().expect("a number of jobs");
        return live(&words[at + 1], jobs);
    }
    let largest = env::var("GROWTH_LARGEST")
        .ok()
        .and_then(|text| text.parse().ok());
    let mut all = Vec::new();
    for (world, how) in WORLDS {
        let mut growth = Growth::new(&SIZES);
        for _ in 0..TURNS {
            for jobs in SIZES {
                measure(world, jobs, &mut growth);
            }
        }
        if let Some(jobs) = largest.filter(|_| world == "spread") {
            measure(world, jobs, &mut growth);
        }
        growth.print(&format!("a world of jobs {how}"), "jobs", "event");
        all.push(growth);
    }
    for growth in all {
        growth.check(RATIO_MAX);
    }
}
