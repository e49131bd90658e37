//! The reader against random input: it never panics, and draws depend on nothing but their key.

use proptest::prelude::*;
use scenarios::{Choices, Document, corpus, plan::Verb, recording::import};

/// A scenario of the corpus with some bytes replaced, removed or repeated.
fn mutated() -> impl Strategy<Value = String> {
    let change = (
        any::<prop::sample::Index>(),
        0..4_usize,
        "[ \\-:{}\\[\\],$\"'&*!#a-z0-9\n]{0,6}",
    );
    (0..corpus().len(), prop::collection::vec(change, 1..4)).prop_map(|(entry, changes)| {
        let mut text: Vec<char> = corpus()[entry].text.chars().collect();
        for (place, removed, inserted) in changes {
            let from = place.index(text.len() + 1);
            let to = (from + removed).min(text.len());
            text.splice(from..to, inserted.chars());
        }
        text.into_iter().collect()
    })
}

/// Plans a text if it is sound; an error must have a place within the text.
fn read(text: &str) {
    match Document::parse("random.yaml", text) {
        Ok(document) => {
            let plan = document.plan(&Choices {
                seed: 7,
                vary: true,
                ..Choices::default()
            });
            if let Ok(plan) = plan {
                let again = Document::parse("plan.json", &plan.to_json())
                    .unwrap_or_else(|error| panic!("{error:?}"));
                assert_eq!(
                    again.plan(&Choices::default()).expect("a plan").to_json(),
                    plan.to_json()
                );
            }
        }
        Err(error) => {
            let (line, column) = error.place();
            assert!(
                line >= 1 && column >= 1 && line <= text.lines().count().max(1) + 1,
                "{error:?}"
            );
            assert!(error.help_text().is_some(), "{error:?}");
        }
    }
}

/// How many jobs come first, and the times drawn for them.
fn times(jobs: u32, more: &str) -> Vec<(String, String)> {
    let text = format!(
        "title: t\ntimeline:\n  - {{ at: 0s..1h, queue: {{ as: A, jobs: {jobs}, labels: x, runs_for: 1m..20m }} }}\n{more}"
    );
    let plan = Document::parse("t.yaml", &text)
        .expect("a sound scenario")
        .plan(&Choices {
            seed: 3,
            ..Choices::default()
        })
        .expect("a plan");
    let jobs = plan.timeline.iter().filter_map(|step| match &step.verb {
        Verb::Queue(job) => Some((
            job.name.clone(),
            format!("{:?} {}", step.trigger, job.runs_for),
        )),
        _ => None,
    });
    jobs.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,80}") {
        read(&text);
    }

    #[test]
    fn no_slip_of_the_pen_makes_the_reader_panic(text in mutated()) {
        read(&text);
    }

    #[test]
    fn no_text_makes_the_import_panic(text in "[\\[\\]{}\",: a-z0-9\n]{0,60}") {
        let found = import("random", &text, None);
        prop_assert!(found.refused.iter().all(|refusal| refusal.place.offset <= text.len()));
    }

    #[test]
    fn a_job_added_at_the_end_changes_no_draw_of_the_others(jobs in 1..20_u32, added in 1..5_u32) {
        let before = times(jobs, "");
        let more = format!("  - {{ at: 5s..1m, queue: {{ as: B, jobs: {added}, labels: x }} }}");
        prop_assert_eq!(&times(jobs, &more)[..before.len()], &before[..]);
        prop_assert_eq!(&times(jobs + added, "")[..before.len()], &before[..]);
    }
}
