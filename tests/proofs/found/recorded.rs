//! The same of recorded jobs, which are lent HF jobs.

use std::fmt::Write as _;

use fakes::{
    history::{CallAbout, Caller, What},
    ids::{CallId, RunnerId},
};
use scenarios::plan::Plan;

use super::written::{JIT, LABEL, MINUTE, OTHER_LABEL, REPO, SECOND, Written, hf, plan_of};
use crate::{agreement::said_by, oracles::Said};

const SERVED: &str = "served-or-told";
const SUPPLY: &str = "supply-covers-demand";

/// One whose recording starts the jobs of these numbers.
fn plan(jobs: &[u64]) -> Plan {
    let mut text = "timeline:\n".to_owned();
    for job in jobs {
        let workflow_job = format!(
            "{{ id: {job}, run_id: {job}, run_attempt: 1, name: J{job}, status: in_progress, labels: [{LABEL}] }}"
        );
        let repository =
            format!("{{ id: 71, name: app, full_name: {REPO}, owner: {{ login: octo, id: 61 }} }}");
        let _ = writeln!(
            text,
            "  - {{ at: 0s, deliver: {{ learn: true, payload: {{ action: in_progress, workflow_job: {workflow_job}, repository: {repository}, installation: {{ id: 51 }} }} }} }}"
        );
    }
    plan_of(&text)
}

/// What both judges say of a history of recorded jobs of these numbers.
fn says(history: Written, jobs: &[u64], property: &str) -> Said {
    said_by(&history.judged_of(&plan(jobs), 300 * MINUTE, property))
}

#[test]
fn a_recorded_job_that_is_brought_nothing_in_time_is_charged_to_the_dispatcher() {
    for (online, is_late) in [(29 * MINUTE, false), (31 * MINUTE, true)] {
        let mut history = Written::new();
        let queued = history.queued(0, 1, LABEL);
        history.created(online - SECOND, 1, LABEL);
        history.online(online, 1);
        history.kept(online, 1, 1);
        history.started(120 * MINUTE, 1, None);
        let expected = if is_late {
            Said::Violated(queued)
        } else {
            Said::Held
        };
        assert_eq!(says(history, &[1], SERVED), expected);
    }
}

#[test]
fn an_idle_hf_job_that_is_kept_for_nobody_is_no_runner_of_a_recorded_job() {
    let mut history = Written::new();
    let queued = history.queued(0, 1, LABEL);
    history.created(SECOND, 1, LABEL);
    history.online(MINUTE, 1);
    history.started(120 * MINUTE, 1, None);
    assert_eq!(says(history, &[1], SERVED), Said::Violated(queued));
}

#[test]
fn a_recorded_job_whose_runner_is_given_to_another_demands_anew() {
    let ways = [
        (LABEL, SERVED),
        (OTHER_LABEL, SERVED),
        (OTHER_LABEL, SUPPLY),
    ];
    for (start, is_late) in [(50 * MINUTE, false), (50 * MINUTE + 1, true)] {
        for (label, property) in ways {
            let mut history = Written::new();
            history.queued(0, 1, LABEL);
            history.queued(0, 2, label);
            history.created(SECOND, 1, LABEL);
            history.created(SECOND, 2, label);
            history.online(MINUTE, 1);
            history.kept(MINUTE, 1, 1);
            if label == LABEL {
                history.online(MINUTE, 2);
                history.started(2 * MINUTE, 2, Some(2));
                history.queued(19 * MINUTE, 3, LABEL);
            }
            let to = if label == LABEL { 3 } else { 2 };
            let lost = history.assigned(20 * MINUTE, 1, to);
            let works = history.started(20 * MINUTE, to, Some(1));
            history.started(start, 1, None);
            // Until the other job starts, the HF job is supply like any other.
            let since = if property == SUPPLY { works } else { lost };
            let expected = if is_late {
                Said::Violated(since)
            } else {
                Said::Held
            };
            assert_eq!(
                says(history, &[1], property),
                expected,
                "{label} {property} {start}"
            );
        }
    }
}

#[test]
fn a_recorded_job_whose_runner_was_given_to_another_is_lent_the_next() {
    for (again, is_late) in [(49 * MINUTE, false), (51 * MINUTE, true)] {
        let mut history = Written::new();
        history.queued(0, 1, LABEL);
        history.queued(0, 2, OTHER_LABEL);
        history.created(SECOND, 1, LABEL);
        history.online(MINUTE, 1);
        history.kept(MINUTE, 1, 1);
        let lost = history.assigned(20 * MINUTE, 1, 2);
        history.started(20 * MINUTE, 2, Some(1));
        history.created(21 * MINUTE, 3, LABEL);
        history.online(again, 3);
        history.kept(again, 3, 1);
        history.started(120 * MINUTE, 1, Some(3));
        let expected = if is_late {
            Said::Violated(lost)
        } else {
            Said::Held
        };
        assert_eq!(says(history, &[1], SERVED), expected, "{again}");
    }
}

#[test]
fn what_is_kept_for_a_recorded_job_after_another_that_ended_is_no_supply_for_others() {
    for is_kept in [true, false] {
        let mut history = Written::new();
        history.queued(0, 1, LABEL);
        history.created(SECOND, 1, LABEL);
        history.online(MINUTE, 1);
        history.kept(MINUTE, 1, 1);
        history.ended(5 * MINUTE, 1);
        history.created(6 * MINUTE, 2, LABEL);
        history.online(7 * MINUTE, 2);
        if is_kept {
            history.kept(7 * MINUTE, 2, 1);
        }
        let short = history.queued(8 * MINUTE, 2, LABEL);
        let gone = history.started(120 * MINUTE, 1, Some(2));
        let expected = Said::Violated(if is_kept { short } else { gone });
        assert_eq!(says(history, &[1], SUPPLY), expected, "{is_kept}");
    }
}

#[test]
fn an_hf_job_works_on_the_recorded_job_that_it_takes_up() {
    for is_taken_up in [true, false] {
        let mut history = Written::new();
        history.queued(0, 1, LABEL);
        let created = history.created(SECOND, 1, LABEL);
        let started = history.started(10 * MINUTE, 1, None);
        history.online(11 * MINUTE, 1);
        if is_taken_up {
            history.assigned(11 * MINUTE, 1, 1);
        }
        history.completed(120 * MINUTE, 1, is_taken_up.then_some(1));
        history.ended(121 * MINUTE, 1);
        history.deleted(121 * MINUTE, 1);
        let expected = if is_taken_up {
            Said::Held
        } else {
            Said::Violated(started)
        };
        assert_eq!(says(history, &[1], "no-leak"), expected, "{created}");
    }
}

#[test]
fn an_hf_job_that_serves_another_lane_explains_another_at_once() {
    for more in [1, 2] {
        let mut history = Written::new();
        history.queued(0, 1, LABEL);
        history.queued(0, 2, OTHER_LABEL);
        history.created(SECOND, 1, LABEL);
        history.online(MINUTE, 1);
        // The recording has it start where GitHub would not let it.
        history.started(2 * MINUTE, 2, Some(1));
        let created = |hf_job| history.created(3 * MINUTE, hf_job, LABEL);
        let last = (3..3 + more).map(created).last().unwrap();
        let expected = if more > 1 {
            Said::Violated(last)
        } else {
            Said::Held
        };
        assert_eq!(says(history, &[2], "at-most-one"), expected, "{more}");
    }
}

#[test]
fn an_hf_job_that_hides_its_lane_is_lent_as_well() {
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    let hidden = What::HfCreated {
        hf_job: hf(1),
        call: Some(CallId(1)),
        namespace: "lab".to_owned(),
        flavor: "cpu-basic".to_owned(),
        timeout_s: 36_000,
        repo: None,
        runner_name: None,
        runner_labels: Vec::new(),
    };
    history.at(SECOND, hidden);
    let online = What::RunnerOnline {
        runner: RunnerId(1),
        hf_job: Some(hf(1)),
        credential: JIT,
    };
    history.at(MINUTE, online);
    history.kept(MINUTE, 1, 1);
    history.started(120 * MINUTE, 1, Some(1));
    assert_eq!(says(history, &[1], SERVED), Said::Held);
}

#[test]
fn an_hf_job_is_spent_once_github_says_that_its_registration_is_gone_though_it_is_not() {
    // The name of a repository that was renamed may lead to another one, which a recording tells of.
    let mut history = Written::new();
    history.queued(0, 1, LABEL);
    history.created(SECOND, 1, LABEL);
    history.online(MINUTE, 1);
    let delete = What::CallReceived {
        call: CallId(9),
        by: Caller::Dispatcher,
        name: "github.delete-runner".to_owned(),
        method: "DELETE".to_owned(),
        path: "/".to_owned(),
        credential: None,
        about: Some(Box::new(CallAbout {
            repo: Some(REPO.to_owned()),
            runner: Some(RunnerId(1)),
            ..CallAbout::default()
        })),
    };
    history.at(10 * MINUTE, delete);
    let gone = history.answered(10 * MINUTE, 9, "github.delete-runner", 404);
    history.ended(20 * MINUTE, 1);
    // What is recorded is another job.
    assert_eq!(says(history, &[2], SUPPLY), Said::Violated(gone));
}
