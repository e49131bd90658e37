//! A dispatcher that is stopped, restarted or killed in the middle of its work: the history says which, and nobody is
//! charged for it.

use dispatchlab::{run::Run, target::Seams};
use fakes::history::What;

use crate::plans::{of_text, run, violations};

const STORE_IS_SLOW: &str = "  - { to: store, delay: 3s, until: 20s }";

fn played(step: &str, fault: &str) -> Run {
    let text = format!(
        "title: Down
world: {{ webhooks: {{ delay: 100ms }} }}
timeline:
  - {{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic }} }}
  - {step}
faults:
{fault}
"
    );
    run(&of_text("down.yaml", &text, 1, false), Seams::default())
}

fn created(delay: &str) -> String {
    format!("  - {{ to: hf.create, delay: {delay}, times: 1 }}")
}

fn at_ms(run: &Run, is: impl Fn(&What) -> bool) -> Vec<u64> {
    let events = run.events.iter().filter(|event| is(&event.event));
    events.map(|event| event.at_ms).collect()
}

/// When the dispatcher went down, and whether in order.
fn downs(run: &Run) -> (usize, usize) {
    (
        at_ms(run, |what| matches!(what, What::DispatcherStopped {})).len(),
        at_ms(run, |what| matches!(what, What::DispatcherCrashed {})).len(),
    )
}

fn lost_creates(run: &Run) -> Vec<u64> {
    at_ms(
        run,
        |what| matches!(what, What::CallLost { name, .. } if name == "hf.create"),
    )
}

#[test]
fn a_restart_of_a_running_dispatcher_is_an_outage_and_nobody_is_charged_for_it() {
    for fault in [STORE_IS_SLOW, &created("5s")] {
        let run = played("{ at: 2s, restart: {} }", fault);
        assert_eq!(downs(&run), (0, 1), "{fault}");
        assert_eq!(violations(&run), Vec::<String>::new(), "{fault}");
        assert!(run.outcome.verdicts.exercised("restart-safe"), "{fault}");
    }
}

#[test]
fn a_dispatcher_that_is_down_is_started_by_a_restart_and_not_killed_again() {
    let run = played(
        "{ at: 2s, stop: { restart_after: 1h } }\n  - { at: 1m, restart: {} }",
        STORE_IS_SLOW,
    );
    assert_eq!(downs(&run), (1, 0));
    let started = at_ms(&run, |what| matches!(what, What::DispatcherStarted {}));
    assert_eq!(
        started.len(),
        2,
        "what comes back after an hour is up already: {started:?}"
    );
}

#[test]
fn a_stop_lets_what_is_under_way_be_answered() {
    let step = "{ when: { call: hf.create, nth: 1, phase: received, plus: 1s }, stop: { restart_after: 1m } }";
    let stopped = played(step, &created("5s"));
    assert_eq!(downs(&stopped), (1, 0));
    assert_eq!(lost_creates(&stopped), [0_u64; 0]);
    assert_eq!(violations(&stopped), Vec::<String>::new());

    let crashed = played(&step.replace("stop:", "crash:"), &created("5s"));
    assert_eq!(downs(&crashed), (0, 1));
    assert_eq!(lost_creates(&crashed).len(), 1, "a crash does not");
}

#[test]
fn a_stop_lets_deliveries_be_answered_and_takes_no_more() {
    let run = played("{ at: 2s, stop: { restart_after: 1m } }", STORE_IS_SLOW);
    let lost = at_ms(&run, |what| matches!(what, What::DeliveryLost { .. }));
    assert_eq!(lost, [0_u64; 0], "it was under way when the stop came");
    let down = played(
        "{ at: 2s, stop: { restart_after: 1m } }\n  - { at: 3s, queue: { as: J2, labels: other } }",
        STORE_IS_SLOW,
    );
    let refused = at_ms(&down, |what| matches!(what, What::DeliveryLost { .. }));
    assert_eq!(refused.len(), 1, "this one came while it was stopping");
    for run in [run, down] {
        assert_eq!(violations(&run), Vec::<String>::new());
    }
}

#[test]
fn a_stop_waits_for_ten_seconds_and_no_longer() {
    let step = "{ when: { call: hf.create, nth: 1, phase: received, plus: 1s }, stop: { restart_after: 1m } }";
    let run = played(step, &created("40s"));
    let stopped = at_ms(&run, |what| matches!(what, What::DispatcherStopped {}));
    let lost = lost_creates(&run);
    assert_eq!(lost.len(), 1);
    assert!(
        (10_000..10_200).contains(&(lost[0] - stopped[0])),
        "{lost:?} after {stopped:?}"
    );
    assert_eq!(violations(&run), Vec::<String>::new());
}
