//! Launches: credentials, the one create call, deadlines, refusals.

use super::*;

#[test]
fn intent_is_written_before_the_calls() {
    let mut bench = Bench::new();
    bench.event(1, JobStatus::Queued, None);
    let commands = bench
        .core
        .step(bench.now, Input::Installation(REPO, Ok(INSTALLATION)));
    let place = |wanted: fn(&Command) -> bool| commands.iter().position(wanted).unwrap();
    let written =
        place(|c| matches!(c, Command::Write(Write::Put(key, _)) if key.starts_with("launch/")));
    assert!(written < place(|c| matches!(c, Command::Mint(_))));
}

#[test]
fn no_credential_is_ever_written_down() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    let secret = Secret::new("top-secret-blob".to_owned());
    let minted = Credential {
        secret,
        runner_id: None,
        valid_until: None,
    };
    let calls = bench.give(Input::Credential(mint.launch, Ok(minted)));
    assert!(!format!("{:?}{calls:?}", bench.journal).contains("top-secret"));
}

#[test]
fn a_lost_create_answer_is_looked_up_and_adopted() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    bench.give(Input::Credential(
        mint.launch.clone(),
        Ok(credential(&mint)),
    ));
    bench.give(Input::Created(
        mint.launch.clone(),
        Err(Failure::NoAnswer(String::new())),
    ));
    let calls = bench.pass(5);
    assert!(
        matches!(calls.as_slice(), [Command::LookUpTag(_)]),
        "{calls:?}"
    );
    let found = hf_job_of(&mint.launch, HfJobId("x".to_owned()), Stage::Scheduling);
    let calls = bench.give(Input::TagLookedUp(mint.launch.clone(), Ok(vec![found])));
    assert_eq!(count(&calls, is_create), 0);
    assert!(bench.state(&mint).contains("Booting"));
}

#[test]
fn a_lost_create_is_repeated_only_after_two_looks_a_gap_apart_found_nothing() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    bench.give(Input::Credential(
        mint.launch.clone(),
        Ok(credential(&mint)),
    ));
    let failure = Failure::ServerError {
        status: 500,
        message: String::new(),
    };
    bench.give(Input::Created(mint.launch.clone(), Err(failure)));
    let lost_at = bench.now;
    let looks = |bench: &mut Bench, seconds| count(&bench.pass(seconds), is_look_up);
    let finds_nothing = |bench: &mut Bench| {
        let nothing = Input::TagLookedUp(mint.launch.clone(), Ok(Vec::new()));
        count(&bench.give(nothing), is_create)
    };
    assert_eq!(looks(&mut bench, 5), 1, "at once: mostly it is there");
    assert_eq!(finds_nothing(&mut bench), 0);
    assert_eq!(looks(&mut bench, 60), 0, "the list may lag");
    assert_eq!(looks(&mut bench, 2), 1);
    assert_eq!(finds_nothing(&mut bench), 0);
    assert_eq!(looks(&mut bench, 60), 0, "once more");
    assert_eq!(looks(&mut bench, 2), 1);
    assert_eq!(finds_nothing(&mut bench), 1);
    assert!(bench.now - lost_at >= Duration::from_secs(120).try_into().unwrap());
}

#[test]
fn a_rate_limited_create_waits_for_the_named_time_and_is_no_failure() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    bench.give(Input::Credential(
        mint.launch.clone(),
        Ok(credential(&mint)),
    ));
    let until = bench.now + Duration::from_secs(90);
    bench.give(Input::Created(
        mint.launch.clone(),
        Err(Failure::Limited {
            until,
            message: String::new(),
        }),
    ));
    assert_eq!(count(&bench.pass(89), is_create), 0);
    assert_eq!(count(&bench.pass(5), is_create), 1);
}

#[test]
fn a_jit_call_of_unknown_effect_is_cleaned_up_before_the_next() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    let failure = Failure::ServerError {
        status: 502,
        message: String::new(),
    };
    bench.give(Input::Credential(mint.launch.clone(), Err(failure)));
    let calls = bench.pass(5);
    assert!(
        matches!(calls.as_slice(), [Command::FindRunner(..)]),
        "{calls:?}"
    );
    let calls = bench.give(Input::RunnerFound(
        mint.launch.clone(),
        Ok(Some(runner_of(&mint, false, false))),
    ));
    assert_eq!(count(&calls, is_delete), 1);
    let again = mints(bench.give(Input::RunnerDeleted(mint.launch.clone(), Ok(Removed::Now))));
    assert_eq!((again.len(), again[0].runner.as_str()), (1, "hfjobs-7-1"));
    let calls = bench.give(Input::Credential(mint.launch, Err(refused(409))));
    assert_ne!(
        mints(calls)[0].runner,
        "hfjobs-7-1",
        "a second conflict takes another name"
    );
}

#[test]
fn where_jit_is_unknown_a_registration_token_is_used() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    let again = mints(bench.give(Input::Credential(mint.launch, Err(refused(404)))));
    assert_eq!(again[0].kind, CredentialKind::RegistrationToken);
}

#[test]
fn a_refused_create_removes_the_runner_record_and_backs_off() {
    let mut bench = Bench::new();
    let mint = bench.queue(1, 1).remove(0);
    bench.give(Input::Credential(
        mint.launch.clone(),
        Ok(credential(&mint)),
    ));
    let calls = bench.give(Input::Created(mint.launch.clone(), Err(refused(402))));
    assert_eq!(count(&calls, is_delete), 1);
    assert!(mints(bench.give(Input::RunnerDeleted(mint.launch, Ok(Removed::Now)))).is_empty());
    assert_eq!(bench.launches(), 0);
    let again = mints(bench.pass(10));
    assert_eq!(again.len(), 1);
    assert_eq!(
        again[0].runner.len(),
        "hfjobs-7-1-".len() + 12,
        "a replacement has a name of its own"
    );
}

#[test]
fn a_lane_that_is_refused_tries_one_launch_at_a_time() {
    let mut bench = Bench::new();
    let all = bench.queue(1, 5);
    assert_eq!(all.len(), 5);
    for mint in all {
        bench.give(Input::Credential(mint.launch.clone(), Err(refused(422))));
    }
    assert_eq!(mints(bench.pass(30)).len(), 1);
}

#[test]
fn what_cannot_be_served_for_an_hour_is_told_by_cancelling_the_run() {
    let mut bench = Bench::new();
    let mut next = bench.queue(1, 1);
    let mut cancelled = None;
    for _ in 0..60 {
        for mint in std::mem::take(&mut next) {
            bench.give(Input::Credential(mint.launch, Err(refused(422))));
        }
        let calls = bench.pass(120);
        if calls
            .iter()
            .any(|call| matches!(call, Command::CancelRun(_, JobId(1), RunId(7))))
        {
            cancelled = Some(bench.now);
            break;
        }
        next = mints(calls);
    }
    assert!(cancelled.is_some(), "{:?}", bench.core.status(bench.now));
    bench.give(Input::RunCancelled(key(1), Ok(())));
    assert!(
        bench.core.status(bench.now).closed[0]
            .reason
            .contains("run cancelled")
    );
}

#[test]
fn names_stay_within_64_characters() {
    let mut bench = Bench::new();
    let base = format!("hfjobs-{}-{}", u64::MAX, u64::MAX);
    bench.core.ended.insert(
        LaunchId("x".to_owned()),
        super::super::model::EndedLaunch {
            at: bench.now,
            runner: base.clone(),
            hf_job: None,
            reason: String::new(),
            vanished: None,
        },
    );
    let name = bench.core.unused_name(&base);
    assert!(name.len() <= 64 && name != base);
}

#[test]
fn a_jit_launch_is_not_given_up_because_its_configuration_may_have_died() {
    let mut bench = Bench::new();
    let mint = bench.queue_and_boot(1, 1).remove(0);
    assert_eq!(
        count(&bench.pass(200), is_list_runners),
        1,
        "one look at a running HF job without a runner"
    );
    bench.list_runners(&[(&mint, false, false)]);
    assert_eq!(
        count(&bench.pass(699), is_list_runners),
        0,
        "it is refused, and its HF job ends, or it may still come"
    );
    assert_eq!(
        count(&bench.pass(2), is_list_runners),
        1,
        "and one at the deadline of boots"
    );
}

#[test]
fn after_a_failed_boot_a_registration_token_gets_more_time() {
    let mut bench = Bench::new();
    let first = bench.queue_and_boot(1, 1).remove(0);
    bench.pass(901);
    bench.list_runners(&[(&first, false, false)]);
    bench.pass(16);
    let calls = bench.list_runners(&[(&first, false, false)]);
    assert_eq!(
        (count(&calls, is_delete), count(&calls, is_cancel)),
        (1, 0),
        "the record first"
    );
    let calls = bench.give(Input::RunnerDeleted(first.launch.clone(), Ok(Removed::Now)));
    assert_eq!(count(&calls, is_cancel), 1);
    bench.give(Input::HfCanceled(first.launch, Ok(())));
    let second = mints(bench.pass(10)).remove(0);
    assert_eq!(second.kind, CredentialKind::RegistrationToken);
    let valid_until = Some(bench.now + Duration::from_secs(600));
    let token = Credential {
        secret: Secret::new("t".to_owned()),
        runner_id: None,
        valid_until,
    };
    bench.give(Input::Credential(second.launch.clone(), Ok(token)));
    bench.give(Input::Created(
        second.launch.clone(),
        Ok(hf_id(&second.launch)),
    ));
    let deadline = bench
        .core
        .boot_deadline(&bench.core.launches[&second.launch], bench.now);
    assert_eq!(
        deadline,
        bench.now + Duration::from_secs(540),
        "never beyond the token's last minute"
    );
}

#[test]
fn a_name_is_free_again_once_every_launch_that_had_it_is_forgotten() {
    let mut bench = Bench::new();
    let now = bench.now;
    let ended = |runner: &str| super::super::model::EndedLaunch {
        at: now,
        runner: runner.to_owned(),
        hf_job: None,
        reason: String::new(),
        vanished: None,
    };
    let id = |name: &str| LaunchId(name.to_owned());
    bench.core.ended.insert(id("one"), ended("hfjobs-1-4"));
    bench.core.ended.insert(id("two"), ended("hfjobs-1-4"));
    bench.core.ended.remove(&id("one"));
    assert_ne!(bench.core.unused_name("hfjobs-1-4"), "hfjobs-1-4");
    // What takes its place has another name.
    bench.core.ended.insert(id("two"), ended("hfjobs-1-48"));
    assert_eq!(bench.core.unused_name("hfjobs-1-4"), "hfjobs-1-4");
    assert_ne!(bench.core.unused_name("hfjobs-1-48"), "hfjobs-1-48");
}
