//! What the README shows of `hf` against the lab is what happens: its commands are run, their output compared.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    thread,
};

use crate::client;

const README: &str = include_str!("../../README.md");
/// The addresses of the README; a test listens where there is room.
const SHOWN: [&str; 2] = ["127.0.0.1:4010", "127.0.0.1:4011"];

/// A command of the README and what it is said to print.
struct Shown {
    command: &'static str,
    output: String,
}

/// The commands of the README's console that begins with `serve`.
fn console() -> Vec<Shown> {
    let (_, rest) = README
        .split_once("```console\n$ dispatchlab serve")
        .unwrap();
    let (console, _) = rest.split_once("```").unwrap();
    let start = README.len() - rest.len() - "$ dispatchlab serve".len();
    let console = &README[start..start + "$ dispatchlab serve".len() + console.len()];
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

/// `dispatchlab serve` as the README starts it, but on free ports, until it is let go.
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

    /// A text of the README, for these addresses.
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

#[test]
fn the_readme_shows_what_hf_prints() {
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
    assert!(console.len() > 3, "the README shows too little");
}
