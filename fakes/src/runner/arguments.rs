//! The arguments of `config.sh` and `run.sh`.
//!
//! Each stands on the command line or in the environment as `ACTIONS_RUNNER_INPUT_<ARGUMENT>`; the command line
//! wins (<https://github.com/actions/runner>, `src/Runner.Listener/CommandSettings.cs`).

use std::collections::BTreeMap;

/// Where the environment has arguments.
const PREFIX: &str = "ACTIONS_RUNNER_INPUT_";

/// Arguments by name, in lower case. A flag has no value.
#[derive(Clone, Default)]
pub(super) struct Arguments(BTreeMap<String, Option<String>>);

impl Arguments {
    /// Those of the environment, and those of a command line over them.
    pub(super) fn read<'a>(
        environment: impl Iterator<Item = (&'a str, &'a str)>,
        words: &[impl AsRef<str>],
    ) -> Self {
        let mut arguments = BTreeMap::new();
        for (name, value) in environment {
            if let Some(argument) = name.strip_prefix(PREFIX) {
                arguments.insert(argument.to_lowercase(), Some(value.to_owned()));
            }
        }
        let mut words = words.iter().map(AsRef::as_ref).peekable();
        while let Some(word) = words.next() {
            let Some(argument) = word.strip_prefix("--") else {
                continue;
            };
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (
                    argument,
                    words
                        .next_if(|next| !next.starts_with("--"))
                        .map(str::to_owned),
                ),
            };
            arguments.insert(name.to_lowercase(), value);
        }
        Self(arguments)
    }

    /// An argument's value, if it has one that is not empty.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)?
            .as_deref()
            .filter(|value| !value.is_empty())
    }

    /// Whether a flag is set: it is there, and says nothing or something true.
    pub(super) fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            None => false,
            Some(None) => true,
            Some(Some(value)) => {
                matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "$true")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)], words: &[&str]) -> Arguments {
        Arguments::read(environment.iter().copied(), words)
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let arguments = read(
            &[
                ("ACTIONS_RUNNER_INPUT_NAME", "by-environment"),
                ("ACTIONS_RUNNER_INPUT_LABELS", "a"),
                ("NAME", "no argument"),
            ],
            &["--name", "by-words", "--token=t"],
        );
        assert_eq!(arguments.value("name"), Some("by-words"));
        assert_eq!(arguments.value("labels"), Some("a"));
        assert_eq!(arguments.value("token"), Some("t"));
        assert_eq!(arguments.value("url"), None);
    }

    #[test]
    fn a_flag_needs_no_value_and_can_be_denied_in_the_environment() {
        let arguments = read(
            &[
                ("ACTIONS_RUNNER_INPUT_EPHEMERAL", "true"),
                ("ACTIONS_RUNNER_INPUT_REPLACE", "false"),
            ],
            &["--unattended", "--no-default-labels", "--labels", "a"],
        );
        assert!(arguments.flag("ephemeral") && arguments.flag("unattended"));
        assert!(arguments.flag("no-default-labels"));
        assert!(!arguments.flag("replace") && !arguments.flag("disableupdate"));
        assert_eq!(arguments.value("labels"), Some("a"));
    }
}
