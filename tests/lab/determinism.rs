//! Determinism: the same seed gives the same history, in another process, on the other transport, and
//! whatever ran before.

use std::{collections::BTreeMap, process::Command};

use dispatchlab::{run::Lab, target::Seams, transport::Transport};
use fakes::history::to_json_lines;

use crate::plans::{built_in, run};

/// Seeds of every scenario that are compared between two processes.
const SEEDS: u64 = 200;

/// Scenarios named for the comparison of the two transports.
const ON_BOTH_TRANSPORTS: &[&str] = &[
    "happy-path",
    "space-asleep",
    "b03-batch-two-forgotten",
    "recorded-life",
];

/// Digest of each history by scenario and seed, from a process of its own.
fn digests() -> BTreeMap<String, String> {
    let out = tempfile::tempdir().unwrap();
    let seeds = SEEDS.to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .args(["run", "--seeds", &seeds, "--digests", "--json", "--out"])
        .arg(out.path())
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = BTreeMap::new();
    for scenario in json["scenarios"].as_array().unwrap() {
        for outcome in scenario["outcomes"].as_array().unwrap() {
            let key = format!("{} seed {}", scenario["name"], outcome["seed"]);
            found.insert(key, outcome["history_sha256"].as_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn two_processes_write_byte_identical_histories_for_200_seeds_of_every_scenario() {
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(digests);
        (digests(), other.join().unwrap())
    });
    assert_eq!(first.len() as u64, SEEDS * scenarios::corpus().len() as u64);
    let differing: Vec<_> = first
        .iter()
        .filter(|(key, digest)| second.get(*key) != Some(digest))
        .collect();
    assert!(
        differing.is_empty(),
        "{} histories differ: {differing:?}",
        differing.len()
    );
    // Digests that are all alike would prove nothing.
    let distinct: std::collections::BTreeSet<_> = first.values().collect();
    assert!(
        distinct.len() as u64 > SEEDS,
        "only {} distinct histories",
        distinct.len()
    );
}

#[test]
fn wire_and_direct_write_the_same_history() {
    for name in ON_BOTH_TRANSPORTS {
        for seed in 1..=5 {
            let plan = built_in(name, seed, true);
            let history = |transport| {
                let run = Lab::new(transport, Seams::default()).run(&plan).unwrap();
                to_json_lines(&run.events).unwrap()
            };
            let (wire, direct) = (history(Transport::Wire), history(Transport::Direct));
            for (number, (wire, direct)) in wire.lines().zip(direct.lines()).enumerate() {
                assert_eq!(wire, direct, "{name}, seed {seed}, line {}", number + 1);
            }
            assert_eq!(
                wire.lines().count(),
                direct.lines().count(),
                "{name}, seed {seed}"
            );
        }
    }
}

#[test]
fn another_seed_gives_another_history() {
    let history = |seed| {
        to_json_lines(&run(&built_in("happy-path", seed, false), Seams::default()).events).unwrap()
    };
    assert_ne!(history(1), history(2));
}

#[test]
fn every_history_reads_back_and_names_only_earlier_causes() {
    for entry in scenarios::corpus() {
        let run = run(&built_in(entry.name, 1, false), Seams::default());
        for event in &run.events {
            if let Some(cause) = event.because {
                assert!(
                    cause < event.id,
                    "{}: event {} comes before its cause",
                    entry.name,
                    event.id
                );
            }
            let text = serde_json::to_string(event).unwrap();
            let back: fakes::history::Event = serde_json::from_str(&text).unwrap();
            assert_eq!(&back, event);
        }
    }
}

#[test]
fn no_history_holds_a_secret() {
    for entry in scenarios::corpus() {
        let run = run(&built_in(entry.name, 1, false), Seams::default());
        let text = to_json_lines(&run.events).unwrap();
        for secret in [
            "ghs_",
            dispatchlab::target::LAB_WEBHOOK_SECRET,
            dispatchlab::target::LAB_HF_TOKEN,
            "sha256=",
            "PRIVATE KEY",
        ] {
            assert!(!text.contains(secret), "{} shows {secret}", entry.name);
        }
    }
}
