//! The few programs that the fake can run without running anything: `echo`, `sleep`, `true`, `false` and
//! `exit`, alone or in the script of a `sh -c` ([`super::shell`]).
//!
//! They are enough to see a job's log and end. What is played is played as a shell would; any other command
//! is the business of [`crate::runner`], which starts runners and fails the rest; its log then says why.

use std::{collections::BTreeMap, time::Duration};

use super::shell::{self, Joint, Unplayed, Variables};
use crate::hf::job::logs::JobLog;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Act {
    Say(String),
    Sleep(Duration),
    /// Leaves this exit code behind, and goes on if it may.
    Return(i32),
    /// With this code, or with that of the command before.
    Exit(Option<i32>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    joint: Joint,
    act: Act,
    is_heard: bool,
    /// Whether the script ends when it fails.
    must_succeed: bool,
}

/// Commands that the fake can play, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hf) struct Program {
    steps: Vec<Step>,
}

/// Who runs a command, as far as it makes a difference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interpreter {
    /// The program itself.
    None,
    /// Its `echo` leaves backslashes alone.
    Bash,
    /// `sh` can be any shell.
    Sh,
}

impl Program {
    /// The program that a job's words make, if the fake can play it; else what it cannot play of a script.
    pub(in crate::hf) fn of(
        words: &[String],
        variables: Variables<'_>,
    ) -> Result<Self, Option<Unplayed>> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let steps = match words.as_slice() {
            [shell, option @ ("-c" | "-ec" | "-lc"), script, ..] if is_shell(shell) => {
                let interpreter = match *shell == "bash" || shell.ends_with("/bash") {
                    true => Interpreter::Bash,
                    false => Interpreter::Sh,
                };
                script_steps(script, interpreter, *option == "-ec", variables)?
            }
            words => vec![Step {
                joint: Joint::Then,
                act: act(words, Interpreter::None).map_err(|_| None)?,
                is_heard: true,
                must_succeed: false,
            }],
        };
        Ok(Self { steps })
    }

    /// Plays it, and gives its exit code.
    pub(in crate::hf) async fn play(&self, log: &JobLog) -> i32 {
        let mut code = 0;
        for step in &self.steps {
            let is_left_out = match step.joint {
                Joint::Then => false,
                Joint::And => code != 0,
                Joint::Or => code == 0,
            };
            if is_left_out {
                continue;
            }
            code = match &step.act {
                Act::Say(text) => {
                    if step.is_heard {
                        text.split('\n').for_each(|line| log.line(line));
                    }
                    0
                }
                Act::Sleep(span) => {
                    tokio::time::sleep(*span).await;
                    0
                }
                Act::Return(code) => *code,
                Act::Exit(own) => return own.unwrap_or(code),
            };
            if step.must_succeed && code != 0 {
                return code;
            }
        }
        code
    }
}

fn is_shell(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("sh" | "bash" | "dash"))
}

fn script_steps(
    script: &str,
    interpreter: Interpreter,
    stops_at_failure: bool,
    variables: Variables<'_>,
) -> Result<Vec<Step>, Unplayed> {
    let commands = shell::read(script, variables)?;
    let mut steps = Vec::with_capacity(commands.len());
    for (place, command) in commands.iter().enumerate() {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        // Of a list of `&&` and `||` only the last command counts for `-e`.
        let next = commands.get(place + 1);
        let is_last_of_list = next.is_none_or(|next| next.joint == Joint::Then);
        steps.push(Step {
            joint: command.joint,
            act: act(&words, interpreter)?,
            is_heard: command.is_heard,
            must_succeed: stops_at_failure && is_last_of_list,
        });
    }
    Ok(steps)
}

fn act(words: &[&str], interpreter: Interpreter) -> Result<Act, Unplayed> {
    match words {
        // A redirection without a command, or variables without a value.
        [] if interpreter != Interpreter::None => Ok(Act::Return(0)),
        ["echo", rest @ ..] => said(rest, interpreter),
        ["sleep", span] => seconds(span).map(Act::Sleep),
        // The programs know options; what a shell has of that name does not.
        ["true", rest @ ..] if rest.is_empty() || interpreter != Interpreter::None => {
            Ok(Act::Return(0))
        }
        ["false", rest @ ..] if rest.is_empty() || interpreter != Interpreter::None => {
            Ok(Act::Return(1))
        }
        ["exit"] if interpreter != Interpreter::None => Ok(Act::Exit(None)),
        ["exit", code] if interpreter != Interpreter::None => match code.parse::<u8>() {
            Ok(code) if !words[1].starts_with('+') => Ok(Act::Exit(Some(i32::from(code)))),
            Ok(_) | Err(_) => Err(Unplayed("an exit with another code than 0 to 255")),
        },
        _ => Err(Unplayed("a command that is not known")),
    }
}

fn said(words: &[&str], interpreter: Interpreter) -> Result<Act, Unplayed> {
    let is_option = |word: &str| {
        let letters = word.strip_prefix('-').unwrap_or_default();
        let is_short = !letters.is_empty() && letters.chars().all(|c| "neE".contains(c));
        let is_long = matches!(word, "--help" | "--version") && interpreter == Interpreter::None;
        is_short || is_long
    };
    if words.first().is_some_and(|first| is_option(first)) {
        return Err(Unplayed("an option of echo"));
    }
    let text = words.join(" ");
    if interpreter == Interpreter::Sh && text.contains('\\') {
        return Err(Unplayed("a backslash that shells print differently"));
    }
    Ok(Act::Say(text))
}

/// As `sleep` reads it: digits, perhaps with a fraction, perhaps with a unit.
fn seconds(text: &str) -> Result<Duration, Unplayed> {
    let unknown = Unplayed("a sleep without a time");
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = number.parse().ok().filter(|_| is_number).ok_or(unknown)?;
    let factor = match unit {
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => 1.0,
    };
    Duration::try_from_secs_f64(number * factor).map_err(|_| unknown)
}

/// What stands in the log of a container that is no runner and whose command the fake cannot play.
pub(in crate::hf) fn not_played(command: &[String], why: Option<Unplayed>) -> String {
    let name = command.first().map_or("nothing", String::as_str);
    let why = why.map_or_else(String::new, |Unplayed(what)| format!(" because of {what}"));
    format!(
        "{name}: not run{why}; this fake starts runners, and plays echo, sleep, true, false and exit"
    )
}

/// The variables that a script sees, none of them secret.
pub(in crate::hf) fn known_variables(
    environment: &BTreeMap<String, String>,
    others: impl IntoIterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    let given = environment.iter();
    let given = given.map(|(name, value)| (name.clone(), value.clone()));
    given.chain(others).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment() -> BTreeMap<String, String> {
        let pairs = [
            ("WHO", "octo"),
            ("TWO", "a  b"),
            ("NONE", ""),
            ("STAR", "*"),
            ("SAY", "echo hi"),
        ];
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn program(words: &[&str]) -> Result<Program, Option<Unplayed>> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let secret = BTreeMap::from([("TOKEN".to_owned(), "hunter2".to_owned())]);
        let variables = Variables {
            known: &environment(),
            secret: &secret,
        };
        Program::of(&words, variables)
    }

    /// What a program prints, and its exit code; it must not sleep.
    fn played(program: &Program) -> (String, i32) {
        let start = jiff::Timestamp::UNIX_EPOCH;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let clock = crate::env::Clock::starting_at(start);
            let log = JobLog::new(clock, crate::history::History::new(clock));
            let code = program.play(&log).await;
            let lines = log.texts();
            let text = lines.iter().map(|line| format!("{line}\n")).collect();
            (text, code)
        })
    }

    fn prints(shell: &str, script: &str) -> (String, i32) {
        played(&program(&[shell, "-c", script]).unwrap_or_else(|why| panic!("{script}: {why:?}")))
    }

    #[test]
    fn a_bare_command_keeps_its_words_as_they_are() {
        let bare = program(&["echo", "a;b", "$WHO", ">", "x"]).unwrap();
        assert_eq!(played(&bare), ("a;b $WHO > x\n".to_owned(), 0));
        for words in [
            &["exit", "3"][..],
            &["echo", "-n"],
            &["echo", "--help"],
            &[],
        ] {
            assert_eq!(program(words), Err(None), "{words:?}");
        }
    }

    #[test]
    fn a_script_prints_what_a_shell_prints() {
        let cases = [
            (
                "echo \"hello  there\"; sleep 0 && echo $WHO\nexit 3",
                "hello  there\nocto\n",
                3,
            ),
            ("echo need torch>=2.1 && echo done", "done\n", 0),
            ("echo hi > /dev/null", "", 0),
            ("echo hi >/dev/null 2>&1", "", 0),
            ("echo hi 2>&1 >x", "", 0),
            ("echo hi 1>&2", "hi\n", 0),
            ("2>/dev/null echo hi; >x", "hi\n", 0),
            ("echo a 2 >/dev/null; echo a2>x; echo 2>x", "\n", 0),
            ("echo a || echo b", "a\n", 0),
            ("false || echo b && echo c", "b\nc\n", 0),
            ("true && false || exit 4", "", 4),
            ("false; exit", "", 1),
            ("true &&\n\n echo a # b\n# c", "a\n", 0),
            ("echo a#b '#' \"#\" $NONE#c", "a#b # # #c\n", 0),
            ("echo [$TWO] x", "", -1),
            (
                "echo \"$TWO\" $TWO pre$TWO x${WHO}y '$WHO' \\$WHO",
                "a  b a b prea b xoctoy $WHO $WHO\n",
                0,
            ),
            ("echo a $NONE \"$NONE\" b $UNSET.", "a  b .\n", 0),
            ("$SAY ho; echo a\\\nb 'c\nd'", "hi ho\nab c\nd\n", 0),
            ("echo 5$ \"$\" a=b ~- x~", "", -1),
            ("echo 5$ \"$\" a=b }", "5$ $ a=b }\n", 0),
            ("false; $NONE", "", 0),
            ("false ||\n$NONE\necho a", "a\n", 0),
            ("$NONE && echo a", "a\n", 0),
            ("", "", 0),
        ];
        for (script, text, code) in cases {
            if code < 0 {
                assert!(program(&["sh", "-c", script]).is_err(), "{script}");
                continue;
            }
            for shell in ["sh", "/bin/bash"] {
                assert_eq!(prints(shell, script), (text.to_owned(), code), "{script}");
            }
        }
        assert_eq!(prints("bash", "echo 'a\\tb'"), ("a\\tb\n".to_owned(), 0));
    }

    #[test]
    fn after_a_failure_a_strict_script_ends() {
        for (script, text, code) in [
            ("echo a; false; echo b", "a\n", 1),
            ("false && true; echo b", "b\n", 0),
            ("false || echo b; echo c", "b\nc\n", 0),
            ("true && false; echo b", "", 1),
        ] {
            let strict = program(&["bash", "-ec", script]).unwrap();
            assert_eq!(played(&strict), (text.to_owned(), code), "{script}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_played_and_why_is_said() {
        assert_eq!(program(&["python", "-c", "1"]), Err(None));
        assert_eq!(program(&["sleep", "long"]), Err(None));
        let cases = [
            ("echo a; make", "a command that is not known"),
            ("echo 'open", "an open quote"),
            ("echo \"open", "an open quote"),
            ("echo a | cat", "a pipe"),
            ("sleep 1 & echo a", "a command in the background"),
            ("echo $(date)", "a parameter of the shell"),
            ("echo `date`", "the output of a command"),
            ("echo \"`date`\"", "the output of a command"),
            ("echo $((1+1))", "a parameter of the shell"),
            ("(echo a)", "a subshell or a function"),
            ("{ echo a; }", "braces"),
            ("echo {a,b}", "braces"),
            ("echo *.py", "a pattern of file names"),
            ("echo what?", "a pattern of file names"),
            ("echo $STAR", "a pattern of file names"),
            ("echo ~/x", "a home directory"),
            ("echo a=~", "a home directory"),
            ("echo $_", "a variable of the image"),
            ("exit +1", "an exit with another code than 0 to 255"),
            ("echo $1", "a parameter of the shell"),
            ("echo $?", "a parameter of the shell"),
            ("echo ${WHO:-x}", "a parameter of the shell"),
            ("echo $'a'", "a parameter of the shell"),
            ("echo $HOME", "a variable of the image"),
            ("echo $TOKEN", "a secret"),
            ("A=1", "an assignment"),
            ("A=1 echo a", "an assignment"),
            ("cat <<E\na\nE", "input from elsewhere"),
            ("echo a < x", "input from elsewhere"),
            (
                "echo a > x/y",
                "a file in a directory that may not be there",
            ),
            ("echo a > $TWO", "a redirection without a file"),
            ("echo a >", "a redirection without a file"),
            ("echo a &> x", "a redirection that shells read differently"),
            ("echo a 3> x", "a redirection of another file"),
            ("echo a 12> x", "a redirection of another file"),
            ("echo a >| x", "a redirection that is not known"),
            ("echo a >&-", "a redirection that is not known"),
            ("echo a >&22", "a redirection that is not known"),
            ("; echo a", "an empty command"),
            ("echo a;; echo b", "an empty command"),
            ("&& echo a", "an empty command"),
            ("echo a &&", "a script that breaks off"),
            ("echo a ||\n", "a script that breaks off"),
            ("echo a \\", "a script that breaks off"),
            ("echo -n a", "an option of echo"),
            ("echo 'a\\nb'", "a backslash that shells print differently"),
            ("exit 256", "an exit with another code than 0 to 255"),
            ("if true; then echo a; fi", "a command that is not known"),
            ("! true", "a command that is not known"),
            ("sleep 1e3", "a sleep without a time"),
        ];
        for (script, what) in cases {
            assert_eq!(
                program(&["sh", "-c", script]),
                Err(Some(Unplayed(what))),
                "{script}"
            );
        }
        for words in [
            &["sh", "-euc", "echo a"][..],
            &["zsh", "-c", "echo a"],
            &["sh", "x.sh"],
        ] {
            assert!(program(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_sleep_has_units() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("2m"), Ok(Duration::from_secs(120)));
        for text in ["", "s", "-1", "inf", "1e3", "1.2.3", ".5", "1x"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    /// What a real shell of this machine prints; nothing if there is none.
    fn real(shell: &str, option: &str, script: &str) -> Option<(String, i32)> {
        let (folder, written) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // One file for both outputs keeps their lines in order.
        let log = written.path().join("log");
        let out = std::fs::File::create(&log).unwrap();
        let run = std::process::Command::new(shell)
            .args([option, script])
            .env_clear()
            .envs(environment())
            .current_dir(folder.path())
            .stdin(std::process::Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .status()
            .ok()?;
        Some((std::fs::read_to_string(log).unwrap(), run.code().unwrap()))
    }

    fn scripts() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "echo",
            "echo a",
            "true",
            "false",
            "exit",
            "exit 7",
            ";",
            ";",
            "&&",
            "||",
            "\n",
            " ",
            " ",
            "a",
            "b",
            "'q  r'",
            "\"d e\"",
            "\"$TWO\"",
            "$TWO",
            "$WHO",
            "${WHO}",
            "$NONE",
            "$SAY",
            "\\",
            "\\\n",
            "#",
            ">",
            ">>",
            "2>",
            "1>",
            "2>&1",
            ">&2",
            "/dev/null",
            "f",
            "=2.1",
            "|",
            "&",
            "(",
            ")",
            "<",
            "{",
            "}",
            "!",
            "*",
            "?",
            "[",
            "~",
            "$",
            "\"",
            "'",
            "2",
            "12",
            "-n",
            "=",
            "A=1",
            "`",
            "$1",
            "$(",
            "if",
            "$STAR",
        ]);
        prop::collection::vec(piece, 1..12).prop_map(|pieces| {
            let mut script = String::new();
            for (place, piece) in pieces.into_iter().enumerate() {
                // Most pieces are words; some touch.
                if place % 3 != 2 {
                    script.push(' ');
                }
                script.push_str(piece);
            }
            script
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_500))]

        #[test]
        fn whatever_is_played_is_played_as_real_shells_do(script in scripts(), strict in any::<bool>()) {
            let option = if strict { "-ec" } else { "-c" };
            for shell in ["sh", "bash"] {
                let Ok(program) = program(&[shell, option, &script]) else { continue };
                if let Some(real) = real(shell, option, &script) {
                    prop_assert_eq!(played(&program), real, "{} {} {:?}", shell, option, script);
                }
            }
        }
    }
}
