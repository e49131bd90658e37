//! `dispatchlab boot`: a boot script run for real, and what is wrong with it.

use std::{fs, path::Path, time::Duration};

use super::{
    CommandFailure, Ended,
    args::{BootArgs, BootMode},
    interrupt::Interrupt,
    print,
};
use crate::{
    boot::{Check, Mode, Report, Tried},
    exit::ExitStatus,
};

/// What the script and the lab's stand-in cannot do without.
const NEEDED: [&str; 3] = ["bash", "curl", "setsid"];
/// Where they are looked for, as the process does.
const FOLDERS: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

pub(super) fn boot(args: &BootArgs) -> Ended {
    let is_there = |name: &str| {
        let mut folders = FOLDERS.iter();
        folders.any(|folder| Path::new(folder).join(name).exists())
    };
    if let Some(name) = NEEDED.into_iter().find(|name| !is_there(name)) {
        return Err(CommandFailure::usage(miette::miette!(
            help = "install it: a boot script is run with what this machine has",
            "there is no {name} on this machine"
        )));
    }
    let check = check(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        CommandFailure::internal(miette::miette!("failed to build a runtime: {error}"))
    })?;
    let interrupt = Interrupt::listen();
    let tried = runtime.block_on(async {
        let run = std::pin::pin!(check.run());
        let stopped = std::pin::pin!(interrupted(&interrupt));
        match futures_util::future::select(run, stopped).await {
            futures_util::future::Either::Left((report, _)) => Some(report),
            futures_util::future::Either::Right(_) => None,
        }
    });
    // Whatever still runs is killed with the runtime's tasks.
    drop(runtime);
    let Some(report) = tried else {
        return Ok(ExitStatus::Interrupted);
    };
    let report = report.map_err(|error| CommandFailure::internal(miette::miette!("{error}")))?;
    show(args, &report)?;
    Ok(if report.findings.is_empty() {
        ExitStatus::Held
    } else {
        ExitStatus::Violated
    })
}

fn check(args: &BootArgs) -> Result<Check, CommandFailure> {
    let script = match &args.script {
        None => dispatcher::hf::bootstrap().to_owned(),
        Some(path) => fs::read_to_string(path).map_err(|error| {
            CommandFailure::usage(miette::miette!(
                "failed to read {}: {error}",
                path.display()
            ))
        })?,
    };
    if script.trim().is_empty() {
        return Err(CommandFailure::usage(miette::miette!(
            "the script is empty"
        )));
    }
    Ok(Check {
        modes: match args.mode {
            BootMode::Both => Mode::ALL.to_vec(),
            BootMode::Token => vec![Mode::Token],
            BootMode::Jit => vec![Mode::Jit],
        },
        patience: Duration::from_secs(args.patience),
        grace: Duration::from_secs(args.grace),
        ..Check::of(&script)
    })
}

async fn interrupted(interrupt: &Interrupt) {
    while !interrupt.is_set() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn show(args: &BootArgs, report: &Report) -> Result<(), CommandFailure> {
    if args.json {
        let json = serde_json::to_value(report)
            .map_err(|error| CommandFailure::internal(miette::miette!("{error}")))?;
        return print(&format!("{json:#}\n"));
    }
    for tried in &report.tried {
        print(&line(tried))?;
        if args.log {
            for line in &tried.log {
                print(&format!("    | {line}\n"))?;
            }
        }
    }
    for finding in &report.findings {
        print(&format!(
            "\n{} ({} mode, {})\n    seen: {}\n    mend: {}\n",
            finding.name, finding.mode, finding.trial, finding.seen, finding.mend
        ))?;
    }
    let count = report.findings.len();
    print(&format!(
        "\n{}\n",
        match count {
            0 => "nothing is wrong with this script".to_owned(),
            1 => "1 finding".to_owned(),
            _ => format!("{count} findings"),
        }
    ))
}

/// One trial in one line.
fn line(tried: &Tried) -> String {
    let stage = tried
        .stage
        .and_then(|stage| serde_json::to_value(stage).ok())
        .and_then(|stage| stage.as_str().map(str::to_owned));
    let exit = tried.exit_code.map(|code| format!(", exit code {code}"));
    format!(
        "{:<5} {:<6}  {}, jobs taken: {}, HF job {}{}, runners left: {}\n",
        tried.mode.to_string(),
        tried.trial.to_string(),
        if tried.online {
            "online"
        } else {
            "never online"
        },
        tried.jobs_taken,
        stage.as_deref().unwrap_or("unknown"),
        exit.unwrap_or_default(),
        tried.runners_left
    )
}
