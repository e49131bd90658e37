//! What a person reads when a scenario has a flaw: what is wrong, where, and how to mend it.

use miette::NarratableReportHandler;
use scenarios::{Choices, Document, ScenarioError};

/// A scenario around some timeline and further sections.
fn scenario(timeline: &str, rest: &str) -> String {
    format!("title: A test\ntimeline:\n{timeline}\n{rest}\n")
}

/// The one error of a text.
fn error(text: &str) -> ScenarioError {
    Document::parse("test.yaml", text).expect_err("this text has a flaw")
}

/// The error as a terminal without colours shows it.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    NarratableReportHandler::new()
        .render_report(&mut shown, &error(text))
        .expect("a string takes any text");
    let lines = shown.lines().map(str::trim_end);
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A scenario with one sound job and these faults.
fn with_fault(fault: &str) -> String {
    scenario(JOB, &format!("faults:\n  - {fault}"))
}

const JOB: &str = "  - { at: 0s, queue: { jobs: 4, as: J, labels: hf-jobs-cpu-basic } }";

macro_rules! flaws {
    ($($claim:ident: $text:expr;)*) => {
        $(#[test]
        fn $claim() {
            insta::assert_snapshot!(shown(&$text));
        })*
    };
}

flaws! {
    a_run_holds_no_more_jobs_than_a_matrix_makes:
        scenario("  - { at: 0s, queue: { jobs: 257, as: A, run: big, labels: x } }", "");
    a_misspelt_verb_is_answered_with_the_verbs: scenario("  - at: 0s\n    queeu: { as: J1, labels: x }", "");
    a_misspelt_key_is_answered_with_the_nearest: scenario("  - { at: 0s, queue: { as: J1, lables: x } }", "");
    a_misspelt_section_is_answered_with_the_sections: scenario(JOB, "fautls: []");
    an_unknown_place_of_a_fault_is_answered_with_the_places: with_fault("{ to: hf.craete, reset: true }");
    an_unknown_effect_is_answered_with_the_effects: with_fault("{ to: webhook, dorp: logged }");
    an_effect_that_cannot_happen_there: with_fault("{ to: runner, drop: logged }");
    a_fault_without_an_effect: with_fault("{ to: webhook, times: 1 }");
    a_fault_with_two_effects: with_fault("{ to: hf.create, reset: true, no_answer: true }");
    a_fault_on_a_call_cannot_be_narrowed_to_a_job: with_fault("{ to: hf.create, for: { job: J }, reset: true }");
    no_job_narrows_what_strikes_a_runner_at_its_boot: with_fault("{ to: runner, for: { job: J }, die: { after: 10s } }");
    no_job_narrows_a_runner_that_listens: with_fault("{ to: runner, for: { job: J }, lose_network: { at: listening, for: 1m } }");
    no_job_narrows_a_runners_clock: with_fault("{ to: runner, for: { job: J }, wrong_clock: 10m }");
    no_job_narrows_the_way_to_a_session: with_fault("{ to: runner.open-session, for: { job: J }, reset: true }");
    a_call_that_names_no_repository: with_fault("{ to: github.create-token, for: { repo: octo/app }, reset: true }");
    the_runners_calls_have_names_of_their_own: with_fault("{ to: github.register-runner, reset: true }");
    the_old_name_of_the_session: with_fault("{ to: github.acquire-job, times: 1, answer: { status: 409 } }");
    an_old_name_in_a_trigger: scenario("  - { when: { call: github.finish-job }, crash: {} }", "");
    a_call_has_no_disk: with_fault("{ to: hf.create, full: true }");
    the_store_gives_no_answers: with_fault("{ to: store, answer: { status: 500 } }");
    what_is_no_stream_cannot_stall: with_fault("{ to: hf.inspect, stall: { after: 10s } }");
    a_clock_that_runs_backwards: with_fault("{ to: runner, wrong_clock: -5m..-10m }");
    an_unknown_kind_of_connection: scenario(JOB, "world: { webhooks: { connection: fresh } }");
    a_death_without_a_time: with_fault("{ to: runner, die: {} }");
    an_outage_without_an_end: with_fault("{ to: runner, lose_network: { at: in_job } }");
    an_unknown_point_of_a_runners_life: with_fault("{ to: runner, die: { at: in_jobs } }");
    a_hang_that_is_neither_true_nor_a_moment: with_fault("{ to: runner, hang: later }");
    a_call_does_not_restart: with_fault("{ to: hf.create, restart: { at: boot } }");
    a_webhook_cannot_break_off: with_fault("{ to: webhook, truncate: true }");
    an_answer_that_lists_nothing_has_nothing_to_omit: with_fault("{ to: github.get-runner, omit: all }");
    a_hold_without_an_end_keeps_hardware_back_for_ever: with_fault("{ to: hf.schedule, hold: true }");
    a_webhook_cannot_be_stuck: with_fault("{ to: webhook, stuck: { every: 10m } }");
    a_flavor_narrows_what_is_about_an_hf_job: with_fault("{ to: hf.list, for: { flavor: h200 }, reset: true }");
    no_hf_job_is_there_before_it_is_created: with_fault("{ to: hf.create, for: { hf_job: 2 }, reset: true }");
    no_list_is_about_one_runner: with_fault("{ to: github.list-runners, for: { runner: 2 }, reset: true }");
    a_process_begins_before_its_runner_is_known: with_fault("{ to: runner, for: { runner: 2 }, hang: true }");
    an_hf_job_before_the_first: with_fault("{ to: hf.schedule, for: { hf_job: 0 }, limbo: true }");
    an_hf_job_with_a_name: with_fault("{ to: hf.schedule, for: { hf_job: J1 }, limbo: true }");
    a_flavor_that_is_not_rented_out: with_fault("{ to: hf.schedule, for: { flavor: h20 }, limbo: true }");
    a_platform_that_completes_a_job: with_fault("{ to: hf.schedule, fail: { after: 5s, stage: completed } }");
    a_reason_that_hf_does_not_have: with_fault("{ to: hf.schedule, fail: { after: 5s, cancel_reason: WEATHER } }");
    quantiles_that_fall: scenario(JOB, "world: { hf: { cold_start: { default: { schedule: { p50: 20s, p95: 10s, max: 1m }, boot: 5s } } } }");
    quantiles_without_a_longest: scenario(JOB, "world: { hf: { cold_start: { default: { schedule: { p50: 20s }, boot: 5s } } } }");
    a_call_that_does_not_look_back_cannot_be_stale: with_fault("{ to: hf.create, stale: 30s }");
    a_call_cannot_be_tampered_with: with_fault("{ to: github.get-job, tamper: spaced }");
    the_runners_own_calls_have_no_answer_to_lie_in: with_fault("{ to: runner.finish-job, pretend: { status: x } }");
    a_listing_has_no_window_to_be_shuffled_in: with_fault("{ to: github.list-runners, reorder: { within: 10m } }");
    a_reorder_of_neither_kind: with_fault("{ to: webhook, reorder: {} }");
    a_path_with_a_hole: with_fault("{ to: webhook, pretend: { workflow_job..id: 0 } }");
    a_pretence_of_nothing: with_fault("{ to: webhook, pretend: {} }");
    an_omission_of_some_kind: with_fault("{ to: hf.list, omit: some }");
    an_unknown_tampering: with_fault("{ to: webhook, tamper: sorted }");
    deliveries_held_for_ever: with_fault("{ to: webhook, hold: true }");
    a_misspelt_fragment: scenario(JOB, "use: [incidents/webhooks-delayed-2024-7]");
    a_fragment_used_twice: scenario(JOB, "use: [incidents/queued-never-sent-2023-12, incidents/queued-never-sent-2023-12]");
    two_fragments_that_set_one_parameter_differently: scenario(JOB, "use: [incidents/webhook-backlog-2023-08, incidents/queued-never-sent-2023-12]");
    a_parameter_of_a_fragment_of_the_wrong_kind: scenario(JOB, "use: incidents/queued-never-sent-2023-12\nparams: { share: 5m }");
    a_plan_that_uses_a_fragment: scenario(JOB, "seed: 7\nuse: incidents/queued-never-sent-2023-12");
    half_of_no_group: with_fault("{ to: webhook, for: { half: second }, drop: logged }");
    a_job_event_without_an_action: scenario(&format!("{JOB}\n  - {{ at: 1s, deliver: {{ job: J1 }} }}"), "");
    two_things_to_deliver: scenario(&format!("{JOB}\n  - {{ at: 1s, deliver: {{ job: J1, body: x }} }}"), "");
    a_negative_time: scenario("  - { at: -5s, restart: {} }", "");
    a_bare_number_is_not_a_time: scenario("  - { at: 90, restart: {} }", "");
    a_word_is_not_a_time: scenario("  - { at: soon, restart: {} }", "");
    a_range_that_runs_backwards: scenario("  - { at: 90s..60s, restart: {} }", "");
    a_range_where_one_time_holds_for_the_run: scenario(JOB, "world: { github: { jit_config: 1m..5m } }");
    an_empty_label: scenario("  - { at: 0s, queue: { as: J1, labels: \"\" } }", "");
    labels_in_one_text: scenario("  - { at: 0s, queue: { as: J1, labels: \"gpu, linux\" } }", "");
    a_label_that_is_too_long: scenario(&format!("  - {{ at: 0s, queue: {{ as: J1, labels: {} }} }}", "x".repeat(101)), "");
    a_label_with_a_space: scenario("  - { at: 0s, queue: { as: J1, labels: [hf-jobs-cpu-basic, big one] } }", "");
    an_empty_timeline: "title: A test\ntimeline: []\n";
    no_timeline: "title: A test\n";
    an_unknown_property: scenario(JOB, "about: [served-or-tolt]");
    an_unknown_property_in_waive: scenario(JOB, "expect: { waive: { property: no-leaks, reason: r, link: l, expires: 2026-12-31 } }");
    a_waiver_of_the_old_form: scenario(JOB, "expect: { waive: { at-most-one: \"it is so\" } }");
    a_waiver_of_the_old_form_in_a_list: scenario(JOB, "expect:\n  waive:\n    - { no-leak: because }");
    a_waiver_without_an_end: scenario(JOB, "expect: { waive: { property: no-leak, reason: r, link: l } }");
    a_waiver_without_a_link: scenario(JOB, "expect: { waive: { property: no-leak, reason: r, expires: 2026-12-31 } }");
    a_waiver_that_says_nothing: scenario(JOB, "expect: { waive: { property: no-leak, reason: '', link: l, expires: 2026-12-31 } }");
    a_waiver_until_a_day_that_there_is_not: scenario(JOB, "expect: { waive: { property: no-leak, reason: r, link: l, expires: 2026-02-30 } }");
    a_waiver_until_some_month: scenario(JOB, "expect: { waive: { property: no-leak, reason: r, link: l, expires: 2026-12 } }");
    a_property_waived_twice: scenario(JOB, "expect:\n  waive:\n    - { property: no-leak, reason: r, link: l, expires: 2026-12-31 }\n    - { property: no-leak, reason: s, link: l, expires: 2026-12-31 }");
    a_waiver_that_is_a_word: scenario(JOB, "expect: { waive: no-leak }");
    a_job_that_must_start_before_its_hf_job_can: scenario(JOB, "world: { hf: { cold_start: 2m..10m } }\nexpect: { served_within: 5m }");
    a_cold_start_beyond_the_default_bound: scenario(JOB, "world: { hf: { cold_start: 40m } }");
    an_hf_job_that_must_end_before_it_can: scenario(JOB, "world: { hf: { cancel_latency: 3m, grace: 1m } }\nexpect: { reclaimed_within: 2m }");
    a_user_who_must_be_told_before_anybody_knows: scenario(JOB, "world: { latency: 5s }\nexpect: { told_within: 1s }");
    no_patience_at_all: scenario(JOB, "expect: { patience: 0 }");
    an_unknown_parameter: scenario("  - { at: $late, restart: {} }", "params: { later: { chosen: 5s } }");
    an_unknown_parameter_within_a_text: scenario("  - { at: 0s, queue: { as: J1, labels: hf-jobs-$flavour } }", "params: { flavor: cpu-basic }");
    a_parameter_of_the_wrong_kind: scenario("  - { at: $late, restart: {} }", "params: { late: 5 }");
    a_parameter_without_a_default: scenario(JOB, "params: { late: { vary: 1s..2s } }");
    a_parameter_that_varies_backwards: scenario(JOB, "params: { late: { chosen: 1s, vary: 9s..2s } }");
    a_job_that_was_never_queued: scenario("  - { at: 0s, queue: { as: J1, labels: x } }\n  - { at: 5s, cancel: { job: J2 } }", "");
    a_group_where_one_job_must_stand: scenario(&format!("{JOB}\n  - {{ when: {{ job: J, is: queued }}, restart: {{}} }}"), "");
    a_name_taken_twice: scenario(&format!("{JOB}\n  - {{ at: 0s, queue: {{ as: J3, labels: x }} }}"), "");
    two_verbs_in_one_step: scenario("  - at: 0s\n    crash: {}\n    restart: {}", "");
    no_verb_in_a_step: scenario("  - at: 0s", "");
    at_and_when_in_one_step: scenario("  - at: 0s\n    when: { hf_job: running }\n    crash: {}", "");
    neither_at_nor_when: scenario("  - crash: {}", "");
    an_unknown_flavor: scenario(JOB, "world: { hf: { cold_start: { t4-smal: 1m } } }");
    an_unknown_call: scenario("  - { when: { call: hf.creat }, crash: {} }", "");
    the_effect_of_a_call_that_only_reads: scenario("  - { when: { call: hf.list, phase: effect }, crash: {} }", "");
    it_without_a_trigger_that_matches: scenario("  - { at: 0s, runner: { die: it } }", "");
    an_unknown_repository: scenario("  - { at: 0s, queue: { as: J1, repo: octo/web, labels: x } }", "");
    not_yaml_at_all: "title: [\n  - {";
    prose: "The dispatcher forgot a job.\n";
    an_empty_file: "";
    a_key_twice: scenario(JOB, "faults: []\nfaults: []");
    an_alias: scenario("  - { at: 0s, queue: { as: J1, labels: *x } }", "");
    a_recording_that_is_not_there: scenario("  - { at: 0s, deliver: { recorded: recordings/none.jsonl } }", "");
    a_word_that_older_yaml_takes_for_a_truth_value: scenario("  - { at: 0s, queue: { as: J1, labels: x, needs_approval: yes } }", "");
    the_zeroth_match: scenario("  - { when: { hf_job: running, nth: 0 }, crash: {} }", "");
    a_word_where_a_number_must_stand: scenario("  - { at: 0s, queue: { as: J, jobs: many, labels: x } }", "");
    a_list_where_a_word_must_stand: scenario("  - { at: 0s, queue: { as: [J, K], labels: x } }", "");
    a_status_that_answers_nothing: with_fault("{ to: hf.create, answer: { status: 100 } }");
    a_number_out_of_range: with_fault("{ to: hf.create, answer: { status: 70000 } }");
}

#[test]
fn an_error_has_its_line_and_column() {
    let text = scenario("  - { at: 0s, queue: { as: J1, lables: x } }", "");
    assert_eq!(error(&text).place(), (3, 32));
    assert_eq!(error(&text).file(), "test.yaml");
    let in_param = scenario("  - { at: $late, restart: {} }", "params: { late: 5 }");
    assert_eq!(
        error(&in_param).place(),
        (3, 11),
        "a parameter's misuse is shown where it is used"
    );
}

#[test]
fn setting_a_parameter_that_does_not_exist_names_those_that_do() {
    let text = scenario("  - { at: $late, restart: {} }", "params: { late: 5s }");
    let document = Document::parse("test.yaml", &text).unwrap();
    let set = [("lat".to_owned(), "9s".to_owned())].into();
    let error = document
        .plan(&Choices {
            set,
            ..Choices::default()
        })
        .unwrap_err();
    assert_eq!(error.what(), "unknown parameter `lat`");
    assert_eq!(error.help_text(), Some("did you mean `late`? known: late"));
}
