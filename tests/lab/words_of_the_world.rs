//! Each word for the world shows in the history of a run, and what a target cannot be given is said.

use dispatchlab::{run::Run, target::Seams};
use fakes::history::What;

use crate::plans::{of_text, run};

fn played(world: &str, steps: &str) -> Run {
    let text = format!("title: Words\nworld: {world}\ntimeline:\n{steps}\n");
    run(&of_text("words.yaml", &text, 1, false), Seams::default())
}

const JOB: &str = "  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }";

fn count(run: &Run, fits: impl Fn(&What) -> bool) -> usize {
    run.events.iter().filter(|event| fits(&event.event)).count()
}

/// How many calls GitHub answered so, and when the last of them was.
fn refused(run: &Run, status: u16) -> (usize, u64) {
    let refused = run.events.iter().filter(|event| {
        matches!(&event.event, What::CallAnswered { name, status: it, .. } if *it == status && name.starts_with("github."))
    });
    let times: Vec<u64> = refused.map(|event| event.at_ms).collect();
    (times.len(), times.last().copied().unwrap_or_default())
}

#[test]
fn what_is_left_of_the_hour_is_used_up_until_it_ends() {
    let limited = "{ github: { rate_limit: { remaining: 1, resets_in: 20m, status: 429 } } }";
    let run = played(limited, JOB);
    let (calls, last) = refused(&run, 429);
    assert!(
        calls > 0,
        "the second call of the installation is one too many"
    );
    assert!(last < 20 * 60_000, "{last}");
    let started = count(&run, |what| matches!(what, What::JobStarted { .. }));
    assert_eq!(started, 1, "the next hour has room for it");
    assert_eq!(refused(&played("{}", JOB), 429).0, 0);
}

#[test]
fn bursts_have_a_limit() {
    let run = played(
        "{ github: { secondary_limit: { points_per_minute: 4, retry_after: none } } }",
        JOB,
    );
    assert!(
        refused(&run, 403).0 > 0,
        "a call that writes costs five points"
    );
}

#[test]
fn a_page_holds_no_more_than_it_may() {
    let jobs = "  - { at: 0s, queue: { jobs: 3, as: J, labels: other } }\n  - { at: 0s, queue: { as: K, labels: hf-jobs-cpu-basic, runs_for: 10m } }";
    let pages = |run: &Run| {
        count(
            run,
            |what| matches!(what, What::CallReceived { path, .. } if path.contains("page=2")),
        )
    };
    assert!(pages(&played("{ github: { page_size_max: 1 } }", jobs)) > 0);
    assert_eq!(pages(&played("{}", jobs)), 0);
}

#[test]
fn what_the_app_may_not_do_is_refused() {
    let world = "{ github: { permissions: { administration: read } } }";
    let text = format!("title: Words\nworld: {world}\ntimeline:\n{JOB}\nexpect: {{ bound: 1h }}\n");
    let run = run(&of_text("words.yaml", &text, 1, false), Seams::default());
    assert!(
        refused(&run, 403).0 > 0,
        "registering a runner takes `write`"
    );
    assert_eq!(
        count(&run, |what| matches!(what, What::RunnerOnline { .. })),
        0
    );
}

#[test]
fn hooks_of_repositories_and_organisations_tell_the_dispatcher_too() {
    let run = played(
        "{ github: { hooks: [{ on: octo/app }, { on: octo, secret: other }] } }",
        JOB,
    );
    let queued = run.events.iter().filter_map(|event| match &event.event {
        What::DeliveryCreated {
            hook,
            action: Some(action),
            name,
            ..
        } if action == "queued" && name == "workflow_job" => Some(*hook),
        _ => None,
    });
    let queued: Vec<_> = queued.collect();
    assert_eq!(queued.len(), 3, "{queued:?}");
    assert_eq!(
        queued.iter().filter(|hook| hook.is_none()).count(),
        1,
        "the App's is one of them"
    );
    let pings = count(
        &run,
        |what| matches!(what, What::DeliveryCreated { name, .. } if name == "ping"),
    );
    assert_eq!(pings, 0, "they were there before the world began");
}

#[test]
fn a_dispatcher_whose_clock_is_behind_still_serves() {
    for skew in ["-45s", "45s"] {
        let run = played(&format!("{{ dispatcher: {{ clock_skew: {skew} }} }}"), JOB);
        assert_eq!(
            count(&run, |what| matches!(what, What::JobStarted { .. })),
            1,
            "{skew}"
        );
    }
    let run = played("{ github: { clock_skew: -50s } }", JOB);
    assert_eq!(
        count(&run, |what| matches!(what, What::JobStarted { .. })),
        1
    );
}

#[test]
fn the_reference_dispatcher_cannot_be_given_other_labels_a_pool_or_a_cap_of_a_flavor() {
    let given = |dispatcher: &str| {
        let run = played(&format!("{{ dispatcher: {dispatcher} }}"), JOB);
        run.outcome.not_given
    };
    assert_eq!(given("{ idle_timeout: 2m }"), Vec::<String>::new());
    let convention = "{ rules: [{ labels: hf-jobs-cpu-basic, flavor: cpu-basic }] }";
    assert_eq!(given(convention), Vec::<String>::new(), "it does just that");
    for refused in [
        "{ rules: [{ labels: gpu, flavor: t4-small }] }",
        "{ rules: [{ labels: hf-jobs-cpu-basic, flavor: cpu-basic, image: python }] }",
    ] {
        let said = given(refused);
        assert!(
            said.len() == 1 && said[0].starts_with("world.dispatcher.rules:"),
            "{said:?}"
        );
    }
    for (asked, place) in [
        (
            "{ warm: { hf-jobs-cpu-basic: 2 } }",
            "world.dispatcher.warm:",
        ),
        (
            "{ caps: { total: 9, per_flavor: 2 } }",
            "world.dispatcher.caps.per_flavor:",
        ),
    ] {
        let said = given(asked);
        assert!(said.len() == 1 && said[0].starts_with(place), "{said:?}");
    }
}

/// It is charged with nothing that it was never told.
#[test]
fn without_a_setting_of_the_scenario_nothing_is_judged() {
    let world = "{ dispatcher: { rules: [{ labels: gpu, flavor: t4-small }] } }";
    let text = format!(
        "title: Words\nabout: [served-or-told]\nworld: {world}\ntimeline:\n  - {{ at: 0s, queue: {{ as: J1, labels: gpu }} }}\nexpect: {{ bound: 2h, hf_jobs: 1 }}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gpu.yaml"), text).unwrap();
    let (code, stdout, stderr) = crate::cli::dispatchlab(folder.path(), &["run", "gpu.yaml"]);
    assert_eq!(code, 5, "{stdout}{stderr}");
    assert!(
        stdout.contains(" weak ") && stdout.contains("0 of 25"),
        "{stdout}"
    );
    let said = "gpu: weak: world.dispatcher.rules: it serves the labels";
    assert_eq!(stderr.matches(said).count(), 1, "{stderr}");
    assert!(!stderr.contains("is violated"), "{stderr}");
}

#[test]
fn a_job_that_the_declared_rules_leave_alone_is_not_owed_a_runner() {
    let rules = "{ dispatcher: { rules: [{ labels: gpu-*, flavor: t4-small }] } }";
    let run = played(rules, "  - { at: 0s, queue: { as: J1, labels: other } }");
    assert!(run.outcome.settled);
    let text = format!(
        "title: Words\nworld: {rules}\ntimeline:\n  - {{ at: 0s, queue: {{ as: J1, labels: gpu-big }} }}\nexpect: {{ bound: 1h }}\n"
    );
    let run = crate::plans::run(&of_text("words.yaml", &text, 1, false), Seams::default());
    assert!(!run.outcome.settled, "this one is");
}
