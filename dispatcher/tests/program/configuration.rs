//! What the program makes of its configuration before it does anything: good, bad, explained.

use std::process::{Command, Output};

use super::{Program, SECRET, command};

fn run(arguments: &[&str], changes: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command: Command = command(&folder.path().join("journal.db"), "");
    command.args(arguments).stdout(std::process::Stdio::piped());
    for (name, value) in changes {
        command.env(name, value);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "checking a configuration touches no journal");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_good_one_is_checked_and_explained_without_its_secrets() {
    let (code, out, err) = run(&["--check-config"], &[]);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "", ""));
    let (code, out, err) = run(
        &["--explain-config"],
        &[("JOB_TIMEOUT", "2h"), ("HF_TOKEN", "hf_abc")],
    );
    assert_eq!(code, Some(0), "{err}");
    let line = |name: &str| {
        let line = out
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("JOB_TIMEOUT"), "JOB_TIMEOUT 2h environment");
    assert_eq!(line("BOOT_DEADLINE"), "BOOT_DEADLINE 15m default");
    assert_eq!(line("LISTEN"), "LISTEN 127.0.0.1:0 argument");
    assert_eq!(line("HF_TOKEN"), "HF_TOKEN (secret) environment");
    assert!(out.contains("for at most 2h (JOB_TIMEOUT)"), "{out}");
    assert!(
        !out.contains(SECRET) && !out.contains("hf_abc") && !out.contains("BEGIN"),
        "{out}"
    );
}

#[test]
fn a_bad_one_ends_with_64_and_names_all_that_is_wrong() {
    for arguments in [&["--check-config"][..], &["--explain-config"], &[]] {
        let changes = [
            ("JOB_TIMEOUT", "soon"),
            ("HF_TOKEN", "hf_abc\ndef"),
            ("MAX_JOBS_TOTAL", "-1"),
        ];
        let (code, out, err) = run(arguments, &changes);
        assert_eq!(code, Some(64), "{err}");
        assert!(
            err.contains(r#"JOB_TIMEOUT is "soon" (environment): it must be a time"#),
            "{err}"
        );
        assert!(
            err.contains("HF_TOKEN (environment) holds a line break"),
            "{err}"
        );
        assert!(err.contains("MAX_JOBS_TOTAL"), "{err}");
        assert!(
            ![&out, &err].iter().any(|text| text.contains("abc")),
            "{out}{err}"
        );
    }
    let (code, _, err) = run(&["--no-such-argument"], &[]);
    assert_eq!(code, Some(64), "{err}");
    let (code, _, err) = run(&["--port", "none"], &[]);
    assert_eq!(code, Some(64), "{err}");
    assert!(err.contains(r#"PORT is "none" (argument)"#), "{err}");
}

#[test]
fn a_file_goes_behind_the_environment_and_is_refused_by_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.toml");
    let file = path.to_str().unwrap();
    std::fs::write(&path, "job_timeout = \"3h\"\nhf_namespace = \"bob\"\n").unwrap();
    let (code, out, err) = run(&["--explain-config", "--config", file], &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.lines()
            .any(|line| line.starts_with("JOB_TIMEOUT ") && line.ends_with("d.toml:1")),
        "{out}"
    );
    assert!(
        out.lines()
            .any(|line| line.starts_with("HF_NAMESPACE ") && line.contains("alice")),
        "{out}"
    );
    std::fs::write(&path, "job_timeout = \"3h\"\nhf_namespce = \"bob\"\n").unwrap();
    let (code, _, err) = run(&["--check-config"], &[("CONFIG_FILE", file)]);
    assert_eq!(code, Some(64), "{err}");
    assert!(
        err.contains("d.toml:2:1: there is no hf_namespce; did you mean hf_namespace?"),
        "{err}"
    );
    let (code, _, err) = run(&["--check-config", "--config", "/no/such.toml"], &[]);
    assert_eq!(code, Some(64), "{err}");
    assert!(err.contains("/no/such.toml: cannot be read"), "{err}");
}

#[test]
fn an_address_that_is_taken_is_told_with_69() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_jobs-dispatcher"))
        .env_clear()
        .envs(super::environment())
        .env("DATABASE", folder.path().join("journal.db"))
        .args(["--listen", &address])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(69), "{told}");
    assert!(
        told.contains(&format!("failed to listen on {address}")),
        "{told}"
    );
}

#[test]
fn a_text_log_that_is_no_terminal_has_no_colour_codes() {
    let mut text = Program::start_with(
        "",
        &[
            ("LOG_FORMAT", "text"),
            ("LOG_LEVEL", "DEBUG"),
            ("STATUS_PUBLIC", "true"),
        ],
    );
    let answer = text.get("/status");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    text.signal(rustix::process::Signal::TERM);
    text.ended_within(super::PATIENCE).unwrap();
    assert!(
        text.log().contains("INFO") && !text.log().contains('\u{1b}'),
        "{}",
        text.log()
    );
}
