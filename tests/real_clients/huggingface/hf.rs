//! `hf` as a child process, and what it said.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{client, lab::Lab};

/// How a call of `hf` ended.
#[derive(Debug)]
pub(super) struct Said {
    /// Its exit code.
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A command of `hf` with these arguments, run to its end.
pub(super) fn hf(lab: &Lab, command: &str, arguments: &[&str]) -> Said {
    let mut hf = client::hf(lab);
    hf.args(command.split(' ')).args(arguments);
    run(&mut hf)
}

/// The same, with its answer as JSON. It must succeed.
pub(super) fn hf_json(lab: &Lab, command: &str, arguments: &[&str]) -> Value {
    // Right behind the command: what comes after a job's own command belongs to that.
    hf(lab, &format!("{command} --format json"), arguments)
        .succeeded()
        .json()
}

/// Runs a call of `hf` to its end.
pub(super) fn run(command: &mut Command) -> Said {
    let ended = command.stdin(Stdio::null()).output().unwrap();
    Said {
        code: ended.status.code(),
        stdout: String::from_utf8(ended.stdout).unwrap(),
        stderr: String::from_utf8(ended.stderr).unwrap(),
    }
}

impl Said {
    pub(super) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// It ended with 1 and said this of it.
    pub(super) fn failed_with(&self, text: &str) {
        assert_eq!(self.code, Some(1), "{self:#?}");
        assert!(self.stderr.contains(text), "{text:?} is not in {self:#?}");
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}
