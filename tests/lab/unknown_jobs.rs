//! What became of a job is not known: its webhooks are late, the questions about it fail, its runner is gone. Not knowing is
//! no licence to launch, however long it lasts; nor may it leave anybody without a runner.

use dispatchlab::target::Seams;

use crate::plans::{of_text, run, violations};

/// Nothing is broken in any of so many seeds, each with parameters of its own.
fn held(seeds: u64, text: &str) {
    for seed in 1..=seeds {
        let plan = of_text("unknown.yaml", text, seed, true);
        let run = run(&plan, Seams::default());
        let none: Vec<String> = Vec::new();
        assert_eq!(violations(&run), none, "seed {seed}");
    }
}

/// A boot is given up only when its credential is, and replaced only when it can bring no runner any more.
#[test]
fn a_cold_start_as_long_as_a_configuration_lives_starts_nothing_twice() {
    held(
        20,
        "title: Two jobs while HF takes five minutes\n\
         params: { gap: { chosen: 60s, vary: 5s..290s } }\n\
         world: { hf: { cold_start: 5m } }\n\
         timeline:\n\
         \x20 - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 10m } }\n\
         \x20 - { at: $gap, queue: { as: J2, labels: hf-jobs-cpu-basic, runs_for: 10m } }\n",
    );
}

#[test]
fn a_runner_that_died_in_a_job_nobody_can_ask_about_is_not_replaced() {
    held(
        20,
        "title: A runner dies in its job, its webhook is late, and GitHub cannot be asked\n\
         params: { late: { chosen: 5m, vary: 1m..9m } }\n\
         timeline:\n\
         \x20 - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 10m } }\n\
         faults:\n\
         \x20 - { to: runner, times: 1, die: { at: in_job, after: 5s } }\n\
         \x20 - { to: webhook, for: { job: J1, action: in_progress }, delay: $late }\n\
         \x20 - { to: github.get-job, until: 10m, answer: { status: 502 } }\n",
    );
}

#[test]
fn calls_that_have_their_effect_and_fail_start_nothing_twice() {
    held(
        20,
        "title: Half of the calls to GitHub have their effect and are answered 502\n\
         timeline:\n\
         \x20 - { at: 0s..30m, queue: { as: J, jobs: 3, labels: hf-jobs-cpu-basic, runs_for: 1m..10m } }\n\
         faults:\n\
         \x20 - { to: github.*, chance: 50%, until: 1h, after_effect: { status: 502 } }\n",
    );
}

#[test]
fn boots_that_are_given_up_in_a_row_leave_time_for_one_that_works() {
    held(
        20,
        "title: Three HF jobs in a row never begin\n\
         timeline:\n\
         \x20 - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 1m } }\n\
         faults:\n\
         \x20 - { to: hf.schedule, times: 3, until: 25m, limbo: true }\n",
    );
}

/// More of them than a page of a list holds.
#[test]
fn all_jobs_of_a_long_lane_are_asked_about() {
    held(
        2,
        "title: Nobody is told for ten minutes that 256 jobs run\n\
         timeline:\n\
         \x20 - { at: 0s, queue: { as: J, jobs: 256, labels: hf-jobs-cpu-basic, runs_for: 30m } }\n\
         faults:\n\
         \x20 - { to: webhook, for: { action: in_progress }, delay: 10m }\n",
    );
}

#[test]
fn a_service_that_gives_no_answer_is_asked_by_one_for_all() {
    held(
        2,
        "title: HF gives nobody a machine for half an hour\n\
         timeline:\n\
         \x20 - { at: 0s, queue: { as: J, jobs: 100, labels: hf-jobs-a10g-small } }\n\
         faults:\n\
         \x20 - { to: hf.create, until: 30m, answer: { status: 503 } }\n\
         expect: { calls_per_job: 20 }\n",
    );
}

#[test]
fn a_list_that_hides_an_hf_job_for_a_while_leaves_nothing_behind() {
    held(
        20,
        "title: A create's answer is lost, and for 40 s no list shows what it made\n\
         world: { dispatcher: { job_timeout: 6h } }\n\
         timeline:\n\
         \x20 - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 3h } }\n\
         faults:\n\
         \x20 - { to: hf.create, times: 1, after_effect: reset }\n\
         \x20 - { to: hf.list, until: 40s, omit: all }\n\
         \x20 - { to: hf.schedule, times: 1, stuck: { every: 10m } }\n",
    );
}
