//! A job that goes to somebody else while its runner acquires it, as a scenario says it and a dispatcher meets it.

use dispatchlab::target::Seams;
use fakes::history::What;

use crate::plans::{of_text, run};

const LOST: &str = "title: The job goes to somebody else while its runner acquires it
about: [served-or-told, no-leak]
timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 2m }
faults:
  - to: runner.acquire-job
    times: 1
    answer: { status: 409 }
";

#[test]
fn the_conflict_strikes_between_assigned_and_started_and_the_job_is_given_to_another_runner() {
    for seed in 0..20 {
        let run = run(&of_text("lost.yaml", LOST, seed, false), Seams::default());
        let word = |what: &What| match what {
            What::RunnerAssigned { .. } => Some("assigned"),
            What::FaultApplied { place, .. } if place == "runner.acquire-job" => Some("struck"),
            What::JobTakenBack { .. } => Some("taken back"),
            What::JobStarted { .. } => Some("started"),
            What::JobCompleted { .. } => Some("completed"),
            _ => None,
        };
        let course: Vec<&str> = run
            .events
            .iter()
            .filter_map(|event| word(&event.event))
            .collect();
        assert_eq!(
            course,
            [
                "assigned",
                "struck",
                "taken back",
                "assigned",
                "started",
                "completed"
            ],
            "seed {seed}"
        );
        let lost = run.events.iter().find_map(|event| match &event.event {
            What::RunnerAssigned { hf_job, .. } => hf_job.clone(),
            _ => None,
        });
        let lost = lost.unwrap();
        let exited = |what: &What| matches!(what, What::RunnerExited { hf_job, code: Some(0) } if *hf_job == lost);
        assert!(
            !run.events.iter().any(|event| exited(&event.event)),
            "seed {seed}: its process does not leave by itself"
        );
    }
}
