//! Incidents: each fragment's effect happens in a world, and the reference dispatcher holds every property under it.

use dispatchlab::{run::Run, target::Seams};
use fakes::{
    history::{Event, Lost, Origin, Stage, What},
    ids::DeliveryId,
};

use crate::plans::{of_text, run, violations};

/// Twelve jobs over an hour, under an incident.
fn jobs_under(incident: &str, more: &str) -> String {
    format!(
        "title: Jobs under {incident}\n\
         use: [incidents/{incident}]\n\
         timeline:\n  - at: 0s..1h\n    queue: {{ jobs: 8, as: J, labels: hf-jobs-cpu-basic, runs_for: 1m..20m }}\n  \
         - at: 0s..1h\n    queue: {{ jobs: 4, as: K, labels: hf-jobs-t4-small, runs_for: 1m..20m }}\n\
         {more}"
    )
}

/// Runs it for a few seeds; every property must hold and the world must settle. Gives the run of seed 1.
fn held(text: &str) -> Run {
    let runs: Vec<Run> = (1..=5)
        .map(|seed| {
            run(
                &of_text("incident.yaml", text, seed, false),
                Seams::default(),
            )
        })
        .collect();
    for (index, run) in runs.iter().enumerate() {
        let seed = index + 1;
        assert_eq!(violations(run), Vec::<String>::new(), "seed {seed}: {text}");
        assert!(run.outcome.settled, "seed {seed} did not settle: {text}");
        let started = count(run, |what| matches!(what, What::JobStarted { .. }));
        assert_eq!(started, 12, "seed {seed}: {text}");
    }
    runs.into_iter().next().unwrap()
}

/// How late each delivery left that a fault of this kind struck, in seconds.
fn lateness(run: &Run, effect: &str) -> Vec<u64> {
    let at = |id: DeliveryId| {
        let created = |event: &&Event| matches!(event.event, What::DeliveryCreated { delivery, .. } if delivery == id);
        run.events.iter().find(created).unwrap().at_ms
    };
    let sent = run
        .events
        .iter()
        .filter(|event| is_struck(run, event, effect));
    sent.filter_map(|event| match event.event {
        What::DeliverySent { delivery, .. } => Some((event.at_ms - at(delivery)) / 1000),
        _ => None,
    })
    .collect()
}

/// Whether a fault of this kind is among the causes of the event.
fn is_struck(run: &Run, event: &Event, effect: &str) -> bool {
    let mut cause = event.because;
    while let Some(id) = cause {
        let found = &run.events[usize::try_from(id.0).unwrap() - 1];
        if matches!(&found.event, What::FaultApplied { effect: found, .. } if found == effect) {
            return true;
        }
        cause = found.because;
    }
    false
}

fn count(run: &Run, fits: impl Fn(&What) -> bool) -> usize {
    run.events.iter().filter(|event| fits(&event.event)).count()
}

#[test]
fn webhooks_of_july_2024_are_held_and_then_come_as_a_herd() {
    let run = held(&jobs_under("webhooks-delayed-2024-07", ""));
    let late = lateness(&run, "hold");
    assert!(late.len() > 5, "{late:?}");
    assert!(late.iter().all(|late| *late <= 71 * 60), "{late:?}");
    let held_until = 10_000 + 97 * 60_000;
    let herd = run.events.iter().filter(|event| {
        matches!(event.event, What::DeliverySent { .. })
            && (held_until..held_until + 2_000).contains(&event.at_ms)
    });
    assert!(herd.count() >= late.len());
    let started = run
        .events
        .iter()
        .filter(|event| matches!(event.event, What::RunnerAssigned { .. }));
    for event in started {
        let because = run.events[usize::try_from(event.because.unwrap().0).unwrap() - 1].at_ms;
        assert!(
            event.at_ms - because >= 120_000,
            "a run starts minutes late"
        );
    }
}

#[test]
fn the_backlog_of_august_2023_lasts_four_and_a_half_hours() {
    let run = held(&jobs_under("webhook-backlog-2023-08", ""));
    let late = lateness(&run, "hold");
    assert!(late.iter().max() > Some(&(3 * 3600)), "{late:?}");
    assert!(late.iter().all(|late| *late <= 4 * 3600 + 30 * 60));
}

#[test]
fn background_jobs_of_august_2023_stand_still_and_lose_nothing() {
    let run = held(&jobs_under("background-jobs-delayed-2023-08", ""));
    let late = lateness(&run, "hold");
    assert!(
        late.len() > 5 && late.iter().all(|late| *late <= 3600),
        "{late:?}"
    );
    assert_eq!(
        count(&run, |what| matches!(what, What::DeliveryLost { .. })),
        0
    );
}

#[test]
fn run_updates_of_september_2023_are_late_for_some_only() {
    let run = held(&jobs_under("run-updates-delayed-2023-09", ""));
    let late = lateness(&run, "delay");
    assert!(!late.is_empty() && late.iter().all(|late| (60..=1801).contains(late)));
    assert!(late.len() < count(&run, |what| matches!(what, What::DeliverySent { .. })));
}

#[test]
fn events_of_march_2023_are_out_of_order_and_doubled() {
    let run = held(&jobs_under("events-shuffled-2023-03", ""));
    let repeated = |what: &What| {
        matches!(
            what,
            What::DeliveryCreated {
                origin: Origin::Repeated,
                ..
            }
        )
    };
    assert!(count(&run, repeated) > 0);
    let sent = run.events.iter().filter_map(|event| match event.event {
        What::DeliverySent { delivery, .. } => Some(delivery),
        _ => None,
    });
    assert!(!sent.is_sorted(), "deliveries overtook each other");
}

#[test]
fn events_of_june_2026_name_strange_installations_and_the_jobs_are_found_all_the_same() {
    let run = held(&jobs_under("foreign-installation-2026-06", ""));
    let lies = count(
        &run,
        |what| matches!(what, What::FaultApplied { effect, .. } if effect == "pretend"),
    );
    assert!(lies > 5, "{lies}");
    let minted_for_strangers = |what: &What| matches!(what, What::CallAnswered { name, status: 404, .. } if name == "github.create-token");
    assert_eq!(count(&run, minted_for_strangers), 0);
}

#[test]
fn the_busy_flag_of_july_2026_is_false_and_no_busy_runner_dies_of_it() {
    // Nobody tells the dispatcher that jobs have started, so it must look.
    let more = "faults:\n  - { to: webhook, for: { action: in_progress }, drop: unlogged }\nworld: { dispatcher: { idle_timeout: 30s } }\n";
    let run = held(&jobs_under("busy-flag-false-2026-07", more));
    let lies = |what: &What| matches!(what, What::FaultApplied { place, effect, .. } if place == "github.list-runners" && effect == "pretend");
    assert!(count(&run, lies) > 0);
}

#[test]
fn the_502_burst_of_may_2026_strikes_either_credential() {
    for (other_fault, place) in [
        ("", "github.jit-config"),
        (
            "faults:\n  - { to: github.jit-config, answer: { status: 404 } }\n",
            "github.registration-token",
        ),
    ] {
        let text = jobs_under("registration-502-2026-05", other_fault).replace("0s..1h", "0s..30s");
        let run = held(&text);
        let burst = |what: &What| matches!(what, What::CallAnswered { name, status: 502, .. } if name == place);
        assert!(count(&run, burst) > 0, "{place}");
    }
}

#[test]
fn queued_events_of_december_2023_are_never_sent_and_the_jobs_run_all_the_same() {
    let run = held(&jobs_under("queued-never-sent-2023-12", ""));
    let dropped = |what: &What| {
        matches!(
            what,
            What::DeliveryLost {
                why: Lost::Dropped,
                logged: false,
                ..
            }
        )
    };
    assert!(count(&run, dropped) > 0);
}

#[test]
fn in_the_capacity_hole_of_june_2026_other_flavors_run_and_nobody_waits_untold() {
    // When several HF jobs come too late at once, the reference dispatcher orders a replacement some milliseconds before
    // it cancels what it replaces.
    let waived = "expect: { waive: { property: at-most-one, reason: a replacement is ordered just before the cancellation, link: docs/scenario-language.md, expires: 2027-12-31 } }\n";
    let text = jobs_under("hf-capacity-hole-2026-06", waived);
    let run = run(&of_text("incident.yaml", &text, 1, false), Seams::default());
    assert_eq!(violations(&run), Vec::<String>::new());
    assert!(run.outcome.settled);
    let completed = |what: &What| matches!(what, What::JobCompleted { .. });
    assert_eq!(count(&run, completed), 12, "served, or cancelled and told");
    let applied = |effect: &str| {
        count(
            &run,
            |what| matches!(what, What::FaultApplied { effect: found, .. } if found == effect),
        )
    };
    assert_eq!(applied("stuck"), 1);
    assert!(applied("hold") > 0);
    let refused = |what: &What| matches!(what, What::CallAnswered { name, status: 500, .. } if name == "hf.create");
    assert!(count(&run, refused) > 0);
    let closed_at = 12 * 3_600_000;
    let early = run.events.iter().filter(|event| event.at_ms < closed_at);
    let flavors: std::collections::BTreeMap<_, _> = run
        .events
        .iter()
        .filter_map(|event| match &event.event {
            What::HfCreated { hf_job, flavor, .. } => Some((hf_job, flavor.as_str())),
            _ => None,
        })
        .collect();
    let ran_early: Vec<_> = early
        .filter_map(|event| match &event.event {
            What::HfStage {
                hf_job,
                stage: Stage::Running,
                ..
            } => Some(flavors[hf_job]),
            _ => None,
        })
        .collect();
    assert!(!ran_early.is_empty() && ran_early.iter().all(|flavor| *flavor == "cpu-basic"));
}
