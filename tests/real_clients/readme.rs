//! What the documents show of `hf` and `curl` against the lab is what happens: their commands are run, and the output of
//! `hf` is compared.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    thread,
};

use crate::client;

const README: &str = include_str!("../../README.md");
const FAKE_HF_JOBS: &str = include_str!("../../docs/fake-hf-jobs.md");
/// The addresses of the documents; a test listens where there is room.
const SHOWN: [&str; 2] = ["127.0.0.1:4010", "127.0.0.1:4011"];

/// A command of the session and what it is said to print.
struct Shown {
    command: &'static str,
    output: String,
}

/// The commands of the session with `hf`, which begins with `serve`.
fn console() -> Vec<Shown> {
    let consoles = FAKE_HF_JOBS.split("```console\n").skip(1);
    let console = consoles
        .map(|rest| rest.split_once("```").unwrap().0)
        .find(|console| console.starts_with("$ dispatchlab serve"))
        .unwrap();
    let mut shown: Vec<Shown> = Vec::new();
    for line in console.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => shown.push(Shown {
                command,
                output: String::new(),
            }),
            None => {
                let output = &mut shown.last_mut().unwrap().output;
                output.push_str(line);
                output.push('\n');
            }
        }
    }
    shown
}

/// `dispatchlab serve` as the documents start it, but on free ports, until it is let go.
struct Serve {
    _process: client::Process,
    said: String,
    /// Its two addresses, as [`SHOWN`].
    addresses: [String; 2],
}

impl Serve {
    fn start(command: &str) -> Self {
        let arguments = command.strip_prefix("dispatchlab ").unwrap();
        let arguments = arguments.strip_suffix(" &").unwrap().split(' ');
        let mut serve = Command::new(env!("CARGO_BIN_EXE_dispatchlab"));
        let free = "127.0.0.1:0";
        serve.args(arguments).args(["--github", free, "--hf", free]);
        let mut process = client::Process(serve.stderr(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(process.0.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while !said.contains("Ctrl-C") {
            said.push_str(&lines.next().unwrap().unwrap());
            said.push('\n');
        }
        // Nobody reads on, and nobody must wait for that.
        thread::spawn(move || lines.count());
        let address = |of: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(of)).unwrap();
            line.trim().strip_prefix("http://").unwrap().to_owned()
        };
        let addresses = [address("fake GitHub"), address("fake HF Jobs")];
        Self {
            _process: process,
            said,
            addresses,
        }
    }

    /// A text of the documents, for these addresses.
    fn here(&self, text: &str) -> String {
        // All that is shown is cut out before anything is put in: a free port can begin with the digits of a shown one.
        let [github, hf] = &self.addresses;
        let parts = text.split(SHOWN[0]);
        let parts: Vec<String> = parts.map(|part| part.replace(SHOWN[1], hf)).collect();
        parts.join(github)
    }
}

/// The digits of dates and times are not compared, nor how wide a table is.
fn comparable(text: &str) -> String {
    let words = |line: &str| {
        let words = line.split_whitespace().map(|word| {
            let is_time = word.starts_with("20") && word.contains(['-', ':']);
            if is_time { "TIME" } else { word }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

/// The environment file goes into a folder of its own.
#[test]
fn the_control_api_does_what_the_readme_asks_of_it() {
    let shown = "dispatchlab serve --github 127.0.0.1:4010 --env-file lab.env";
    assert!(README.contains(&format!("`{shown}`")));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.env");
    let command = shown.replace(" --github 127.0.0.1:4010", "");
    let command = command.replace("lab.env", file.to_str().unwrap());
    let serve = Serve::start(&format!("{command} &"));
    assert!(file.exists());
    let asked: Vec<&str> = README
        .lines()
        .filter_map(|line| line.strip_prefix("    curl "))
        .collect();
    assert_eq!(asked.len(), 3);
    let mut said = String::new();
    for arguments in asked {
        let command = format!("curl --silent --fail-with-body {}", serve.here(arguments));
        let ended = client::program("sh")
            .args(["-c", &command])
            .output()
            .unwrap();
        let printed = String::from_utf8(ended.stdout).unwrap();
        assert!(ended.status.success(), "{command}: {printed}");
        said.push_str(&printed);
    }
    // The address of the webhook, the fault and the job that they were about.
    for word in ["127.0.0.1:7860", "github.jit-config", "\"job\":"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
}

#[test]
fn the_session_shows_what_hf_prints() {
    let console = console();
    let serve = Serve::start(console[0].command);
    assert_eq!(serve.said, serve.here(&console[0].output));
    let home = tempfile::tempdir().unwrap();
    let mut exported = String::new();
    for Shown { command, output } in &console[1..] {
        let command = serve.here(command);
        if command.starts_with("export ") {
            exported.push_str(&command);
            exported.push('\n');
            continue;
        }
        let mut shell = client::shell_with_hf(home.path());
        let ended = shell
            .args(["-c", &format!("{exported}{command} 2>&1")])
            .output();
        let printed = String::from_utf8(ended.unwrap().stdout).unwrap();
        assert_eq!(
            comparable(&printed),
            comparable(&serve.here(output)),
            "{command}"
        );
    }
    assert!(console.len() > 3, "the session shows too little");
}
