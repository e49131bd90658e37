//! The same of recorded jobs, which are lent HF jobs.

use std::fmt::Write as _;

use fakes::{
    history::{CallAbout, Caller, What},
    ids::{CallId, EventId, RunnerId},
};
use scenarios::plan::Plan;

use super::{JIT, LABEL, MINUTE, OTHER_LABEL, REPO, SECOND, Written, hf, plan_of};
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
        history.started(120 * MINUTE, 1, None);
        let expected = if is_late {
            Said::Violated(queued)
        } else {
            Said::Held
        };
        assert_eq!(says(history, &[1], SERVED), expected);
    }
}

/// J1 is lent H1, J2 is lent H2; H2 ends; and J2 starts on H1.
fn changed_places() -> Written {
    let mut history = Written::new();
    for job in [1, 2] {
        history.queued(0, job, LABEL);
        history.created(SECOND, job, LABEL);
    }
    history.online(MINUTE, 1);
    history.online(2 * MINUTE, 2);
    history.ended(5 * MINUTE, 2);
    history.started(10 * MINUTE, 2, Some(1));
    history
}

#[test]
fn two_recorded_jobs_change_places_when_one_starts_on_what_the_other_is_lent() {
    for property in [SERVED, SUPPLY] {
        let mut history = changed_places();
        history.started(120 * MINUTE, 1, None);
        assert_eq!(says(history, &[1, 2], property), Said::Held, "{property}");
    }
}

#[test]
fn a_job_that_is_lent_nothing_undoes_the_loan_of_what_it_starts_on() {
    for property in [SERVED, SUPPLY] {
        // J2 is GitHub's to give to a runner.
        let mut history = changed_places();
        history.started(120 * MINUTE, 1, None);
        let ended = history.0.iter().find_map(|event| match &event.event {
            What::HfStage { .. } => Some(event.id),
            _ => None,
        });
        let expected = match property {
            // J2 waited behind J1, whose demand the loan had taken out.
            SERVED => EventId(4),
            _supply => ended.unwrap(),
        };
        assert_eq!(
            says(history, &[1], property),
            Said::Violated(expected),
            "{property}"
        );
    }
}

#[test]
fn a_job_whose_loan_was_undone_is_lent_the_next_that_idles() {
    for (property, is_renewed) in [
        (SERVED, true),
        (SERVED, false),
        (SUPPLY, true),
        (SUPPLY, false),
    ] {
        let mut history = Written::new();
        history.queued(0, 1, LABEL);
        let other = history.queued(SECOND, 2, LABEL);
        history.created(2 * SECOND, 1, LABEL);
        history.online(MINUTE, 1);
        history.started(MINUTE, 2, Some(1));
        if is_renewed {
            history.created(4 * MINUTE, 2, LABEL);
            history.online(5 * MINUTE, 2);
        }
        history.started(120 * MINUTE, 1, None);
        // The place that J1 leaves is the first; its own demand stands there no more.
        let expected = if is_renewed {
            Said::Held
        } else {
            Said::Violated(other)
        };
        assert_eq!(
            says(history, &[1], property),
            expected,
            "{property} {is_renewed}"
        );
    }
}

#[test]
fn a_job_whose_hf_job_serves_another_lane_demands_anew() {
    for (start, is_late) in [(50 * MINUTE, false), (50 * MINUTE + 1, true)] {
        for property in [SERVED, SUPPLY] {
            let mut history = Written::new();
            history.queued(0, 1, LABEL);
            history.queued(0, 2, OTHER_LABEL);
            history.created(SECOND, 1, LABEL);
            history.created(SECOND, 2, OTHER_LABEL);
            history.online(MINUTE, 1);
            let lost = history.started(20 * MINUTE, 2, Some(1));
            history.started(start, 1, None);
            let expected = match property {
                _ if is_late => Said::Violated(lost),
                SERVED => Said::Held,
                // What works for somebody else was no supply any more.
                _supply => Said::NotExercised,
            };
            assert_eq!(
                says(history, &[1], property),
                expected,
                "{property} {start}"
            );
        }
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
fn an_hf_job_that_hides_its_lane_is_lent_to_nobody() {
    let mut history = Written::new();
    let queued = history.queued(0, 1, LABEL);
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
    history.started(120 * MINUTE, 1, None);
    assert_eq!(says(history, &[1], SERVED), Said::Violated(queued));
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
