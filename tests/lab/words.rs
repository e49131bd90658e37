//! The words of the scenario language against what the fakes really answer.

use std::collections::BTreeSet;

use fakes::{github, hf};
use vocabulary::Narrowing;

#[test]
fn the_language_knows_every_call_of_the_fakes_and_no_other() {
    let answered: BTreeSet<&str> = github::routes()
        .chain(hf::routes())
        .map(|route| route.name)
        .collect();
    let known: BTreeSet<&str> = scenarios::CALLS.iter().copied().collect();
    assert_eq!(known, answered);
}

/// What a path names tells what can narrow a fault of its call: a list that forgets one would refuse a sound scenario,
/// or let one through that never strikes.
#[test]
fn what_narrows_a_call_is_what_its_path_names() {
    let routes: Vec<_> = github::routes().chain(hf::routes()).collect();
    let of_runners = |call: &str| call.starts_with("runner.");
    for call in scenarios::CALLS.iter().filter(|call| !of_runners(call)) {
        let paths: Vec<&str> = routes
            .iter()
            .filter(|route| route.name == *call)
            .map(|route| route.path)
            .collect();
        let names = |parameter: &str| paths.iter().any(|path| path.contains(parameter));
        let expected = [
            (Narrowing::Job, names("{job_id}") || names("{run_id}")),
            (Narrowing::Action, false),
            (Narrowing::Repo, names("{repo}")),
            (Narrowing::Flavor, names("{jobId}") || *call == "hf.create"),
            (Narrowing::HfJob, names("{jobId}")),
            (Narrowing::Runner, names("{runner_id}")),
        ];
        for (key, is_named) in expected {
            assert_eq!(key.suits(call), is_named, "{} of {call}", key.word());
        }
    }
}

#[test]
fn a_call_is_named_after_who_makes_it() {
    for route in github::routes() {
        let is_runners = route.surface == fakes::Surface::Runner;
        assert_eq!(
            route.name.starts_with("runner."),
            is_runners,
            "{}",
            route.name
        );
    }
}
