//! What the core does while it does not know: what became of a launch, which job a runner has, whether a service is well.

use super::*;

const MINUTE: u64 = 60;

fn over(mint: &Mint) -> Input {
    let hf_job = hf_job_of(&mint.launch, hf_id(&mint.launch), Stage::Over("ERROR"));
    Input::HfInspected(mint.launch.clone(), Ok(hf_job))
}

fn lost() -> Failure {
    Failure::NoAnswer("lost".to_owned())
}

/// Gives a boot up: two readings without its runner. What is asked then.
fn give_up(bench: &mut Bench, mint: &Mint) -> Vec<Command> {
    bench.pass(901);
    bench.list_runners(&[(mint, false, false)]);
    bench.pass(16);
    bench.list_runners(&[(mint, false, false)])
}

#[test]
fn what_is_given_up_is_replaced_when_its_record_is_gone_however_long_that_takes() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    let calls = give_up(&mut bench, &mint);
    assert_eq!(count(&calls, is_delete), 1);
    bench.give(Input::RunnerDeleted(mint.launch.clone(), Err(lost())));
    assert!(
        mints(bench.pass(20)).is_empty(),
        "its runner may still come and take the job"
    );
    let calls = bench.give(Input::RunnerDeleted(mint.launch.clone(), Ok(Removed::Now)));
    assert_eq!(
        (count(&calls, is_cancel), mints(calls).len()),
        (1, 1),
        "an HF that cannot cancel starves nobody"
    );
}

/// GitHub removes the record of a runner that has done its one job.
#[test]
fn a_record_that_is_gone_by_itself_has_the_jobs_asked_about_first() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    give_up(&mut bench, &mint);
    // Asked about when the boot was doubted.
    bench.give(Input::JobRead(key(1), read(JobStatus::Queued, None)));
    let mut calls = bench.give(Input::RunnerDeleted(mint.launch, Ok(Removed::Before)));
    calls.extend(bench.pass(12));
    let asked = calls
        .iter()
        .any(|call| matches!(call, Command::ReadJob(_, JobId(1))));
    assert!(asked, "{calls:?}");
    assert!(mints(calls).is_empty(), "its runner may have had the job");
    let calls = bench.give(Input::JobRead(key(1), read(JobStatus::Queued, None)));
    assert_eq!(mints(calls).len(), 1, "it had not");
}

#[test]
fn a_runner_that_is_gone_stands_in_for_a_job_for_ten_minutes_at_most() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.pass(MINUTE);
    bench.give(over(&mint));
    bench.give(Input::RunnerDeleted(mint.launch, Ok(Removed::Now)));
    for _ in 0..9 {
        bench.give(Input::JobRead(key(1), Err(lost())));
        assert!(mints(bench.pass(MINUTE)).is_empty(), "nobody could say");
    }
    assert_eq!(mints(bench.pass(2 * MINUTE)).len(), 1);
}

#[test]
fn a_restart_does_not_forget_who_stands_in() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.pass(MINUTE);
    bench.give(over(&mint));
    for ended in [false, true] {
        if ended {
            bench.give(Input::RunnerDeleted(mint.launch.clone(), Ok(Removed::Now)));
        }
        bench.restart();
        bench.give(Input::Tick);
        bench.trust();
        bench.settle();
        assert!(mints(bench.pass(MINUTE)).is_empty(), "ended: {ended}");
    }
    assert_eq!(mints(bench.pass(10 * MINUTE)).len(), 1);
}

/// Its webhook names the runner that is gone: another job of the queue is not the one it had.
#[test]
fn a_runner_that_is_named_with_a_job_stands_in_for_no_other() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.pass(MINUTE);
    bench.give(over(&mint));
    bench.give(Input::RunnerDeleted(mint.launch.clone(), Ok(Removed::Now)));
    // What was there before it was gone may have been its job; what came after can not.
    bench.pass(5);
    assert_eq!(bench.queue(2, 2).len(), 1);
    let calls = bench.event(1, JobStatus::InProgress, Some(&mint.runner));
    assert!(mints(calls).is_empty());
    assert!(mints(bench.pass(5 * MINUTE)).is_empty());
}

#[test]
fn a_busy_runner_stands_in_until_its_job_is_named_or_the_word_is_taken_back() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.list_runners(&[(&mint, true, true)]);
    bench.give(Input::JobRead(key(1), read(JobStatus::Queued, None)));
    let calls = bench.pass(3 * MINUTE);
    assert_eq!(count(&calls, is_list_runners), 1, "it is looked at again");
    assert!(mints(calls).is_empty(), "never a second one on such a word");
    bench.list_runners(&[(&mint, true, false)]);
    assert!(bench.state(&mint).contains("Idle"));
    assert!(
        mints(bench.pass(3 * MINUTE)).is_empty(),
        "it serves the job"
    );
}

#[test]
fn a_late_job_that_cannot_be_asked_about_is_served_after_ten_minutes() {
    let mut bench = Bench::new();
    bench.trust();
    bench.give(Input::Event(JobSighting {
        created_at: Some(bench.now - Duration::from_secs(90)),
        ..sighting(1, JobStatus::Queued, None)
    }));
    bench.trust();
    for _ in 0..9 {
        bench.give(Input::JobRead(key(1), Err(lost())));
        assert!(mints(bench.pass(MINUTE)).is_empty());
    }
    bench.pass(MINUTE);
    let calls = bench.give(Input::JobRead(key(1), Err(lost())));
    assert_eq!(mints(calls).len(), 1);
}

#[test]
fn jobs_of_one_run_are_asked_about_by_its_list_however_many_they_are() {
    let mut bench = Bench::new();
    let all = bench.queue_and_boot(1, 250);
    bench.pass(1);
    let calls = bench.give(over(&all[0]));
    let asked = |call: &Command| match call {
        Command::ReadJobs(_, RunId(7), jobs) => Some(jobs.clone()),
        _ => None,
    };
    let jobs = calls.iter().find_map(asked).expect("a list is asked for");
    assert_eq!(jobs.len(), 250);
    assert!(
        !calls
            .iter()
            .any(|call| matches!(call, Command::ReadJob(..)))
    );
    // The list shows all but one.
    let mut found: BTreeMap<_, _> = jobs
        .iter()
        .map(|job| (*job, read(JobStatus::InProgress, None).unwrap()))
        .collect();
    found.remove(&JobId(9));
    let calls = bench.give(Input::JobsRead(REPO, jobs, Ok(found)));
    let alone: Vec<_> = calls
        .iter()
        .filter(|call| matches!(call, Command::ReadJob(..)))
        .collect();
    assert!(
        matches!(alone.as_slice(), [Command::ReadJob(_, JobId(9))]),
        "{alone:?}"
    );
    let open = bench.core.jobs.values();
    let running = open.filter(|job| job.status == JobStatus::InProgress);
    assert_eq!(running.count(), 249);
}

#[test]
fn while_the_hub_does_not_answer_one_launch_tries_for_all() {
    let mut bench = Bench::new();
    let all = bench.queue(1, 5);
    for mint in &all {
        bench.give(Input::Credential(mint.launch.clone(), Ok(credential(mint))));
    }
    for mint in &all {
        bench.give(Input::Created(mint.launch.clone(), Err(lost())));
    }
    let mut creates = 0;
    let answer = |bench: &mut Bench, call: &Command| match call {
        Command::LookUpTag(id) => bench.give(Input::TagLookedUp(id.clone(), Ok(Vec::new()))),
        Command::CreateHfJob(order) => {
            bench.give(Input::Created(order.launch.clone(), Err(lost())))
        }
        Command::Mint(mint) => {
            bench.give(Input::Credential(mint.launch.clone(), Ok(credential(mint))))
        }
        Command::DeleteRunner(_, id, _) => {
            bench.give(Input::RunnerDeleted(id.clone(), Ok(Removed::Now)))
        }
        _ => Vec::new(),
    };
    for _ in 0..30 * MINUTE {
        let mut calls = bench.pass(1);
        while let Some(call) = calls.pop() {
            creates += count(std::slice::from_ref(&call), is_create);
            calls.extend(answer(&mut bench, &call));
        }
    }
    assert!((15..=40).contains(&creates), "{creates} in half an hour");
    // It answers one, and the others follow at once.
    let mut created = 0;
    for _ in 0..5 * MINUTE {
        let mut calls = bench.pass(1);
        while let Some(call) = calls.pop() {
            if let Command::CreateHfJob(order) = &call {
                created += 1;
                let id = order.launch.clone();
                calls.extend(bench.give(Input::Created(id.clone(), Ok(hf_id(&id)))));
            } else {
                calls.extend(answer(&mut bench, &call));
            }
        }
    }
    assert_eq!(created, 5);
}

#[test]
fn jobs_of_a_run_that_is_over_are_dropped() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    bench.list_runners(&[(&mint, true, false)]);
    let mut calls = Vec::new();
    for _ in 0..7 {
        calls.extend(bench.pass(MINUTE));
        calls.extend(bench.list_runners(&[(&mint, true, false)]));
    }
    let asked = |call: &&Command| matches!(call, Command::ReadRun(_, RunId(7)));
    assert_eq!(calls.iter().filter(asked).count(), 1, "{calls:?}");
    let began = bench.core.jobs[&key(1)].first_seen;
    let earlier = began - Duration::from_secs(10 * MINUTE);
    for answer in [Err(lost()), Ok(None), Ok(Some(earlier))] {
        bench.give(Input::RunRead(REPO, RunId(7), answer.clone()));
        assert!(
            bench.core.jobs.contains_key(&key(1)),
            "{answer:?} says nothing of this attempt"
        );
    }
    bench.give(Input::RunRead(REPO, RunId(7), Ok(Some(bench.now))));
    assert!(!bench.core.jobs.contains_key(&key(1)));
    assert!(
        bench
            .core
            .launches
            .values()
            .all(|launch| launch.live.surplus_since.is_some())
    );
}

#[test]
fn a_slot_that_is_awaited_is_used_within_two_seconds_of_its_end() {
    let mut bench = Bench::with(Settings {
        max_total: 1,
        ..Settings::default()
    });
    let mint = bench.queue_and_boot(1, 2).remove(0);
    bench.event(1, JobStatus::InProgress, Some(&mint.runner));
    bench.event(1, JobStatus::Completed, Some(&mint.runner));
    let looks = |calls: &[Command]| {
        let looks = calls
            .iter()
            .filter(|call| matches!(call, Command::InspectHfJob(..)));
        looks.count()
    };
    assert_eq!(looks(&bench.pass(1)), 1);
    let alive = hf_job_of(&mint.launch, hf_id(&mint.launch), Stage::Running);
    bench.give(Input::HfInspected(mint.launch.clone(), Ok(alive)));
    assert_eq!(looks(&bench.pass(1)), 1, "and again");
    assert_eq!(mints(bench.give(over(&mint))).len(), 1);
}
