//! Restarts: the journal, and what the Hub knows.

use super::*;

#[test]
fn nothing_is_launched_before_the_hub_told_what_is_running() {
    let mut bench = Bench::new();
    bench.queue_and_boot(1, 1);
    bench.queue(2, 2);
    bench.restart();
    assert_eq!(mints(bench.give(Input::Tick)).len(), 0);
    bench.trust();
    assert_eq!(bench.launches(), 2);
}

#[test]
fn a_create_that_was_under_way_is_looked_up() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    bench.give(Input::Credential(
        mint.launch.clone(),
        Ok(credential(&mint)),
    ));
    bench.restart();
    let mut calls = bench.give(Input::Tick);
    calls.extend(bench.trust());
    assert_eq!(
        count(&calls, |call| matches!(call, Command::LookUpTag(_))),
        1,
        "{calls:?}"
    );
    assert_eq!(count(&calls, is_create), 0);
    let found = hf_job_of(&mint.launch, hf_id(&mint.launch), Stage::Running);
    bench.give(Input::TagLookedUp(mint.launch.clone(), Ok(vec![found])));
    assert!(bench.state(&mint).contains("Booting"));
    bench.settle();
    assert!(mints(bench.pass(5)).is_empty());
}

#[test]
fn a_mint_that_was_under_way_is_cleaned_up() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    bench.restart();
    let mut calls = bench.give(Input::Tick);
    calls.extend(bench.trust());
    assert_eq!(
        count(&calls, |call| matches!(call, Command::FindRunner(..))),
        1,
        "{calls:?}"
    );
    let again = bench.give(Input::RunnerFound(mint.launch.clone(), Ok(None)));
    assert_eq!(mints(again)[0].launch, mint.launch);
}

#[test]
fn busy_launches_and_completed_jobs_survive() {
    let mut bench = Bench::new();
    let mints = bench.queue_and_boot(1, 2);
    bench.event(1, JobStatus::InProgress, Some(&mints[0].runner));
    bench.event(2, JobStatus::Completed, None);
    let before = format!(
        "{:?}",
        bench
            .core
            .launches
            .values()
            .map(|l| l.state.clone())
            .collect::<Vec<_>>()
    );
    bench.restart();
    let after = format!(
        "{:?}",
        bench
            .core
            .launches
            .values()
            .map(|l| l.state.clone())
            .collect::<Vec<_>>()
    );
    assert_eq!(before, after);
    assert!(bench.core.closed[&key(2)].completed);
    assert_eq!(bench.core.jobs[&key(1)].status, JobStatus::InProgress);
}

#[test]
fn an_hf_job_of_ours_without_a_journal_is_adopted_and_serves() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let mut bench = Bench::cold(Settings::default(), now);
    bench.give(Input::Tick);
    let stray = HfJob {
        environment: environment("octo/app", LABEL, "hfjobs-7-1"),
        ..hf_job_of(
            &LaunchId("abc".to_owned()),
            HfJobId("h".to_owned()),
            Stage::Running,
        )
    };
    bench.give(Input::HfListed(bench.now, Ok(vec![stray])));
    bench.trust();
    assert_eq!(bench.launches(), 1);
    assert!(bench.queue(1, 1).is_empty(), "it is supply");
    bench.event(1, JobStatus::InProgress, Some("hfjobs-7-1"));
    assert!(
        bench
            .core
            .launches
            .values()
            .all(|launch| format!("{:?}", launch.state).contains("Busy"))
    );
}

#[test]
fn an_hf_job_that_does_not_name_its_repository_is_left_alone() {
    let mut bench = Bench::new();
    let stray = hf_job_of(
        &LaunchId("abc".to_owned()),
        HfJobId("h".to_owned()),
        Stage::Running,
    );
    let calls = bench.give(Input::HfListed(bench.now, Ok(vec![stray])));
    assert!(calls.is_empty() && bench.launches() == 0);
}

#[test]
fn what_is_long_over_is_forgotten() {
    let mut bench = Bench::new();
    bench.event(1, JobStatus::Completed, None);
    assert!(bench.journal.contains_key("job/1/1"));
    bench.pass(25 * 3600);
    assert!(!bench.journal.contains_key("job/1/1"));
}
