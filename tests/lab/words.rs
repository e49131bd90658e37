//! The words of the scenario language against what the fakes really answer.

use std::collections::BTreeSet;

use fakes::{github, hf};

/// Calls that a runner makes inside the process, so that no route has their names.
const BY_RUNNERS: [&str; 3] = [
    "github.register-runner",
    "github.acquire-job",
    "github.finish-job",
];

#[test]
fn the_language_knows_every_call_of_the_fakes_and_no_other() {
    let answered: BTreeSet<&str> = github::routes()
        .chain(hf::routes())
        .map(|route| route.name)
        .chain(BY_RUNNERS)
        .collect();
    let known: BTreeSet<&str> = scenarios::CALLS.iter().copied().collect();
    assert_eq!(known, answered);
}
