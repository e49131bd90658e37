//! Each word of the timeline happens in the history of a run.

use dispatchlab::{run::Run, target::Seams};
use fakes::{
    history::{Conclusion, Event, Stage, StageCause, What},
    ids::{HfJobId, JobId, RunId},
};

use crate::plans::{of_text, run, violations};

fn played(text: &str) -> Run {
    run(&of_text("words.yaml", text, 1, false), Seams::default())
}

fn steps(steps: &str, rest: &str) -> Run {
    played(&format!("title: Words\n{rest}\ntimeline:\n{steps}\n"))
}

fn count(run: &Run, fits: impl Fn(&What) -> bool) -> usize {
    run.events.iter().filter(|event| fits(&event.event)).count()
}

fn first(run: &Run, fits: impl Fn(&What) -> bool) -> Option<&Event> {
    run.events.iter().find(|event| fits(&event.event))
}

/// The job of this name, with its run, once it was queued.
fn job(run: &Run, name: &str) -> Option<(JobId, RunId)> {
    run.events.iter().find_map(|event| match &event.event {
        What::JobQueued {
            job, run, name: it, ..
        } if it == name => Some((*job, *run)),
        _ => None,
    })
}

fn started(run: &Run, name: &str) -> Option<u64> {
    let (id, _) = job(run, name)?;
    let event = first(
        run,
        |what| matches!(what, What::JobStarted { job, .. } if *job == id),
    );
    event.map(|event| event.at_ms)
}

fn completed(run: &Run, name: &str) -> Option<(u64, Conclusion)> {
    let (id, _) = job(run, name)?;
    run.events.iter().find_map(|event| match event.event {
        What::JobCompleted {
            job, conclusion, ..
        } if job == id => Some((event.at_ms, conclusion)),
        _ => None,
    })
}

/// The HF job whose runner was given this job.
fn hf_job_of(run: &Run, name: &str) -> HfJobId {
    let (id, _) = job(run, name).unwrap();
    let found = run.events.iter().find_map(|event| match &event.event {
        What::RunnerAssigned {
            job,
            hf_job: Some(hf_job),
            ..
        } if *job == id => Some(hf_job.clone()),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn of_a_concurrency_group_one_run_goes_one_waits_and_a_third_takes_its_place() {
    let queue = |at: &str, name: &str| {
        format!(
            "  - at: {at}\n    queue: {{ as: {name}, labels: hf-jobs-cpu-basic, runs_for: 25m, concurrency: testing-deploy }}\n"
        )
    };
    let text = format!(
        "title: Deploys of one concurrency group\nabout: [served-or-told, no-leak]\ntimeline:\n{}{}{}",
        queue("0s", "A1"),
        queue("1m", "B1"),
        queue("2m", "C1")
    );
    for seed in 1..=5 {
        let run = run(&of_text("group.yaml", &text, seed, false), Seams::default());
        assert_eq!(violations(&run), Vec::<String>::new());
        assert!(run.outcome.settled && run.outcome.weak().is_empty());
        assert_eq!(job(&run, "B1"), None, "it never comes into being");
        let cancelled = count(&run, |what| matches!(what, What::RunCancelRequested { .. }));
        assert_eq!(cancelled, 1);
        let (a1_ended, how) = completed(&run, "A1").unwrap();
        assert_eq!(how, Conclusion::Success);
        assert!(started(&run, "C1").unwrap() > a1_ended);
    }
}

#[test]
fn a_group_may_cancel_the_run_that_goes() {
    let run = steps(
        "  - { at: 0s, queue: { as: A, labels: hf-jobs-cpu-basic, runs_for: 25m, concurrency: pr } }\n  - { at: 5m, queue: { as: B, labels: hf-jobs-cpu-basic, concurrency: { group: PR, cancel_in_progress: true } } }",
        "",
    );
    let (ended, how) = completed(&run, "A").unwrap();
    assert_eq!(how, Conclusion::Cancelled);
    assert!(started(&run, "B").unwrap() > ended);
}

#[test]
fn a_run_of_several_matrices_has_all_its_jobs() {
    let run = steps(
        "  - { at: 0s, queue: { jobs: 200, as: A, run: big, labels: other } }\n  - { at: 0s, queue: { jobs: 200, as: B, run: big, labels: other } }",
        "",
    );
    let (_, big) = job(&run, "A1").unwrap();
    let of_it = count(
        &run,
        |what| matches!(what, What::JobQueued { run, .. } if *run == big),
    );
    assert_eq!(of_it, 400);
}

#[test]
fn each_matrix_has_a_limit_of_its_own() {
    let run = steps(
        "  - { at: 0s, queue: { jobs: 2, as: A, run: R, labels: hf-jobs-cpu-basic, runs_for: 10m, max_parallel: 1 } }\n  - { at: 0s, queue: { jobs: 2, as: B, run: R, labels: hf-jobs-cpu-basic, runs_for: 10m } }",
        "",
    );
    let ends = ["A1", "A2"].map(|name| completed(&run, name).unwrap().0);
    let starts = ["A1", "A2"].map(|name| started(&run, name).unwrap());
    let (earlier, later) = if starts[0] < starts[1] {
        (0, 1)
    } else {
        (1, 0)
    };
    assert!(starts[later] >= ends[earlier], "{starts:?} {ends:?}");
    let b = ["B1", "B2"].map(|name| started(&run, name).unwrap());
    assert!(
        b.iter().all(|start| *start < ends[earlier]),
        "{b:?} {ends:?}"
    );
}

#[test]
fn a_suspended_installation_hears_nothing_until_it_goes_on() {
    let run = steps(
        "  - { at: 10s, suspend: { owner: octo } }\n  - { at: 20s, queue: { as: J1, labels: hf-jobs-cpu-basic } }\n  - { at: 10m, unsuspend: { repo: octo/app } }",
        "",
    );
    let suspended = first(
        &run,
        |what| matches!(what, What::InstallationSuspended { owner, .. } if owner == "octo"),
    );
    let goes_on = first(
        &run,
        |what| matches!(what, What::InstallationUnsuspended { owner, .. } if owner == "octo"),
    );
    let (suspended, goes_on) = (suspended.unwrap().at_ms, goes_on.unwrap().at_ms);
    assert_eq!(goes_on - suspended, 590_000);
    let (id, _) = job(&run, "J1").unwrap();
    let queued = first(
        &run,
        |what| matches!(what, What::DeliveryCreated { job, .. } if *job == Some(id)),
    );
    assert!(queued.unwrap().at_ms > goes_on, "GitHub tells nobody");
    assert!(started(&run, "J1").unwrap() > goes_on, "a survey finds it");
}

#[test]
fn a_renamed_repository_goes_on_under_its_new_name() {
    let run = steps(
        "  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }\n  - { at: 2m, rename_repo: { from: octo/app, to: octo/shop } }\n  - { at: 3m, queue: { as: J2, repo: octo/shop, labels: hf-jobs-cpu-basic } }\n  - { at: 4m, queue: { as: J3, repo: octo/app, labels: hf-jobs-cpu-basic } }",
        "",
    );
    let renamed = |what: &What| matches!(what, What::RepoRenamed { from, to, .. } if from == "octo/app" && to == "octo/shop");
    assert_eq!(count(&run, renamed), 1);
    let repos = run.events.iter().filter_map(|event| match &event.event {
        What::JobQueued { repo, .. } => Some(repo.as_str()),
        _ => None,
    });
    let repos: Vec<_> = repos.collect();
    assert_eq!(
        repos,
        ["octo/app", "octo/shop", "octo/shop"],
        "the old name leads to the new one"
    );
    assert!(
        ["J1", "J2", "J3"]
            .iter()
            .all(|name| completed(&run, name).is_some())
    );
    assert_eq!(violations(&run), Vec::<String>::new());
}

#[test]
fn a_new_secret_is_known_from_the_next_start_on() {
    let run = steps(
        "  - { at: 10s, rotate_secret: }\n  - { at: 20s, queue: { as: J1, labels: other } }\n  - { at: 1m, restart: }\n  - { at: 2m, queue: { as: J2, labels: other } }\n  - { at: 3m, deliver: { job: J2, action: queued, sign: old_secret } }",
        "",
    );
    let rotated = |what: &What| matches!(what, What::HookSecretRotated { hook: None });
    assert_eq!(count(&run, rotated), 1);
    let answers = |name: &str| {
        let (id, _) = job(&run, name).unwrap();
        let answers = run
            .events
            .iter()
            .filter_map(move |event| match event.event {
                What::DeliveryAnswered { job, status, .. } if job == Some(id) => Some(status),
                _ => None,
            });
        answers.collect::<Vec<_>>()
    };
    // It asks for what it refused once it knows the secret.
    assert_eq!(answers("J1").first(), Some(&401));
    let [known, forgotten] = answers("J2")[..] else {
        panic!("{:?}", answers("J2"));
    };
    assert!((200..300).contains(&known));
    assert_eq!(forgotten, 401);
}

#[test]
fn a_run_can_end_over_a_job_that_stays_queued() {
    let run = steps(
        "  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }\n  - { at: 8s, complete_run: { job: J1 } }",
        "",
    );
    assert_eq!(started(&run, "J1"), None, "nobody is given it");
    assert_eq!(completed(&run, "J1"), None, "it stays queued");
    assert!(run.outcome.verdicts.exercised("dead-run"));
    let again = steps(
        "  - { at: 0s, queue: { as: J1, labels: other } }\n  - { at: 8s, complete_run: { job: J1 } }\n  - { at: 9s, complete_run: { job: J1 } }",
        "",
    );
    assert!(again.outcome.settled, "nobody owes it anything");
    assert_eq!(
        again.outcome.steps_not_taken.len(),
        1,
        "it has ended already"
    );
}

#[test]
fn a_container_starts_again_as_often_as_it_is_told() {
    for times in 1..=3 {
        let run = steps(
            &format!(
                "  - {{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic, runs_for: 2m }} }}\n  - {{ when: {{ job: J1, is: in_progress, plus: 5s }}, runner: {{ restart: it, times: {times} }} }}"
            ),
            "expect: { served_within: 1h, reclaimed_within: 1h }",
        );
        let hf_job = hf_job_of(&run, "J1");
        let refused =
            |what: &What| matches!(what, What::RunnerRefused { hf_job: it, .. } if *it == hf_job);
        assert_eq!(
            count(&run, refused),
            times,
            "its configuration is used up each time"
        );
        let exited =
            |what: &What| matches!(what, What::RunnerExited { hf_job: it, .. } if *it == hf_job);
        assert_eq!(count(&run, exited), 1);
    }
}

#[test]
fn github_tells_of_other_things_than_jobs() {
    let events = [
        ("{ name: ping }", "ping", None),
        ("{ name: push }", "push", None),
        (
            "{ name: repository, action: renamed, from: octo/old }",
            "repository",
            Some("renamed"),
        ),
        (
            "{ name: installation, action: new_permissions_accepted }",
            "installation",
            Some("new_permissions_accepted"),
        ),
        (
            "{ name: installation_repositories, removed: octo/app }",
            "installation_repositories",
            Some("removed"),
        ),
        (
            "{ name: workflow_run, action: requested, job: J1 }",
            "workflow_run",
            Some("requested"),
        ),
    ];
    let told: String = events
        .iter()
        .map(|(event, ..)| format!("  - {{ at: 10s, event: {event} }}\n"))
        .collect();
    let run = steps(
        &format!("  - {{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic }} }}\n{told}"),
        "",
    );
    assert_eq!(violations(&run), Vec::<String>::new());
    for (event, wanted, about) in events {
        let created = first(
            &run,
            |what| matches!(what, What::DeliveryCreated { name, action, .. } if name == wanted && action.as_deref() == about),
        );
        let created = created.unwrap_or_else(|| panic!("{event}"));
        let What::DeliveryCreated { delivery: id, .. } = created.event else {
            continue;
        };
        let answered = |what: &What| matches!(what, What::DeliveryAnswered { delivery, status: 200..300, .. } if *delivery == id);
        assert_eq!(count(&run, answered), 1, "{event}");
    }
}

#[test]
fn it_is_the_job_that_a_trigger_matched() {
    let run = steps(
        "  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 10m } }\n  - { when: { runner: busy, plus: 5s }, cancel: { job: it } }",
        "",
    );
    assert_eq!(completed(&run, "J1").unwrap().1, Conclusion::Cancelled);
}

#[test]
fn it_is_the_runner_of_the_job_that_a_trigger_matched() {
    let run = steps(
        "  - { at: 0s, queue: { as: J0, labels: hf-jobs-t4-small, runs_for: 30m } }\n  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 10m } }\n  - { when: { job: J1, is: in_progress, plus: 5s }, runner: { die: it } }",
        "",
    );
    let (killed, spared) = (hf_job_of(&run, "J1"), hf_job_of(&run, "J0"));
    let died = |id: &HfJobId| {
        count(
            &run,
            |what| matches!(what, What::RunnerExited { hf_job, code: Some(137) } if hf_job == id),
        )
    };
    assert_eq!((died(&killed), died(&spared)), (1, 0));
    assert_eq!(completed(&run, "J1").unwrap().1, Conclusion::Failure);
    assert_eq!(run.outcome.steps_not_taken, []);
}

#[test]
fn it_is_what_a_call_was_about() {
    let run = steps(
        "  - { at: 0s, queue: { as: J0, labels: hf-jobs-t4-small } }\n  - { at: 5m, queue: { as: J1, labels: hf-jobs-cpu-basic } }\n  - { when: { call: hf.create, nth: 2, phase: effect }, hf_stage: { hf_job: it, stage: error, message: no such image } }",
        "",
    );
    let forced = run.events.iter().filter_map(|event| match &event.event {
        What::HfStage {
            hf_job,
            stage: Stage::Error,
            cause: StageCause::Scenario,
            ..
        } => Some(hf_job),
        _ => None,
    });
    let forced: Vec<_> = forced.collect();
    let created = run.events.iter().filter_map(|event| match &event.event {
        What::HfCreated { hf_job, .. } => Some(hf_job),
        _ => None,
    });
    let created: Vec<_> = created.collect();
    assert_eq!(forced, [created[1]]);
    assert!(completed(&run, "J1").is_some(), "another HF job serves it");
}
