//! The commands of a container, as far as they start a runner.

use std::collections::BTreeMap;

use super::shell_words::{Joint, ShellCommand, commands};

/// What a script does after `config.sh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Then {
    /// Whether it goes on when `config.sh` fails, so that nobody sees that failure's exit code.
    pub(super) swallows_failure: bool,
    /// Whether it starts the runner.
    pub(super) runs: bool,
}

/// The commands of a container.
pub(super) struct Script {
    commands: Vec<ShellCommand>,
    /// Whether it ends at the first command that fails.
    stops_at_failure: bool,
}

impl Script {
    /// A shell's script, or the one command there is. Only a shell fills in variables.
    pub(super) fn of(words: &[String], variables: &BTreeMap<String, String>) -> Self {
        let is_shell = |word: &String| matches!(base(word), "sh" | "bash" | "dash" | "ash");
        let options = words
            .iter()
            .skip(1)
            .take_while(|word| word.starts_with('-'));
        let options: Vec<&String> = options.collect();
        let takes_script = options.iter().any(|word| short_option(word, 'c'));
        if !words.first().is_some_and(is_shell) || !takes_script {
            let command = ShellCommand {
                words: words.to_vec(),
                assigned: Vec::new(),
                joint: Joint::End,
            };
            return Self {
                commands: vec![command],
                stops_at_failure: false,
            };
        }
        let mut rest = words.iter().skip(1 + options.len());
        let script = rest.next().map(String::as_str).unwrap_or_default();
        let positional: Vec<String> = rest.cloned().collect();
        let commands = commands(script, variables, &positional);
        let sets = |command: &ShellCommand| {
            let is_set = command.words.first().is_some_and(|word| word == "set");
            is_set && command.words.iter().any(|word| short_option(word, 'e'))
        };
        Self {
            stops_at_failure: commands.iter().any(sets)
                || options.iter().any(|word| short_option(word, 'e')),
            commands,
        }
    }

    /// The arguments of `config.sh`, and what comes of its failure.
    pub(super) fn config_sh(&self) -> Option<(&[String], Then)> {
        let (place, words) = self
            .commands
            .iter()
            .enumerate()
            .find_map(|(place, command)| {
                let words = behind(command, |name| name == "config.sh")?;
                Some((place, words))
            })?;
        if words.first().is_some_and(|word| word == "remove") {
            return None;
        }
        let swallows_failure = match self.commands[place].joint {
            Joint::And | Joint::End => false,
            Joint::Or => true,
            Joint::Then => !self.stops_at_failure,
        };
        let runs = self.run_sh().is_some();
        let then = Then {
            swallows_failure,
            runs,
        };
        Some((words, then))
    }

    /// The arguments of `run.sh`: of the last one, since scripts look for it before they start it.
    pub(super) fn run_sh(&self) -> Option<&[String]> {
        let is_it = |name: &str| name == "run.sh" || name == "Runner.Listener";
        self.commands
            .iter()
            .rev()
            .find_map(|command| behind(command, is_it))
    }

    /// The variables it sets.
    pub(super) fn assigned(&self) -> impl Iterator<Item = (&String, &String)> {
        let all = self.commands.iter().flat_map(|command| &command.assigned);
        all.map(|(name, value)| (name, value))
    }
}

/// The words behind a program.
fn behind(command: &ShellCommand, is_it: impl Fn(&str) -> bool) -> Option<&[String]> {
    let place = command.words.iter().position(|word| is_it(base(word)))?;
    Some(&command.words[place + 1..])
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether a word like `-euc` has this letter.
fn short_option(word: &str, letter: char) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| !letters.starts_with('-') && letters.contains(letter))
}
