//! Saboteurs that lose, miscount or delay demand.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use dispatchlab::{properties::Verdict, target::Seams};
use http::Method;

use super::{Trial, answer, bend, looks_nowhere, tells_nobody};
use crate::plans::{of_text, run, violations};

/// Answers `queued` webhooks and forgets them; looks nowhere else.
pub(super) fn forgetful() -> Seams {
    let webhooks = bend(|sent| async move {
        if sent.says("queued") {
            return answer(200, r#"{"ok":true}"#);
        }
        sent.on().await
    });
    Seams {
        webhooks,
        github: looks_nowhere(),
        hf: None,
    }
}

#[test]
fn served_or_told_catches_a_dispatcher_that_forgets_what_it_acknowledged() {
    Trial::built_in("served-or-told", "happy-path")
        .catches(forgetful(), "none came, and nobody was told");
}

#[test]
fn no_silent_drop_catches_a_dispatcher_that_forgets_what_it_acknowledged() {
    Trial::built_in("no-silent-drop", "happy-path").catches(forgetful(), "was acknowledged at");
}

/// Takes a label that it has seen for one that is being cared for.
pub(super) fn takes_two_for_one() -> Seams {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let webhooks = bend(move |sent| {
        let labels = sent.json()["workflow_job"]["labels"].to_string();
        let queued = sent.says("queued");
        let mut known = seen.lock().unwrap();
        let again = queued && known.contains(&labels);
        if queued {
            known.push(labels);
        }
        drop(known);
        async move {
            if again {
                return answer(200, r#"{"ok":true}"#);
            }
            sent.on().await
        }
    });
    Seams {
        webhooks,
        github: looks_nowhere(),
        hf: None,
    }
}

#[test]
fn supply_covers_demand_catches_a_dispatcher_that_takes_two_jobs_of_a_label_for_one() {
    Trial::built_in("supply-covers-demand", "happy-path").catches(
        takes_two_for_one(),
        "had more open jobs than booting and idle runners",
    );
}

/// Works in order: as long as the first in line cannot be served, nobody is.
#[test]
fn isolation_catches_a_dispatcher_whose_first_in_line_blocks_all_others() {
    let trial = Trial::of(
        "isolation",
        "world:
  github: { repos: [{ name: octo/app }, { name: octo/broken }] }
timeline:
  - at: 0s
    queue: { as: B, repo: octo/broken, labels: hf-jobs-cpu-basic }
  - at: 20s
    queue: { as: J, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 10m }
faults:
  - to: [github.jit-config, github.registration-token]
    for: { repo: octo/broken }
    until: 50m
    answer: { status: 500 }
",
    );
    let blocked = Arc::new(AtomicBool::new(false));
    let github = bend(move |sent| {
        let blocked = blocked.clone();
        async move {
            let mints = sent.parts.method == Method::POST && sent.path().contains("/runners/");
            let first = sent.path().starts_with("/repos/octo/broken/");
            if mints && !first && blocked.load(Ordering::Relaxed) {
                return answer(503, "not your turn");
            }
            let answered = sent.on().await?;
            if mints && first {
                blocked.store(answered.status().is_server_error(), Ordering::Relaxed);
            }
            Ok(answered)
        }
    });
    trial.catches(
        Seams {
            github,
            ..Seams::default()
        },
        "J wanted a runner at",
    );
}

/// Knows a job by its name, and has seen this one.
#[test]
fn attempts_catches_a_dispatcher_that_takes_a_rerun_for_the_attempt_before() {
    let webhooks = bend(|sent| async move {
        let attempt = sent.json()["workflow_job"]["run_attempt"].as_u64();
        if sent.says("queued") && attempt > Some(1) {
            return answer(200, r#"{"ok":true}"#);
        }
        sent.on().await
    });
    Trial::built_in("attempts", "b22-resent-completions").catches(
        Seams {
            webhooks,
            github: looks_nowhere(),
            hf: None,
        },
        "one was due by",
    );
}

/// While no hardware comes nobody can serve, and a dispatcher that orders anew what came to nothing is not charged. This one
/// orders nothing more once it has given up, and tells nobody.
#[test]
fn served_or_told_catches_a_dispatcher_that_gives_up_in_a_hole_without_hardware() {
    let text = "title: No hardware for two hours
timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
faults:
  - { to: hf.schedule, until: 2h, hold: true }
";
    let plan = of_text("hole.yaml", text, 1, false);
    let sound = run(&plan, Seams::default());
    assert_eq!(violations(&sound), Vec::<String>::new());
    assert!(sound.outcome.verdicts.exercised("served-or-told"));
    let given_up = Arc::new(AtomicBool::new(false));
    let hf = bend(move |sent| {
        let given_up = given_up.clone();
        async move {
            if sent.is_cancel() {
                given_up.store(true, Ordering::Relaxed);
            }
            if sent.is_create() && given_up.load(Ordering::Relaxed) {
                return answer(503, "");
            }
            sent.on().await
        }
    });
    let bug = Seams {
        hf,
        github: tells_nobody(),
        webhooks: None,
    };
    let wrong = run(&plan, bug);
    let Verdict::Violated(found) = &wrong.outcome.verdicts.0["served-or-told"] else {
        panic!("{:?}", wrong.outcome.verdicts.0["served-or-told"]);
    };
    assert!(
        found.why.contains("none came, and nobody was told"),
        "{}",
        found.why
    );
}
