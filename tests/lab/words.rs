//! The words of the scenario language against what the fakes really answer.

use std::collections::BTreeSet;

use fakes::{github, hf};

#[test]
fn the_language_knows_every_call_of_the_fakes_and_no_other() {
    let answered: BTreeSet<&str> = github::routes()
        .chain(hf::routes())
        .map(|route| route.name)
        .collect();
    let known: BTreeSet<&str> = scenarios::CALLS.iter().copied().collect();
    assert_eq!(known, answered);
}
