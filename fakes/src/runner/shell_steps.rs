//! A shell script taken apart: what its words are put together from, whatever the variables in it are.
//!
//! A dispatcher starts one script again and again, each time with other variables, so it is taken apart once.

use std::{ops::Range, sync::Arc};

use super::{script::may_matter, shell_words::Joint};
use crate::last::Last;

/// What the next word is put together from, or what becomes of it. Texts are places in the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This text, as it stands there. Even an empty one makes a word.
    Text(Range<usize>),
    /// The value of a variable, or else its default.
    Variable {
        name: Range<usize>,
        default: Option<Range<usize>>,
    },
    EndWord,
    EndCommand(Joint),
    /// A whole command that cannot matter, whatever the variables in it are.
    Idle,
}

/// A word, as far as it is known before variables are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// What stands behind its last variable; all of it if it has none.
    pub(super) end: String,
    pub(super) has_variables: bool,
}

/// The script that was taken apart last. All that ask mean the same by what matters.
static LAST: Last<String, Arc<[Step]>> = Last::new();

/// The steps of a script, as far as they matter.
pub(super) fn steps(script: &str) -> Arc<[Step]> {
    LAST.of(script, || {
        Arc::from(without_idle(script, take_apart(script), may_matter))
    })
}

/// Puts [`Step::Idle`] in the place of each command that cannot matter.
fn without_idle(script: &str, steps: Vec<Step>, may_matter: fn(&[Word]) -> bool) -> Vec<Step> {
    let (mut kept, mut words) = (Vec::with_capacity(steps.len()), Vec::new());
    let (mut word, mut begins) = (Word::default(), 0);
    for step in steps {
        match &step {
            Step::Text(place) => word.end.push_str(&script[place.clone()]),
            Step::Variable { .. } => {
                word = Word {
                    end: String::new(),
                    has_variables: true,
                };
            }
            Step::EndWord => words.push(std::mem::take(&mut word)),
            Step::EndCommand(_) | Step::Idle => {
                if !words.is_empty() && !may_matter(&words) {
                    kept.truncate(begins);
                    kept.push(Step::Idle);
                } else {
                    kept.push(step);
                }
                begins = kept.len();
                words.clear();
                continue;
            }
        }
        kept.push(step);
    }
    kept
}

/// A script taken apart, with all that is in it.
pub(super) fn take_apart(script: &str) -> Vec<Step> {
    let mut scan = Scan {
        script,
        at: 0,
        is_in_word: false,
        steps: Vec::new(),
    };
    while let Some(c) = scan.rest().chars().next() {
        scan.take(c);
    }
    scan.end_command(Joint::End);
    scan.steps
}

struct Scan<'a> {
    script: &'a str,
    at: usize,
    is_in_word: bool,
    steps: Vec<Step>,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.script.get(self.at..).unwrap_or_default()
    }

    /// Goes on behind so many bytes of the rest.
    fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.script.len());
    }

    /// So many bytes of the rest belong to a word.
    fn push(&mut self, bytes: usize) {
        let to = (self.at + bytes).min(self.script.len());
        self.is_in_word = true;
        self.steps.push(Step::Text(self.at..to));
        self.at = to;
    }

    fn take(&mut self, c: char) {
        match c {
            ' ' | '\t' => {
                self.skip(1);
                self.end_word();
            }
            '#' if !self.is_in_word => {
                let end = self.rest().find('\n').unwrap_or(self.rest().len());
                self.skip(end);
            }
            '\'' => {
                self.skip(1);
                let end = self.rest().find('\'').unwrap_or(self.rest().len());
                self.push(end);
                self.skip(1);
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
        let behind = self.rest().bytes().skip(1);
        self.push(behind.take_while(|byte| !ends(*byte)).count() + 1);
    }

    fn take_joint(&mut self, c: char) {
        let joint = if self.rest().starts_with("&&") {
            Joint::And
        } else if self.rest().starts_with("||") {
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
        self.push(0);
        while let Some(c) = self.rest().chars().next() {
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
        match self.rest().chars().next() {
            Some('\n') => self.skip(1),
            Some(c) => self.push(c.len_utf8()),
            None => {}
        }
    }

    /// `$NAME`, `${NAME}` or `${NAME:-default}`; any other dollar sign stands for itself.
    fn take_variable(&mut self) {
        let first = self.at + 1;
        let rest = &self.rest()[1..];
        if let Some(braced) = rest.strip_prefix('{')
            && let Some(end) = braced.find('}')
        {
            let first = first + 1;
            let (name, default) = match braced[..end].split_once('-') {
                Some((name, default)) => {
                    let default = first + end - default.len()..first + end;
                    (name.trim_end_matches(':'), Some(default))
                }
                None => (&braced[..end], None),
            };
            let name = first..first + name.len();
            self.variable(name, default);
            self.skip(end + 3);
            return;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        if length == 0 {
            self.push(1);
            return;
        }
        self.variable(first..first + length, None);
        self.skip(length + 1);
    }

    fn variable(&mut self, name: Range<usize>, default: Option<Range<usize>>) {
        self.is_in_word = true;
        self.steps.push(Step::Variable { name, default });
    }

    fn end_word(&mut self) {
        if std::mem::take(&mut self.is_in_word) {
            self.steps.push(Step::EndWord);
        }
    }

    fn end_command(&mut self, joint: Joint) {
        self.end_word();
        // What ends nothing says nothing, but for the end of all.
        let ends_nothing = matches!(self.steps.last(), None | Some(Step::EndCommand(_)));
        if !ends_nothing || joint == Joint::End {
            self.steps.push(Step::EndCommand(joint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_script_is_not_taken_for_the_last_one() {
        let once = steps("run $A");
        assert_eq!(steps("run $A"), once);
        assert_ne!(steps("run $B2"), once);
        assert_eq!(steps("run $A"), once);
    }

    #[test]
    fn a_hash_sign_in_a_word_begins_no_comment() {
        let texts = |script: &str| {
            let steps = take_apart(script).into_iter();
            let text = |step| match step {
                Step::Text(place) => Some(script[place].to_owned()),
                Step::Variable { .. } | Step::EndWord | Step::EndCommand(_) | Step::Idle => None,
            };
            steps.filter_map(text).collect::<Vec<_>>()
        };
        assert_eq!(texts("a#b $X#c # d"), ["a#b", "#c"]);
    }
}
