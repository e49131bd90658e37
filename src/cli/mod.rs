//! The command line: arguments in, one exit status out. Data goes to stdout, everything else to stderr.

mod args;
mod boot;
mod check;
mod failures;
mod import;
mod interrupt;
mod list;
mod out;
mod plan;
mod printable;
mod run;
mod serve;
mod source;
mod text;

use std::{
    ffi::OsString,
    io::{self, Write},
};

use clap::{CommandFactory, Parser};
use jiff::civil::Date;
use miette::{GraphicalReportHandler, GraphicalTheme};

use args::{Args, Color, Command};

use crate::exit::ExitStatus;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitStatus {
    let args = match Args::try_parse_from(with_command(std::env::args_os().collect())) {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    set_up_reports(args.color);
    let ended = match args.command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Schema => list::schema(),
        Command::List(args) => list::list(&args),
        Command::Import(args) => import::import(&args),
        Command::Serve(args) => serve::serve(&args),
        Command::Boot(args) => boot::boot(&args),
        Command::Completions { shell } => completions(shell),
    };
    ended.unwrap_or_else(|failure| {
        // The report handler ends with a line break of its own.
        let text = format!("{:?}", failure.report);
        let _ = write!(io::stderr(), "{}", printable::text(&text));
        let _ = writeln!(io::stderr());
        failure.status
    })
}

/// The script that completes words in a shell. It is made in memory: where stdout is closed or full, that is said as everywhere.
fn completions(shell: clap_complete::Shell) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "dispatchlab", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Held)
}

/// Without a command, `run` is meant: the corpus against the reference dispatcher, or with options what they say.
fn with_command(mut given: Vec<OsString>) -> Vec<OsString> {
    let is = |arg: &OsString, words: &[&str]| words.iter().any(|word| arg == word);
    let options = given.get(1..).unwrap_or_default();
    let asks = |arg: &OsString| is(arg, &["-h", "--help", "-V", "--version"]);
    let command = Args::command();
    let names = |arg: &OsString| {
        let known = command.get_subcommands().map(clap::Command::get_name);
        known.chain(["help"]).any(|name| arg == name)
    };
    let is_option = options
        .first()
        .is_none_or(|first| first.to_string_lossy().starts_with('-'));
    if is_option && !options.iter().any(|arg| asks(arg) || names(arg)) {
        given.insert(given.len().min(1), "run".into());
    }
    given
}

/// Why a command ended early: what to show, and the exit status.
#[derive(Debug)]
struct CommandFailure {
    report: miette::Report,
    status: ExitStatus,
}

impl CommandFailure {
    fn usage(report: impl Into<miette::Report>) -> Self {
        Self {
            report: report.into(),
            status: ExitStatus::Usage,
        }
    }

    fn internal(report: impl Into<miette::Report>) -> Self {
        Self {
            report: report.into(),
            status: ExitStatus::Internal,
        }
    }
}

/// How a command ends.
type Ended = Result<ExitStatus, CommandFailure>;

fn usage(error: &clap::Error) -> ExitStatus {
    // Help and version are answers, not errors. A closed pipe is nobody's concern.
    let _ = error.print();
    if error.use_stderr() {
        ExitStatus::Usage
    } else {
        ExitStatus::Held
    }
}

fn set_up_reports(color: Color) {
    let plain = match color {
        Color::Always => false,
        Color::Never => true,
        Color::Auto => {
            std::env::var_os("NO_COLOR").is_some() || !io::IsTerminal::is_terminal(&io::stderr())
        }
    };
    // A second installation is refused, which only happens in tests that call this twice.
    let _ = miette::set_hook(Box::new(move |_| {
        let theme = if plain {
            GraphicalTheme::unicode_nocolor()
        } else {
            GraphicalTheme::unicode()
        };
        Box::new(GraphicalReportHandler::new_themed(theme).with_links(false))
    }));
}

/// The day on which waivers are held against their ends: the one given, or today in UTC.
fn today(given: Option<Date>) -> Date {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the date of the day counts; no verdict depends on it"
    )]
    let today = || {
        jiff::tz::Offset::UTC
            .to_datetime(jiff::Timestamp::now())
            .date()
    };
    given.unwrap_or_else(today)
}

/// Writes to stdout; a reader that went away (a closed pipe) ends the output quietly.
fn print(text: &str) -> Result<(), CommandFailure> {
    match io::stdout().write_all(printable::text(text).as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandFailure::internal(
            miette::miette!("failed to write to stdout: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Writes to stderr, where progress and explanations go.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", printable::text(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(given: &[&str]) -> Vec<String> {
        let given = ["dispatchlab"].iter().chain(given).map(OsString::from);
        let whole = with_command(given.collect()).into_iter();
        whole
            .skip(1)
            .map(|arg| arg.into_string().unwrap())
            .collect()
    }

    #[test]
    fn without_a_command_its_options_are_those_of_run() {
        assert_eq!(with(&[]), ["run"]);
        assert_eq!(with(&["--json"]), ["run", "--json"]);
        assert_eq!(with(&["--color", "never"]), ["run", "--color", "never"]);
        assert_eq!(
            with(&["--color", "never", "check", "x"]),
            ["--color", "never", "check", "x"]
        );
        assert_eq!(with(&["--help"]), ["--help"]);
        assert_eq!(with(&["--version"]), ["--version"]);
        assert_eq!(with(&["chekc"]), ["chekc"], "a slip is no file");
    }
}
