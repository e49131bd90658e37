//! What the README's recording comes to does not hang on its ids: none of the lab's own meets one of them.

use std::{collections::BTreeMap, fs};

use dispatchlab::{run::Run, target::Seams};
use fakes::history::What;

use crate::{
    cli::dispatchlab,
    plans::{of_text, run, violations},
};

const LOG: &str = include_str!("../../docs/examples/delivery-log.json");

/// The ids of the example: installation, repository, owner, runs, jobs. The third set has numbers that the lab would give
/// to what is its own.
const IDS: [&str; 7] = [
    "61207345",
    "17273051",
    "6811672",
    "15844201997",
    "15844201998",
    "44652390111",
    "44652390112",
];
const SETS: [[&str; 7]; 4] = [
    IDS,
    ["7", "8", "9", "10", "11", "12", "13"],
    [
        "59722918",
        "600000001",
        "1",
        "17000000001",
        "17000000002",
        "48000000001",
        "48000000002",
    ],
    [
        "9007199254740993",
        "9007199254740995",
        "4294967297",
        "18446744073709551",
        "18446744073709552",
        "72057594037927937",
        "72057594037927939",
    ],
];

/// The example with other ids, imported and run.
fn replayed(ids: &[&str; 7], more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut log = LOG.to_owned();
    for (number, id) in IDS.iter().enumerate() {
        log = log.replace(id, &format!("<{number}>"));
    }
    for (number, id) in ids.iter().enumerate() {
        log = log.replace(&format!("<{number}>"), id);
    }
    fs::write(folder.path().join("log.json"), log).unwrap();
    let arguments = [&["import", "log.json", "--name", "stuck"], more].concat();
    let (code, _, stderr) = dispatchlab(folder.path(), &arguments);
    assert_eq!(code, 0, "{stderr}");
    let file = folder.path().join("stuck.yaml");
    let text = fs::read_to_string(&file).unwrap();
    run(
        &of_text(file.to_str().unwrap(), &text, 1, false),
        Seams::default(),
    )
}

/// When each job waited for, by name, until it started, in milliseconds; nothing if it never did.
fn waits(run: &Run) -> BTreeMap<String, Option<u64>> {
    let mut waits = BTreeMap::new();
    let mut queued = BTreeMap::new();
    for event in &run.events {
        match &event.event {
            What::JobQueued { job, name, .. } => {
                queued.insert(*job, (name.clone(), event.at_ms));
                waits.insert(name.clone(), None);
            }
            What::JobStarted { job, .. } => {
                let (name, at_ms) = &queued[job];
                waits.insert(name.clone(), Some(event.at_ms - at_ms));
            }
            _ => {}
        }
    }
    waits
}

#[test]
fn the_stuck_queue_is_stuck_again_for_a_dispatcher_that_only_listens_whatever_the_ids() {
    for ids in &SETS {
        let run = replayed(ids, &["--only-webhooks"]);
        let waits = waits(&run);
        assert_eq!(waits["train"], None, "{ids:?}");
        assert!(
            waits["test"].is_some_and(|wait| wait < 120_000),
            "{ids:?}: {waits:?}"
        );
        let violated = violations(&run);
        assert!(
            violated
                .iter()
                .any(|why| why.starts_with("served-or-told") && why.contains("train")),
            "{ids:?}: {violated:?}"
        );
        assert!(
            !violated.iter().any(|why| why.contains("test ")),
            "{ids:?}: {violated:?}"
        );
    }
}

#[test]
fn a_dispatcher_that_looks_for_what_failed_finds_the_job_within_minutes_whatever_the_ids() {
    for ids in &SETS {
        let run = replayed(ids, &[]);
        assert_eq!(violations(&run), Vec::<String>::new(), "{ids:?}");
        let waits = waits(&run);
        let train = waits["train"].unwrap();
        assert!(
            (200_000..500_000).contains(&train),
            "found by its own means, and not before: {ids:?}: {waits:?}"
        );
        let made = run
            .events
            .iter()
            .filter(|event| matches!(event.event, What::HfCreated { .. }));
        assert_eq!(made.count(), 2, "{ids:?}");
    }
}
