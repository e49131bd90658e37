//! What follows from a judgement: waivers, known faults, undecided runs, faults that never struck, jobs that nobody
//! serves, and the exit codes that all of it comes to.

use std::path::Path;

use dispatchlab::{
    exit::ExitStatus,
    properties::Verdict,
    report::{ScenarioReport, notes},
    run::{Outcome, Unserved},
    target::Seams,
};
use scenarios::known;

use crate::{
    cli::dispatchlab,
    plans::{of_text, run},
};

const ONE_JOB: &str =
    "title: One job\ntimeline:\n  - at: 0s\n    queue: { as: J1, labels: hf-jobs-cpu-basic }\n";

/// Nothing tells the dispatcher of its jobs: whoever waits for it is neither served nor told.
const NOBODY_SERVES: &str = "title: Nobody\ntimeline:
  - { at: 0s, queue: { as: J, jobs: 3, labels: hf-jobs-cpu-basic } }
faults:
  - { to: webhook, drop: unlogged }
  - { to: [github.list-runs, github.list-deliveries], answer: { status: 502 } }
";

fn outcome(text: &str, seed: u64) -> Outcome {
    run(&of_text("test.yaml", text, seed, false), Seams::default()).outcome
}

/// Writes a scenario, runs it with these arguments, and gives exit code, stdout and stderr.
fn run_file(text: &str, args: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test.yaml"), text).unwrap();
    let mut all = vec!["run", "test.yaml"];
    all.extend(args);
    dispatchlab(folder.path(), &all)
}

fn waiver(properties: &[&str]) -> String {
    let waivers = properties.iter().map(|property| {
        format!("\n    - {{ property: {property}, reason: nobody tells it, link: TICKET-7, expires: 2026-12-31 }}")
    });
    format!("expect:\n  waive:{}\n", waivers.collect::<String>())
}

/// What a dispatcher breaks that serves nobody.
const BROKEN: [&str; 2] = ["served-or-told", "supply-covers-demand"];

#[test]
fn one_breach_stands_for_all_of_a_property_and_names_how_many_more() {
    let outcome = outcome(NOBODY_SERVES, 1);
    let violated = outcome.verdicts.violated();
    let properties: Vec<_> = violated.iter().map(|(property, _)| *property).collect();
    assert_eq!(properties, BROKEN);
    let (_, found) = violated[0];
    assert_eq!(found.more, 2);
    assert_eq!(found.others.len(), 2);
    assert!(found.others.iter().all(|other| *other > found.event));
    let (code, _, stderr) = run_file(NOBODY_SERVES, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains(", and 2 more like it"), "{stderr}");
    assert_eq!(stderr.matches("is violated").count(), 2, "{stderr}");
}

#[test]
fn a_verdict_about_time_names_its_two_moments() {
    let outcome = outcome(NOBODY_SERVES, 1);
    let violated = outcome.verdicts.violated();
    let (_, found) = violated.first().unwrap();
    // The timeline begins ten seconds after the world.
    let moments = "J1 wanted a runner at 10.000 s; one was due by 1810.000 s, and none came";
    assert!(found.why.contains(moments), "{}", found.why);
}

#[test]
fn isolation_without_its_occasion_says_that_nothing_was_wrong_elsewhere_while_a_job_waited() {
    let outcome = outcome(ONE_JOB, 1);
    let Verdict::NotExercised { why } = &outcome.verdicts.0["isolation"] else {
        panic!("{:?}", outcome.verdicts.0["isolation"]);
    };
    let said = "nothing went wrong elsewhere while a job waited whose own lane nothing touched";
    assert_eq!(why, said);
}

#[test]
fn a_run_that_ends_before_the_bound_of_a_job_is_undecided() {
    let text =
        format!("{ONE_JOB}world: {{ hf: {{ cold_start: 60s }} }}\nexpect: {{ bound: 20s }}\n");
    let outcome = outcome(&text, 1);
    assert_eq!(outcome.verdicts.violated(), []);
    let undecided = outcome.verdicts.undecided();
    let (property, found) = undecided.first().unwrap();
    assert_eq!(*property, "served-or-told");
    let moments =
        "J1 wanted a runner at 10.000 s; one is due by 1810.000 s, and the run ended at 30.";
    assert!(found.why.contains(moments), "{}", found.why);
    let (code, stdout, stderr) = run_file(&text, &[]);
    assert_eq!(code, 3, "{stdout}{stderr}");
    assert!(stdout.contains("0 of 1 runs held, 1 undecided"), "{stdout}");
    assert!(!stdout.contains("VIOLATED") && !stderr.contains("violated"));
}

#[test]
fn a_count_that_may_still_be_met_is_undecided_and_one_that_is_passed_is_not() {
    let early = |hf_jobs: &str| {
        let text = format!("{ONE_JOB}expect: {{ bound: 20s, hf_jobs: {hf_jobs} }}\n");
        outcome(&text, 1).verdicts.0["expect.hf_jobs"].clone()
    };
    assert!(early("2").is_undecided());
    assert!(early("0").is_violated());
    assert_eq!(early("1"), Verdict::Held { occasions: 1 });
}

#[test]
fn a_run_that_did_not_settle_is_not_counted_as_held() {
    let text = ONE_JOB.replace("cpu-basic }", "cpu-basic, runs_for: 50m }");
    let (code, stdout, _) = run_file(&(text + "expect: { bound: 30m }\n"), &[]);
    assert_eq!(code, 3);
    assert!(stdout.contains("0 of 1 runs held, 1 undecided"), "{stdout}");
}

#[test]
fn a_weak_run_is_not_counted_as_held() {
    let (code, stdout, _) = run_file(&format!("about: [signature]\n{ONE_JOB}"), &[]);
    assert_eq!(code, 5);
    assert!(stdout.contains("0 of 1 runs held, 1 weak"), "{stdout}");
}

#[test]
fn a_waiver_that_is_needed_is_shown_with_its_end_and_what_it_hides() {
    let text = format!("{NOBODY_SERVES}{}", waiver(&BROKEN));
    let Some(Verdict::Waived {
        reason,
        link,
        expires,
        instead_of,
    }) = outcome(&text, 1).verdicts.0.remove("served-or-told")
    else {
        panic!("not waived");
    };
    assert!(instead_of.is_violated());
    assert_eq!(
        (reason.as_str(), link.as_str()),
        ("nobody tells it", "TICKET-7")
    );
    assert_eq!(expires.to_string(), "2026-12-31");
    // The bound is reached, since the jobs are never served.
    let (code, _, stderr) = run_file(&text, &["--today", "2026-12-31"]);
    assert_eq!(code, 3, "{stderr}");
    let said = "served-or-told is waived, expires 2026-12-31: nobody tells it (TICKET-7)";
    assert!(stderr.contains(said), "{stderr}");
}

#[test]
fn a_waiver_is_good_on_its_last_day_and_fails_the_run_on_the_next() {
    let text = format!("{NOBODY_SERVES}{}", waiver(&BROKEN));
    let on = |today| run_file(&text, &["--today", today]);
    assert_eq!(on("2026-12-31").0, 3);
    let (code, stdout, stderr) = on("2027-01-01");
    assert_eq!(code, 1, "{stderr}");
    assert!(stdout.contains("WAIVER STALE"), "{stdout}");
    let said = "the waiver of served-or-told (expired 2026-12-31) has expired";
    assert!(stderr.contains(said), "{stderr}");
    let (code, _, stderr) = on("tomorrow");
    assert!(code == 2 && stderr.contains("--today"), "{stderr}");
}

#[test]
fn a_verdict_does_not_depend_on_the_day() {
    let text = format!("{NOBODY_SERVES}{}", waiver(&BROKEN));
    let json = |today| {
        let (_, stdout, _) = run_file(&text, &["--json", "--today", today]);
        let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        json["scenarios"][0]["outcomes"].clone()
    };
    assert_eq!(json("2026-01-01"), json("2028-01-01"));
}

#[test]
fn a_waiver_that_no_seed_needs_fails_the_run() {
    let text = format!("{ONE_JOB}{}", waiver(&["no-leak"]));
    for args in [
        &["--today", "2026-12-31"][..],
        &["--today", "2026-12-31", "--seeds", "3"],
    ] {
        let (code, _, stderr) = run_file(&text, args);
        assert_eq!(code, 1, "{stderr}");
        let said = "the waiver of no-leak was not needed in any run";
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn the_old_form_of_a_waiver_is_refused_with_the_new_one() {
    let text = format!("{ONE_JOB}expect: {{ waive: {{ at-most-one: \"it is so\" }} }}\n");
    let (code, _, stderr) = run_file(&text, &[]);
    assert_eq!(code, 2);
    assert!(stderr.contains("test.yaml:5:20"), "{stderr}");
    assert!(
        stderr.contains("property: at-most-one, reason: …"),
        "{stderr}"
    );
}

/// A scenario of the corpus that its dispatcher breaks, and a list that may know it.
fn with_list(list: &str, seeds: &[u64]) -> ScenarioReport {
    let known = known::parse("known.yaml", list).unwrap();
    let outcomes = seeds.iter().map(|seed| {
        let mut outcome = outcome(NOBODY_SERVES, *seed);
        // Only what the list is about is of interest here, not that nobody ends what nobody serves.
        outcome.settled = true;
        outcome.allow_known("happy-path", &known);
        outcome
    });
    ScenarioReport::new("happy-path", outcomes.collect()).against_known("happy-path", &known)
}

#[test]
fn a_known_fault_does_not_fail_a_run_and_is_not_held_either() {
    let entries = BROKEN.map(|property| {
        format!("- {{ scenario: happy-path, property: {property}, reason: it is gone }}\n")
    });
    let report = with_list(&entries.concat(), &[1, 2]);
    assert_eq!(report.status(), ExitStatus::Held);
    assert_eq!(
        (report.held, report.known_seeds.as_slice()),
        (0, &[1, 2][..])
    );
    assert!(report.violated_seeds.is_empty());
    assert!(dispatchlab::report::render(std::slice::from_ref(&report)).contains("known in 2 of 2"));
    let notes = notes(&report);
    let said = "happy-path: served-or-told is broken, as is known: it is gone";
    assert!(notes.contains(&said.to_owned()), "{notes:?}");
    let verdict = &report.outcomes[0].verdicts.0["served-or-told"];
    let json = serde_json::to_value(verdict).unwrap();
    assert_eq!(
        (&json["verdict"], &json["reason"]),
        (&"known".into(), &"it is gone".into())
    );
}

#[test]
fn what_the_list_does_not_name_is_violated() {
    assert_eq!(with_list("[]", &[1]).status(), ExitStatus::Violated);
    let other_seed =
        "- { scenario: happy-path, property: served-or-told, reason: x, seeds: 2..9 }\n";
    assert_eq!(with_list(other_seed, &[1]).status(), ExitStatus::Violated);
    let other_scenario = "- { scenario: space-asleep, property: served-or-told, reason: x }\n";
    assert_eq!(
        with_list(other_scenario, &[1]).status(),
        ExitStatus::Violated
    );
}

#[test]
fn a_known_fault_that_is_not_met_fails_the_sweep_over_its_scenario_only() {
    let entry = |scenario: &str, seeds: &str| {
        format!("- {{ scenario: {scenario}, property: no-leak, reason: it leaks{seeds} }}\n")
    };
    let unmet = |list: &str| {
        let known = known::parse("known.yaml", list).unwrap();
        let report = ScenarioReport::new("happy-path", vec![outcome(ONE_JOB, 3)]);
        report.against_known("happy-path", &known)
    };
    let report = unmet(&entry("happy-path", ""));
    assert_eq!(report.status(), ExitStatus::Violated);
    assert_eq!(report.known_unmet, ["no-leak (line 1)"]);
    assert!(notes(&report).concat().contains("remove it from the list"));
    assert_eq!(unmet(&entry("space-asleep", "")).status(), ExitStatus::Held);
    assert_eq!(
        unmet(&entry("happy-path", ", seeds: 4")).status(),
        ExitStatus::Held
    );
}

#[test]
fn jobs_that_look_meant_for_the_dispatcher_and_are_not_routed_are_named() {
    let text = "title: One job that is not routed next to one that is
timeline:
  - { at: 0s, queue: { as: J1, labels: [self-hosted, hf-jobs-cpu-basic] } }
  - { at: 0s, queue: { as: J2, labels: hf-jobs-cpu-basic } }
  - { at: 0s, queue: { as: J3, labels: hf-jobs-cpu-basci } }
  - { at: 0s, queue: { as: J4, labels: hf-job-cpu-basic } }
  - { at: 0s, queue: { as: J5, labels: ubuntu-latest } }
";
    let outcome = outcome(text, 1);
    let named: Vec<_> = outcome
        .unrouted
        .iter()
        .map(|job| job.job.as_str())
        .collect();
    assert_eq!(named, ["J1", "J3", "J4"]);
    let (code, _, stderr) = run_file(text, &[]);
    assert_eq!(code, 0);
    for job in ["J1", "J3", "J4"] {
        let said = format!("{job} (octo/app) looks meant for the dispatcher");
        assert!(stderr.contains(&said), "{stderr}");
    }
    assert!(
        !stderr.contains("J2 (") && !stderr.contains("J5 ("),
        "{stderr}"
    );
    let (_, stdout, _) = run_file(text, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        json["scenarios"][0]["unrouted"].as_array().unwrap().len(),
        3
    );
}

#[test]
fn jobs_in_repositories_that_are_not_served_are_named_with_the_reason() {
    let text = "title: Jobs where the dispatcher has no business
world:
  github: { repos: [{ name: octo/app }, { name: octo/out }, { name: other/bare, installed: false }] }
  dispatcher: { allow_repos: [octo/app, other/bare] }
timeline:
  - { at: 0s, queue: { as: J1, repo: octo/app, labels: hf-jobs-cpu-basic } }
  - { at: 0s, queue: { as: J2, repo: octo/out, labels: hf-jobs-cpu-basic } }
  - { at: 0s, queue: { as: J3, repo: other/bare, labels: hf-jobs-cpu-basic } }
  - { at: 0s, queue: { as: J4, repo: other/bare, labels: ubuntu-latest } }
  - { at: 1m, rename_repo: { from: octo/app, to: other/app } }
  - { at: 2m, queue: { as: J5, repo: other/app, labels: hf-jobs-cpu-basic } }
";
    let outcome = outcome(text, 1);
    let named: Vec<_> = outcome
        .unrouted
        .iter()
        .map(|job| (job.job.as_str(), job.why))
        .collect();
    assert_eq!(
        named,
        [
            ("J2", Unserved::NotAllowed),
            ("J3", Unserved::NotInstalled),
            ("J5", Unserved::NotInstalled)
        ]
    );
    let (_, _, stderr) = run_file(text, &[]);
    for said in [
        "J2 (octo/out) looks meant for the dispatcher, and the repository is not on its allow-list: nobody will serve it",
        "J3 (other/bare) looks meant for the dispatcher, and its App is not installed there: nobody will serve it",
    ] {
        assert!(stderr.contains(said), "{stderr}");
    }
    let (_, stdout, _) = run_file(text, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["scenarios"][0]["unrouted"][0]["why"], "not_allowed");
}

#[test]
fn an_allow_list_compares_names_without_letter_case() {
    let text = "title: An allow-list in capitals
world:
  github: { repos: [{ name: octo/app }] }
  dispatcher: { allow_repos: [Octo/App] }
timeline:
  - { at: 0s, queue: { as: J1, repo: octo/app, labels: hf-jobs-cpu-basic } }
";
    let outcome = outcome(text, 1);
    assert_eq!(outcome.verdicts.violated(), []);
    assert_eq!(outcome.unrouted, []);
    assert!(outcome.verdicts.exercised("served-or-told"));
}

#[test]
fn each_property_reports_how_often_its_occasion_came() {
    let outcome = outcome(&ONE_JOB.replace("as: J1", "as: J, jobs: 4"), 1);
    let occasions = |name: &str| outcome.verdicts.0[name].occasions();
    assert_eq!(occasions("served-or-told"), 4);
    assert_eq!(occasions("at-most-one"), 4);
    assert_eq!(occasions("signature"), 0);
    let report = ScenarioReport::new("four", vec![outcome.clone(), outcome]);
    assert_eq!(report.occasions["served-or-told"], 8);
}

#[test]
fn readme_help_and_documentation_say_the_same_of_every_exit_code() {
    let (code, help, _) = dispatchlab(Path::new("."), &["--help"]);
    assert_eq!(code, 0);
    assert!(help.contains(ExitStatus::TABLE), "{help}");
    let documents = [
        ("README.md", include_str!("../../README.md")),
        ("docs/outcomes.md", include_str!("../../docs/outcomes.md")),
    ];
    for (name, document) in documents {
        let table = ExitStatus::TABLE.lines().skip(1);
        for line in table {
            let (code, meaning) = line.trim().split_once(' ').unwrap();
            let row = format!("| {code} | {} |", meaning.trim());
            assert!(document.contains(&row), "{name} does not say `{row}`");
        }
    }
}
