//! The scripts that the fake plays: simple commands joined by `;`, line ends, `&&` and `||`, with quotes,
//! variables of the job and redirections of what `echo` writes.
//!
//! What a shell would do with anything else is not guessed: a script that holds it is not played at all, and
//! [`Unplayed`] says what it holds.

use std::collections::BTreeMap;

/// Names that a shell or an image sets, to what nobody here can know.
const SET_ELSEWHERE: &[&str] = &[
    "_",
    "COLUMNS",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LANG",
    "LINENO",
    "LINES",
    "LOGNAME",
    "MACHTYPE",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PS1",
    "PS2",
    "PS4",
    "PWD",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SHELL",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "TERM",
    "TZ",
    "UID",
    "USER",
];

/// The variables of a job.
#[derive(Clone, Copy)]
pub(in crate::hf) struct Variables<'a> {
    pub(in crate::hf) known: &'a BTreeMap<String, String>,
    /// Those that must not be shown.
    pub(in crate::hf) secret: &'a BTreeMap<String, String>,
}

/// What stands before a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hf) enum Joint {
    /// It is made in any case.
    Then,
    /// `&&`: only after a success.
    And,
    /// `||`: only after a failure.
    Or,
}

/// A command with what becomes of its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hf) struct Simple {
    pub(in crate::hf) joint: Joint,
    pub(in crate::hf) words: Vec<String>,
    /// Whether what it writes reaches the log.
    pub(in crate::hf) is_heard: bool,
}

/// What a script holds that is not played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hf) struct Unplayed(pub(in crate::hf) &'static str);

type Read<T> = Result<T, Unplayed>;

/// The commands of a script.
pub(in crate::hf) fn read(script: &str, variables: Variables<'_>) -> Read<Vec<Simple>> {
    let mut reader = Reader {
        rest: script,
        variables,
        commands: Vec::new(),
        joint: Joint::Then,
        words: Vec::new(),
        fields: Fields::default(),
        outputs: Outputs::default(),
        has_word: false,
        has_redirection: false,
    };
    while let Some(c) = reader.rest.chars().next() {
        reader.take(c)?;
    }
    reader.end_word()?;
    let is_open = reader.joint != Joint::Then && reader.is_empty();
    if is_open {
        return Err(Unplayed("a script that breaks off"));
    }
    reader.end_command(Joint::Then);
    Ok(reader.commands)
}

/// Where what a command writes goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sink {
    Log,
    File,
}

#[derive(Clone, Copy)]
struct Outputs {
    out: Sink,
    err: Sink,
}

impl Default for Outputs {
    fn default() -> Self {
        Self {
            out: Sink::Log,
            err: Sink::Log,
        }
    }
}

/// The fields that one word becomes: a variable outside quotes can make several of it, or none.
#[derive(Default)]
struct Fields {
    done: Vec<String>,
    /// The last field, once something of it was read.
    open: Option<String>,
    /// Whether anything was read, be it a variable without a value.
    has_begun: bool,
    /// Whether all of it was written without quotes and variables.
    is_plain: bool,
}

struct Reader<'a> {
    rest: &'a str,
    variables: Variables<'a>,
    commands: Vec<Simple>,
    /// What stands before the command that is being read.
    joint: Joint,
    words: Vec<String>,
    fields: Fields,
    outputs: Outputs,
    /// Whether the command has begun, be it with a word that is nothing.
    has_word: bool,
    has_redirection: bool,
}

impl Reader<'_> {
    fn is_in_word(&self) -> bool {
        self.fields.has_begun
    }

    fn is_empty(&self) -> bool {
        !self.has_word && !self.has_redirection
    }

    fn take(&mut self, c: char) -> Read<()> {
        match c {
            ' ' | '\t' => {
                self.skip(1);
                self.end_word()
            }
            '\n' => {
                self.skip(1);
                self.end_word()?;
                // Behind `&&` and `||` a line goes on.
                if !self.is_empty() {
                    self.end_command(Joint::Then);
                }
                Ok(())
            }
            '#' if !self.is_in_word() => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.skip(end);
                Ok(())
            }
            ';' => self.take_semicolon(),
            '&' | '|' => self.take_joint(),
            '>' => self.take_output(),
            '<' => Err(Unplayed("input from elsewhere")),
            '(' | ')' => Err(Unplayed("a subshell or a function")),
            '`' => Err(Unplayed("the output of a command")),
            '*' | '?' | '[' => Err(Unplayed("a pattern of file names")),
            '{' => Err(Unplayed("braces")),
            // Some shells look for one behind `=` and `:` too.
            '~' => Err(Unplayed("a home directory")),
            '\'' => self.take_single_quoted(),
            '"' => self.take_double_quoted(),
            '\\' => self.take_escaped(),
            '$' => self.take_variable(false),
            c => {
                self.skip(c.len_utf8());
                self.push_plain(c);
                Ok(())
            }
        }
    }

    fn take_semicolon(&mut self) -> Read<()> {
        self.end_word()?;
        if self.is_empty() || self.rest.starts_with(";;") {
            return Err(Unplayed("an empty command"));
        }
        self.skip(1);
        self.end_command(Joint::Then);
        Ok(())
    }

    fn take_joint(&mut self) -> Read<()> {
        let joint = if self.rest.starts_with("&&") {
            Joint::And
        } else if self.rest.starts_with("||") {
            Joint::Or
        } else if self.rest.starts_with("&>") {
            return Err(Unplayed("a redirection that shells read differently"));
        } else if self.rest.starts_with('&') {
            return Err(Unplayed("a command in the background"));
        } else {
            return Err(Unplayed("a pipe"));
        };
        self.skip(2);
        self.end_word()?;
        if self.is_empty() {
            return Err(Unplayed("an empty command"));
        }
        self.end_command(joint);
        Ok(())
    }

    /// `>`, `>>` and `>&`, with the number that stands directly before it.
    fn take_output(&mut self) -> Read<()> {
        let number = self
            .fields
            .open
            .take_if(|open| self.fields.is_plain && open.bytes().all(|c| c.is_ascii_digit()));
        if number.is_some() {
            self.fields = Fields::default();
        }
        self.end_word()?;
        let is_err = match number.as_deref() {
            None | Some("1") => false,
            Some("2") => true,
            Some(_) => return Err(Unplayed("a redirection of another file")),
        };
        self.skip(1);
        let sink = if let Some(behind) = self.rest.strip_prefix('&') {
            let to = behind.chars().next();
            let ends = |c: char| " \t\n;&|<>()".contains(c);
            if !behind.chars().nth(1).is_none_or(ends) {
                return Err(Unplayed("a redirection that is not known"));
            }
            self.skip(2);
            match to {
                Some('1') => self.outputs.out,
                Some('2') => self.outputs.err,
                _ => return Err(Unplayed("a redirection that is not known")),
            }
        } else {
            if self.rest.starts_with('|') {
                return Err(Unplayed("a redirection that is not known"));
            }
            let appends = self.rest.starts_with('>');
            self.skip(usize::from(appends));
            self.take_file()?
        };
        let output = if is_err {
            &mut self.outputs.err
        } else {
            &mut self.outputs.out
        };
        *output = sink;
        self.has_redirection = true;
        Ok(())
    }

    /// The word behind a redirection. A file in a directory that may not be there is not written.
    fn take_file(&mut self) -> Read<Sink> {
        let words = std::mem::take(&mut self.words);
        while let Some(c) = self.rest.chars().next() {
            let is_in_word = self.is_in_word();
            match c {
                ' ' | '\t' if !is_in_word => self.skip(1),
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' => break,
                c => self.take(c)?,
            }
        }
        self.end_word()?;
        let files = std::mem::replace(&mut self.words, words);
        let [file] = files.as_slice() else {
            return Err(Unplayed("a redirection without a file"));
        };
        let name = file.strip_prefix("/tmp/").unwrap_or(file);
        match file.as_str() {
            "/dev/stdout" | "/dev/stderr" => Err(Unplayed("a redirection that is not known")),
            "/dev/null" => Ok(Sink::File),
            _ if !name.is_empty() && !name.contains('/') && !matches!(name, "." | "..") => {
                Ok(Sink::File)
            }
            _ => Err(Unplayed("a file in a directory that may not be there")),
        }
    }

    fn take_single_quoted(&mut self) -> Read<()> {
        self.skip(1);
        let end = self.rest.find('\'').ok_or(Unplayed("an open quote"))?;
        let text = self.rest[..end].to_owned();
        self.push(&text);
        self.skip(end + 1);
        Ok(())
    }

    fn take_double_quoted(&mut self) -> Read<()> {
        self.skip(1);
        self.push("");
        loop {
            let Some(c) = self.rest.chars().next() else {
                return Err(Unplayed("an open quote"));
            };
            match c {
                '"' => {
                    self.skip(1);
                    return Ok(());
                }
                '`' => return Err(Unplayed("the output of a command")),
                '$' => self.take_variable(true)?,
                '\\' => {
                    self.skip(1);
                    match self.rest.chars().next() {
                        Some('\n') => self.skip(1),
                        Some(c @ ('$' | '`' | '"' | '\\')) => {
                            self.push(c.encode_utf8(&mut [0; 4]));
                            self.skip(1);
                        }
                        // Before anything else it stands for itself.
                        Some(_) | None => self.push("\\"),
                    }
                }
                c => {
                    self.push(c.encode_utf8(&mut [0; 4]));
                    self.skip(c.len_utf8());
                }
            }
        }
    }

    fn take_escaped(&mut self) -> Read<()> {
        self.skip(1);
        let Some(c) = self.rest.chars().next() else {
            return Err(Unplayed("a script that breaks off"));
        };
        if c != '\n' {
            self.push(c.encode_utf8(&mut [0; 4]));
        }
        self.skip(c.len_utf8());
        Ok(())
    }

    /// `$NAME` and `${NAME}`.
    fn take_variable(&mut self, is_quoted: bool) -> Read<()> {
        self.skip(1);
        let (name, length) = match self.rest.strip_prefix('{') {
            Some(braced) => {
                let end = braced.find('}').ok_or(Unplayed("an open quote"))?;
                (&braced[..end], end + 2)
            }
            None => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
                (&self.rest[..end], end)
            }
        };
        if name.is_empty() {
            let special = |c: char| "({@*#?-$!'\"0123456789".contains(c);
            return match self.rest.chars().next() {
                Some('"') if is_quoted => {
                    self.push("$");
                    Ok(())
                }
                Some(c) if special(c) => Err(Unplayed("a parameter of the shell")),
                Some(_) | None => {
                    self.push("$");
                    Ok(())
                }
            };
        }
        if !is_name(name) {
            return Err(Unplayed("a parameter of the shell"));
        }
        let value = self.value(name)?.to_owned();
        self.skip(length);
        if is_quoted {
            self.push(&value);
            return Ok(());
        }
        self.push_split(&value)
    }

    /// A variable that nobody has set is empty.
    fn value(&self, name: &str) -> Read<&str> {
        if self.variables.secret.contains_key(name) {
            return Err(Unplayed("a secret"));
        }
        match self.variables.known.get(name) {
            Some(value) => Ok(value),
            None if SET_ELSEWHERE.contains(&name) || name.starts_with("BASH") => {
                Err(Unplayed("a variable of the image"))
            }
            None => Ok(""),
        }
    }

    /// Outside quotes a value is split at its blanks, and would be a pattern of file names.
    fn push_split(&mut self, value: &str) -> Read<()> {
        self.fields.is_plain = false;
        self.fields.has_begun = true;
        for c in value.chars() {
            match c {
                ' ' | '\t' | '\n' => self.fields.done.extend(self.fields.open.take()),
                '*' | '?' | '[' | '\\' => return Err(Unplayed("a pattern of file names")),
                c => self.fields.open.get_or_insert_default().push(c),
            }
        }
        Ok(())
    }

    fn push(&mut self, text: &str) {
        self.fields.is_plain = false;
        self.fields.has_begun = true;
        self.fields.open.get_or_insert_default().push_str(text);
    }

    fn push_plain(&mut self, c: char) {
        if !self.is_in_word() {
            self.fields.is_plain = true;
            self.fields.has_begun = true;
        }
        self.fields.open.get_or_insert_default().push(c);
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// A word is done. In front of a command `NAME=value` would be an assignment.
    fn end_word(&mut self) -> Read<()> {
        let Fields {
            mut done,
            open,
            has_begun,
            ..
        } = std::mem::take(&mut self.fields);
        done.extend(open);
        self.has_word |= has_begun;
        if self.words.is_empty()
            && let Some((name, _)) = done.first().and_then(|first| first.split_once('='))
            && is_name(name.strip_suffix('+').unwrap_or(name))
        {
            return Err(Unplayed("an assignment"));
        }
        self.words.append(&mut done);
        Ok(())
    }

    fn end_command(&mut self, next: Joint) {
        if !self.is_empty() {
            let outputs = std::mem::take(&mut self.outputs);
            self.commands.push(Simple {
                joint: self.joint,
                words: std::mem::take(&mut self.words),
                is_heard: outputs.out == Sink::Log,
            });
        }
        self.has_word = false;
        self.has_redirection = false;
        self.joint = next;
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| !c.is_ascii_digit() && is_part(c)) && text.chars().all(is_part)
}
