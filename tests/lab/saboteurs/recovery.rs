//! Saboteurs that do not come back from what was lost: deliveries, answers, their own lives.

use std::sync::Arc;

use dispatchlab::{
    properties::Verdict,
    target::{Seam, Seams},
};

use crate::plans::{of_text, run};

use super::{Count, NO_RUNS, Trial, answer, bend, looks_nowhere};

const LOST_QUEUED: &str = "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
faults:
  - to: webhook
    for: { job: J1, action: queued }
    drop: unlogged
expect: { served_within: 20m }
";

/// Relies on webhooks alone.
#[test]
fn reconcile_catches_a_dispatcher_that_never_looks_for_jobs() {
    Trial::of("reconcile", LOST_QUEUED).catches(
        Seams {
            github: looks_nowhere(),
            ..Seams::default()
        },
        "the `queued` of J1 was lost at",
    );
}

/// What was due, by when, and what came of it: none, or one too late, or nothing that can be decided.
#[test]
fn reconcile_says_whether_a_runner_came_too_late_or_never_or_was_due_from_nobody() {
    let text = format!("title: Lost\n{LOST_QUEUED}");
    let said = |text: &str, seams: Seams| {
        let run = run(&of_text("lost.yaml", text, 1, false), seams);
        match &run.outcome.verdicts.0["reconcile"] {
            Verdict::Violated(found) | Verdict::Undecided(found) => found.why.clone(),
            other => panic!("{other:?}"),
        }
    };
    let blind = || Seams {
        github: looks_nowhere(),
        ..Seams::default()
    };
    let never = said(&text, blind());
    assert!(
        never.contains("a runner for it was due by 1210.") && never.ends_with("and none came"),
        "{never}"
    );
    // Somebody sends the webhook again, half an hour after it was lost.
    let again = text.replace("drop:", "times: 1\n    drop:").replace(
        "faults:",
        "  - { at: 30m, deliver: { job: J1, action: queued } }\nfaults:",
    );
    let late = said(&again, blind());
    assert!(late.contains("and there was none until 181"), "{late}");
    let gone = text.replace("faults:", "  - { at: 1s, stop: {} }\nfaults:");
    let gone = said(&gone, Seams::default());
    assert!(
        gone.ends_with("a runner for it is due from a dispatcher that never came back"),
        "{gone}"
    );
}

/// A listing that fails for ever excuses whoever asks it; who never asks is not excused.
#[test]
fn reconcile_catches_a_dispatcher_that_never_asks_the_list_that_fails() {
    let text = format!(
        "title: The list fails as well\n{}",
        LOST_QUEUED.replace(
            "expect:",
            "  - { to: github.list-runs, answer: { status: 500 } }\nexpect:"
        )
    );
    let plan = of_text("list-fails.yaml", &text, 1, false);
    let asks = run(&plan, Seams::default());
    assert!(!asks.outcome.verdicts.0["reconcile"].is_violated());
    let bug = Seams {
        github: looks_nowhere(),
        ..Seams::default()
    };
    let never = run(&plan, bug);
    assert!(never.outcome.verdicts.0["reconcile"].is_violated());
}

/// Has no other way to end an HF job than the `completed` of its job.
#[test]
fn reconcile_catches_a_dispatcher_that_waits_for_a_lost_completion() {
    let hf = bend(|sent| async move {
        if sent.is_cancel() {
            return answer(200, "{}");
        }
        sent.on().await
    });
    Trial::built_in("reconcile", "b54-orphan-after-lost-completion").catches(
        Seams {
            hf,
            ..Seams::default()
        },
        "J1 was over); it was to end by",
    );
}

/// A seam that is `bent` from the crash of the run on. The run's twin, which comes third, is spared.
fn after_the_crash(bent: Option<Seam>) -> Option<Seam> {
    let starts = Count::default();
    let bent = bent?;
    Some(Arc::new(move |inner| {
        if starts.add() == 1 {
            bent(inner)
        } else {
            inner
        }
    }))
}

/// Comes back without an eye for what happened while it was away.
#[test]
fn restart_safe_catches_a_dispatcher_that_is_blind_after_a_restart() {
    let blind = bend(|sent| async move {
        if sent.lists_runs() {
            return answer(200, NO_RUNS);
        }
        if sent.path() == "/app/hook/deliveries" {
            return answer(200, "[]");
        }
        sent.on().await
    });
    let crash = "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 10m }
  - at: 5m
    crash: { restart_after: 2m }
  - at: 6m
    queue: { as: J2, labels: hf-jobs-cpu-basic }
";
    Trial::of("restart-safe", crash).catches(
        Seams {
            github: after_the_crash(blind),
            ..Seams::default()
        },
        "were served or told of; without the crashes",
    );
}

/// Knows nothing of the registrations of its life before.
#[test]
fn restart_safe_catches_a_dispatcher_that_leaves_a_registration_of_its_life_before() {
    let deletes_nothing = bend(|sent| async move {
        if sent.deletes_runner() {
            return answer(204, "");
        }
        sent.on().await
    });
    let crash = "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 10s
    crash: { restart_after: 2m }
  - at: 20s
    cancel: { job: J1 }
";
    Trial::of("restart-safe", crash).catches(
        Seams {
            github: after_the_crash(deletes_nothing),
            ..Seams::default()
        },
        "registrations were left at the end; without the crashes",
    );
}
