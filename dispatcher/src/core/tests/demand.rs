//! Demand: ranks, trust, what counts as queued.

use super::*;

#[test]
fn a_queued_job_gets_a_launch_once_github_confirms_the_installation() {
    let mut bench = Bench::new();
    let calls = bench.event(1, JobStatus::Queued, None);
    assert!(
        matches!(calls.as_slice(), [Command::AskInstallation { .. }]),
        "{calls:?}"
    );
    let minted = mints(bench.trust());
    assert_eq!(minted.len(), 1);
    assert_eq!(minted[0].runner, "hfjobs-7-1");
    assert_eq!(minted[0].kind, CredentialKind::Jit);
}

#[test]
fn a_foreign_installation_id_is_recorded_and_costs_nothing() {
    let mut bench = Bench::new();
    bench.event(1, JobStatus::Queued, None);
    let calls = bench.give(Input::Installation(REPO, Ok(InstallationId(9))));
    assert!(mints(calls).is_empty());
    assert!(
        bench.core.status(bench.now).closed[0]
            .reason
            .contains("installation")
    );
    let mut bench = Bench::new();
    bench.event(1, JobStatus::Queued, None);
    let calls = bench.give(Input::Installation(REPO, Err(refused(404))));
    assert!(mints(calls).is_empty());
    assert!(
        bench.core.status(bench.now).jobs[0]
            .reason
            .as_deref()
            .unwrap()
            .contains("not installed")
    );
}

#[test]
fn waiting_jobs_and_stale_waiting_events_do_not_count() {
    let mut bench = Bench::new();
    bench.event(1, JobStatus::Waiting, None);
    assert!(mints(bench.trust()).is_empty());
    assert_eq!(
        bench.queue(1, 1).len() + mints(bench.trust()).len(),
        1,
        "approved"
    );
    bench.event(1, JobStatus::Waiting, None);
    assert_eq!(
        bench.core.jobs[&key(1)].status,
        JobStatus::Queued,
        "waiting after queued is stale"
    );
}

#[test]
fn every_order_of_three_events_ends_in_completed() {
    use JobStatus::{Completed, InProgress, Queued};
    for order in [
        [Queued, InProgress, Completed],
        [Queued, Completed, InProgress],
        [InProgress, Queued, Completed],
        [InProgress, Completed, Queued],
        [Completed, Queued, InProgress],
        [Completed, InProgress, Queued],
    ] {
        let mut bench = Bench::new();
        for status in order {
            bench.event(1, status, None);
            bench.event(1, status, None);
        }
        assert!(bench.core.jobs.is_empty(), "{order:?}");
        assert!(bench.core.closed[&key(1)].completed);
    }
}

#[test]
fn resent_completed_events_of_other_jobs_leave_a_rerun_alone() {
    let mut bench = Bench::new();
    assert_eq!(bench.queue(9, 9).len(), 1);
    for old in 1..=5 {
        bench.event(old, JobStatus::Completed, Some("gone"));
    }
    assert_eq!(bench.launches(), 1);
    assert!(
        bench
            .core
            .launches
            .values()
            .all(|launch| launch.live.surplus_since.is_none())
    );
}

#[test]
fn duplicates_launch_once() {
    let mut bench = Bench::new();
    assert_eq!(bench.queue(1, 1).len(), 1);
    for _ in 0..5 {
        assert!(mints(bench.event(1, JobStatus::Queued, None)).is_empty());
    }
}

#[test]
fn a_lost_completed_event_is_found_by_asking() {
    let mut bench = Bench::new();
    let launch = bench.queue_and_boot(1, 1).remove(0);
    bench.event(1, JobStatus::InProgress, Some(&launch.runner));
    let calls = bench.pass(610);
    assert!(
        calls
            .iter()
            .any(|call| matches!(call, Command::ReadJob(_, JobId(1)))),
        "{calls:?}"
    );
    bench.give(Input::JobRead(
        key(1),
        read(JobStatus::Completed, Some(&launch.runner)),
    ));
    assert!(bench.core.jobs.is_empty());
    assert!(bench.state(&launch).contains("done_at: Some"));
}

#[test]
fn a_job_that_github_does_not_know_twice_is_dead() {
    let mut bench = Bench::new();
    bench.queue_and_boot(1, 1);
    bench.pass(241);
    bench.give(Input::JobRead(key(1), Err(refused(404))));
    assert_eq!(bench.core.jobs.len(), 1, "once may be a hiccup");
    bench.trust();
    bench.pass(60);
    bench.give(Input::JobRead(key(1), Err(refused(404))));
    assert!(bench.core.jobs.is_empty());
    assert!(
        bench.core.status(bench.now).closed[0]
            .reason
            .contains("no longer knows")
    );
}

#[test]
fn a_job_queued_for_a_day_is_dead() {
    let mut bench = Bench::new();
    bench.queue(1, 1);
    bench.pass(25 * 3600);
    assert!(bench.core.jobs.is_empty());
    assert!(
        bench.core.status(bench.now).closed[0]
            .reason
            .contains("longer")
    );
}

#[test]
fn a_survey_finds_a_job_whose_webhook_was_lost() {
    let mut bench = Bench::new();
    let mut seen = sighting(3, JobStatus::Queued, None);
    seen.claim = None;
    let repos = vec![(REPO, "octo/app".to_owned(), INSTALLATION)];
    let calls = bench.give(Input::Surveyed(Survey {
        repos,
        jobs: vec![seen],
        complete: true,
    }));
    assert_eq!(
        mints(calls).len(),
        1,
        "without asking for the installation again"
    );
}

#[test]
fn a_failed_delivery_is_asked_for_once_and_not_when_it_arrived() {
    let mut bench = Bench::new();
    let failed = |id, guid: &str| super::super::message::FailedDelivery {
        id,
        guid: guid.to_owned(),
        delivered_at: bench.now,
    };
    let list = vec![failed(1, "a"), failed(2, "a"), failed(3, "b")];
    bench.give(Input::Delivered("b".to_owned()));
    let calls = bench.give(Input::DeliveriesListed(Ok(list.clone())));
    assert!(
        matches!(calls.as_slice(), [Command::Redeliver(2)]),
        "{calls:?}"
    );
    assert!(bench.give(Input::DeliveriesListed(Ok(list))).is_empty());
}

#[test]
fn a_requeued_job_is_demand_again_after_two_readings() {
    let mut bench = Bench::new();
    bench.queue_and_boot(1, 1);
    bench.event(1, JobStatus::InProgress, Some("somebody-else"));
    bench.give(Input::JobRead(key(1), read(JobStatus::Queued, None)));
    assert_eq!(
        bench.core.jobs[&key(1)].status,
        JobStatus::InProgress,
        "one reading may be stale"
    );
    bench.give(Input::JobRead(key(1), read(JobStatus::Queued, None)));
    assert_eq!(bench.core.jobs[&key(1)].status, JobStatus::Queued);
}

/// A `queued` webhook that was held up for a minute and a half.
fn late_queued(bench: &Bench) -> JobSighting {
    JobSighting {
        created_at: bench.now.checked_sub(Duration::from_secs(90)).ok(),
        ..sighting(1, JobStatus::Queued, None)
    }
}

#[test]
fn a_queued_that_comes_late_is_asked_about_before_anything_is_launched_for_it() {
    let mut bench = Bench::new();
    let late = late_queued(&bench);
    bench.give(Input::Event(late));
    let calls = bench.trust();
    assert!(
        calls
            .iter()
            .any(|call| matches!(call, Command::ReadJob(_, JobId(1)))),
        "{calls:?}"
    );
    assert!(mints(calls).is_empty());
    let calls = bench.give(Input::JobRead(key(1), read(JobStatus::Queued, None)));
    assert_eq!(mints(calls).len(), 1, "it is still queued");
}

#[test]
fn a_late_queued_of_a_job_that_ran_meanwhile_launches_nothing() {
    let mut bench = Bench::new();
    let late = late_queued(&bench);
    bench.give(Input::Event(late));
    bench.trust();
    bench.give(Input::JobRead(key(1), read(JobStatus::Completed, None)));
    assert!(mints(bench.pass(3600)).is_empty());
}

#[test]
fn a_late_queued_that_a_survey_shows_as_well_needs_no_question() {
    let mut bench = Bench::new();
    let late = late_queued(&bench);
    bench.give(Input::Event(late));
    bench.trust();
    let found = JobSighting {
        claim: None,
        ..sighting(1, JobStatus::Queued, None)
    };
    let calls = bench.give(Input::Event(found));
    assert_eq!(
        mints(calls).len(),
        1,
        "GitHub itself says that it is queued"
    );
}

/// A repository with nothing but a launch, the installation of which is in doubt.
fn in_doubt() -> (Bench, Mint) {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.event(1, JobStatus::Completed, Some(&mint.runner));
    bench.give(Input::RunnersListed(REPO, Err(refused(404))));
    (bench, mint)
}

fn asks(calls: &[Command]) -> usize {
    count(calls, |call| {
        matches!(call, Command::AskInstallation { .. })
    })
}

#[test]
fn a_repository_that_is_in_doubt_is_asked_about_for_the_sake_of_a_launch() {
    let (mut bench, _) = in_doubt();
    assert_eq!(asks(&bench.pass(15)), 1);
}

#[test]
fn a_repository_without_jobs_or_launches_neither_wakes_anybody_nor_is_asked_about() {
    let (mut bench, mint) = in_doubt();
    let in_ten_seconds = bench.now + Duration::from_secs(10);
    assert_eq!(bench.core.wake_at(), Some(in_ten_seconds));
    let over = hf_job_of(&mint.launch, hf_id(&mint.launch), Stage::Over("COMPLETED"));
    bench.give(Input::HfInspected(mint.launch, Ok(over)));
    assert_eq!(bench.launches(), 0);
    assert!(bench.core.wake_at().is_none_or(|at| at > in_ten_seconds));
    assert_eq!(asks(&bench.pass(600)), 0);
    // An HF job of ours turns up: it needs an owner.
    let stray = LaunchId("abc".to_owned());
    let stray = HfJob {
        environment: environment("octo/app", LABEL, "hfjobs-9-1"),
        ..hf_job_of(&stray, hf_id(&stray), Stage::Running)
    };
    let calls = bench.give(Input::HfListed(bench.now, Ok(vec![stray])));
    assert_eq!((asks(&calls), bench.launches()), (1, 1));
}
