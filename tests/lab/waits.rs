//! What lengthens a wait and what does not, seen by the whole lab.

use dispatchlab::{properties::Verdict, run::Run, target::Seams};
use fakes::history::What;

use crate::plans::{of_text, run, violations};

/// J1's webhook is lost without a trace, and its runner comes with the survey five minutes later.
fn found_late(later: &str) -> Run {
    let text = format!(
        "title: A job that only a survey finds\nabout: [served-or-told]\n\
         timeline:\n  - at: 0s\n    queue: {{ as: J1, labels: hf-jobs-cpu-basic, runs_for: 1m }}\n{later}\
         faults:\n  - {{ to: webhook, for: {{ job: J1, action: queued }}, drop: unlogged }}\n\
         expect: {{ served_within: 2m }}\n"
    );
    run(&of_text("found.yaml", &text, 1, false), Seams::default())
}

#[test]
fn a_later_step_of_the_timeline_hides_no_wait() {
    let hosted = "  - at: 2h\n    queue: { as: X1, labels: ubuntu-latest, runs_for: 1m }\n";
    for later in ["", hosted] {
        let run = found_late(later);
        let queued = run.events.iter().find_map(|event| match event.event {
            What::JobQueued { .. } => Some(event.at_ms),
            _ => None,
        });
        let started = run.events.iter().find_map(|event| match event.event {
            What::JobStarted { .. } => Some(event.at_ms),
            _ => None,
        });
        let waited = started.unwrap() - queued.unwrap();
        assert!((200_000..500_000).contains(&waited), "{waited} ms");
        let violated = run.outcome.verdicts.violated();
        let (_, found) = violated
            .iter()
            .find(|(name, _)| *name == "served-or-told")
            .unwrap_or_else(|| panic!("later: {later:?}: {:?}", violations(&run)));
        let said = "J1 wanted a runner at 10.000 s; one was due by 130.000 s, and the start that served it, of J1, came at";
        assert!(found.why.starts_with(said), "{}", found.why);
    }
}

/// The runner hangs after its job, and HF takes no cancel for fifty minutes.
#[test]
fn what_could_not_be_ended_while_a_fault_struck_is_due_so_long_after_it() {
    let text = |until: &str| {
        format!(
            "title: HF takes no cancel while a finished runner hangs\nabout: [no-leak]\n\
             timeline:\n  - at: 0s\n    queue: {{ as: J1, labels: hf-jobs-cpu-basic, runs_for: 2m }}\n\
             faults:\n  - {{ to: runner, times: 1, hang: {{ at: after_job }} }}\n  \
             - {{ to: hf.cancel, until: {until}, answer: {{ status: 503 }} }}\n\
             expect: {{ reclaimed_within: 20m }}\n"
        )
    };
    let run = run(
        &of_text("hang.yaml", &text("50m"), 1, false),
        Seams::default(),
    );
    assert_eq!(violations(&run), Vec::<String>::new());
    assert!(run.outcome.verdicts.exercised("no-leak"));
    let ended = run.events.iter().find_map(|event| match event.event {
        What::HfStage { stage, .. } if stage.is_terminal() => Some(event.at_ms),
        _ => None,
    });
    let since_the_fault = ended.unwrap() - 50 * 60_000 - 10_000;
    assert!(
        (0..20 * 60_000).contains(&since_the_fault),
        "{since_the_fault} ms"
    );
}

/// A runner dies before it has a job, and nothing removes what GitHub keeps of it.
#[test]
fn a_registration_left_behind_is_undecided_before_its_bound_and_never_held() {
    let left = |later: &str| {
        let text = format!(
            "title: A registration that nothing stands behind\nabout: [no-leak]\n\
             timeline:\n  - at: 0s\n    queue: {{ as: J1, labels: hf-jobs-cpu-basic }}\n{later}\
             faults:\n  - {{ to: runner, times: 1, die: {{ at: listening }} }}\n  \
             - {{ to: github.delete-runner, answer: {{ status: 500 }} }}\n"
        );
        let run = run(&of_text("left.yaml", &text, 1, false), Seams::default());
        assert!(run.outcome.settled);
        run.outcome.verdicts.0["no-leak"].clone()
    };
    let Verdict::Undecided(early) = left("") else {
        panic!("{:?}", left(""));
    };
    assert!(early.why.starts_with("the registration "), "{}", early.why);
    assert!(early.why.contains("; it is to go by "), "{}", early.why);
    let hosted = "  - at: 1h\n    queue: { as: X1, labels: ubuntu-latest }\n";
    let Verdict::Violated(late) = left(hosted) else {
        panic!("{:?}", left(hosted));
    };
    let said = "and is still there at the end";
    assert!(late.why.contains(said), "{}", late.why);
}
