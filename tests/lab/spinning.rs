//! A run always ends: dispatchers that spin, each in its own way, are ended by a count and judged as far as they came.

use std::time::Duration;

use axum::body::Body;
use dispatchlab::{
    exit::ExitStatus,
    run::{Lab, Patience, Run, RunError},
    target::{Seam, Seams},
    transport::{HttpService, Transport},
};
use fakes::{
    Limit, Spent,
    history::{Caller, What, to_json_lines},
};
use http::{Method, Request, request::Parts};
use http_body_util::BodyExt;
use scenarios::plan::Plan;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::{
    plans::{built_in, of_text, run, violations},
    seams::{Count, begin, each_asks_again, tells_nobody},
};

/// A scenario in which nobody minds many calls but the budget.
fn plan(latency: &str, budget: &str) -> Plan {
    let text = format!(
        "title: A dispatcher that spins\nworld: {{ latency: {latency} }}\n\
         timeline:\n  - at: 0s\n    queue: {{ as: J1, labels: hf-jobs-cpu-basic }}\n\
         expect: {{ settle: 5h, calls_per_job: 4000000000, budget: {{ {budget} }} }}\n"
    );
    of_text("spins.yaml", &text, 1, false)
}

/// A dispatcher that, from its first listing of HF jobs on, asks HF for these in turn and never stops.
fn asks_for_ever(paths: &'static [&'static str], every: Duration, body: usize) -> Seams {
    let began = Count::default();
    let seam: Seam = std::sync::Arc::new(move |inner: HttpService| {
        let began = began.clone();
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let (began, inner) = (began.clone(), inner.clone());
            async move {
                let (parts, sent) = request.into_parts();
                let sent = sent.collect().await?.to_bytes();
                if parts.method == Method::GET && began.add() == 0 {
                    begin(spin(parts.clone(), inner.clone(), paths, every, body));
                }
                inner.oneshot(Request::from_parts(parts, sent.into())).await
            }
        }))
    });
    Seams {
        hf: Some(seam),
        ..Seams::default()
    }
}

async fn spin(
    like: Parts,
    inner: HttpService,
    paths: &'static [&'static str],
    every: Duration,
    body: usize,
) {
    for path in paths.iter().cycle() {
        let mut parts = like.clone();
        let own = like.uri.path_and_query().unwrap().as_str();
        let whole = like.uri.to_string();
        let base = whole.strip_suffix(own).unwrap();
        parts.uri = format!("{base}{path}").parse().unwrap();
        if body > 0 {
            parts.method = Method::POST;
            let json = "application/json".parse().unwrap();
            parts.headers.insert("content-type", json);
        }
        let request = Request::from_parts(parts, Body::from("x".repeat(body)));
        let _answered = inner.clone().oneshot(request).await;
        if !every.is_zero() {
            tokio::time::sleep(every).await;
        }
    }
}

const LIST: &str = "/api/jobs/lab";

/// Runs it over both transports, each with a saboteur of its own, and gives the run and what ended it: at the same event.
fn ended(plan: &Plan, seams: impl Fn() -> Seams) -> (Run, Spent) {
    let [wire, direct] = [Transport::Wire, Transport::Direct]
        .map(|transport| Lab::new(transport, seams()).run(plan).unwrap());
    assert_eq!(
        to_json_lines(&wire.events).unwrap(),
        to_json_lines(&direct.events).unwrap()
    );
    let spent = wire.outcome.budget.spent.clone();
    let spent = spent.expect("the run was ended by its budget");
    assert_eq!(direct.outcome.budget, wire.outcome.budget);
    assert!(!wire.outcome.settled);
    let last = wire.events.last().unwrap();
    assert_eq!(last.event, What::WorldEnded { settled: false });
    assert_eq!(last.at_ms, spent.at_ms, "it was ended there and then");
    (wire, spent)
}

#[test]
fn calls_of_one_name_end_a_run_undecided_and_are_named() {
    // Without latency a call over `direct` never lets go of the thread.
    for latency in ["1ms..20ms", "0s"] {
        let plan = plan(latency, "calls_of_one: 400");
        let seams = || asks_for_ever(&[LIST], Duration::ZERO, 0);
        let (run, spent) = ended(&plan, seams);
        assert_eq!(spent.budget, Limit::CallsOfOne);
        assert_eq!((spent.call.as_deref(), spent.count), (Some("hf.list"), 400));
        let said = spent.to_string();
        assert!(
            said.starts_with("it made 400 calls of `hf.list` in ")
                && said.ends_with(" s of its time"),
            "{said}"
        );
        assert_eq!(violations(&run), Vec::<String>::new());
        assert_eq!(run.outcome.status(), ExitStatus::Undecided);
    }
}

#[test]
fn calls_of_several_names_end_a_run_together() {
    let plan = plan("0s", "calls: 500, calls_of_one: 400");
    let seams = || asks_for_ever(&[LIST, "/api/jobs/hardware"], Duration::ZERO, 0);
    let (run, spent) = ended(&plan, seams);
    assert_eq!(violations(&run), Vec::<String>::new());
    assert_eq!(
        (spent.budget, spent.call, spent.count),
        (Limit::Calls, None, 500)
    );
    assert_eq!(run.outcome.budget.used.calls, 500);
    assert_eq!(run.outcome.status(), ExitStatus::Undecided);
}

#[test]
fn a_dispatcher_that_is_just_slow_enough_for_calls_spends_its_events() {
    let plan = plan("0s", "events: 3000");
    let second = Duration::from_secs(1);
    let (run, spent) = ended(&plan, || asks_for_ever(&[LIST], second, 0));
    assert_eq!((spent.budget, spent.count), (Limit::Events, 3_000));
    assert!(
        spent
            .to_string()
            .starts_with("its history came to 3,000 events in")
    );
    assert_eq!(run.outcome.status(), ExitStatus::Undecided);
}

#[test]
fn a_dispatcher_that_sends_much_spends_its_bytes() {
    let plan = plan("0s", "bytes: 5M");
    // Seldom enough that nobody minds how often it is refused.
    let seldom = Duration::from_secs(300);
    let (run, spent) = ended(&plan, || asks_for_ever(&[LIST], seldom, 300_000));
    assert_eq!(spent.budget, Limit::Bytes);
    assert!((5_000_000..5_400_000).contains(&spent.count), "{spent}");
    assert!(run.events.len() < 1_000, "{}", run.events.len());
    assert_eq!(run.outcome.status(), ExitStatus::Undecided);
}

#[test]
fn what_was_broken_before_the_end_stays_broken() {
    let mut plan = plan("0s", "calls_of_one: 5000");
    plan.expect.calls_per_job = std::num::NonZeroU32::MIN;
    let (run, spent) = ended(&plan, || asks_for_ever(&[LIST], Duration::ZERO, 0));
    assert_eq!(spent.count, 5_000);
    let violated = run.outcome.verdicts.violated();
    assert_eq!(
        violated.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["right-retry"]
    );
    assert_eq!(run.outcome.status(), ExitStatus::Violated);
}

#[test]
fn a_dispatcher_that_spins_without_a_call_is_given_up_without_a_verdict() {
    let seam: Seam = std::sync::Arc::new(|_: HttpService| {
        BoxCloneSyncService::new(service_fn(|_: Request<Body>| async {
            loop {
                tokio::task::yield_now().await;
            }
        }))
    });
    let seams = Seams {
        hf: Some(seam),
        ..Seams::default()
    };
    let lab = Lab::new(Transport::Wire, seams).with_patience(Patience::of(Duration::from_secs(2)));
    let error = lab.run(&plan("0s", "")).unwrap_err();
    let RunError::Stalled {
        for_s: 2, events, ..
    } = error
    else {
        panic!("{error}");
    };
    assert!(events > 3, "{error}");
    let said = error.to_string();
    assert!(
        said.contains("nothing has happened for 2 s of real time"),
        "{said}"
    );
}

#[test]
fn a_log_that_grows_for_ever_ends_a_run_too() {
    let text = "title: t\ntimeline:\n  - at: 0s\n    queue: { as: A, labels: hf-jobs-cpu-basic }\n\
        faults:\n  - { to: hf.schedule, stuck: { every: 1ms } }\nexpect: { budget: { bytes: 2M } }\n";
    let run = run(&of_text("grows.yaml", text, 1, false), Seams::default());
    let spent = run.outcome.budget.spent.clone().unwrap();
    assert_eq!(spent.budget, Limit::Bytes);
}

/// Twenty jobs for which HF refuses every create, for six hours.
const CREATES_FAIL: &str = "title: t
timeline:
  - at: 0s
    queue: { jobs: 20, as: A, labels: hf-jobs-cpu-basic, runs_for: 1m }
faults:
  - { to: hf.create, answer: { status: 500 } }
expect: { bound: 6h }
";

#[test]
fn a_retry_storm_of_twenty_jobs_is_ended_by_its_events_and_judged_as_far_as_it_came() {
    let plan = of_text("create-500.yaml", CREATES_FAIL, 1, false);
    let storm = Seams {
        github: tells_nobody(),
        hf: each_asks_again(Duration::from_secs(5), usize::MAX),
        webhooks: None,
    };
    let run = Lab::new(Transport::Direct, storm).run(&plan);
    let outcome = run.unwrap().outcome;
    let spent = outcome.budget.spent.as_ref().unwrap();
    assert_eq!((spent.budget, spent.count), (Limit::Events, 110_000));
    // Both bounds were over by then; and the first minute of a storm is enough to see one.
    let violated = outcome.verdicts.violated();
    let names: Vec<&str> = violated.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["served-or-told", "supply-covers-demand", "right-retry"]
    );
    let more = |name: &str| violated.iter().find(|(of, _)| *of == name).unwrap().1.more;
    assert_eq!(more("served-or-told"), 19, "each of the twenty");
    assert_eq!(more("supply-covers-demand"), 19);
    assert!(outcome.budget.used.calls < 1_000, "it does not spin");
    assert_eq!(outcome.status(), ExitStatus::Violated);
}

/// The reference tries for all of them by one, and tells them within the hour.
#[test]
fn creates_that_fail_for_hours_are_no_storm() {
    let plan = of_text("create-500.yaml", CREATES_FAIL, 1, false);
    let run = run(&plan, Seams::default());
    assert_eq!(violations(&run), Vec::<String>::new());
    assert_far_from_spent("creates fail", &run);
}

/// Sixty calls an hour for its repository, and eight for each job.
#[test]
fn where_nothing_goes_wrong_few_calls_are_made() {
    for (jobs, steps) in [
        (
            1,
            "{ at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 3h } }",
        ),
        (
            20,
            "{ at: 0s..1h, queue: { as: J, jobs: 20, labels: hf-jobs-cpu-basic, runs_for: 10s..10m } }",
        ),
    ] {
        let text = format!(
            "title: Calm\nworld: {{ dispatcher: {{ job_timeout: 6h }} }}\ntimeline:\n  - {steps}\n"
        );
        let run = run(&of_text("calm.yaml", &text, 1, false), Seams::default());
        assert_eq!(violations(&run), Vec::<String>::new());
        let by_dispatcher = |what: &What| {
            matches!(
                what,
                What::CallReceived {
                    by: Caller::Dispatcher,
                    ..
                }
            )
        };
        let calls = run
            .events
            .iter()
            .filter(|event| by_dispatcher(&event.event))
            .count() as u64;
        let minutes = run.events.last().unwrap().at_ms.div_ceil(60_000);
        assert!(
            calls <= minutes + 8 * jobs,
            "{calls} calls in {minutes} min for {jobs} jobs"
        );
        assert!(calls > 20, "{calls} were seen");
    }
}

#[test]
fn a_run_of_the_corpus_uses_less_than_a_fifth_of_each_budget() {
    for entry in scenarios::corpus() {
        for seed in 1..=2 {
            let run = run(&built_in(entry.name, seed, true), Seams::default());
            assert_far_from_spent(entry.name, &run);
        }
    }
}

#[test]
fn a_day_of_many_jobs_is_as_far_from_its_budget_as_one_job() {
    let text = "title: t\ntimeline:\n  - at: 0s..10m\n    queue: { jobs: 120, as: A, labels: hf-jobs-cpu-basic }\n";
    let run = run(&of_text("many.yaml", text, 1, false), Seams::default());
    assert_far_from_spent("120 jobs", &run);
    // What each of the jobs took is far from what each of them may take: so it stays with a hundred times as many.
    let events_of_each = run.outcome.budget.used.events / 120;
    assert!(events_of_each * 5 < 500, "{events_of_each}");
    let calls_of_each = run.outcome.budget.used.calls / 120;
    assert!(calls_of_each * 5 < 100, "{calls_of_each}");
    let bytes_of_each = run.outcome.budget.used.bytes / 120;
    assert!(bytes_of_each < 100_000, "{bytes_of_each}");
}

fn assert_far_from_spent(name: &str, run: &Run) {
    let spending = &run.outcome.budget;
    assert_eq!(spending.spent, None, "{name}");
    let (used, budget) = (spending.used, spending.budget);
    assert_eq!(used.events, run.events.len() as u64, "{name}");
    let parts = [
        ("events", used.events, budget.events),
        ("calls", used.calls, budget.calls),
        ("calls_of_one", used.calls_of_one, budget.calls_of_one),
        ("bytes", used.bytes, budget.bytes),
    ];
    for (part, used, budget) in parts {
        assert!(
            used > 0 && used * 5 < budget,
            "{name}: {used} of {budget} {part}"
        );
    }
}
