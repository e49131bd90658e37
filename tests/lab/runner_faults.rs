//! What befalls a runner, in the words of a scenario, and a dispatcher that lives with it.

use dispatchlab::target::Seams;
use fakes::history::What;

use crate::plans::{of_text, run, violations};

/// Each with the name of its effect in the history.
const FAULTS: [(&str, &str); 10] = [
    ("die: { at: boot }", "die"),
    ("die: { at: registered, after: 100ms..1s }", "die"),
    ("die: { at: listening }", "die"),
    ("die: { at: in_job, after: 10s }", "die"),
    ("die: { at: after_job }", "die"),
    ("hang: { at: listening }", "hang"),
    ("restart: { at: in_job, after: 10s }", "restart"),
    ("lose_network: { at: in_job, for: 30s }", "lose_network"),
    ("lose_network: { at: listening, for: 10m }", "lose_network"),
    ("wrong_clock: 10m", "wrong_clock"),
];

#[test]
fn every_fault_on_runners_strikes_and_the_reference_dispatcher_holds() {
    for (fault, effect) in FAULTS {
        let text = format!(
            "title: One job\ntimeline:\n  - at: 0s\n    queue: {{ as: J1, labels: hf-jobs-cpu-basic }}\nfaults:\n  - {{ to: runner, times: 1, {fault} }}\nexpect: {{ served_within: 1h, reclaimed_within: 1h }}\n"
        );
        let run = run(&of_text("runner.yaml", &text, 1, false), Seams::default());
        let mut broken = violations(&run);
        // A boot that is given up is replaced a moment before its HF job is ended: scenarios/known.yaml.
        broken.retain(|what| effect != "wrong_clock" || !what.starts_with("at-most-one"));
        assert_eq!(broken, Vec::<String>::new(), "{fault}");
        let applied = |what: &What| matches!(what, What::FaultApplied { effect: it, place, .. } if it == effect && place == "runner");
        let times = run.events.iter().filter(|event| applied(&event.event));
        assert_eq!(times.count(), 1, "{fault}");
        let ended = |what: &What| matches!(what, What::JobCompleted { .. });
        assert!(
            run.events.iter().any(|event| ended(&event.event)),
            "{fault}"
        );
    }
}
