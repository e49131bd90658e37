//! A step that changes nothing is named, with its reason, whatever its verb.

use std::collections::BTreeSet;

use dispatchlab::{report::ScenarioReport, run::NotTaken, target::Seams};
use scenarios::plan::{Deliver, Verb};

use crate::{
    cli::dispatchlab,
    plans::{of_text, run},
};

/// The step in vain stands in line 4.
const A_JOB: &str = "title: In vain\ntimeline:\n  - { at: 0s, queue: { as: A, labels: hf-jobs-cpu-basic, runs_for: 2m } }\n";

/// What stands in line 4 and those below it, the verb of the one in vain, and why it is.
const IN_VAIN: &[(&str, &str, &str)] = &[
    (
        "{ at: 20m, cancel: { job: A } }",
        "cancel",
        "too late: the run of A had ended",
    ),
    (
        "{ when: { job: A, is: completed }, cancel: { job: it } }",
        "cancel",
        "too late: the run of what its trigger matched had ended",
    ),
    (
        "{ at: 5s, rerun: { job: A } }",
        "rerun",
        "too early: the run of A had not ended",
    ),
    (
        "{ at: 20m, rerun: { job: A, failed_only: true } }",
        "rerun",
        "no job in the run of A had failed",
    ),
    (
        "{ at: 5s, approve: { job: A } }",
        "approve",
        "nothing in the run of A waited",
    ),
    (
        "{ at: 20m, redeliver: { job: A, action: waiting } }",
        "redeliver",
        "no `waiting` of A",
    ),
    (
        "{ at: 20m, redeliver: { failed: true } }",
        "redeliver",
        "no delivery had failed",
    ),
    (
        "{ at: 20m, queue: { as: B, run: A, labels: other } }",
        "queue",
        "GitHub takes no more jobs into its run: ",
    ),
    (
        "{ at: 20m, complete_run: { job: A } }",
        "complete_run",
        "too late: the run of A had ended",
    ),
    (
        "{ at: 1s, take_back: { job: A } }",
        "take_back",
        "no runner had been given A",
    ),
    (
        "{ when: { job: A, is: in_progress, plus: 1s }, take_back: { job: it } }",
        "take_back",
        "too late: A had started",
    ),
    (
        "{ at: 20m, take_back: { job: A } }",
        "take_back",
        "too late: A had ended",
    ),
    (
        "{ at: 20m, unsuspend: { owner: octo } }\n  - { at: 15m, suspend: { owner: octo } }\n  - { at: 16m, unsuspend: { owner: octo } }",
        "unsuspend",
        "not suspended",
    ),
    (
        "{ at: 20m, suspend: { owner: octo } }\n  - { at: 15m, suspend: { owner: octo } }",
        "suspend",
        "suspended already",
    ),
    (
        "{ when: { hf_job: completed }, hf_stage: { hf_job: it, stage: error } }",
        "hf_stage",
        "its HF job was COMPLETED",
    ),
    (
        "{ when: { hf_job: scheduling }, hf_stage: { hf_job: it, stage: scheduling } }",
        "hf_stage",
        "its HF job was SCHEDULING",
    ),
    (
        "{ when: { hf_job: scheduling }, runner: { restart: it } }",
        "runner",
        "no process ran in it: its HF job was SCHEDULING",
    ),
    (
        "{ when: { hf_job: completed }, runner: { die: it } }",
        "runner",
        "no process ran in it: its HF job was COMPLETED",
    ),
    (
        "{ when: { hf_job: canceled }, runner: { hang: it } }",
        "runner",
        "its trigger never came",
    ),
    (
        "{ at: 20m, crash: {} }\n  - { at: 15m, stop: {} }",
        "crash",
        "down already",
    ),
    (
        "{ at: 20m, stop: { restart_after: 5s } }\n  - { at: 15m, crash: { restart_after: 20m } }",
        "stop",
        "down already",
    ),
    (
        "{ when: { job: A, is: in_progress, nth: 2 }, restart: {} }",
        "restart",
        "its trigger came 1 of 2 times",
    ),
    (
        "{ when: { hf_job: scheduling, after: { job: A, is: completed } }, rotate_secret: {} }",
        "rotate_secret",
        "its trigger never came",
    ),
    (
        "{ when: { hf_job: scheduling, after: { job: A, is: waiting } }, queue: { as: B, labels: other } }",
        "queue",
        "to come after never did",
    ),
    (
        "{ when: { runner: gone, nth: 9 }, rename_repo: { from: octo/app, to: octo/new } }",
        "rename_repo",
        "1 of 9 times",
    ),
    (
        "{ when: { call: hf.logs }, event: { name: ping } }",
        "event",
        "its trigger never came",
    ),
    (
        "{ when: { call: hf.logs }, deliver: { job: A, action: queued } }",
        "deliver",
        "its trigger never came",
    ),
    (
        "{ at: 2h, event: { name: ping } }\nexpect: { bound: 1h }",
        "event",
        "the run ended before its time had come",
    ),
];

fn not_taken(steps: &str) -> Vec<NotTaken> {
    let text = format!("{A_JOB}  - {steps}\n");
    let run = run(&of_text("vain.yaml", &text, 1, false), Seams::default());
    run.outcome.steps_not_taken
}

#[test]
fn every_step_that_changes_nothing_is_named_with_its_reason() {
    for (steps, verb, why) in IN_VAIN {
        let found = not_taken(steps);
        let named = found.iter().find(|step| step.line == 4);
        let named = named.unwrap_or_else(|| panic!("{steps}: {found:?}"));
        assert_eq!(named.step, *verb, "{steps}");
        assert!(named.why.contains(why), "{steps}: {}", named.why);
        assert_eq!(found.len(), 1, "{steps}: {found:?}");
    }
}

#[test]
fn a_step_that_finds_what_it_acts_on_is_not_named() {
    for steps in [
        "{ at: 5s, cancel: { job: A } }",
        "{ at: 20m, rerun: { job: A } }",
        "{ at: 5s, queue: { as: B, labels: other, needs_approval: true } }\n  - { at: 6s, approve: { job: B } }",
        "{ at: 20m, redeliver: { job: A, action: completed } }",
        "{ at: 1s, complete_run: { job: A } }",
        "{ at: 15m, suspend: { owner: octo } }\n  - { at: 16m, unsuspend: { owner: octo } }",
        "{ at: 20m, rename_repo: { from: octo/app, to: octo/new } }",
        "{ when: { hf_job: scheduling }, hf_stage: { hf_job: it, stage: error } }",
        "{ when: { hf_job: running }, runner: { die: it } }",
        "{ when: { runner: online }, runner: { hang: it } }",
        "{ when: { runner: busy }, runner: { restart: it, times: 2 } }",
        "{ at: 20m, crash: { restart_after: 5s } }\n  - { at: 25m, stop: {} }\n  - { at: 26m, restart: {} }",
        "{ at: 20m, rotate_secret: {} }\n  - { at: 20m, event: { name: ping } }",
        "{ at: 20m, deliver: { job: A, action: queued } }",
    ] {
        assert_eq!(not_taken(steps), [], "{steps}");
    }
}

/// Whether a verb could have found nothing to act on; who adds one has to say so here.
const fn can_be_in_vain(verb: &Verb) -> bool {
    match verb {
        Verb::Cancel(_)
        | Verb::Rerun(_)
        | Verb::Approve(_)
        | Verb::Deliver(Deliver::Job(_))
        | Verb::Redeliver(_)
        | Verb::HfStage(_)
        | Verb::CompleteRun(_)
        | Verb::TakeBack(_)
        | Verb::Suspend(_)
        | Verb::Unsuspend(_)
        | Verb::RenameRepo(_)
        | Verb::Event(_)
        | Verb::Runner(_)
        | Verb::Crash(_)
        | Verb::Stop(_) => true,
        Verb::Queue(_) | Verb::Deliver(Deliver::Raw(_)) | Verb::RotateSecret | Verb::Restart => {
            false
        }
    }
}

#[test]
fn the_table_walks_every_verb() {
    let (mut walked, mut can_be) = (BTreeSet::new(), BTreeSet::new());
    for (steps, verb, _) in IN_VAIN {
        let plan = of_text("vain.yaml", &format!("{A_JOB}  - {steps}\n"), 1, false);
        walked.insert(*verb);
        let steps = plan
            .timeline
            .iter()
            .filter(|step| can_be_in_vain(&step.verb));
        can_be.extend(steps.map(|step| step.verb.word()));
    }
    assert!(can_be.is_subset(&walked), "{can_be:?} {walked:?}");
    assert_eq!(walked.len(), 18, "{walked:?}");
}

#[test]
fn one_step_for_several_jobs_was_taken_if_one_of_them_was_there() {
    let text = "title: Two\ntimeline:\n  - { at: 0s, queue: { as: J, jobs: 2, labels: hf-jobs-cpu-basic, run: one, runs_for: 2m } }\n  - { at: 5s, cancel: { jobs: J } }\n";
    let plan = of_text("two.yaml", text, 1, false);
    assert_eq!(run(&plan, Seams::default()).outcome.steps_not_taken, []);
    // The plan has a line for each.
    let again = of_text("plan.json", &plan.to_json(), 1, false);
    assert_eq!(run(&again, Seams::default()).outcome.steps_not_taken, []);
}

#[test]
fn text_json_and_bundle_say_the_same_of_a_step_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{A_JOB}  - {{ at: 20m, cancel: {{ job: A }} }}\n");
    std::fs::write(folder.path().join("vain.yaml"), text).unwrap();
    let why = "it came too late: the run of A had ended";
    let (code, _, stderr) = dispatchlab(folder.path(), &["run", "vain.yaml", "--keep"]);
    assert_eq!(code, 5, "{stderr}");
    let line = format!("vain: weak: the step `cancel` in line 4 was never taken: {why}");
    assert!(stderr.contains(&line), "{stderr}");
    let (_, json, _) = dispatchlab(folder.path(), &["run", "vain.yaml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!([{ "line": 4, "step": "cancel", "why": why }]);
    assert_eq!(json["scenarios"][0]["steps_never_taken"], expected);
    let verdict = folder.path().join("out/vain/seed-1/verdict.json");
    let verdict: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(verdict).unwrap()).unwrap();
    assert_eq!(verdict["steps_not_taken"], expected);
}

#[test]
fn a_sweep_names_a_step_that_no_seed_took() {
    let outcome = |steps: &str, seed| {
        let text = format!("{A_JOB}  - {steps}\n");
        run(&of_text("vain.yaml", &text, seed, false), Seams::default()).outcome
    };
    let (late, early) = (
        "{ at: 20m, cancel: { job: A } }",
        "{ at: 5s, cancel: { job: A } }",
    );
    let report = ScenarioReport::new("vain", vec![outcome(late, 1), outcome(late, 2)]);
    assert_eq!(report.steps_never_taken.len(), 1);
    let report = ScenarioReport::new("vain", vec![outcome(late, 1), outcome(early, 2)]);
    assert_eq!(report.steps_never_taken, []);
}
