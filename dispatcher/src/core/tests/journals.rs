//! A journal of an earlier version opens, and goes on as one of this version does.
//!
//! `tests/journals/before_the_tables.db` was written by the dispatcher that sorted everything in every step, led through
//! [`life`] here. A version that writes its records otherwise puts a file of its own beside it.

use std::path::Path;

use super::*;
use crate::{SqliteStore, Store};

const JOURNAL: &str = "tests/journals/before_the_tables.db";

/// Leads jobs and launches into every state that a journal can hold.
fn life() -> Bench {
    let mut bench = Bench::new();
    let mints = bench.queue(1, 10);
    launches_with_runners(&mut bench, &mints);
    launches_without(&mut bench, &mints);
    bench.event(11, JobStatus::Waiting, None);
    for (job, claim, created_at) in [
        (
            12,
            Some(INSTALLATION),
            Some(bench.now - Duration::from_secs(90)),
        ),
        (13, Some(InstallationId(43)), None),
        (14, None, None),
    ] {
        bench.give(Input::Event(JobSighting {
            claim,
            created_at,
            ..sighting(job, JobStatus::Queued, None)
        }));
    }
    bench.give(Input::JobRead(key(14), read(JobStatus::Waiting, None)));
    bench.event(15, JobStatus::Queued, None);
    for _ in 0..2 {
        bench.give(Input::JobRead(key(15), Err(refused(404))));
    }
    bench.give(Input::Event(JobSighting {
        repo: RepoId(2),
        repo_name: "octo/other".to_owned(),
        ..sighting(16, JobStatus::Queued, None)
    }));
    bench
}

/// Ended, two busy with a job they are done with or not, booting, idle, busy with nobody knows which.
fn launches_with_runners(bench: &mut Bench, mints: &[Mint]) {
    for mint in &mints[..6] {
        bench.boot(mint);
    }
    for (job, mint) in (1..).zip(&mints[..3]) {
        bench.event(job, JobStatus::InProgress, Some(&mint.runner));
    }
    for (job, mint) in [(1, &mints[0]), (3, &mints[2])] {
        bench.event(job, JobStatus::Completed, Some(&mint.runner));
    }
    let over = hf_job_of(
        &mints[0].launch,
        hf_id(&mints[0].launch),
        Stage::Over("COMPLETED"),
    );
    bench.give(Input::HfInspected(mints[0].launch.clone(), Ok(over)));
    bench.list_runners(&[
        (&mints[1], true, true),
        (&mints[3], false, false),
        (&mints[4], true, false),
        (&mints[5], true, true),
    ]);
}

/// Asked for, asked for in vain, with a credential, ordered in vain, refused by the Hub.
fn launches_without(bench: &mut Bench, mints: &[Mint]) {
    let lost = || Failure::NoAnswer("lost".to_owned());
    let id = |place: usize| mints[place].launch.clone();
    for mint in &mints[7..] {
        bench.give(Input::Credential(mint.launch.clone(), Ok(credential(mint))));
    }
    let limited = Failure::Limited {
        until: bench.now + Duration::from_secs(60),
        message: String::new(),
    };
    bench.give(Input::Created(id(7), Err(limited)));
    bench.give(Input::Created(id(8), Err(lost())));
    bench.give(Input::Created(id(9), Err(refused(400))));
    bench.give(Input::Credential(id(6), Err(lost())));
}

async fn records(journal: &Path) -> BTreeMap<String, String> {
    let store = SqliteStore::open(journal).unwrap();
    store.load().await.unwrap().into_iter().collect()
}

/// A record as the version before wrote it: without what is new; a boot was given up when its configuration was taken to be
/// dying, and a job at work was asked about four minutes earlier.
fn as_before(text: &str) -> String {
    let new = |key: &str| ["never_ran", "vanished_at", "vanished", "confirmed_at"].contains(&key);
    fn strip(value: &mut serde_json::Value, new: &dyn Fn(&str) -> bool) {
        if let serde_json::Value::Object(fields) = value {
            fields.retain(|key, _| !new(key));
            if fields
                .get("status")
                .is_some_and(|status| status == "in_progress")
            {
                fields["check_at"] = "2027-01-15T08:06:00Z".into();
            }
            if let Some(deadline) = fields.get_mut("deadline") {
                *deadline = "2027-01-15T08:04:30Z".into();
            }
            fields.values_mut().for_each(|field| strip(field, new));
        }
    }
    let mut record = serde_json::from_str(text).unwrap();
    strip(&mut record, &new);
    record.to_string()
}

/// How far the launches are, in words.
fn states(bench: &Bench) -> Vec<&'static str> {
    let launches = bench.core.status(bench.now).launches;
    launches.iter().map(|launch| launch.state).collect()
}

fn shown(bench: &Bench) -> String {
    serde_json::to_string_pretty(&bench.core.status(bench.now)).unwrap()
}

#[tokio::test]
async fn a_journal_of_the_version_before_opens_and_goes_on_as_one_of_this_version() {
    // Opening a journal writes beside it.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("journal.db");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(JOURNAL);
    std::fs::copy(&kept, &copy).unwrap();

    let mut of_now = life();
    let mut of_then = Bench::cold(Settings::default(), of_now.now);
    of_then.journal = records(&copy).await;
    let keys = |bench: &Bench| bench.journal.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&of_then), keys(&of_now));
    let states = states(&of_now);
    for state in [
        "intended",
        "credentialed",
        "creating",
        "booting",
        "idle",
        "busy",
        "retiring",
    ] {
        assert!(states.contains(&state), "no launch is {state}: {states:?}");
    }

    for text in of_now.journal.values_mut() {
        *text = as_before(text);
    }
    of_then.restart();
    of_now.restart();
    assert_eq!(shown(&of_then), shown(&of_now));
    let goes_on = |bench: &mut Bench| {
        let mut calls = bench.give(Input::Tick);
        calls.extend(bench.trust());
        bench.settle();
        calls.extend(bench.pass(900));
        format!("{calls:#?}")
    };
    assert_eq!(goes_on(&mut of_then), goes_on(&mut of_now));
    assert_eq!(shown(&of_then), shown(&of_now));
    let read = |bench: &Bench| -> BTreeMap<String, serde_json::Value> {
        let records = bench.journal.iter();
        let read = |text: &str| serde_json::from_str(text).unwrap();
        records
            .map(|(key, text)| (key.clone(), read(text)))
            .collect()
    };
    let (then, now) = (read(&of_then), read(&of_now));
    for (key, record) in &now {
        assert_eq!(then.get(key), Some(record), "{key}");
    }
    assert_eq!(then.len(), now.len());
}
