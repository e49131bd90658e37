//! Who goes first, seen by the whole lab: one slot, two jobs, and the default range of the assignment's delay.

use dispatchlab::target::Seams;
use fakes::history::What;

use crate::plans::{of_text, run, violations};

/// The name of the job that starts first.
fn first(policy: &str, seed: u64) -> String {
    let text = format!(
        "title: A free runner and two jobs\n\
         world:\n  github: {{ assignment: {{ policy: {policy}, delay: 100ms..1s }} }}\n  \
         hf: {{ cold_start: 60s }}\n  dispatcher: {{ caps: {{ total: 1 }} }}\n\
         timeline:\n  - at: 0s\n    queue: {{ as: A, labels: hf-jobs-cpu-basic, runs_for: 10s }}\n  \
         - at: 10s\n    queue: {{ as: B, labels: hf-jobs-cpu-basic, runs_for: 10s }}\n"
    );
    let run = run(
        &of_text("two-jobs.yaml", &text, seed, false),
        Seams::default(),
    );
    assert!(
        run.outcome.settled,
        "{policy}, seed {seed}: {:?}",
        violations(&run)
    );
    let started = run.events.iter().find_map(|event| match event.event {
        What::JobStarted { job, .. } => Some(job),
        _ => None,
    });
    let name = run.events.iter().find_map(|event| match &event.event {
        What::JobQueued { job, name, .. } if Some(*job) == started => Some(name.clone()),
        _ => None,
    });
    name.unwrap()
}

#[test]
fn the_oldest_job_starts_first_whatever_its_delay_is_drawn_as() {
    for seed in 1..=25 {
        assert_eq!(first("oldest", seed), "A", "seed {seed}");
        assert_eq!(first("newest", seed), "B", "seed {seed}");
    }
}
