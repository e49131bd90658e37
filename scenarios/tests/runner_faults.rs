//! The words for what befalls a runner: what they mean, and that a plan says the same.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use scenarios::{
    Choices, Document, Length, Shift, Skew,
    plan::{Effect, Moment, Outage, RunnerPoint},
};

fn scenario(effect: &str) -> String {
    format!(
        "title: A test\ntimeline:\n  - {{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic }} }}\nfaults:\n  - {{ to: runner, {effect} }}\n"
    )
}

/// The effect as a scenario says it, and as the scenario's plan says it.
fn effects(effect: &str) -> [Effect; 2] {
    let planned = |file: &str, text: &str| {
        let document = Document::parse(file, text).unwrap();
        document.plan(&Choices::default()).unwrap()
    };
    let first = planned("test.yaml", &scenario(effect));
    let again = planned("plan.json", &first.to_json());
    assert_eq!(first.to_json(), again.to_json());
    [first, again].map(|plan| plan.faults[0].effect.clone())
}

fn seconds(seconds: u64) -> Length {
    Length::millis(seconds * 1000, seconds * 1000)
}

#[test]
fn every_point_of_a_runners_life_has_a_word() {
    let points = [
        ("boot", RunnerPoint::Boot),
        ("registered", RunnerPoint::Registered),
        ("listening", RunnerPoint::Listening),
        ("in_job", RunnerPoint::InJob),
        ("after_job", RunnerPoint::AfterJob),
    ];
    for (word, at) in points {
        let moment = Moment {
            at,
            after: seconds(9),
        };
        for effect in effects(&format!("die: {{ at: {word}, after: 9s }}")) {
            assert_eq!(effect, Effect::Die(moment), "{word}");
        }
    }
}

#[test]
fn a_moment_without_a_point_is_after_the_boot_and_one_without_a_time_at_once() {
    let after_boot = Moment {
        at: RunnerPoint::Boot,
        after: Length::millis(0, 60_000),
    };
    for effect in effects("die: { after: 0s..1m }") {
        assert_eq!(effect, Effect::Die(after_boot));
    }
    let at_once = Moment {
        at: RunnerPoint::InJob,
        after: Length::default(),
    };
    for effect in effects("restart: { at: in_job }") {
        assert_eq!(effect, Effect::Restart(at_once));
    }
    for effect in effects("die: { at: boot }") {
        assert_eq!(effect, Effect::Die(Moment::default()));
    }
}

#[test]
fn a_runner_hangs_after_its_job_or_at_a_moment() {
    for effect in effects("hang: true") {
        assert_eq!(effect, Effect::Hang);
    }
    let moment = Moment {
        at: RunnerPoint::Listening,
        after: seconds(30),
    };
    for effect in effects("hang: { at: listening, after: 30s }") {
        assert_eq!(effect, Effect::Freeze(moment));
    }
}

#[test]
fn an_outage_has_a_beginning_and_a_length() {
    for effect in effects("lose_network: { for: 10m }") {
        let lasts = seconds(600);
        let Moment { at, after } = Moment::default();
        assert_eq!(effect, Effect::LoseNetwork(Outage { at, after, lasts }));
    }
    let (at, after) = (RunnerPoint::InJob, seconds(5));
    for effect in effects("lose_network: { at: in_job, after: 5s, for: 30s..50s }") {
        let lasts = Length::millis(30_000, 50_000);
        assert_eq!(effect, Effect::LoseNetwork(Outage { at, after, lasts }));
    }
}

#[test]
fn a_clock_is_ahead_or_behind_by_a_time_or_a_range_of_times() {
    let shifts = [
        ("6m", 360_000, 360_000),
        ("-6m", -360_000, -360_000),
        ("5m..6m", 300_000, 360_000),
        ("-6m..-5m", -360_000, -300_000),
        ("-5m..6m", -300_000, 360_000),
    ];
    for (text, min, max) in shifts {
        for effect in effects(&format!("wrong_clock: {text}")) {
            let (min, max) = (Skew(min), Skew(max));
            assert_eq!(effect, Effect::WrongClock(Shift { min, max }), "{text}");
        }
    }
}
