//! The words for what people, owners and GitHub do: what each becomes in a plan, and what is said of a wrong one.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use scenarios::{
    Choices, Document, Plan, ScenarioError,
    plan::{Concurrency, Deliver, NewJob, OtherEvent, RunConclusion, RunnerVerb, Verb},
};

fn plan_of(text: &str) -> Plan {
    let document = Document::parse("test.yaml", text).unwrap_or_else(|error| panic!("{error:?}"));
    document.plan(&Choices::default()).unwrap()
}

/// The plan of these steps, which is also read back as it was written.
fn plan(steps: &str) -> Plan {
    let plan = plan_of(&format!("title: A test\ntimeline:\n{steps}\n"));
    let json = plan.to_json();
    let again = Document::parse("plan.json", &json).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(again.plan(&Choices::default()).unwrap().to_json(), json);
    plan
}

fn jobs(plan: &Plan) -> Vec<&NewJob> {
    let verbs = plan.timeline.iter().map(|step| &step.verb);
    verbs
        .filter_map(|verb| match verb {
            Verb::Queue(job) => Some(job),
            _ => None,
        })
        .collect()
}

fn last(plan: &Plan) -> &Verb {
    &plan.timeline.last().unwrap().verb
}

fn error(steps: &str) -> ScenarioError {
    let text = format!("title: A test\ntimeline:\n{steps}\n");
    Document::parse("test.yaml", &text).expect_err("this text has a flaw")
}

/// What is wrong with a step after a queued job J1 (line 3), at which column of line 4.
fn flaw(step: &str) -> (String, usize) {
    let error = error(&format!("{J1}\n  - {step}"));
    let (line, column) = error.place();
    assert_eq!((error.file(), line), ("test.yaml", 4), "{error:?}");
    assert!(error.help_text().is_some(), "{error:?}");
    (error.what().to_owned(), column)
}

const J1: &str = "  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }";

fn after_j1(step: &str) -> Plan {
    plan(&format!("{J1}\n  - {step}"))
}

const LEARNT: &str = "learn: true, payload: { action: queued, workflow_job: { id: 7, run_id: 3, name: build, labels: [x] }, repository: { full_name: a/b } }";

#[test]
fn later_steps_can_name_a_job_that_a_payload_tells_of() {
    let steps = format!(
        "  - {{ at: 0s, deliver: {{ {LEARNT} }} }}\n  - {{ at: 5s, cancel: {{ job: build }} }}"
    );
    let plan = plan(&steps);
    assert!(matches!(last(&plan), Verb::Cancel(cancel) if cancel.job == "build"));
}

#[test]
fn a_delivery_that_is_late_is_so_in_the_plan_and_a_recording_tells_that_by_itself() {
    let late = plan(&format!(
        "  - {{ at: 1m, deliver: {{ late: 2h, {LEARNT} }} }}"
    ));
    let Verb::Deliver(Deliver::Raw(raw)) = last(&late) else {
        panic!("{late:?}");
    };
    assert_eq!(raw.late.map(|late| late.0.as_secs()), Some(7_200));
    let (what, _) = flaw("{ at: 1m, deliver: { job: J1, action: queued, late: 2h } }");
    assert!(what.contains("`late` do not go with `job`"), "{what}");
}

#[test]
fn a_concurrency_group_is_a_name_or_a_mapping() {
    let named = plan("  - { at: 0s, queue: { as: A, labels: x, concurrency: deploy } }");
    let group = |group: &str, cancel_in_progress| Concurrency {
        group: group.to_owned(),
        cancel_in_progress,
    };
    assert_eq!(jobs(&named)[0].concurrency, Some(group("deploy", false)));
    let numbered = plan(
        "  - { at: 0s, queue: { jobs: 2, as: A, labels: x, concurrency: { group: pr-$i, cancel_in_progress: true } } }",
    );
    assert_eq!(jobs(&numbered)[1].concurrency, Some(group("pr-2", true)));
}

#[test]
fn a_run_is_in_one_concurrency_group() {
    let (what, column) = {
        let error = error(
            "  - { at: 0s, queue: { as: A, run: R, labels: x, concurrency: one } }\n  - { at: 0s, queue: { as: B, run: R, labels: x, concurrency: two } }",
        );
        (error.what().to_owned(), error.place().1)
    };
    let wanted = "run `R` has another concurrency group here than where `A` is queued";
    assert_eq!((what.as_str(), column), (wanted, 63));
    let (what, _) = flaw("{ at: 0s, queue: { as: B, labels: x, concurrency: { groop: one } } }");
    assert_eq!(what, "unknown key `groop`");
}

#[test]
fn a_run_of_several_matrices_holds_more_jobs_than_one_matrix_can_make() {
    let plan = plan(
        "  - { at: 0s, queue: { jobs: 256, as: A, run: big, labels: x } }\n  - { at: 0s, queue: { jobs: 256, as: B, run: big, labels: x } }\n  - { at: 0s, queue: { as: C, run: big, labels: x } }",
    );
    let jobs = jobs(&plan);
    assert_eq!(jobs.len(), 513);
    assert!(jobs.iter().all(|job| job.run == "big"));
    let matrices = [0, 255, 256, 512].map(|index| jobs[index].matrix.as_deref());
    assert_eq!(matrices, [Some("A"), Some("A"), Some("B"), None]);
}

#[test]
fn more_jobs_than_a_matrix_makes_are_refused_where_they_are_silently_one_run() {
    let error = error("  - { at: 0s, queue: { jobs: 257, as: A, max_parallel: 4, labels: x } }");
    let wanted =
        "matrix `A` of run `A` has more than 256 jobs, and GitHub makes no more of a matrix";
    assert_eq!(error.what(), wanted);
    let (what, _) = flaw("{ at: 0s, queue: { as: B, matrix: M, labels: x } }");
    assert_eq!(what, "a matrix belongs to a run");
}

#[test]
fn a_label_may_hold_a_comma_and_one_text_is_one_label() {
    let list = plan("  - { at: 0s, queue: { as: A, labels: ['gpu,linux', x] } }");
    assert_eq!(jobs(&list)[0].labels, ["gpu,linux", "x"]);
    let text = plan("  - { at: 0s, queue: { as: A, labels: 'gpu,linux' } }");
    assert_eq!(jobs(&text)[0].labels, ["gpu,linux"]);
}

#[test]
fn a_run_is_completed_by_a_job_of_it_or_by_its_name() {
    let Verb::CompleteRun(complete) =
        last(&after_j1("{ at: 8s, complete_run: { job: J1 } }")).clone()
    else {
        panic!("another verb");
    };
    assert_eq!(complete.conclusion, RunConclusion::StartupFailure);
    let named = plan(
        "  - { at: 0s, queue: { as: J1, run: R, labels: x } }\n  - { at: 8s, complete_run: { run: R, conclusion: stale } }",
    );
    assert!(
        matches!(last(&named), Verb::CompleteRun(it) if it.job == "J1" && it.conclusion == RunConclusion::Stale)
    );
    let (what, column) = flaw("{ at: 8s, complete_run: { job: J2 } }");
    assert_eq!((what.as_str(), column), ("no job is called `J2`", 36));
    let (what, _) = flaw("{ at: 8s, complete_run: { run: R2 } }");
    assert_eq!(what, "unknown run `R2`");
    let (what, _) = flaw("{ at: 8s, complete_run: { job: J1, run: J1 } }");
    assert_eq!(what, "`complete_run` needs either `job` or `run`");
}

#[test]
fn each_job_of_a_group_is_taken_back_by_itself() {
    let plan = plan(
        "  - { at: 0s, queue: { jobs: 2, as: J, run: R, labels: x } }\n  - { at: 5s, take_back: { job: J } }",
    );
    let taken = plan.timeline.iter().filter_map(|step| match &step.verb {
        Verb::TakeBack(taken) => Some(taken.job.as_str()),
        _ => None,
    });
    assert_eq!(taken.collect::<Vec<_>>(), ["J1", "J2"]);
}

#[test]
fn an_installation_is_named_by_its_owner_or_by_a_repository() {
    for named in ["owner: octo", "repo: octo/app"] {
        let plan = after_j1(&format!("{{ at: 5s, suspend: {{ {named} }} }}"));
        assert!(matches!(last(&plan), Verb::Suspend(account) if account.owner == "octo"));
    }
    let (what, column) = flaw("{ at: 5s, suspend: { owner: octa } }");
    assert_eq!(
        (what.as_str(), column),
        ("the App is not installed for `octa`", 33)
    );
    let (what, _) = flaw("{ at: 5s, suspend: { repo: octo/web } }");
    assert_eq!(what, "unknown repository `octo/web`");
    let (what, _) = flaw("{ at: 5s, suspend: {} }");
    assert_eq!(
        what,
        "an installation is named by its owner or by a repository"
    );
}

#[test]
fn only_what_was_suspended_goes_on() {
    plan("  - { at: 5s, suspend: { owner: octo } }\n  - { at: 5s, unsuspend: { repo: octo/app } }");
    let (what, _) = flaw("{ at: 5s, unsuspend: { owner: octo } }");
    assert_eq!(what, "nothing suspends the installation of `octo`");
    let error = error(
        "  - { at: 5s, unsuspend: { owner: octo } }\n  - { at: 9s, suspend: { owner: octo } }",
    );
    assert_eq!(
        error.what(),
        "the installation of `octo` is suspended only later"
    );
    assert_eq!(error.place().0, 3);
}

#[test]
fn a_renamed_repository_can_be_named_by_both_names_but_not_before() {
    let rename = "  - { at: 10s, rename_repo: { from: octo/app, to: octo/shop } }";
    let plan = plan(&format!(
        "{rename}\n  - {{ at: 10s, queue: {{ as: A, repo: octo/shop, labels: x }} }}\n  - {{ at: 20s, queue: {{ as: B, repo: octo/app, labels: x }} }}"
    ));
    let repos: Vec<_> = jobs(&plan).iter().map(|job| job.repo.as_str()).collect();
    assert_eq!(repos, ["octo/shop", "octo/app"]);
    let early = error(&format!(
        "  - {{ at: 0s..20s, queue: {{ as: A, repo: octo/shop, labels: x }} }}\n{rename}"
    ));
    assert_eq!(early.what(), "no repository is called `octo/shop` yet");
    assert_eq!(early.place(), (3, 42));
}

#[test]
fn a_rename_needs_a_repository_and_a_free_name() {
    let (what, column) = flaw("{ at: 5s, rename_repo: { from: octo/ap, to: octo/x } }");
    assert_eq!(
        (what.as_str(), column),
        ("unknown repository `octo/ap`", 36)
    );
    let (what, _) = flaw("{ at: 5s, rename_repo: { from: octo/app, to: Octo/App2 extra } }");
    assert_eq!(what, "`Octo/App2 extra` is not the name of a repository");
    let (what, _) = flaw("{ at: 5s, rename_repo: { from: octo/app, to: octo/app } }");
    assert_eq!(what, "a repository is called `octo/app` already");
    let back = plan(
        "  - { at: 1s, rename_repo: { from: octo/app, to: octo/b } }\n  - { at: 2s, rename_repo: { from: octo/b, to: octo/app } }",
    );
    assert!(matches!(last(&back), Verb::RenameRepo(rename) if rename.to == "octo/app"));
}

#[test]
fn a_secret_is_rotated_and_the_old_one_can_sign_after_that() {
    let delivered = "{ at: 9s, deliver: { job: J1, action: queued, sign: old_secret } }";
    let plan = plan(&format!(
        "{J1}\n  - {{ at: 5s, rotate_secret: }}\n  - {delivered}"
    ));
    assert!(matches!(plan.timeline[1].verb, Verb::RotateSecret));
    let (what, _) = flaw(delivered);
    assert_eq!(what, "there is no old secret: nothing changes it");
}

#[test]
fn each_event_takes_its_own_keys() {
    let told = |step: &str| match last(&after_j1(step)) {
        Verb::Event(event) => event.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(told("{ at: 5s, event: { name: ping } }"), OtherEvent::Ping);
    assert_eq!(
        told("{ at: 5s, event: { name: push } }"),
        OtherEvent::Push {
            repo: "octo/app".to_owned()
        }
    );
    assert_eq!(
        told("{ at: 5s, event: { name: installation, action: deleted } }"),
        OtherEvent::Installation {
            owner: "octo".to_owned(),
            action: "deleted".to_owned()
        }
    );
    assert_eq!(
        told("{ at: 5s, event: { name: installation_repositories, removed: octo/app } }"),
        OtherEvent::InstallationRepositories {
            owner: "octo".to_owned(),
            added: Vec::new(),
            removed: vec!["octo/app".to_owned()],
        }
    );
    assert_eq!(
        told("{ at: 5s, event: { name: repository, action: renamed, from: octo/old } }"),
        OtherEvent::Repository {
            repo: "octo/app".to_owned(),
            from: "octo/old".to_owned()
        }
    );
    assert_eq!(
        told(
            "{ when: { job: J1, is: queued }, event: { name: workflow_run, action: requested, job: it } }"
        ),
        OtherEvent::WorkflowRun {
            job: "it".to_owned(),
            action: "requested".to_owned()
        }
    );
}

#[test]
fn an_event_without_what_it_is_about_or_with_what_it_is_not_about() {
    for (event, wanted) in [
        (
            "{ name: push, owner: octo }",
            "`owner` says nothing about the event `push`",
        ),
        (
            "{ name: pull_request }",
            "unknown event name `pull_request`",
        ),
        (
            "{ name: installation }",
            "the action of the event is missing",
        ),
        (
            "{ name: installation, action: gone }",
            "unknown action `gone`",
        ),
        (
            "{ name: installation, action: created, owner: hexo }",
            "the App is not installed for `hexo`",
        ),
        (
            "{ name: installation_repositories }",
            "no repository came or left",
        ),
        (
            "{ name: workflow_run, action: completed }",
            "`workflow_run` does not say which run",
        ),
        (
            "{ name: workflow_run, action: completed, job: J9 }",
            "no job is called `J9`",
        ),
        (
            "{ name: repository, action: renamed }",
            "`repository` does not say what it was called before",
        ),
    ] {
        let (what, _) = flaw(&format!("{{ at: 5s, event: {event} }}"));
        assert_eq!(what, wanted, "{event}");
    }
}

#[test]
fn a_runner_is_restarted_so_many_times() {
    let verb = |runner: &str| match last(&after_j1(&format!(
        "{{ when: {{ runner: busy }}, runner: {runner} }}"
    ))) {
        Verb::Runner(verb) => *verb,
        other => panic!("{other:?}"),
    };
    assert_eq!(verb("{ restart: it }"), RunnerVerb::Restart { times: 1 });
    assert_eq!(
        verb("{ restart: it, times: 3 }"),
        RunnerVerb::Restart { times: 3 }
    );
    let (what, _) = flaw("{ when: { runner: busy }, runner: { die: it, times: 3 } }");
    assert_eq!(what, "`times` says how often a container starts again");
    let (what, _) = flaw("{ when: { runner: busy }, runner: { die: it, restart: it } }");
    assert_eq!(
        what,
        "`runner` needs exactly one of `die`, `hang` and `restart`"
    );
}

#[test]
fn it_is_what_the_trigger_matched() {
    for step in [
        "{ when: { job: J1, is: in_progress }, runner: { die: it } }",
        "{ when: { job: J1, is: queued }, cancel: { job: it } }",
        "{ when: { runner: busy }, take_back: { job: it } }",
        "{ when: { runner: busy }, cancel: { job: it } }",
        "{ when: { call: hf.create, phase: effect }, hf_stage: { hf_job: it, stage: error } }",
        "{ when: { call: hf.inspect }, runner: { hang: it } }",
        "{ when: { call: github.get-runner }, runner: { die: it } }",
        "{ when: { call: github.get-job }, complete_run: { job: it } }",
        "{ when: { call: github.cancel-run, phase: received }, rerun: { job: it } }",
        "{ when: { call: github.get-job }, redeliver: { job: it, action: queued } }",
    ] {
        after_j1(step);
    }
}

#[test]
fn it_is_refused_where_the_trigger_matches_something_else() {
    let hf_job = "`it` needs a trigger that matches an HF job or a runner";
    let job = "`it` needs a trigger that matches a job";
    for (step, wanted) in [
        ("{ at: 5s, runner: { die: it } }", hf_job),
        (
            "{ when: { call: github.list-runners }, runner: { die: it } }",
            hf_job,
        ),
        (
            "{ when: { job: J1, is: queued }, runner: { die: it } }",
            "`it` is a job here that no runner has yet",
        ),
        (
            "{ when: { call: github.get-run }, runner: { die: it } }",
            "`it` is a run here, and no one runner is meant",
        ),
        (
            "{ when: { call: hf.create, phase: received }, hf_stage: { hf_job: it, stage: error } }",
            "when `hf.create` is received, there is nothing yet that `it` could be",
        ),
        ("{ at: 5s, cancel: { job: it } }", job),
        ("{ when: { hf_job: running }, cancel: { job: it } }", job),
        ("{ when: { call: hf.list }, cancel: { job: it } }", job),
        (
            "{ when: { call: hf.create }, cancel: { job: it } }",
            "`it` is an HF job or a runner here, not a job",
        ),
        (
            "{ when: { runner: idle }, take_back: { job: it } }",
            "`it` is a runner here that has no job",
        ),
        (
            "{ at: 5s, queue: { as: it, labels: x } }",
            "`it` cannot name a job: it is what a trigger matched",
        ),
    ] {
        assert_eq!(flaw(step).0, wanted, "{step}");
    }
}
