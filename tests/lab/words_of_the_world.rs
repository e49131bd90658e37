//! Each word for the world shows in the history of a run, and what a target cannot be given is said.

use std::collections::BTreeMap;

use dispatchlab::{run::Run, target::Seams};
use fakes::history::{Signed, What};

use crate::plans::{of_text, run, violations};

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

/// How the deliveries of hooks beside the App's are signed, as the dispatcher must take it, and what it answered.
fn of_other_hooks(run: &Run) -> Vec<(Signed, u16)> {
    let mut signed = BTreeMap::new();
    let mut seen = Vec::new();
    for event in &run.events {
        match &event.event {
            What::DeliveryCreated {
                delivery,
                hook: Some(_),
                signed: how,
                ..
            } => {
                signed.insert(*delivery, *how);
            }
            What::DeliverySent {
                delivery,
                signed: Some(how),
                ..
            } => {
                signed.insert(*delivery, *how);
            }
            What::DeliveryAnswered {
                delivery, status, ..
            } => seen.extend(signed.get(delivery).map(|how| (*how, *status))),
            _ => {}
        }
    }
    seen
}

#[test]
fn a_hook_is_signed_as_the_dispatcher_must_take_it_whatever_its_own_secret_is() {
    for content_type in ["json", "form"] {
        for (secret, how, answers) in [
            ("lab", Signed::Lab, 200..300),
            ("other", Signed::Wrong, 401..404),
            ("none", Signed::None, 401..404),
        ] {
            let hook = format!(
                "{{ github: {{ hooks: [{{ on: octo/app, secret: {secret}, content_type: {content_type} }}] }} }}"
            );
            let run = played(&hook, JOB);
            let seen = of_other_hooks(&run);
            assert!(seen.len() >= 3, "{hook}: {seen:?}");
            assert!(
                seen.iter()
                    .all(|(signed, status)| *signed == how && answers.contains(status)),
                "{hook}: {seen:?}"
            );
            assert!(
                violations(&run).is_empty(),
                "{hook}: {:?}",
                violations(&run)
            );
        }
    }
}

#[test]
fn a_hook_that_keeps_a_secret_that_was_rotated_away_is_refused_and_nobody_is_charged() {
    let steps = "  - { at: 0s, rotate_secret: }
  - { at: 1m, restart: }
  - { at: 2m, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 20m, queue: { as: J2, labels: hf-jobs-cpu-basic } }";
    let run = played(
        "{ github: { hooks: [{ on: octo/app, secret: lab }] } }",
        steps,
    );
    let seen = of_other_hooks(&run);
    let refused = |(signed, status): &(Signed, u16)| *signed == Signed::OldSecret && *status == 401;
    assert!(seen.len() >= 6 && seen.iter().all(refused), "{seen:?}");
    assert!(violations(&run).is_empty(), "{:?}", violations(&run));
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
fn a_label_with_an_image_key_that_nobody_declared_is_not_routed_and_listed_by_name() {
    for key in ["cuda", "typo", "-q"] {
        let steps = format!(
            "  - {{ at: 0s, queue: {{ as: J1, labels: 'hf-jobs-cpu-basic:{key}' }} }}\n  - {{ at: 1s, queue: {{ as: J2, labels: hf-jobs-cpu-basic }} }}"
        );
        let run = played("{}", &steps);
        assert!(violations(&run).is_empty(), "{key}: {:?}", violations(&run));
        let listed: Vec<&str> = run
            .outcome
            .unrouted
            .iter()
            .map(|job| job.job.as_str())
            .collect();
        assert_eq!(listed, ["J1"], "{key}");
    }
}

#[test]
fn the_reference_is_told_of_the_image_that_a_rule_names_by_its_key() {
    let rule = "{ labels: 'hf-jobs-cpu-basic:cuda', flavor: cpu-basic, image: 'nvidia/cuda:12.9.2-runtime-ubuntu24.04' }";
    let world = format!("{{ dispatcher: {{ rules: [{rule}] }} }}");
    let job = "  - { at: 0s, queue: { as: J1, labels: 'hf-jobs-cpu-basic:cuda' } }";
    let run = played(&world, job);
    assert!(
        run.outcome.not_given.is_empty(),
        "{:?}",
        run.outcome.not_given
    );
    assert!(violations(&run).is_empty(), "{:?}", violations(&run));
    assert_eq!(
        count(&run, |what| matches!(what, What::JobStarted { .. })),
        1
    );

    let plan = of_text(
        "words.yaml",
        &format!("title: Words\nworld: {world}\ntimeline:\n{job}\n"),
        1,
        false,
    );
    let environment = dispatchlab::target::environment(&plan, "", "");
    assert_eq!(environment["RUNNER_IMAGE_KEYS"], "cuda");
    assert_eq!(
        environment["RUNNER_IMAGE_CUDA"],
        "nvidia/cuda:12.9.2-runtime-ubuntu24.04"
    );
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
