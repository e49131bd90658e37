//! What the history tells of faults: their windows, what they held back and let go, how often they could strike.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, Length, Only, RunnerPoint, Shift, Window,
    history::{Closed, Event, What},
};
use serde_json::{Value, json};

use crate::lab::Lab;
use vocabulary::{Moment, Outage};

fn seconds(seconds: u64) -> Length {
    Length::fixed(Duration::from_secs(seconds))
}

fn rule(place: &str, effect: Effect) -> FaultRule {
    FaultRule::always(place, effect)
}

fn answer(status: u16) -> Effect {
    Effect::Answer(vocabulary::Answer::of(status, ""))
}

async fn list_runners(lab: &Lab) {
    let token = lab.token().await;
    let path = "/repos/octo/app/actions/runners";
    lab.github("GET", path, &token, Value::Null).await;
}

/// When each rule opened and closed, in seconds, and why.
fn windows(lab: &Lab) -> Vec<(usize, u64, Option<Closed>)> {
    let window = |event: Event| match event.event {
        What::FaultOpened { fault } => Some((fault, event.at_ms / 1000, None)),
        What::FaultClosed { fault, why } => Some((fault, event.at_ms / 1000, Some(why))),
        _ => None,
    };
    lab.events().into_iter().filter_map(window).collect()
}

/// Each release: the effect that held, when it struck and when it let go, in milliseconds.
fn releases(lab: &Lab) -> Vec<(String, u64, u64)> {
    let history = lab.world.history();
    let release = |event: Event| {
        let What::FaultReleased { fault, strike, .. } = event.event else {
            return None;
        };
        let applied = history.get(strike).unwrap();
        let What::FaultApplied {
            fault: of, effect, ..
        } = applied.event
        else {
            panic!("{applied:?} is no strike");
        };
        assert_eq!((of, event.because), (fault, Some(strike)));
        Some((effect, applied.at_ms, event.at_ms))
    };
    lab.events().into_iter().filter_map(release).collect()
}

/// Reached, matched, open, occasions and strikes of each rule.
fn counts(lab: &Lab) -> Vec<[u64; 5]> {
    lab.world.faults().count();
    let count = |event: Event| match event.event {
        What::FaultCounted {
            reached,
            matched,
            open,
            occasions,
            strikes,
            ..
        } => Some([reached, matched, open, occasions, strikes]),
        _ => None,
    };
    lab.events().into_iter().filter_map(count).collect()
}

#[tokio::test(start_paused = true)]
async fn a_window_opens_and_closes_in_the_history_with_the_reason() {
    let lab = Lab::new();
    let faults = lab.world.faults();
    let limited = FaultRule {
        times: Some(2),
        ..rule("github.list-runners", answer(500))
    };
    let shut = FaultRule {
        open: false,
        ..rule("hf.list", answer(500))
    };
    faults.install(vec![limited, shut, rule("hf.inspect", answer(500))]);
    let window = Window {
        from: Some(Duration::from_secs(10)),
        until: Some(Duration::from_secs(20)),
    };
    faults.add_within(rule("hf.cancel", answer(500)), window);
    let removed = faults.add(rule("hf.cancel", answer(500)));
    lab.sleep(5.0).await;
    list_runners(&lab).await;
    list_runners(&lab).await;
    faults.remove(removed);
    lab.sleep(25.0).await;
    faults.open(1);
    faults.heal();
    assert_eq!(
        windows(&lab),
        [
            (0, 0, None),
            (2, 0, None),
            (4, 0, None),
            (0, 5, Some(Closed::Times)),
            (4, 5, Some(Closed::Removed)),
            (3, 10, None),
            (3, 20, Some(Closed::Window)),
            (1, 30, None),
            (1, 30, Some(Closed::Heal)),
            (2, 30, Some(Closed::Heal)),
        ],
        "each once, and what never opened does not close"
    );
    let last = lab
        .events()
        .into_iter()
        .rfind(|event| matches!(event.event, What::FaultApplied { fault: 0, .. }));
    let closed = lab
        .find(|what| {
            matches!(
                what,
                What::FaultClosed {
                    why: Closed::Times,
                    ..
                }
            )
        })
        .unwrap();
    assert_eq!(closed.because, Some(last.unwrap().id), "by its last strike");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_was_held_or_delayed_is_released_when_it_goes_on() {
    let lab = Lab::new();
    lab.world.faults().install(vec![
        rule("webhook", Effect::Hold),
        rule("webhook", Effect::Delay(seconds(5))),
    ]);
    lab.sleep(1.0).await;
    let job = lab.queue("J1", &["a"]);
    lab.sleep(30.0).await;
    assert_eq!(releases(&lab), []);
    lab.world.faults().close(0);
    lab.sleep(10.0).await;
    assert_eq!(
        releases(&lab),
        [
            ("hold".to_owned(), 1_000, 31_000),
            ("delay".to_owned(), 1_000, 36_000)
        ]
    );
    let sent = lab
        .find(|what| matches!(what, What::DeliverySent { .. }))
        .unwrap();
    let What::DeliverySent { delivery: sent, .. } = sent.event else {
        unreachable!()
    };
    for event in lab.events() {
        if let What::FaultReleased {
            delivery, job: of, ..
        }
        | What::FaultApplied {
            delivery, job: of, ..
        } = event.event
        {
            assert_eq!((delivery, of), (Some(sent), Some(job)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_delayed_is_released_before_its_answer() {
    let lab = Lab::new();
    lab.world
        .faults()
        .install(vec![rule("github.list-runners", Effect::Delay(seconds(7)))]);
    list_runners(&lab).await;
    assert_eq!(releases(&lab), [("delay".to_owned(), 0, 7_000)]);
    let events = lab.events();
    let released = events
        .iter()
        .position(|event| matches!(event.event, What::FaultReleased { .. }))
        .unwrap();
    let What::FaultReleased { call, .. } = events[released].event else {
        unreachable!()
    };
    let What::CallAnswered { call: answered, .. } = events[released + 1].event else {
        panic!("{:?} follows a release", events[released + 1]);
    };
    assert_eq!(call, Some(answered));
}

#[tokio::test(start_paused = true)]
async fn hardware_that_was_delayed_or_held_is_released_before_the_job_runs() {
    let lab = Lab::new();
    lab.world.faults().install(vec![
        rule("hf.schedule", Effect::Delay(seconds(100))),
        rule("hf.schedule", Effect::Hold),
    ]);
    let id = lab.launch("r1", &["a"]).await;
    lab.sleep(500.0).await;
    lab.world.faults().close(1);
    lab.sleep(100.0).await;
    let found = releases(&lab);
    let names: Vec<&str> = found.iter().map(|(effect, ..)| effect.as_str()).collect();
    assert_eq!(names, ["delay", "hold"]);
    assert_eq!(found[1].2, 500_000);
    let applied = lab.find(|what| matches!(what, What::FaultApplied { .. }));
    let What::FaultApplied {
        hf_job,
        flavor,
        repo,
        ..
    } = applied.unwrap().event
    else {
        unreachable!()
    };
    assert_eq!(hf_job, Some(id));
    assert_eq!(flavor.as_deref(), Some("cpu-basic"));
    assert_eq!(repo.as_deref(), Some("octo/app"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_network_is_released_when_it_is_back() {
    let lab = Lab::new();
    let outage = Effect::LoseNetwork(Outage {
        at: RunnerPoint::InJob,
        after: seconds(10),
        lasts: seconds(30),
    });
    lab.world.faults().install(vec![rule("runner", outage)]);
    lab.queue("J1", &["a"]);
    let id = lab.launch("r1", &["a"]).await;
    lab.sleep(200.0).await;
    assert_eq!(
        releases(&lab),
        [("lose_network".to_owned(), 50_000, 80_000)]
    );
    let applied = lab.find(|what| matches!(what, What::FaultApplied { .. }));
    let What::FaultApplied { hf_job, runner, .. } = applied.unwrap().event else {
        unreachable!()
    };
    let online = lab.find(|what| matches!(what, What::RunnerOnline { .. }));
    let What::RunnerOnline { runner: online, .. } = online.unwrap().event else {
        unreachable!()
    };
    assert_eq!((hf_job, runner), (Some(id), Some(online)));
}

#[tokio::test(start_paused = true)]
async fn a_rule_counts_what_came_its_way_and_what_it_could_have_struck() {
    let lab = Lab::new();
    let only = |repo: &str| Only {
        repo: Some(repo.to_owned()),
        ..Only::default()
    };
    let busy = Effect::Pretend([("busy", json!(false))].into());
    lab.world.faults().install(vec![
        FaultRule {
            times: Some(1),
            ..rule("github.list-runners", busy.clone())
        },
        rule("hf.cancel", answer(500)),
        FaultRule {
            only: only("octo/other"),
            ..rule("github.list-runners", answer(500))
        },
        FaultRule {
            open: false,
            ..rule("github.list-runners", answer(500))
        },
        FaultRule {
            chance: Some(0.0),
            ..rule("github.list-runners", answer(500))
        },
        FaultRule {
            times: Some(2),
            ..rule("github.list-runners", Effect::Stale(seconds(1)))
        },
    ]);
    for _ in 0..3 {
        list_runners(&lab).await;
    }
    assert_eq!(
        counts(&lab),
        [
            [3, 3, 3, 0, 0], // what it says is true: nobody is busy
            [0, 0, 0, 0, 0], // its call is never made
            [3, 0, 0, 0, 0], // another repository
            [3, 3, 0, 0, 0], // it was shut
            [3, 3, 3, 3, 0], // unlucky draws
            [3, 3, 2, 2, 2], // struck for the last of its times
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_rule_decides_is_no_occasion_for_a_later_one() {
    let lab = Lab::new();
    assert_eq!(lab.jit("r1", &["a"]).await.status, 201);
    lab.world.faults().install(vec![
        rule("github.list-runners", answer(500)),
        rule("github.list-runners", answer(502)),
        rule(
            "github.list-runners",
            Effect::Pretend([("busy", json!(true))].into()),
        ),
    ]);
    list_runners(&lab).await;
    assert_eq!(
        counts(&lab),
        [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]
    );
}

#[tokio::test(start_paused = true)]
async fn a_moment_of_a_runners_life_that_never_comes_is_no_occasion() {
    let die = |at| {
        Effect::Die(Moment {
            at,
            after: seconds(0),
        })
    };
    for (at, counted) in [
        (RunnerPoint::InJob, [1, 1, 1, 0, 0]),
        (RunnerPoint::Listening, [1, 1, 1, 1, 1]),
    ] {
        let lab = Lab::new();
        let once = FaultRule {
            times: Some(1),
            ..rule("runner", die(at))
        };
        lab.world.faults().install(vec![once]);
        lab.launch("r1", &["a"]).await;
        lab.sleep(300.0).await;
        assert_eq!(counts(&lab), [counted], "{at:?}");
        let is_closed = windows(&lab).contains(&(0, 40, Some(Closed::Times)));
        assert_eq!(is_closed, counted[4] == 1, "{:?}", windows(&lab));
    }
}

#[tokio::test(start_paused = true)]
async fn a_strike_names_the_call_the_run_and_the_runner_it_concerns() {
    let lab = Lab::new();
    let job = lab.queue("J1", &["a"]);
    let run = lab.world.github().run_of(job).unwrap();
    assert_eq!(lab.jit("r1", &["a"]).await.status, 201);
    let runner = lab.world.github().runners()[0].runner;
    let named = Only {
        job: Some(vec!["J1".to_owned()]),
        ..Only::default()
    };
    lab.world.faults().install(vec![
        FaultRule {
            only: named,
            ..rule("github.list-run-jobs", answer(500))
        },
        rule("github.get-runner", answer(500)),
    ]);
    let token = lab.token().await;
    for path in [
        format!("runs/{}/jobs", run.0),
        format!("runners/{}", runner.0),
    ] {
        let path = format!("/repos/octo/app/actions/{path}");
        let answer = lab.github("GET", &path, &token, Value::Null).await;
        assert_eq!(answer.status, 500);
    }
    let mut struck = Vec::new();
    for event in lab.events() {
        if let What::FaultApplied {
            call,
            run,
            runner,
            repo,
            ..
        } = event.event
        {
            assert!(call.is_some());
            struck.push((run, runner, repo.unwrap()));
        }
    }
    let repo = || "octo/app".to_owned();
    assert_eq!(
        struck,
        [(Some(run), None, repo()), (None, Some(runner), repo())]
    );
}

#[tokio::test(start_paused = true)]
async fn a_process_reaches_a_rule_once_and_a_strike_because_of_its_job_names_it() {
    let lab = Lab::new();
    let of_job = Only {
        job: Some(vec!["J1".to_owned()]),
        ..Only::default()
    };
    let lose_network = Effect::LoseNetwork(Outage {
        at: RunnerPoint::InJob,
        after: seconds(1),
        lasts: seconds(5),
    });
    lab.world.faults().install(vec![
        FaultRule {
            only: of_job.clone(),
            ..rule("runner", lose_network)
        },
        FaultRule {
            only: of_job,
            ..rule("runner", Effect::Hang)
        },
        rule("runner", Effect::WrongClock(Shift::fixed(2))),
    ]);
    let job = lab.queue("J1", &["a"]);
    lab.launch("r1", &["a"]).await;
    lab.sleep(300.0).await;
    assert_eq!(counts(&lab), [[1; 5]; 3]);
    let events = lab.events();
    let named = |wanted: &str| {
        let mut of_effect = events.iter().filter_map(|event| match &event.event {
            What::FaultApplied { effect, job, .. } if effect == wanted => Some(*job),
            _ => None,
        });
        of_effect.next().unwrap()
    };
    assert_eq!(named("lose_network"), Some(job));
    assert_eq!(named("hang"), Some(job));
    assert_eq!(named("wrong_clock"), None, "it is narrowed to no job");
    let released = lab.find(|what| matches!(what, What::FaultReleased { .. }));
    let What::FaultReleased { job: released, .. } = released.unwrap().event else {
        unreachable!()
    };
    assert_eq!(released, Some(job));
}
