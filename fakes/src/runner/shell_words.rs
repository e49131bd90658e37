//! The words of a shell script, as far as they tell how a runner is started.
//!
//! No shell: words are split, quotes taken off and variables filled in; nothing is run, and branches are not
//! told apart.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    script::matters,
    shell_steps::{Step, steps},
};

/// What stands between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// `&&`: the next one only after a success.
    And,
    /// `||`: the next one only after a failure.
    Or,
    /// `;`, `|`, `&`, a bracket, or the end of the line.
    Then,
    /// The end of the script.
    End,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShellCommand<'a> {
    pub(super) words: Vec<Cow<'a, str>>,
    /// What it sets, in front of a program or with `export`.
    pub(super) assigned: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) joint: Joint,
}

/// The variables that a container is started with; the secrets win.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) secrets: &'a BTreeMap<String, String>,
}

impl<'a> Given<'a> {
    fn get(self, name: &str) -> Option<&'a String> {
        let secret = self.secrets.get(name);
        secret.or_else(|| self.environment.get(name))
    }
}

/// The commands of a script. Variables are those that are given, those of the script's own assignments, and `$1`
/// and its like. What stands there as it is meant is not copied: most words of a script do. Of the commands that assign
/// nothing, only those are given whose words matter.
pub(super) fn commands<'a>(
    script: &'a str,
    given: Given<'a>,
    positional: &'a [String],
) -> Vec<ShellCommand<'a>> {
    read(script, &steps(script), given, positional, matters)
}

fn read<'a>(
    script: &'a str,
    steps: &[Step],
    given: Given<'a>,
    positional: &'a [String],
    matter: fn(&[Cow<'_, str>]) -> bool,
) -> Vec<ShellCommand<'a>> {
    let mut reading = Reading {
        given,
        set: BTreeMap::new(),
        positional,
        matter,
        commands: Vec::new(),
        is_last_given: false,
        words: Vec::new(),
        assigned: Vec::new(),
        word: None,
    };
    for step in steps {
        match step {
            Step::Text(place) => reading.push(Cow::Borrowed(&script[place.clone()])),
            Step::Variable { name, default } => {
                let default = default.clone().map(|place| &script[place]);
                reading.push_variable(&script[name.clone()], default);
            }
            Step::EndWord => reading.end_word(),
            Step::EndCommand(joint) => reading.end_command(*joint),
            Step::Idle => reading.is_last_given = false,
        }
    }
    reading.commands
}

/// Words that are being put together.
struct Reading<'a> {
    given: Given<'a>,
    /// What the script has set itself so far.
    set: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    positional: &'a [String],
    matter: fn(&[Cow<'_, str>]) -> bool,
    commands: Vec<ShellCommand<'a>>,
    /// Whether the last command there was is the last of those.
    is_last_given: bool,
    words: Vec<Cow<'a, str>>,
    assigned: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The word that is being read, if one is.
    word: Option<Cow<'a, str>>,
}

impl<'a> Reading<'a> {
    /// A variable's value; outside quotes one that is empty makes no word.
    fn push_variable(&mut self, name: &str, default: Option<&'a str>) {
        let value = self.value(name);
        let value = value.or_else(|| default.map(Cow::Borrowed));
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.push(value);
        }
    }

    fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        let borrowed = |text: &'a String| Cow::Borrowed(text.as_str());
        let value = match name.parse::<usize>() {
            Ok(place) => self.positional.get(place).map(borrowed),
            Err(_) => match self.set.get(name) {
                Some(set) => Some(set.clone()),
                None => self.given.get(name).map(borrowed),
            },
        };
        value.filter(|value| !value.is_empty())
    }

    fn push(&mut self, text: Cow<'a, str>) {
        match &mut self.word {
            Some(word) if word.is_empty() => *word = text,
            Some(Cow::Owned(word)) => word.push_str(&text),
            Some(word) => *word = Cow::Owned([&**word, &*text].concat()),
            None => self.word = Some(text),
        }
    }

    /// A word is done. In front of a command `NAME=value` is an assignment.
    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        let in_front = self.words.iter().all(|word| word == "export");
        let equals = || word.bytes().position(|byte| byte == b'=');
        match in_front.then(equals).flatten() {
            Some(end) if is_name(&word[..end]) => {
                let (name, value) = match word {
                    Cow::Borrowed(word) => (Cow::from(&word[..end]), Cow::from(&word[end + 1..])),
                    Cow::Owned(mut word) => {
                        let value = word.split_off(end + 1);
                        word.truncate(end);
                        (Cow::from(word), Cow::from(value))
                    }
                };
                self.set.insert(name.clone(), value.clone());
                self.assigned.push((name, value));
            }
            _ => self.words.push(word),
        }
    }

    fn end_command(&mut self, joint: Joint) {
        self.end_word();
        if !self.assigned.is_empty() || !self.words.is_empty() && (self.matter)(&self.words) {
            self.is_last_given = true;
            self.commands.push(ShellCommand {
                words: std::mem::take(&mut self.words),
                assigned: std::mem::take(&mut self.assigned),
                joint,
            });
        } else if !self.words.is_empty() {
            self.is_last_given = false;
            self.words.clear();
        } else if let Some(last) = self.commands.last_mut().filter(|_| self.is_last_given)
            && joint == Joint::End
        {
            // Nothing but the end of lines follows.
            if last.joint == Joint::Then {
                last.joint = Joint::End;
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().all(is_part) && text.starts_with(|c: char| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{super::shell_steps::take_apart, *};

    fn read(script: &str) -> Vec<(Vec<String>, Joint)> {
        let environment = BTreeMap::from([
            ("TOKEN".to_owned(), "t0ken".to_owned()),
            ("SPACED".to_owned(), "two words".to_owned()),
        ]);
        let positional = ["bash".to_owned(), "first".to_owned()];
        let given = Given {
            environment: &environment,
            secrets: &BTreeMap::new(),
        };
        super::read(script, &take_apart(script), given, &positional, |_| true)
            .into_iter()
            .map(|command| {
                let words = command.words.into_iter().map(Cow::into_owned);
                (words.collect(), command.joint)
            })
            .collect()
    }

    fn words(script: &str) -> Vec<String> {
        read(script)
            .into_iter()
            .flat_map(|(words, _)| words)
            .collect()
    }

    #[test]
    fn variables_are_filled_in_outside_single_quotes() {
        assert_eq!(
            words(
                "run $GONE $TOKEN \"${TOKEN}x\" '$TOKEN' \"$SPACED\" \"$GONE\" ${GONE:-else} $1 \\$TOKEN a$"
            ),
            [
                "run",
                "t0ken",
                "t0kenx",
                "$TOKEN",
                "two words",
                "",
                "else",
                "first",
                "$TOKEN",
                "a$"
            ]
        );
    }

    #[test]
    fn the_scripts_own_assignments_count() {
        assert_eq!(
            words("export A=1 B=$TOKEN\nC=3 run $A $B --x=y"),
            ["export", "run", "1", "t0ken", "--x=y"]
        );
    }

    #[test]
    fn comments_and_line_ends_are_no_words() {
        assert_eq!(
            words("# not a word\nrun a \\\n  b # nor this"),
            ["run", "a", "b"]
        );
    }

    #[test]
    fn commands_are_joined_as_written() {
        let joints: Vec<Joint> = read("a && b || c; d | e\nf\n\n")
            .into_iter()
            .map(|(_, joint)| joint)
            .collect();
        assert_eq!(
            joints,
            [
                Joint::And,
                Joint::Or,
                Joint::Then,
                Joint::Then,
                Joint::Then,
                Joint::End
            ]
        );
    }
}
