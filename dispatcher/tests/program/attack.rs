//! Strangers hold connections, send heads and bodies slowly or without end: an honest webhook is answered at once all the same.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::Instant;

use super::{Program, assert_accepted, forged_head, queued, sign, webhook};

const AT_ONCE: Duration = Duration::from_secs(1);

/// This process holds the other ends of all those connections.
fn open_files(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.is_none_or(|maximum| maximum >= wanted);
    assert!(
        enough,
        "this test opens {wanted} files, and the limit is {limit:?}"
    );
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    if limit.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, raised).unwrap();
    }
}

/// So many connections that have sent this and nothing more.
fn hold(program: &Program, connections: usize, sent: &[u8]) -> Vec<TcpStream> {
    let held = (0..connections).map(|_| {
        let mut stream = program.connect();
        // Whoever is made to give way meanwhile hears of it here.
        let _refused = stream.write_all(sent);
        stream
    });
    held.collect()
}

#[track_caller]
fn assert_answers_at_once(program: &Program, job: u64) {
    let (answer, took) = program.deliver(job);
    assert_accepted(&answer);
    assert!(took < AT_ONCE, "it took {took:?}; log: {}", program.log());
}

#[test]
fn five_hundred_slow_heads_delay_nobody() {
    open_files(2_000);
    let program = Program::start();
    let mut held = hold(
        &program,
        500,
        b"POST /webhook HTTP/1.1\r\nhost: x\r\nx-github-event: work",
    );
    assert_answers_at_once(&program, 1);
    for stream in &mut held {
        let _cut = stream.write_all(b"f");
    }
    assert_answers_at_once(&program, 2);
}

#[test]
fn five_hundred_slow_bodies_delay_nobody() {
    open_files(2_000);
    let program = Program::start();
    let head = [forged_head(20 << 20), vec![b' '; 100_000]].concat();
    let _held = hold(&program, 500, &head);
    assert_answers_at_once(&program, 1);
    // More than all bodies together may take.
    let memory = program.memory();
    assert!(memory < 200 << 20, "{memory}");
}

#[test]
fn five_thousand_idle_connections_delay_nobody() {
    open_files(6_000);
    let program = Program::start();
    let held = hold(&program, 5_000, b"");
    assert_answers_at_once(&program, 1);
    let files = std::fs::read_dir(format!("/proc/{}/fd", program.process.id())).unwrap();
    assert!(files.count() < 1_200);
    let memory = program.memory();
    assert!(memory < 100 << 20, "{memory}");
    let said = program.lines();
    let said = said.iter().filter(|line| {
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("too many connections")
    });
    assert!((1..50).contains(&said.count()), "{}", program.log());
    drop(held);
    assert_answers_at_once(&program, 2);
}

#[test]
fn a_process_without_file_descriptors_answers_and_does_not_spin() {
    open_files(2_000);
    let program = Program::start_after("ulimit -n 22");
    for job in 1..6 {
        let _held = hold(&program, 200, b"");
        assert_answers_at_once(&program, job);
    }
    let cpu = |program: &Program| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", program.process.id())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let _held = hold(&program, 200, b"");
    let before = cpu(&program);
    std::thread::sleep(Duration::from_secs(2));
    // In hundredths of a second.
    assert!(cpu(&program) - before < 50, "it spins");
    assert_answers_at_once(&program, 9);
}

#[test]
fn a_head_that_does_not_end_and_a_body_that_does_not_come_are_cut() {
    let program = Program::start();
    let mut head = program.connect();
    head.write_all(b"POST /webhook HTTP/1.1\r\n").unwrap();
    let mut idle = program.connect();
    let mut body = program.connect();
    body.write_all(&forged_head(1000)).unwrap();
    let began = Instant::now();
    let mut answer = String::new();
    body.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("did not come within 10 s"), "{answer}");
    for stream in [&mut head, &mut idle] {
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn an_unsigned_body_of_300_mb_costs_no_memory_and_is_refused_before_it_came() {
    let program = Program::start();
    assert_accepted(&program.deliver(1).0);
    let before = program.memory();
    let unsigned = "POST /webhook HTTP/1.1\r\nhost: x\r\nx-github-event: workflow_job\r\n";
    let forged = String::from_utf8(forged_head(300 << 20)).unwrap();
    let chunked = forged.replace(
        &format!("content-length: {}", 300 << 20),
        "transfer-encoding: chunked",
    );
    for (head, status) in [
        (
            format!("{unsigned}transfer-encoding: chunked\r\n\r\n"),
            "401",
        ),
        (
            format!(
                "{unsigned}x-hub-signature-256: sha256=0\r\ntransfer-encoding: chunked\r\n\r\n"
            ),
            "401",
        ),
        (
            format!("{unsigned}content-length: {}\r\n\r\n", 300 << 20),
            "413",
        ),
        (forged.clone(), "413"),
        (chunked.clone(), "411"),
    ] {
        let mut stream = program.connect();
        stream.write_all(head.as_bytes()).unwrap();
        let is_chunked = head.contains("chunked");
        let chunk = vec![b' '; 1 << 20];
        let mut most = 0;
        for _ in 0..300 {
            let size = format!("{:x}\r\n", chunk.len());
            let (start, end) = if is_chunked {
                (size.as_bytes(), &b"\r\n"[..])
            } else {
                (&b""[..], &b""[..])
            };
            if [start, &chunk, end]
                .iter()
                .any(|part| stream.write_all(part).is_err())
            {
                break;
            }
            most = most.max(program.memory());
        }
        let mut answer = Vec::new();
        // The connection may have been reset under what was still being sent; what came before that is kept.
        let _reset = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{head}: {answer}"
        );
        let growth = most.max(program.memory()).saturating_sub(before);
        assert!(growth < 8 << 20, "{head}: it grew by {growth} bytes");
    }
    assert_accepted(&program.deliver(2).0);
}

#[test]
fn twenty_megabytes_of_labels_cost_little_more_than_their_body() {
    let program = Program::start();
    assert_accepted(&program.deliver(1).0);
    let before = program.memory();
    let labels = vec![r#""a""#; 5 << 20].join(",");
    let body = String::from_utf8(queued(2)).unwrap();
    let body = body.replace(r#""hf-jobs-cpu-basic""#, &labels).into_bytes();
    assert!(body.len() > 20_000_000);
    let answer = program.send(&webhook(&body, ""));
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("skipped"),
        "{answer}"
    );
    let peak = std::fs::read_to_string(format!("/proc/{}/status", program.process.id())).unwrap();
    let peak = peak
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap()
        .to_owned();
    let peak: usize = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(
        peak * 1024 < before + (80 << 20),
        "{peak} kB, {before} B before"
    );
}

#[test]
fn a_refused_delivery_leaves_one_line_with_its_reason_and_a_flood_leaves_few() {
    let program = Program::start();
    let body = queued(1);
    let good = webhook(&body, "");
    let wrong = String::from_utf8(good)
        .unwrap()
        .replace(&sign(&body), &format!("sha256={}", "1".repeat(64)));
    for _ in 0..200 {
        assert!(program.send(wrong.as_bytes()).starts_with("HTTP/1.1 401 "));
    }
    let lines = program.lines();
    let refused: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "delivery refused")
        .collect();
    assert!((1..=15).contains(&refused.len()), "{}", program.log());
    let first = refused[0];
    assert!(
        first["reason"]
            .as_str()
            .unwrap()
            .contains("GH_WEBHOOK_SECRET"),
        "{first}"
    );
    assert_eq!(first["status"], 401);
    assert_eq!(
        first["delivery"],
        "\"7cd1e040-0000-11f0-8000-000000000001\""
    );
    assert!(!program.log().contains(super::SECRET));
}
