//! Saboteurs without patience: they ask again what was refused for good, and what they were told to leave for a while.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use dispatchlab::{run::Run, target::Seams};
use fakes::history::What;
use tokio::time::Instant;

use super::{Sent, Trial, answer, bend, run};

/// Sends each POST again, a second apart, as long as it is answered like this.
fn insists(on: u16, times: usize) -> Seams {
    let again = move || {
        bend(move |sent: Sent| async move {
            let mut answered = sent.on().await?;
            for _ in 0..times {
                if answered.status() != on {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
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
    .catches(insists(429, 7), "since a rate limit that holds from");
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
    .catches(insists(503, 1000), "times in the minute up to");
}

/// HF refuses for ten minutes what twenty jobs wait for.
fn twenty_jobs_refused() -> Trial {
    Trial::of(
        "right-retry",
        "timeline:
  - at: 0s
    queue: { as: J, jobs: 20, labels: hf-jobs-a10g-small }
faults:
  - { to: hf.create, until: 10m, answer: { status: 503 } }
",
    )
}

/// Once HF has refused a create, nobody asks for one for half a minute, whichever job it is for.
fn with_one_patience_for_all() -> Seams {
    let refused: Arc<Mutex<Option<Instant>>> = Arc::default();
    let hf = bend(move |sent| {
        let refused = refused.clone();
        async move {
            let last = *refused.lock().unwrap();
            let waits = last.is_some_and(|last| last.elapsed() < Duration::from_secs(30));
            if sent.is_create() && waits {
                return answer(503, r#"{"error":"not yet"}"#);
            }
            let answered = sent.on().await?;
            if sent.is_create() && answered.status() == 503 {
                *refused.lock().unwrap() = Some(Instant::now());
            }
            Ok(answered)
        }
    });
    Seams {
        hf,
        ..Seams::default()
    }
}

/// Each job has patience of its own, so that all together have none: what the reference dispatcher does today.
#[test]
fn right_retry_catches_the_reference_dispatcher_that_asks_for_each_of_20_jobs_by_itself() {
    let trial = twenty_jobs_refused().beside(with_one_patience_for_all());
    let storm = trial.catches(
        Seams::default(),
        "and was asked 31 times in the minute up to",
    );
    let creates = |run: &Run| {
        let received = run.events.iter().filter(
            |event| matches!(&event.event, What::CallReceived { name, .. } if name == "hf.create"),
        );
        received.count()
    };
    assert!(creates(&storm) > 20 * 20, "{}", creates(&storm));
    let patient = run(&twenty_jobs_refused().plan, with_one_patience_for_all());
    assert!(creates(&patient) <= 2 * 20, "{}", creates(&patient));
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
