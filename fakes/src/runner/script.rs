//! The commands of a container, as far as they start a runner.

use std::borrow::Cow;

use super::{
    shell_steps::Word,
    shell_words::{Given, Joint, ShellCommand, commands},
};

/// What a script does after `config.sh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Then {
    /// Whether it goes on when `config.sh` fails, so that nobody sees that failure's exit code.
    pub(super) swallows_failure: bool,
    /// Whether it starts the runner.
    pub(super) runs: bool,
}

/// The commands of a container.
pub(super) struct Script<'a> {
    commands: Vec<ShellCommand<'a>>,
    /// Whether it ends at the first command that fails.
    stops_at_failure: bool,
}

impl<'a> Script<'a> {
    /// A shell's script, or the one command there is. Only a shell fills in variables.
    pub(super) fn of(words: &'a [String], given: Given<'a>) -> Self {
        let shells = ["sh", "bash", "dash", "ash"];
        let is_shell = |word: &String| shells.into_iter().any(|shell| is_called(word, shell));
        let options = words
            .iter()
            .skip(1)
            .take_while(|word| word.starts_with('-'));
        let options: Vec<&String> = options.collect();
        let takes_script = options.iter().any(|word| short_option(word, 'c'));
        if !words.first().is_some_and(is_shell) || !takes_script {
            let command = ShellCommand {
                words: words.iter().map(Cow::from).collect(),
                assigned: Vec::new(),
                joint: Joint::End,
            };
            return Self {
                commands: vec![command],
                stops_at_failure: false,
            };
        }
        let mut rest = words[1 + options.len()..].iter();
        let script = rest.next().map(String::as_str).unwrap_or_default();
        let commands = commands(script, given, rest.as_slice());
        let sets = |command: &ShellCommand<'_>| {
            is_set(&command.words) && command.words.iter().any(|word| short_option(word, 'e'))
        };
        Self {
            stops_at_failure: commands.iter().any(sets)
                || options.iter().any(|word| short_option(word, 'e')),
            commands,
        }
    }

    /// The arguments of `config.sh`, and what comes of its failure.
    pub(super) fn config_sh(&self) -> Option<(&[Cow<'a, str>], Then)> {
        let (place, words) = self
            .commands
            .iter()
            .enumerate()
            .find_map(|(place, command)| {
                let words = behind(&command.words, &[CONFIGURES])?;
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
    pub(super) fn run_sh(&self) -> Option<&[Cow<'a, str>]> {
        self.commands
            .iter()
            .rev()
            .find_map(|command| behind(&command.words, &RUNS))
    }

    /// The variables it sets.
    pub(super) fn assigned(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.commands.iter().flat_map(|command| &command.assigned);
        all.map(|(name, value)| (&**name, &**value))
    }
}

/// What configures a runner, and what runs one.
const CONFIGURES: &str = "config.sh";
const RUNS: [&str; 2] = ["run.sh", "Runner.Listener"];

/// Whether anything can be asked about a command with these words, by what is known of them before variables are filled in.
pub(super) fn may_matter(words: &[Word]) -> bool {
    let assigns = |first: &Word| {
        first.has_variables || first.end.contains('=') || ["export", "set"].contains(&&*first.end)
    };
    let may_be_called = |word: &Word, program: &str| {
        // A variable may be all of a name, or its beginning.
        (word.has_variables && program.ends_with(&*word.end)) || is_called(&word.end, program)
    };
    let programs = RUNS.into_iter().chain([CONFIGURES]);
    words.first().is_none_or(assigns)
        || programs
            .flat_map(|program| words.iter().map(move |word| (word, program)))
            .any(|(word, program)| may_be_called(word, program))
}

/// Whether anything is asked about a command with these words.
pub(super) fn matters(words: &[Cow<'_, str>]) -> bool {
    is_set(words) || behind(words, &[CONFIGURES]).is_some() || behind(words, &RUNS).is_some()
}

fn is_set(words: &[Cow<'_, str>]) -> bool {
    words.first().is_some_and(|word| word == "set")
}

/// The words behind a program of one of these names.
fn behind<'c, 'a>(words: &'c [Cow<'a, str>], programs: &[&str]) -> Option<&'c [Cow<'a, str>]> {
    let is_it = |word: &Cow<'_, str>| programs.iter().any(|program| is_called(word, program));
    let place = words.iter().position(is_it)?;
    Some(&words[place + 1..])
}

/// Whether a word names this program, in whatever folder.
fn is_called(word: &str, program: &str) -> bool {
    let folder = word.strip_suffix(program);
    folder.is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
}

/// Whether a word like `-euc` has this letter.
fn short_option(word: &str, letter: char) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| !letters.starts_with('-') && letters.contains(letter))
}
