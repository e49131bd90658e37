//! Saboteurs at the dispatcher's own door: what it makes of a delivery before it thinks about jobs.

use std::time::Duration;

use dispatchlab::target::Seams;

use super::{Trial, answer, bend, sign};

/// Takes every webhook for genuine.
#[test]
fn signature_catches_a_dispatcher_that_checks_nothing() {
    let webhooks = bend(|mut sent| async move {
        sign(&mut sent.parts, &sent.body);
        sent.on().await
    });
    Trial::built_in("signature", "b88-foreign-installation").catches(
        Seams {
            webhooks,
            ..Seams::default()
        },
        "with a signature made with another secret was answered 200",
    );
}

#[test]
fn signature_catches_a_dispatcher_that_accepts_what_hooks_with_other_secrets_send() {
    for (hook, words) in [
        (
            "secret: other",
            "with a signature made with another secret was answered 20",
        ),
        (
            "secret: none, content_type: form",
            "without a signature was answered 20",
        ),
    ] {
        let webhooks = bend(|mut sent| async move {
            sign(&mut sent.parts, &sent.body);
            sent.on().await
        });
        let world = format!(
            "world: {{ github: {{ hooks: [{{ on: octo/app, {hook} }}] }} }}
timeline:
  - {{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic }} }}
"
        );
        let bug = Seams {
            webhooks,
            ..Seams::default()
        };
        Trial::of("signature", &world).catches(bug, words);
    }
}

/// Goes on with the secret that it knew, though it was started with another.
#[test]
fn signature_catches_a_dispatcher_that_forgets_the_new_secret() {
    let rotation = "timeline:
  - { at: 10s, rotate_secret: }
  - { at: 20s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 1m, restart: }
  - { at: 2m, queue: { as: J2, labels: hf-jobs-cpu-basic } }
";
    for property in ["signature", "fast-ack"] {
        let webhooks = bend(|sent| async move {
            if sent.json()["workflow_job"]["name"] == "J2" {
                return answer(401, "");
            }
            sent.on().await
        });
        let bug = Seams {
            webhooks,
            ..Seams::default()
        };
        let run = Trial::of(property, rotation).catches(bug, "401");
        let found = run.outcome.verdicts.violated();
        assert!(found.iter().any(|(name, _)| *name == "signature"));
    }
}

/// Does its work before it answers.
#[test]
fn fast_ack_catches_a_dispatcher_that_answers_after_twelve_seconds() {
    let webhooks = bend(|sent| async move {
        tokio::time::sleep(Duration::from_secs(12)).await;
        sent.on().await
    });
    Trial::built_in("fast-ack", "happy-path").catches(
        Seams {
            webhooks,
            ..Seams::default()
        },
        "a delivery got no answer in time",
    );
}

/// Unwraps what may be missing.
#[test]
fn tolerant_parse_catches_a_dispatcher_that_breaks_on_a_missing_installation() {
    let webhooks = bend(|sent| async move {
        if sent.json()["installation"]["id"].is_null() {
            return answer(500, "called `Option::unwrap()` on a `None` value");
        }
        sent.on().await
    });
    Trial::built_in("tolerant-parse", "b88-foreign-installation").catches(
        Seams {
            webhooks,
            ..Seams::default()
        },
        "an odd payload was answered 500",
    );
}
