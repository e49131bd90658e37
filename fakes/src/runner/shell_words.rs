//! The words of a shell script, as far as they tell how a runner is started.
//!
//! No shell: words are split, quotes taken off and variables filled in; nothing is run, and branches are not
//! told apart.

use std::collections::BTreeMap;

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
pub(super) struct ShellCommand {
    pub(super) words: Vec<String>,
    /// What it sets, in front of a program or with `export`.
    pub(super) assigned: Vec<(String, String)>,
    pub(super) joint: Joint,
}

/// The commands of a script. Variables are those of the environment, of the script's own assignments, and `$1`
/// and its like.
pub(super) fn commands(
    script: &str,
    environment: &BTreeMap<String, String>,
    positional: &[String],
) -> Vec<ShellCommand> {
    let mut scan = Scan {
        rest: script,
        variables: environment.clone(),
        positional,
        commands: Vec::new(),
        words: Vec::new(),
        assigned: Vec::new(),
        word: None,
    };
    while let Some(c) = scan.rest.chars().next() {
        scan.take(c);
    }
    scan.end_command(Joint::End);
    scan.commands
}

struct Scan<'a> {
    rest: &'a str,
    variables: BTreeMap<String, String>,
    positional: &'a [String],
    commands: Vec<ShellCommand>,
    words: Vec<String>,
    assigned: Vec<(String, String)>,
    /// The word that is being read, if one is.
    word: Option<String>,
}

impl Scan<'_> {
    fn take(&mut self, c: char) {
        match c {
            ' ' | '\t' => {
                self.skip(1);
                self.end_word();
            }
            '#' if self.word.is_none() => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.skip(end);
            }
            '\'' => {
                self.skip(1);
                let end = self.rest.find('\'').unwrap_or(self.rest.len());
                let text = self.rest[..end].to_owned();
                self.push(&text);
                self.skip(end + 1);
            }
            '"' => self.take_quoted(),
            '\\' => {
                self.skip(1);
                self.take_escaped();
            }
            '$' => self.take_variable(),
            '\n' | ';' | '|' | '&' | '(' | ')' => self.take_joint(c),
            _ => self.take_plain(|byte| {
                matches!(
                    byte,
                    b' ' | b'\t'
                        | b'\''
                        | b'"'
                        | b'\\'
                        | b'$'
                        | b'\n'
                        | b';'
                        | b'|'
                        | b'&'
                        | b'('
                        | b')'
                )
            }),
        }
    }

    /// Takes the next character, and all behind it up to one that does not stand for itself.
    fn take_plain(&mut self, ends: impl Fn(u8) -> bool) {
        let bytes = self.rest.bytes().skip(1);
        let end = bytes.take_while(|byte| !ends(*byte)).count() + 1;
        let (plain, _) = self.rest.split_at(end.min(self.rest.len()));
        self.word.get_or_insert_default().push_str(plain);
        self.skip(end);
    }

    fn take_joint(&mut self, c: char) {
        let joint = if self.rest.starts_with("&&") {
            Joint::And
        } else if self.rest.starts_with("||") {
            Joint::Or
        } else {
            Joint::Then
        };
        self.skip(if joint == Joint::Then {
            c.len_utf8()
        } else {
            2
        });
        self.end_command(joint);
    }

    fn take_quoted(&mut self) {
        self.skip(1);
        self.push("");
        while let Some(c) = self.rest.chars().next() {
            match c {
                '"' => {
                    self.skip(1);
                    return;
                }
                '\\' => {
                    self.skip(1);
                    self.take_escaped();
                }
                '$' => self.take_variable(),
                _ => self.take_plain(|byte| matches!(byte, b'"' | b'\\' | b'$')),
            }
        }
    }

    /// What follows a backslash: the end of a line is nothing, anything else stands for itself.
    fn take_escaped(&mut self) {
        let Some(c) = self.rest.chars().next() else {
            return;
        };
        if c != '\n' {
            self.push(c.encode_utf8(&mut [0; 4]));
        }
        self.skip(c.len_utf8());
    }

    /// `$NAME`, `${NAME}` or `${NAME:-default}`; any other dollar sign stands for itself.
    fn take_variable(&mut self) {
        self.skip(1);
        if let Some(braced) = self.rest.strip_prefix('{')
            && let Some(end) = braced.find('}')
        {
            let (name, default) = match braced[..end].split_once('-') {
                Some((name, default)) => (name.trim_end_matches(':'), default),
                None => (&braced[..end], ""),
            };
            let value = self.value(name).unwrap_or_else(|| default.to_owned());
            self.push_value(&value);
            self.skip(end + 2);
            return;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        if length == 0 {
            self.push("$");
            return;
        }
        let value = self.value(&self.rest[..length]).unwrap_or_default();
        self.push_value(&value);
        self.skip(length);
    }

    fn value(&self, name: &str) -> Option<String> {
        let value = match name.parse::<usize>() {
            Ok(place) => self.positional.get(place),
            Err(_) => self.variables.get(name),
        };
        value.filter(|value| !value.is_empty()).cloned()
    }

    fn push(&mut self, text: &str) {
        self.word.get_or_insert_default().push_str(text);
    }

    /// A variable's value; outside quotes one that is empty makes no word.
    fn push_value(&mut self, value: &str) {
        if !value.is_empty() {
            self.push(value);
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// A word is done. In front of a command `NAME=value` is an assignment.
    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        let in_front = self.words.iter().all(|word| word == "export");
        match word.split_once('=') {
            Some((name, value)) if in_front && is_name(name) => {
                self.variables.insert(name.to_owned(), value.to_owned());
                self.assigned.push((name.to_owned(), value.to_owned()));
            }
            _ => self.words.push(word),
        }
    }

    fn end_command(&mut self, joint: Joint) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        let assigned = std::mem::take(&mut self.assigned);
        if !words.is_empty() || !assigned.is_empty() {
            self.commands.push(ShellCommand {
                words,
                assigned,
                joint,
            });
        } else if let Some(last) = self.commands.last_mut()
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
    use super::*;

    fn read(script: &str) -> Vec<(Vec<String>, Joint)> {
        let environment = BTreeMap::from([
            ("TOKEN".to_owned(), "t0ken".to_owned()),
            ("SPACED".to_owned(), "two words".to_owned()),
        ]);
        let positional = ["bash".to_owned(), "first".to_owned()];
        commands(script, &environment, &positional)
            .into_iter()
            .map(|command| (command.words, command.joint))
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
