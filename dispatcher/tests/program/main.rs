//! The program itself, as a process with sockets: what it takes from strangers, how it ends, and what it says about it.
//! Method: the binary on a free port with a journal in a folder of its own; nothing it calls is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

mod attack;
mod configuration;
mod journal;
mod stopping;
mod surface;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use tokio::time::Instant;

/// A throw-away key made for these tests.
const KEY: &str = include_str!("../app-key.pem");
const SECRET: &str = "not-to-be-shown-anywhere";

/// How long anything of these tests is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The environment of a whole configuration; what the dispatcher calls refuses connections.
fn environment() -> Vec<(&'static str, String)> {
    [
        ("GH_APP_ID", "1"),
        ("GH_APP_PRIVATE_KEY", KEY),
        ("GH_WEBHOOK_SECRET", SECRET),
        ("HF_TOKEN", "hf_not-to-be-shown-either"),
        ("HF_NAMESPACE", "alice"),
        ("GITHUB_API_URL", "http://127.0.0.1:9"),
        ("HF_ENDPOINT", "http://127.0.0.1:9"),
        ("NO_COLOR", ""),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// The program, not started yet. What `sh` does before becoming it is `before`.
fn command(journal: &Path, before: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{before}\nexec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_jobs-dispatcher"))
        .args(["--listen", "127.0.0.1:0"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(environment())
        .env("LOG_FORMAT", "json")
        .env("DATABASE", journal)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// A process that does not outlive its test, with a folder for its journal and its log.
struct Program {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Program {
    fn start() -> Self {
        Self::start_after("")
    }

    fn start_after(before: &str) -> Self {
        Self::start_with(before, &[])
    }

    /// With more in its environment.
    fn start_with(before: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = command(&folder.path().join("journal.db"), before)
            .envs(environment.iter().copied())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut program = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            folder,
        };
        program.address = program.wait_for_address();
        program
    }

    fn wait_for_address(&mut self) -> SocketAddr {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(address) = listening_at(&self.log()) {
                return address;
            }
            assert!(
                self.process.try_wait().unwrap().is_none(),
                "it ended: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not listen: {}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The log's lines.
    fn lines(&self) -> Vec<serde_json::Value> {
        let log = self.log();
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and reads the answer to its end.
    fn send(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    fn get(&self, path: &str) -> String {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
    }

    /// Delivers a genuine webhook, and says how long the answer took.
    fn deliver(&self, job: u64) -> (String, Duration) {
        let began = Instant::now();
        (self.send(&webhook(&queued(job), "")), began.elapsed())
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.process.id()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal)
            .unwrap();
    }

    fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Memory in use, in bytes.
    fn memory(&self) -> usize {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kilobytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// The address that a log names, of either form.
fn listening_at(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("listening"))?;
    let at = line.find("127.0.0.1:")?;
    let address = line[at..].split(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    address.into_iter().next()?.parse().ok()
}

fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    let digits = mac.finalize().into_bytes();
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

fn queued(job: u64) -> Vec<u8> {
    format!(
        r#"{{"action":"queued","workflow_job":{{"id":{job},"run_id":1,"labels":["hf-jobs-cpu-basic"]}},
            "repository":{{"id":1,"full_name":"octo/app"}},"installation":{{"id":42}}}}"#
    )
    .into_bytes()
}

/// A genuine delivery on a connection of its own, with more header lines.
fn webhook(body: &[u8], more: &str) -> Vec<u8> {
    let head = format!(
        "POST /webhook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         x-github-event: workflow_job\r\nx-github-delivery: 7cd1e040-0000-11f0-8000-000000000001\r\n\
         x-hub-signature-256: {}\r\ncontent-length: {}\r\n{more}\r\n",
        sign(body),
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A delivery whose signature looks like one and is none; its body, of the length stated, is still to come.
fn forged_head(length: usize) -> Vec<u8> {
    format!(
        "POST /webhook HTTP/1.1\r\nhost: x\r\nx-github-event: workflow_job\r\n\
         x-hub-signature-256: sha256={}\r\ncontent-length: {length}\r\n\r\n",
        "0".repeat(64)
    )
    .into_bytes()
}

#[track_caller]
fn assert_accepted(answer: &str) {
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("accepted"),
        "{answer}"
    );
}
