//! Saboteurs where a recording alone starts or ends the jobs: what a dispatcher owes them is a runner that idles.

use super::{
    Trial,
    demand::{forgetful, takes_two_for_one},
};
use crate::plans::recorded;

/// One job that only the recording starts, 40 minutes late.
fn slow() -> String {
    let started = [
        recorded("0s", 100, "queued", "null"),
        recorded("40m", 100, "in_progress", "null"),
        recorded("43m", 100, "completed", "success"),
    ];
    format!("timeline:\n{}", started.concat())
}

/// One that was cancelled after two hours in which nobody started it.
fn cancelled() -> String {
    let ended = [
        recorded("0s", 100, "queued", "null"),
        recorded("2h", 100, "completed", "cancelled"),
    ];
    format!("timeline:\n{}", ended.concat())
}

/// Two at once, which the recording starts after an hour.
fn two() -> String {
    let started: String = [100, 101]
        .map(|job| {
            [
                recorded("0s", job, "queued", "null"),
                recorded("1h", job, "in_progress", "null"),
                recorded("65m", job, "completed", "success"),
            ]
            .concat()
        })
        .concat();
    format!("timeline:\n{started}")
}

#[test]
fn served_or_told_catches_a_dispatcher_that_brings_a_recorded_job_nothing() {
    let none = "the start that served it, of job-100, came at 2410.";
    Trial::of("served-or-told", &slow()).catches(forgetful(), none);
    let none = "nothing had started when it was withdrawn at 7210.";
    Trial::of("served-or-told", &cancelled()).catches(forgetful(), none);
}

#[test]
fn supply_covers_demand_catches_a_dispatcher_that_brings_a_recorded_job_nothing() {
    let short = "had more open jobs than booting and idle runners";
    // One job alone is no occasion of it, but a breach all the same.
    Trial::of("supply-covers-demand", &two()).catches(forgetful(), short);
}

#[test]
fn one_idle_runner_does_not_do_for_two_recorded_jobs() {
    let one = "the start that served it, of job-101, came at 3610.";
    Trial::of("served-or-told", &two()).catches(takes_two_for_one(), one);
    let short = "had more open jobs than booting and idle runners";
    Trial::of("supply-covers-demand", &two()).catches(takes_two_for_one(), short);
}
