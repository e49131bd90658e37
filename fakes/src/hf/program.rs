//! The few programs that the fake can run without running anything: `echo`, `sleep`, `true`, `false` and
//! `exit`, alone or in the script of a `sh -c`.
//!
//! They are enough to see a job's log and end. A container that starts a runner is the business of
//! [`crate::runner`], which also fails any other command; its log then says why.

use std::{collections::BTreeMap, time::Duration};

use super::logs::JobLog;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Say(String),
    Sleep(Duration),
    /// Leaves this exit code behind, and goes on if it may.
    Return(i32),
    Exit(i32),
}

/// Commands that the fake can play, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Each step, and whether it is only made after a success (`&&`).
    steps: Vec<(Step, bool)>,
}

impl Program {
    /// The program that a job's command and arguments make, if the fake can play it.
    pub(super) fn of(
        command: &[String],
        arguments: &[String],
        environment: &BTreeMap<String, String>,
    ) -> Option<Self> {
        let words: Vec<&str> = command
            .iter()
            .chain(arguments)
            .map(String::as_str)
            .collect();
        let steps = match words.as_slice() {
            [shell, "-c" | "-ec" | "-lc", script, ..] if is_shell(shell) => {
                script_steps(script, environment)?
            }
            words => vec![(step(words)?, false)],
        };
        Some(Self { steps })
    }

    /// Plays it, and gives its exit code.
    pub(super) async fn play(&self, log: &JobLog) -> i32 {
        let mut code = 0;
        for (step, needs_success) in &self.steps {
            if *needs_success && code != 0 {
                continue;
            }
            match step {
                Step::Say(text) => log.line(text),
                Step::Sleep(span) => tokio::time::sleep(*span).await,
                Step::Return(_) => {}
                Step::Exit(code) => return *code,
            }
            code = match step {
                Step::Return(code) => *code,
                _ => 0,
            };
        }
        code
    }
}

fn is_shell(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("sh" | "bash" | "dash"))
}

fn script_steps(script: &str, environment: &BTreeMap<String, String>) -> Option<Vec<(Step, bool)>> {
    let mut steps = Vec::new();
    for line in script.split(['\n', ';']) {
        for (place, part) in line.split("&&").enumerate() {
            let words = shlex::split(part)?;
            let words: Vec<String> = words
                .into_iter()
                .map(|word| expanded(word, environment))
                .collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            if !words.is_empty() {
                steps.push((step(&words)?, place > 0));
            }
        }
    }
    Some(steps)
}

/// A word that is one variable, in the place of its value.
fn expanded(word: String, environment: &BTreeMap<String, String>) -> String {
    let Some(name) = word.strip_prefix('$') else {
        return word;
    };
    let name = name
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'))
        .unwrap_or(name);
    environment.get(name).cloned().unwrap_or_default()
}

fn step(words: &[&str]) -> Option<Step> {
    match words {
        ["echo", rest @ ..] => Some(Step::Say(rest.join(" "))),
        ["sleep", seconds] => {
            let span = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
            Some(Step::Sleep(span))
        }
        ["true"] => Some(Step::Return(0)),
        ["false"] => Some(Step::Return(1)),
        ["exit"] => Some(Step::Exit(0)),
        ["exit", code] => Some(Step::Exit(code.parse().ok()?)),
        _ => None,
    }
}

/// What stands in the log of a container that is no runner and whose command the fake cannot play.
pub(super) fn not_played(command: &[String]) -> String {
    let name = command.first().map_or("nothing", String::as_str);
    format!(
        "{name}: not run; this fake starts runners, and plays echo, sleep, true, false and exit"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(command: &[&str]) -> Option<Vec<(Step, bool)>> {
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        let environment = BTreeMap::from([("WHO".to_owned(), "octo".to_owned())]);
        Program::of(&command, &[], &environment).map(|program| program.steps)
    }

    fn say(text: &str) -> Step {
        Step::Say(text.to_owned())
    }

    #[test]
    fn a_bare_command_keeps_its_words_as_they_are() {
        assert_eq!(
            program(&["echo", "a;b", "$WHO"]),
            Some(vec![(say("a;b $WHO"), false)])
        );
    }

    #[test]
    fn a_script_is_its_commands_one_after_the_other() {
        let script = "echo \"hello  there\"; sleep 0.5 && echo $WHO\nexit 3";
        let steps = vec![
            (say("hello  there"), false),
            (Step::Sleep(Duration::from_millis(500)), false),
            (say("octo"), true),
            (Step::Exit(3), false),
        ];
        assert_eq!(program(&["bash", "-c", script]), Some(steps));
    }

    #[test]
    fn what_is_not_known_is_not_played() {
        assert_eq!(program(&["python", "-c", "1"]), None);
        assert_eq!(program(&["sh", "-c", "echo a; make"]), None);
        assert_eq!(program(&["sleep", "long"]), None);
        assert_eq!(program(&["sh", "-c", "echo 'open"]), None);
    }
}
