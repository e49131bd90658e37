//! The real tier: the released binaries on loopback, in real time. What only sockets and processes prove.

mod workers;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use dispatchlab::{normal_form::normal_form, target::Seams};
use fakes::history::Event;
use scenarios::{Choices, Document};

use crate::plans::run;

/// A child process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The dispatcher's binary, built beside ours because its own tests need it too.
fn dispatcher_binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_dispatchlab")).with_file_name("jobs-dispatcher");
    assert!(
        binary.exists(),
        "{} is missing: run the tests of the whole workspace",
        binary.display()
    );
    binary
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Plays a scenario against the dispatcher's binary and gives the history.
fn play(scenario: &str, set: &[&str], folder: &Path) -> Vec<Event> {
    let port = free_port();
    let environment = folder.join("lab.env");
    let mut lab = Command::new(env!("CARGO_BIN_EXE_dispatchlab"));
    lab.args([
        "serve",
        scenario,
        "--github",
        "127.0.0.1:0",
        "--hf",
        "127.0.0.1:0",
    ]);
    lab.args(["--webhook", &format!("http://127.0.0.1:{port}/webhook")]);
    lab.arg("--env-file")
        .arg(&environment)
        .arg("--out")
        .arg(folder.join("out"));
    for value in set {
        lab.args(["--set", value]);
    }
    let mut lab = Process(lab.stdout(Stdio::null()).spawn().unwrap());
    while !environment.exists() || fs::read_to_string(&environment).unwrap().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
        assert!(
            lab.0.try_wait().unwrap().is_none(),
            "serve ended before it listened"
        );
    }
    let store = folder.join("dispatcher.sqlite");
    let dispatcher = Command::new("sh")
        .arg("-c")
        .arg("set -a; . \"$1\"; exec \"$2\"")
        .args(["sh"])
        .arg(&environment)
        .arg(dispatcher_binary())
        .env("HOST", "127.0.0.1")
        .env("PORT", port.to_string())
        .env("DATABASE", &store)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _dispatcher = Process(dispatcher.unwrap());
    let status = lab.0.wait().unwrap();
    let history = history_below(&folder.join("out"));
    assert!(
        status.success(),
        "serve ended with {status}; {} events",
        history.len()
    );
    assert!(store.exists(), "the dispatcher kept its journal elsewhere");
    history
}

fn history_below(folder: &Path) -> Vec<Event> {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return history_below(&path);
        }
        if path.ends_with("history.jsonl") {
            return fs::read_to_string(path)
                .unwrap()
                .lines()
                .map(event)
                .collect();
        }
    }
    Vec::new()
}

fn event(line: &str) -> Event {
    let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
    // `about` is for readers of the file; the event itself says it all.
    value.as_object_mut().unwrap().remove("about");
    serde_json::from_value(value).unwrap()
}

fn virtual_form(file: &str, text: &str, set: &[&str]) -> BTreeMap<String, Vec<String>> {
    let document = Document::parse(file, text).unwrap();
    let set = set.iter().map(|pair| pair.split_once('=').unwrap());
    let set = set
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let plan = document
        .plan(&Choices {
            seed: 1,
            vary: false,
            set,
        })
        .unwrap();
    normal_form(&run(&plan, Seams::default()).events)
}

#[test]
fn the_binary_serves_the_happy_path_as_the_virtual_tier_does() {
    let folder = tempfile::tempdir().unwrap();
    let set = ["boot=1s", "work=3s"];
    let entry = scenarios::corpus()
        .iter()
        .find(|entry| entry.name == "happy-path")
        .unwrap();
    // What comes late is not what this test is about.
    let text = entry.text.replace("expect:\n", "expect:\n  settle: 2s\n");
    assert_ne!(text, entry.text);
    let scenario = folder.path().join("happy-path.yaml");
    fs::write(&scenario, text).unwrap();
    let real = normal_form(&play(scenario.to_str().unwrap(), &set, folder.path()));
    assert!(
        real.values()
            .all(|life| life.iter().any(|line| line == "completed Success")),
        "{real:#?}"
    );
    assert_eq!(real, virtual_form(entry.file, entry.text, &set));
}

/// The recorded life of one job, as GitHub's delivery API shows it: 5 s until it starts, 2 s until it ends.
fn api_deliveries() -> String {
    let recording = include_str!("../../scenarios/corpus/recordings/recorded-life.jsonl");
    let items: Vec<_> = recording
        .lines()
        .zip([
            "2026-11-03T09:14:06Z",
            "2026-11-03T09:14:11Z",
            "2026-11-03T09:14:13Z",
        ])
        .map(|(line, delivered_at)| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let request =
                serde_json::json!({ "headers": line["headers"], "payload": line["payload"] });
            serde_json::json!({ "id": 1, "delivered_at": delivered_at, "request": request })
        })
        .collect();
    serde_json::Value::from(items).to_string()
}

#[test]
fn the_binary_serves_an_imported_job_as_the_virtual_tier_does() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("deliveries.json"), api_deliveries()).unwrap();
    let imported = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .args(["import", "deliveries.json", "--name", "stuck"])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert!(imported.success());
    let scenario = folder.path().join("stuck.yaml");
    let text = fs::read_to_string(&scenario).unwrap()
        + "\nworld: { hf: { cold_start: 1s } }\nexpect: { settle: 2s }\n";
    fs::write(&scenario, &text).unwrap();
    let file = scenario.to_str().unwrap();
    let real = normal_form(&play(file, &[], folder.path()));
    assert_eq!(real.len(), 1, "{real:#?}");
    let life = real.values().next().unwrap();
    assert!(
        life.contains(&"assigned".to_owned()),
        "our runner must take the recorded job: {life:#?}"
    );
    assert_eq!(real, virtual_form(file, &text, &[]));
}
