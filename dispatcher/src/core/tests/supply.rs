//! Supply: fungible runners, surplus, blocked queues, and the safe way out.

use super::*;

#[test]
fn a_sibling_that_takes_the_runner_does_not_leave_the_job_without_one() {
    let mut bench = Bench::new();
    let mints = bench.queue_and_boot(1, 3);
    bench.event(3, JobStatus::InProgress, Some(&mints[0].runner));
    bench.event(2, JobStatus::InProgress, Some(&mints[2].runner));
    assert_eq!(bench.launches(), 3, "one queued, one booting");
    let extra = bench.event(9, JobStatus::InProgress, Some(&mints[1].runner));
    assert_eq!(
        super::mints(extra).len(),
        1,
        "a job we never heard of took the last one: launch another"
    );
}

#[test]
fn a_job_taken_by_an_unknown_runner_leaves_demand_only() {
    let mut bench = Bench::new();
    bench.queue_and_boot(1, 1);
    let calls = bench.event(1, JobStatus::InProgress, Some("elsewhere"));
    assert!(calls.is_empty());
    assert!(
        bench
            .core
            .launches
            .values()
            .all(|launch| launch.live.surplus_since.is_some())
    );
}

#[test]
fn a_cancelled_job_is_not_launched_for() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    bench.event(1, JobStatus::Completed, None);
    let calls = bench.give(Input::Credential(
        mint.launch.clone(),
        Ok(credential(&mint)),
    ));
    assert_eq!(
        (count(&calls, is_create), count(&calls, is_delete)),
        (0, 1),
        "no compute; the record goes"
    );
}

#[test]
fn surplus_goes_after_the_grace_and_two_readings_record_first() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.list_runners(&[(&mint, true, false)]);
    bench.event(1, JobStatus::Completed, None);
    assert_eq!(count(&bench.pass(299), is_delete), 0);
    assert_eq!(count(&bench.pass(2), is_list_runners), 1);
    assert_eq!(
        count(&bench.list_runners(&[(&mint, true, false)]), is_delete),
        0,
        "never on one reading"
    );
    assert_eq!(count(&bench.pass(15), is_list_runners), 1);
    let calls = bench.list_runners(&[(&mint, true, false)]);
    assert_eq!((count(&calls, is_delete), count(&calls, is_cancel)), (1, 0));
    assert_eq!(
        count(
            &bench.give(Input::RunnerDeleted(mint.launch.clone(), Ok(Removed::Now))),
            is_cancel
        ),
        1
    );
    bench.give(Input::HfCanceled(mint.launch, Ok(())));
    assert_eq!(bench.launches(), 0);
}

#[test]
fn a_runner_that_turns_busy_between_the_readings_and_the_removal_is_kept() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.list_runners(&[(&mint, true, false)]);
    bench.event(1, JobStatus::Completed, None);
    bench.pass(301);
    bench.list_runners(&[(&mint, true, false)]);
    bench.pass(16);
    bench.list_runners(&[(&mint, true, false)]);
    let calls = bench.give(Input::RunnerDeleted(mint.launch.clone(), Err(refused(422))));
    assert_eq!(count(&calls, is_cancel), 0);
    assert!(bench.state(&mint).contains("Busy"));
}

#[test]
fn new_demand_saves_a_doubted_runner() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.list_runners(&[(&mint, true, false)]);
    bench.event(1, JobStatus::Completed, None);
    bench.pass(301);
    bench.list_runners(&[(&mint, true, false)]);
    assert!(bench.queue(2, 2).is_empty(), "the idle runner serves it");
    bench.pass(16);
    assert_eq!(
        count(&bench.list_runners(&[(&mint, true, false)]), is_delete),
        0
    );
}

#[test]
fn a_launch_without_a_record_is_looked_up_before_it_is_cancelled() {
    let settings = Settings {
        credential: CredentialKind::RegistrationToken,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings);
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.event(1, JobStatus::Completed, None);
    bench.pass(301);
    bench.list_runners(&[]);
    bench.pass(16);
    let calls = bench.list_runners(&[]);
    assert!(
        matches!(calls.as_slice(), [Command::FindRunner(..)]),
        "{calls:?}"
    );
    let calls = bench.give(Input::RunnerFound(
        mint.launch.clone(),
        Ok(Some(runner_of(&mint, true, true))),
    ));
    assert_eq!(count(&calls, is_cancel), 0);
    assert!(bench.state(&mint).contains("Busy"));
}

#[test]
fn at_the_boot_deadline_an_online_runner_counts_as_idle() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.pass(901);
    bench.list_runners(&[(&mint, true, false)]);
    assert!(bench.state(&mint).contains("Idle"));
}

#[test]
fn a_finished_job_whose_hf_job_hangs_is_verified_and_then_ended() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.event(1, JobStatus::InProgress, Some(&mint.runner));
    bench.event(1, JobStatus::Completed, Some(&mint.runner));
    let calls = bench.pass(61);
    assert_eq!(
        count(&calls, |call| matches!(call, Command::InspectHfJob(..))),
        1,
        "{calls:?}"
    );
    let alive = hf_job_of(&mint.launch, hf_id(&mint.launch), Stage::Running);
    let calls = bench.give(Input::HfInspected(mint.launch.clone(), Ok(alive)));
    assert!(
        matches!(calls.as_slice(), [Command::ReadJob(_, JobId(1))]),
        "{calls:?}"
    );
    let calls = bench.give(Input::JobRead(key(1), read(JobStatus::Completed, None)));
    assert_eq!((count(&calls, is_delete), count(&calls, is_cancel)), (1, 0));
    assert_eq!(
        count(
            &bench.give(Input::RunnerDeleted(mint.launch, Ok(Removed::Now))),
            is_cancel
        ),
        1
    );
}

#[test]
fn a_launch_that_ended_without_a_job_is_replaced_after_asking_about_the_jobs() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.pass(1);
    let over = hf_job_of(&mint.launch, hf_id(&mint.launch), Stage::Over("ERROR"));
    let calls = bench.give(Input::HfInspected(mint.launch.clone(), Ok(over)));
    assert!(
        calls
            .iter()
            .any(|call| matches!(call, Command::ReadJob(_, JobId(1)))),
        "{calls:?}"
    );
    assert_eq!(count(&calls, is_delete), 1, "its record is of no use");
    bench.give(Input::RunnerDeleted(mint.launch, Ok(Removed::Now)));
    assert!(mints(bench.pass(20)).is_empty(), "its job may have run");
    let calls = bench.give(Input::JobRead(key(1), read(JobStatus::Queued, None)));
    assert_eq!(mints(calls).len(), 1);
}

#[test]
fn a_launch_that_ran_a_job_we_never_heard_of_is_replaced_after_asking_about_the_jobs() {
    let mut bench = Bench::new();
    let first = bench.queue_and_boot(1, 1).remove(0);
    bench.list_runners(&[(&first, true, true)]);
    bench.queue(2, 2);
    let over = hf_job_of(
        &first.launch,
        hf_id(&first.launch),
        Stage::Over("COMPLETED"),
    );
    let calls = bench.give(Input::HfInspected(first.launch, Ok(over)));
    assert!(mints(calls).is_empty(), "it may have run either of the two");
    bench.give(Input::JobRead(key(1), read(JobStatus::Completed, None)));
    bench.give(Input::JobRead(key(2), read(JobStatus::Queued, None)));
    assert!(
        mints(bench.pass(3600)).is_empty(),
        "the second launch serves the second job"
    );
}

#[test]
fn a_job_that_ran_unnoticed_is_not_launched_again() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    let over = hf_job_of(&mint.launch, hf_id(&mint.launch), Stage::Over("COMPLETED"));
    bench.give(Input::HfInspected(mint.launch.clone(), Ok(over)));
    bench.give(Input::RunnerDeleted(mint.launch, Ok(Removed::Now)));
    bench.give(Input::JobRead(key(1), read(JobStatus::Completed, None)));
    assert!(mints(bench.pass(3600)).is_empty());
}

#[test]
fn caps_hold_and_the_oldest_job_goes_first() {
    let mut bench = Bench::with(Settings {
        max_total: 2,
        ..Settings::default()
    });
    let first = bench.queue(1, 5);
    let names: Vec<_> = first.iter().map(|mint| mint.runner.as_str()).collect();
    assert_eq!(names, ["hfjobs-7-1", "hfjobs-7-2"]);
    assert!(mints(bench.pass(1)).is_empty());
    assert_eq!(bench.launches(), 2);
}

/// Ten jobs of which GitHub lets one run, and one idle runner that stands by: returns the mints of both.
fn blocked(bench: &mut Bench) -> (Mint, Mint) {
    let all = bench.queue_and_boot(1, 10);
    bench.event(1, JobStatus::InProgress, Some(&all[0].runner));
    let shown: Vec<_> = all
        .iter()
        .enumerate()
        .map(|(place, mint)| (mint, true, place == 0))
        .collect();
    for _ in 0..80 {
        let mut calls = bench.pass(10);
        while let Some(call) = calls.pop() {
            let more = match call {
                Command::ListRunners(_) => bench.list_runners(&shown),
                Command::DeleteRunner(_, launch, _) => {
                    bench.give(Input::RunnerDeleted(launch, Ok(Removed::Now)))
                }
                Command::CancelHfJob(launch, _) => bench.give(Input::HfCanceled(launch, Ok(()))),
                _ => Vec::new(),
            };
            calls.extend(more);
        }
    }
    let idle = bench
        .core
        .launches
        .values()
        .filter(|launch| format!("{:?}", launch.state).contains("Idle"));
    assert_eq!((idle.count(), bench.launches()), (1, 2));
    let stands = |mint: &&Mint| bench.core.launches.contains_key(&mint.launch);
    let standing = all[1..].iter().find(stands).unwrap();
    (all[0].clone(), standing.clone())
}

#[test]
fn a_blocked_queue_keeps_one_standing_runner() {
    let mut bench = Bench::new();
    let (busy, standing) = blocked(&mut bench);
    bench.event(1, JobStatus::Completed, Some(&busy.runner));
    let calls = bench.event(2, JobStatus::InProgress, Some(&standing.runner));
    assert_eq!(mints(calls).len(), 1, "one more, not nine");
}

#[test]
fn a_block_that_loosened_for_a_moment_must_loosen_anew() {
    let mut bench = Bench::new();
    let (_, standing) = blocked(&mut bench);
    let second = mints(bench.event(2, JobStatus::InProgress, Some(&standing.runner))).remove(0);
    bench.boot(&second);
    assert!(mints(bench.pass(30)).is_empty());
    let over = hf_job_of(
        &standing.launch,
        hf_id(&standing.launch),
        Stage::Over("ERROR"),
    );
    bench.give(Input::HfInspected(standing.launch, Ok(over)));
    assert!(mints(bench.pass(10)).is_empty());
    let third = mints(bench.event(3, JobStatus::InProgress, Some(&second.runner)));
    assert_eq!(third.len(), 1);
    assert!(
        mints(bench.pass(40)).is_empty(),
        "it was loose for half a minute, and again for forty seconds"
    );
    assert_eq!(mints(bench.pass(25)).len(), 6, "now for a whole minute");
}

#[test]
fn behind_a_block_a_job_is_launched_for_while_it_is_new() {
    let mut bench = Bench::with(Settings {
        boot_deadline: Duration::from_secs(86_400),
        jit_lifetime: Duration::from_secs(86_400),
        ..Settings::default()
    });
    blocked(&mut bench);
    let second = mints(bench.event(11, JobStatus::Queued, None)).remove(0);
    bench.boot(&second);
    let is_surplus = |bench: &Bench| {
        bench.core.launches[&second.launch]
            .live
            .surplus_since
            .is_some()
    };
    bench.pass(590);
    assert!(!is_surplus(&bench));
    bench.pass(9);
    bench.now += Duration::from_secs(1);
    // It is old from now on, which is no reason to wake up, but seen as soon as anything happens.
    bench.give(Input::Delivered("of another".to_owned()));
    assert!(is_surplus(&bench));
}

/// Lists of HF jobs asked for in so many seconds.
fn lists(bench: &mut Bench, seconds: u64) -> usize {
    let mut lists = 0;
    for _ in 0..seconds {
        bench.now += Duration::from_secs(1);
        let calls = bench.give(Input::Tick);
        let asked = calls
            .iter()
            .find(|call| matches!(call, Command::ListHfJobs));
        if let Some(answer) = asked.and_then(|call| bench.idle_answer(call)) {
            lists += 1;
            bench.give(answer);
        }
    }
    lists
}

#[test]
fn the_hub_is_asked_often_only_while_caps_keep_jobs_waiting() {
    let mut bench = Bench::with(Settings {
        max_total: 1,
        ..Settings::default()
    });
    bench.queue_and_boot(1, 2);
    assert_eq!(lists(&mut bench, 120), 8);
    bench.event(2, JobStatus::Completed, None);
    assert_eq!(
        lists(&mut bench, 120),
        2,
        "nobody waits for a slot any more"
    );
}
