//! The account of a recording: what is missing, failed, doubled, late and out of order, by job.

use scenarios::recording::{Account, FindingKind, Import, import};
use serde_json::{Value, json};

/// A delivery of GitHub's log: seconds after the start, job, action, GUID and the log's status.
fn entry(
    at: u64,
    job: u64,
    action: &str,
    guid: &str,
    status: (&str, u64),
    redelivery: bool,
    happened: u64,
) -> Value {
    let time = |seconds: u64| {
        format!(
            "2026-06-03T{:02}:{:02}:{:02}Z",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    };
    let happened = time(happened);
    json!({
        "guid": guid, "delivered_at": time(at), "redelivery": redelivery, "status": status.0, "status_code": status.1,
        "event": "workflow_job",
        "request": {"headers": {}, "payload": {
            "action": action,
            "workflow_job": {"id": job, "run_id": 10, "run_attempt": 1, "name": format!("job {job}"), "labels": [],
                "created_at": happened, "started_at": happened, "completed_at": happened, "conclusion": null},
            "repository": {"full_name": "acme/tool"}, "installation": {"id": 7},
        }},
    })
}

fn good(at: u64, job: u64, action: &str) -> Value {
    entry(
        at,
        job,
        action,
        &format!("{job}-{action}"),
        ("OK", 200),
        false,
        at,
    )
}

fn account(entries: &[Value]) -> Account {
    let found = import("log.json", &Value::from(entries.to_vec()).to_string(), None);
    assert_eq!(found.refused, []);
    Account::of(&Import::merged("log", &[found]))
}

/// The findings of the only job, as kind and action.
fn findings(entries: &[Value]) -> Vec<(FindingKind, String)> {
    let account = account(entries);
    assert_eq!(account.jobs.len(), 1);
    let findings = account.jobs[0].findings.iter();
    findings
        .inspect(|finding| assert!(!finding.what.is_empty() && finding.means.len() > 20))
        .map(|finding| (finding.kind, finding.action.clone()))
        .collect()
}

fn kinds(expected: &[(FindingKind, &str)]) -> Vec<(FindingKind, String)> {
    expected
        .iter()
        .map(|(kind, action)| (*kind, (*action).to_owned()))
        .collect()
}

#[test]
fn a_whole_life_has_no_findings() {
    let life = [
        good(0, 7, "queued"),
        good(40, 7, "in_progress"),
        good(90, 7, "completed"),
    ];
    assert_eq!(findings(&life), []);
}

#[test]
fn each_kind_of_oddity_is_found() {
    use FindingKind::{Doubled, Failed, Late, Missing, OutOfOrder};
    let (queued, started, ended) = (
        good(0, 7, "queued"),
        good(40, 7, "in_progress"),
        good(90, 7, "completed"),
    );
    let failed = entry(0, 7, "queued", "7-queued", ("Bad Gateway", 502), false, 0);
    let again = entry(30, 7, "queued", "7-queued", ("OK", 200), true, 0);
    let late = entry(90, 7, "completed", "7-completed", ("OK", 200), false, 5);
    let early = good(0, 7, "in_progress");
    for (what, entries, expected) in [
        (
            "no end",
            vec![queued.clone(), started.clone()],
            vec![(Missing, "completed")],
        ),
        (
            "no start",
            vec![queued.clone(), ended.clone()],
            vec![(Missing, "in_progress")],
        ),
        (
            "no beginning",
            vec![started.clone(), ended.clone()],
            vec![(Missing, "queued")],
        ),
        (
            "stuck",
            vec![queued.clone()],
            vec![(Missing, "in_progress"), (Missing, "completed")],
        ),
        (
            "failed for good",
            vec![failed.clone(), started.clone(), ended.clone()],
            vec![(Failed, "queued")],
        ),
        (
            "failed and redelivered",
            vec![failed, again.clone(), started.clone(), ended.clone()],
            vec![(Failed, "queued")],
        ),
        (
            "doubled",
            vec![queued.clone(), again, started.clone(), ended.clone()],
            vec![(Doubled, "queued")],
        ),
        (
            "late",
            vec![queued, started, late],
            vec![(Late, "completed")],
        ),
        (
            "out of order",
            vec![early, good(5, 7, "queued"), ended],
            vec![(OutOfOrder, "queued")],
        ),
    ] {
        assert_eq!(findings(&entries), kinds(&expected), "{what}");
    }
}

#[test]
fn a_repetition_of_what_was_known_is_not_late_and_says_what_it_may_not_do() {
    let again = entry(7200, 7, "queued", "7-queued", ("OK", 200), true, 0);
    let life = [
        good(0, 7, "queued"),
        good(40, 7, "in_progress"),
        good(90, 7, "completed"),
        again,
    ];
    assert_eq!(findings(&life), kinds(&[(FindingKind::Doubled, "queued")]));
    let account = account(&life);
    let means = &account.jobs[0].findings[0].means;
    assert!(means.contains("had ended, by the last of them"), "{means}");
}

#[test]
fn a_job_that_was_cancelled_or_skipped_need_not_have_started() {
    let mut ended = good(90, 7, "completed");
    ended["request"]["payload"]["workflow_job"]["conclusion"] = json!("cancelled");
    assert_eq!(findings(&[good(0, 7, "queued"), ended]), []);
}

#[test]
fn a_job_that_had_a_runner_or_was_never_queued_is_not_excused_by_its_cancellation() {
    use FindingKind::Missing;
    let cancelled = |runner: Value| {
        let mut ended = good(90, 7, "completed");
        let job = &mut ended["request"]["payload"]["workflow_job"];
        (job["conclusion"], job["runner_name"]) = (json!("cancelled"), runner);
        ended
    };
    for (what, entries, missing) in [
        (
            "it ran",
            vec![good(40, 7, "in_progress"), cancelled(json!("r1"))],
            vec!["queued"],
        ),
        (
            "nothing before the end",
            vec![cancelled(Value::Null)],
            vec!["queued"],
        ),
        (
            "on a runner",
            vec![cancelled(json!("r1"))],
            vec!["queued", "in_progress"],
        ),
        (
            "queued, then on a runner",
            vec![good(0, 7, "queued"), cancelled(json!("r1"))],
            vec!["in_progress"],
        ),
    ] {
        let expected: Vec<_> = missing
            .into_iter()
            .map(|action| (Missing, action))
            .collect();
        assert_eq!(findings(&entries), kinds(&expected), "{what}");
    }
    let mut skipped = cancelled(Value::Null);
    skipped["request"]["payload"]["workflow_job"]["conclusion"] = json!("skipped");
    assert_eq!(findings(&[skipped]), []);
}

#[test]
fn a_failed_attempt_says_how_and_when_it_was_made_good() {
    let failed = entry(
        1,
        7,
        "queued",
        "g",
        ("failed to connect to host", 502),
        false,
        0,
    );
    let again = entry(2401, 7, "queued", "g", ("OK", 200), true, 0);
    let account = account(&[good(0, 8, "queued"), failed, again]);
    assert_eq!(account.count(FindingKind::Failed), 1);
    let job = account.jobs.iter().find(|job| job.job == 7).unwrap();
    let failed = job
        .findings
        .iter()
        .find(|it| it.kind == FindingKind::Failed)
        .unwrap();
    assert_eq!(
        failed.what,
        "`queued` at 1s failed (502 failed to connect to host), delivered 40m later"
    );
    let late = job
        .findings
        .iter()
        .find(|it| it.kind == FindingKind::Late)
        .unwrap();
    assert_eq!(late.what, "`queued` at 40m1s came 40m1s late");
    assert_eq!(account.other_deliveries, 0);
}
