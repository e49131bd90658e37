//! A recorded job starts and ends when it did then, with a runner of this world or without: what follows from that is not
//! charged to who could not know or prevent it.

use dispatchlab::{run::Run, target::Seams};
use fakes::history::{StageCause, What};

use crate::plans::{of_text, recorded, run, violations};

/// Plays these steps under these settings, with what else the scenario says.
fn play(settings: &str, steps: &[String], more: &str) -> Run {
    let text = format!("title: t\n{settings}timeline:\n{}{more}", steps.concat());
    run(&of_text("t.yaml", &text, 1, false), Seams::default())
}

#[test]
fn a_runner_for_a_job_that_started_elsewhere_meanwhile_is_not_burnt_for_one_that_waits() {
    let steps = [
        recorded("0s", 101, "waiting", "null"),
        recorded("10s", 100, "queued", "null"),
        recorded("10050ms", 100, "in_progress", "null"),
        recorded("200s", 100, "completed", "success"),
        recorded("10m", 101, "queued", "null"),
        recorded("12m", 101, "in_progress", "null"),
        recorded("14m", 101, "completed", "success"),
    ];
    let run = play("", &steps, "");
    let verdicts = &run.outcome.verdicts;
    assert!(verdicts.exercised("waiting-is-not-queued"));
    assert_eq!(violations(&run), Vec::<String>::new());
    let created = run
        .events
        .iter()
        .filter(|event| matches!(event.event, What::HfCreated { .. }));
    assert_eq!(created.count(), 2, "one for each of them");
}

#[test]
fn the_time_of_a_job_counts_from_when_its_runner_was_kept_however_late_the_recording_starts_it() {
    let steps = [
        recorded("0s", 100, "queued", "null"),
        recorded("18m", 100, "in_progress", "null"),
        recorded("40m", 100, "completed", "success"),
    ];
    let run = play("world: { dispatcher: { job_timeout: 10m } }\n", &steps, "");
    let timed_out = |what: &What| matches!(what, What::HfStage { stage, cause: StageCause::Timeout, .. } if stage.is_terminal());
    let at = |fits: &dyn Fn(&What) -> bool| {
        let found = run.events.iter().position(|event| fits(&event.event));
        found.unwrap()
    };
    let started = at(&|what| {
        matches!(
            what,
            What::JobStarted {
                runner: Some(_),
                ..
            }
        )
    });
    assert!(at(&timed_out) > started, "while the job is on it");
    assert_eq!(violations(&run), Vec::<String>::new());
}

#[test]
fn a_restart_after_which_a_recorded_job_is_found_wastes_nothing() {
    let steps = [
        recorded("0s", 100, "queued", "null"),
        recorded("30s", 100, "in_progress", "null"),
        recorded("10m", 100, "completed", "success"),
    ];
    let run = play(
        "world: { hf: { cold_start: 30s } }\n",
        &steps,
        "  - { at: 5s, stop: { restart_after: 15s } }
faults:
  - { to: webhook, for: { action: queued }, times: 1, drop: logged }
",
    );
    assert!(run.outcome.verdicts.exercised("restart-safe"));
    let taken_up = |what: &What| matches!(what, What::RunnerAssigned { .. });
    assert!(run.events.iter().any(|event| taken_up(&event.event)));
    assert_eq!(violations(&run), Vec::<String>::new());
}
