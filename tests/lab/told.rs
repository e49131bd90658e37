//! What the history tells, judged: nobody is charged with what a fault made GitHub see, and every fault is counted.

use dispatchlab::target::Seams;
use fakes::history::What;

use crate::plans::{of_text, run, violations};

#[test]
fn a_500_that_only_github_saw_is_not_charged_to_the_dispatcher() {
    let text = "title: GitHub sees a 500 that the dispatcher never gave\n\
        about: [fast-ack, served-or-told]\n\
        timeline:\n  - at: 0s\n    queue: { as: J1, labels: hf-jobs-cpu-basic }\n\
        faults:\n  - { to: webhook, for: { job: J1, action: queued }, answer: { status: 500 } }\n";
    let run = run(&of_text("seen.yaml", text, 1, false), Seams::default());
    assert_eq!(violations(&run), Vec::<String>::new());
    let own = run.events.iter().find_map(|event| match &event.event {
        What::DeliveryAnswered {
            status,
            body,
            seen: Some(500),
            ..
        } => Some((*status, body.clone())),
        _ => None,
    });
    let (status, body) = own.expect("the dispatcher got the delivery and answered");
    assert!((200..300).contains(&status), "{status}: {body:?}");
}

#[test]
fn every_fault_of_a_run_is_counted_just_before_its_world_ends() {
    let text = "title: Two faults, of which one has no occasion\n\
        timeline:\n  - at: 0s\n    queue: { as: J1, labels: hf-jobs-cpu-basic }\n\
        faults:\n  - { to: webhook, for: { job: J1, action: queued }, delay: 5s }\n  \
        - { to: webhook, for: { job: J1, action: waiting }, delay: 5s }\n";
    let plan = of_text("counted.yaml", text, 1, false);
    let run = run(&plan, Seams::default());
    let last = &run.events[run.events.len() - 3..];
    let What::WorldEnded { .. } = last[2].event else {
        panic!("{last:?}");
    };
    let counts: Vec<_> = last[..2]
        .iter()
        .map(|event| match event.event {
            What::FaultCounted {
                fault,
                reached,
                matched,
                open,
                occasions,
                strikes,
            } => {
                assert!(reached > 2, "queued, in_progress and completed");
                (fault, matched, open, occasions, strikes)
            }
            _ => panic!("{event:?}"),
        })
        .collect();
    assert_eq!(counts, [(0, 1, 1, 1, 1), (1, 0, 0, 0, 0)]);
}
