//! Faults that never strike: a scenario that has one says more than was tried, so that is said, with the reason.

use crate::cli::dispatchlab;

/// Runs a scenario of one job with these faults, and gives exit code and stderr.
fn told(faults: &str, args: &[&str]) -> (i32, String) {
    let text = format!(
        "title: Faults and their occasions\nabout: [served-or-told]\n\
         timeline:\n  - at: 0s\n    queue: {{ as: J1, labels: hf-jobs-cpu-basic }}\nfaults:\n{faults}"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("missed.yaml"), text).unwrap();
    let mut all = vec!["run", "missed.yaml"];
    all.extend(args);
    let (code, _, stderr) = dispatchlab(folder.path(), &all);
    (code, stderr)
}

#[test]
fn each_fault_that_never_struck_is_named_with_its_reason() {
    let faults = "  - { to: github.list-hooks, answer: { status: 503 } }
  - { to: hf.create, from: 5h, until: 6h, answer: { status: 503 } }
  - { to: webhook, for: { job: J1, action: waiting }, drop: logged }
  - { to: runner, die: { at: in_job, after: 6h } }
  - { to: github.jit-config, pretend: { runner.busy: false } }
  - { to: hf.create, times: 1, answer: { status: 503 } }
";
    let (code, stderr) = told(faults, &[]);
    assert_eq!(code, 5, "{stderr}");
    for said in [
        "weak: the fault of line 7 (github.list-hooks: answer) never struck: github.list-hooks was never called",
        "weak: the fault of line 8 (hf.create: answer) never struck: what came to hf.create for it (2 times) came before it began or after it was over",
        "weak: the fault of line 9 (webhook: drop) never struck: what was delivered (3 times) was never what it is for: { job: J1, action: waiting }",
        "weak: the fault of line 10 (runner: die) never struck: the moment that it waits for came in no runner's life",
        "weak: the fault of line 11 (github.jit-config: pretend) never struck: it met once what it is for, and would have changed nothing",
    ] {
        assert!(stderr.contains(said), "{said} is not in:\n{stderr}");
    }
    assert!(!stderr.contains("line 12"), "it struck:\n{stderr}");
}

#[test]
fn an_outage_of_tokens_that_a_kept_token_sleeps_through_is_told() {
    let text = "title: Nobody can mint a token for ten minutes, and the dispatcher has one already
about: [served-or-told]
timeline:
  - at: 0s..9m
    queue: { as: J, jobs: 5, labels: hf-jobs-cpu-basic }
faults:
  - { to: github.create-token, from: 0s, until: 10m, answer: { status: 503 } }
";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kept.yaml"), text).unwrap();
    let (code, _, stderr) = dispatchlab(folder.path(), &["run", "kept.yaml"]);
    assert_eq!(code, 5, "{stderr}");
    let said = "kept: weak: the fault of line 7 (github.create-token: answer) never struck: what came to github.create-token for it (once) came before it began or after it was over";
    assert!(stderr.contains(said), "{stderr}");
}

#[test]
fn a_fault_that_may_miss_is_no_news() {
    let faults = "  - { to: github.list-hooks, may_miss: true, answer: { status: 503 } }\n";
    assert_eq!(told(faults, &[]), (0, String::new()));
}

#[test]
fn bad_luck_is_told_and_makes_a_sweep_of_twenty_seeds_weak() {
    let faults = "  - { to: hf.create, chance: 0.000001, answer: { status: 503 } }\n";
    let (code, stderr) = told(faults, &[]);
    assert_eq!(code, 0, "{stderr}");
    let said = "the fault of line 7 (hf.create: answer) did not strike: its chance took none of 1 occasion";
    assert!(stderr.contains(said), "{stderr}");
    let (code, stderr) = told(faults, &["--seeds", "20"]);
    assert_eq!(code, 5, "{stderr}");
    let said = "weak: the fault of line 7 (hf.create: answer) never struck: its chance took none of 20 occasions";
    assert!(stderr.contains(said), "{stderr}");
}

#[test]
fn fewer_strikes_than_times_are_told() {
    let faults = "  - { to: hf.cancel, may_miss: true, answer: { status: 503 } }
  - { to: webhook, for: { action: completed }, times: 3, delay: 5s }\n";
    let (code, stderr) = told(faults, &[]);
    assert_eq!(code, 0, "{stderr}");
    let said = "the fault of line 8 (webhook: delay) struck 1 of 3 times: it had 1 occasion\n";
    assert!(stderr.contains(said), "{stderr}");
}
