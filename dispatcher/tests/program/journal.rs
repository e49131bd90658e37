//! The journal under the program: full, in use, foreign.

use std::{path::Path, time::Duration};

use super::{Program, assert_accepted, command};

/// Starts the program on a journal that it cannot use: its exit code and its last words.
fn refused(journal: &Path) -> (Option<i32>, String) {
    let output = command(journal, "").output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_second_process_on_one_journal_says_so_and_ends() {
    let program = Program::start();
    let (code, told) = refused(&program.journal());
    assert_eq!(code, Some(65), "{told}");
    let holder = format!("is in use by process {}", program.process.id());
    assert!(
        told.contains(&holder) && told.contains("journal.db") && told.contains("DATABASE"),
        "{told}"
    );
    assert_accepted(&program.deliver(1).0);
}

#[test]
fn a_killed_process_leaves_no_lock() {
    let mut program = Program::start();
    assert_accepted(&program.deliver(1).0);
    program.process.kill().unwrap();
    program.process.wait().unwrap();
    let log = std::fs::File::create(program.folder.path().join("log")).unwrap();
    program.process = command(&program.journal(), "").stderr(log).spawn().unwrap();
    program.address = program.wait_for_address();
    assert_accepted(&program.deliver(2).0);
}

#[test]
fn a_file_that_is_no_journal_is_named_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(
        &path,
        "notes of somebody who mistyped DATABASE\n".repeat(50),
    )
    .unwrap();
    let (code, told) = refused(&path);
    assert_eq!(code, Some(65), "{told}");
    assert!(
        told.contains("notes.txt is no SQLite database") && told.contains("set DATABASE"),
        "{told}"
    );
    let (code, told) = refused(&folder.path().join("missing/journal.db"));
    assert_eq!(code, Some(65), "{told}");
    assert!(
        told.contains("cannot be opened") && told.contains("a folder that exists"),
        "{told}"
    );
}

#[test]
fn health_is_true_when_the_journal_cannot_be_written() {
    // Files may not grow beyond 400 blocks of 512 bytes; the log is short enough.
    let program = Program::start_after("trap '' XFSZ; ulimit -f 400");
    assert!(program.get("/healthz").starts_with("HTTP/1.1 200 "));
    assert!(program.get("/readyz").starts_with("HTTP/1.1 200 "));
    let refused = (1..500)
        .map(|job| program.deliver(job).0)
        .find(|answer| !answer.starts_with("HTTP/1.1 200 "));
    let refused = refused.expect("the disk is full in the end");
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(
        refused.contains("the journal could not be written") && refused.contains("disk"),
        "{refused}"
    );
    let health = program.get("/healthz");
    assert!(health.starts_with("HTTP/1.1 503 "), "{health}");
    assert!(
        health.contains("the journal cannot be written") && health.contains("disk"),
        "{health}"
    );
    assert!(program.get("/readyz").starts_with("HTTP/1.1 503 "));
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        program.get("/healthz").starts_with("HTTP/1.1 503 "),
        "it stays true"
    );
    let lines = program.lines();
    let line = lines
        .iter()
        .find(|line| line["message"] == "delivery refused")
        .unwrap();
    assert!(line["reason"].as_str().unwrap().contains("disk"), "{line}");
}
