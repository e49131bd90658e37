//! Saboteurs without patience: they ask again what was refused for good, and what they were told to leave for a while.

use std::time::Duration;

use super::{Sent, Trial, bend, each_asks_again, run};
use dispatchlab::{run::Run, target::Seams};
use fakes::history::What;

/// Sends each POST again, so far apart, as long as it is answered like this.
fn insists(on: u16, times: usize, every: Duration) -> Seams {
    let again = move || {
        bend(move |sent: Sent| async move {
            let mut answered = sent.on().await?;
            for _ in 0..times {
                if answered.status() != on {
                    break;
                }
                tokio::time::sleep(every).await;
                answered = sent.on().await?;
            }
            Ok(answered)
        })
    };
    Seams {
        github: again(),
        hf: again(),
        webhooks: None,
    }
}

/// Deletes a registration again and again, though it is told that there is none.
#[test]
fn right_retry_catches_a_dispatcher_that_asks_again_what_was_refused_for_good() {
    let trial = Trial::of(
        "right-retry",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 5s
    cancel: { job: J1 }
  - at: 2h
    queue: { as: J2, labels: hf-jobs-cpu-basic }
",
    );
    let github = bend(|sent| async move {
        let answered = sent.on().await;
        if sent.deletes_runner() {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                sent.on().await?;
            }
        }
        answered
    });
    trial.catches(
        Seams {
            github,
            ..Seams::default()
        },
        "had been refused for good",
    );
}

#[test]
fn right_retry_catches_a_dispatcher_that_asks_for_8_runner_credentials_while_limited() {
    Trial::of(
        "right-retry",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
faults:
  - to: [github.jit-config, github.registration-token]
    until: 10m
    answer: { status: 429, headers: { retry-after: '600' } }
",
    )
    .catches(
        insists(429, 7, Duration::from_secs(1)),
        "since a rate limit that holds from",
    );
}

#[test]
fn right_retry_catches_a_dispatcher_that_hammers_what_fails() {
    Trial::of(
        "right-retry",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
faults:
  - { to: hf.create, until: 40m, answer: { status: 503 } }
",
    )
    .catches(
        insists(503, 1000, Duration::from_millis(400)),
        "times in the minute up to",
    );
}

/// Each job has patience of its own, so that all together have none. The reference tries for all of them by one.
#[test]
fn right_retry_catches_a_dispatcher_that_asks_for_each_of_20_jobs_by_itself() {
    let trial = Trial::of(
        "right-retry",
        "timeline:
  - at: 0s
    queue: { as: J, jobs: 20, labels: hf-jobs-a10g-small }
faults:
  - { to: hf.create, until: 10m, answer: { status: 503 } }
",
    );
    let creates = |run: &Run| {
        let received = run.events.iter().filter(
            |event| matches!(&event.event, What::CallReceived { name, .. } if name == "hf.create"),
        );
        received.count()
    };
    let reference = run(&trial.plan, Seams::default());
    assert!(creates(&reference) <= 3 * 20, "{}", creates(&reference));
    let bug = Seams {
        hf: each_asks_again(Duration::from_secs(5), usize::MAX),
        ..Seams::default()
    };
    let storm = trial.catches(bug, "times in the minute up to");
    assert!(creates(&storm) > 20 * 20, "{}", creates(&storm));
}

/// Polls twice a second, whatever there is to see.
#[test]
fn right_retry_catches_a_dispatcher_that_makes_too_many_calls() {
    let github = bend(|sent| async move {
        if sent.lists_runs() {
            for _ in 0..600 {
                sent.on().await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        sent.on().await
    });
    let trial = Trial::of(
        "right-retry",
        "world:
  dispatcher: { job_timeout: 6h }
timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 4h }
",
    );
    trial.catches(
        Seams {
            github,
            ..Seams::default()
        },
        "calls in the hour up to",
    );
}
