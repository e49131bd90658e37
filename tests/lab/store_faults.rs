//! The dispatcher's own disk: slow, full, failing. What the lab does not hold it cannot bend, and says so.

use dispatchlab::{run::Run, target::Seams};
use fakes::history::What;

use crate::plans::{of_text, run, violations};

fn with_fault(fault: &str) -> Run {
    let text = format!(
        "title: A disk\ntimeline:\n  - {{ at: 0s, queue: {{ jobs: 3, as: J, labels: hf-jobs-cpu-basic }} }}\nfaults:\n  - {{ to: store, {fault} }}\nexpect: {{ served_within: 1h }}\n"
    );
    run(&of_text("store.yaml", &text, 1, false), Seams::default())
}

fn applied(run: &Run, wanted: &str) -> usize {
    let is_it = |what: &What| matches!(what, What::FaultApplied { place, effect, .. } if place == "store" && effect == wanted);
    run.events
        .iter()
        .filter(|event| is_it(&event.event))
        .count()
}

/// How long each delivery waited for its answer, with the status.
fn answers(run: &Run) -> Vec<(u16, u64)> {
    let answer = |what: &What| match what {
        What::DeliveryAnswered {
            status, took_ms, ..
        } => Some((*status, *took_ms)),
        _ => None,
    };
    run.events
        .iter()
        .filter_map(|event| answer(&event.event))
        .collect()
}

#[test]
fn a_failing_disk_is_told_to_github_and_no_job_is_lost() {
    for effect in ["full", "broken"] {
        let run = with_fault(&format!("until: 10m, {effect}: true"));
        assert!(applied(&run, effect) > 0, "{effect}");
        assert!(
            answers(&run).iter().any(|(status, _)| *status >= 500),
            "{effect}"
        );
        let created = run
            .events
            .iter()
            .find(|event| matches!(event.event, What::HfCreated { .. }));
        assert!(
            created.unwrap().at_ms >= 600_000,
            "nothing is started that is not written down"
        );
        let ended = run
            .events
            .iter()
            .filter(|event| matches!(event.event, What::JobCompleted { .. }));
        assert_eq!(ended.count(), 3, "{effect}");
    }
}

#[test]
fn a_slow_disk_makes_answers_late() {
    let run = with_fault("until: 10m, delay: 3s");
    assert!(applied(&run, "delay") > 0);
    assert!(
        answers(&run)
            .iter()
            .any(|(status, took)| *status < 300 && *took >= 3000)
    );
    assert_eq!(violations(&run), Vec::<String>::new());
}

/// A write that was struck before a delivery came keeps what that delivery has to write down.
#[test]
fn a_delivery_that_comes_while_the_disk_keeps_an_earlier_write_may_be_answered_503() {
    let text = "title: A disk that hangs
timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 20s, queue: { as: J2, labels: hf-jobs-cpu-basic } }
faults:
  - { to: store, until: 11s, delay: 50s }
";
    let run = run(&of_text("store.yaml", text, 1, false), Seams::default());
    let late = answers(&run);
    assert!(late.iter().any(|(status, _)| *status == 503), "{late:?}");
    let released = |what: &What| matches!(what, What::FaultReleased { fault: 0, .. });
    assert!(run.events.iter().any(|event| released(&event.event)));
    assert!(run.outcome.verdicts.exercised("fast-ack"));
    assert_eq!(violations(&run), Vec::<String>::new());
}

#[test]
fn a_disk_without_faults_takes_no_time() {
    let run = with_fault("from: 5h, delay: 3s");
    assert_eq!(applied(&run, "delay"), 0);
    assert!(
        answers(&run)
            .iter()
            .all(|(status, took)| *status < 300 && *took < 1000)
    );
}
