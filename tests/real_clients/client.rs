//! Client programs as child processes: where they are installed, what they are given, what they report.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use crate::lab::{Lab, REPOSITORY};

/// A path below the checkout, and if nothing is there, the way to get it.
fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(
        path.exists(),
        "{} is missing: ci/check installs the clients these tests run",
        path.display()
    );
    path
}

/// A program that knows nothing of what somebody really uses: no token, no proxy, no configuration.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    command.env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// A script of `tests/node`, given what a dispatcher would get in this lab.
pub(crate) fn node(lab: &Lab, script: &str) -> Command {
    installed("tests/node/node_modules/octokit");
    installed("tests/node/node_modules/@huggingface/hub");
    let mut command = program("node");
    command.arg(installed(&format!("tests/node/{script}")));
    furnish(lab, &mut command);
    command
}

/// The same for a script of `tests/python`.
pub(crate) fn python(lab: &Lab, script: &str) -> Command {
    let mut command = program(installed("target/python-clients/bin/python"));
    // No compiled modules beside the sources.
    command
        .arg("-B")
        .arg(installed(&format!("tests/python/{script}")));
    furnish(lab, &mut command);
    command
}

/// Hugging Face's command line.
pub(crate) fn hf(lab: &Lab) -> Command {
    let mut command = program(installed("target/python-clients/bin/hf"));
    furnish(lab, &mut command);
    command
}

/// A shell that finds `hf`, whose output comes in the order in which a terminal shows it.
pub(crate) fn shell_with_hf(home: &Path) -> Command {
    let mut command = program("sh");
    let mut path = installed("target/python-clients/bin").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    command.env("PATH", path).env("PYTHONUNBUFFERED", "1");
    settle(&mut command, home);
    command
}

fn furnish(lab: &Lab, command: &mut Command) {
    command
        .envs(lab.environment())
        .env("REPOSITORY", REPOSITORY);
    settle(command, lab.home.path());
}

/// Gives a client a place of its own, and nothing to ask of anybody but the lab.
fn settle(command: &mut Command, home: &Path) {
    command
        .env("HOME", home)
        // Python's client would also ask its Hub about itself, and PyPI for a newer version.
        .env("HF_HOME", home)
        .env("HF_HUB_DISABLE_TELEMETRY", "1")
        .env("HF_HUB_DISABLE_UPDATE_CHECK", "1")
        .env("NO_COLOR", "1");
}

/// Runs a client to its end and gives the last line of its output, parsed; `null` if it said nothing.
pub(crate) fn run(mut command: Command) -> Value {
    let program = command.get_program().to_string_lossy().into_owned();
    let ended = command.stdin(Stdio::null()).output();
    let ended = ended.unwrap_or_else(|error| panic!("{program}: {error}; ci/check installs it"));
    let (said, complained) = (
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
    );
    assert!(
        ended.status.success(),
        "{}\n{said}{complained}",
        ended.status
    );
    let last = said.lines().last().unwrap_or("null");
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {said}{complained}"))
}

/// A child process that does not outlive its test.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A receiver of webhooks.
pub(crate) struct Receiver {
    _process: Process,
    lines: BufReader<ChildStdout>,
    /// Where it wants its webhooks.
    pub(crate) url: String,
}

impl Receiver {
    /// Starts it and waits until it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut receiver = Self {
            _process: Process(child),
            lines,
            url: String::new(),
        };
        receiver.url = receiver.next()["listening"].as_str().unwrap().to_owned();
        receiver
    }

    /// The next line it prints, parsed.
    pub(crate) fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("the receiver said {line:?}: {error}"))
    }
}
