//! `dispatchlab serve`: both fakes on loopback, in real time; with a scenario, played and judged.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use http::Uri;
use scenarios::{Choices, Document, plan::Plan};

use super::{CommandFailure, Ended, args::ServeArgs, interrupt::Interrupt, note, print, source};
use crate::{
    exit::ExitStatus,
    report::{self, Bundle, Failure, ScenarioReport},
    run::{Run, ServeError, Serving, serve as put_on_loopback},
    target::{self, Url},
};

/// A world in which nothing happens by itself: what `serve` without a scenario shows.
const EMPTY_WORLD: &str =
    "title: Nothing happens by itself\ntimeline:\n  - { at: 0s, restart: {} }\n";

pub(super) fn serve(args: &ServeArgs) -> Ended {
    let (name, plan) = plan(args)?;
    let webhook: Uri = args.webhook.parse().map_err(|error| {
        CommandFailure::usage(miette::miette!(
            help = "write it as http://HOST:PORT/webhook",
            "--webhook {}: {error}",
            args.webhook
        ))
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        CommandFailure::internal(miette::miette!("failed to build a runtime: {error}"))
    })?;
    runtime.block_on(serve_on_this_runtime(args, &name, &plan, webhook))
}

fn plan(args: &ServeArgs) -> Result<(String, Plan), CommandFailure> {
    let Some(file) = &args.file else {
        let document = Document::parse("serve", EMPTY_WORLD).map_err(CommandFailure::internal)?;
        let plan = document
            .plan(&Choices::default())
            .map_err(CommandFailure::internal)?;
        return Ok(("serve".to_owned(), plan));
    };
    let source = source::one(file)?;
    let set = source::settings(&args.parameters, std::slice::from_ref(&source))?;
    let plan = source.plan(args.seed, false, &set)?;
    Ok((source.name, plan))
}

async fn serve_on_this_runtime(args: &ServeArgs, name: &str, plan: &Plan, webhook: Uri) -> Ended {
    let failed = |error: ServeError| CommandFailure::usage(miette::miette!("{error}"));
    let mut serving = put_on_loopback(plan, args.github, args.hf)
        .await
        .map_err(failed)?;
    note(&format!(
        "fake GitHub   {}\nfake HF Jobs  {}",
        serving.github_url, serving.hf_url
    ));
    if let Some(socket) = &args.github_socket {
        serving.github_on_socket(socket).map_err(failed)?;
        note(&format!("              {}", socket.display()));
    }
    if let Some(file) = &args.env_file {
        let environment = target::environment(plan, &serving.github_url, &serving.hf_url);
        write_environment(file, &environment)?;
        note(&format!("environment   {}", file.display()));
    }
    let interrupt = Interrupt::listen();
    if args.file.is_none() {
        note("Ctrl-C stops them.");
        interrupted(&interrupt).await;
        return Ok(ExitStatus::Interrupted);
    }
    note(&format!("waiting for the dispatcher at {webhook}"));
    let played = std::pin::pin!(async {
        reachable(&webhook).await;
        note(&format!("playing {name}"));
        serving.play(plan, Url::new(webhook.clone())).await
    });
    let stopped = std::pin::pin!(interrupted(&interrupt));
    match futures_util::future::select(played, stopped).await {
        futures_util::future::Either::Left((run, _)) => {
            conclude(args, name, plan, &run.map_err(failed)?)
        }
        futures_util::future::Either::Right(_) => stopped_early(args, name, &serving),
    }
}

/// Ctrl-C: what was seen so far is kept.
fn stopped_early(args: &ServeArgs, name: &str, serving: &Serving) -> Ended {
    let events = serving.events_so_far();
    let path = args.out.join(name).join("history.jsonl");
    let text = fakes::history::to_json_lines(&events)
        .map_err(|error| CommandFailure::internal(miette::miette!("{error}")))?;
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(args.out.join(name))?;
        fs::write(&path, text)
    };
    write().map_err(|error| {
        CommandFailure::internal(miette::miette!(
            "failed to write {}: {error}",
            path.display()
        ))
    })?;
    note(&format!(
        "interrupted after {} events: {}",
        events.len(),
        path.display()
    ));
    Ok(ExitStatus::Interrupted)
}

fn conclude(args: &ServeArgs, name: &str, plan: &Plan, run: &Run) -> Ended {
    let bundle = Bundle::write(&args.out, name, plan, run)
        .map_err(|error| CommandFailure::internal(miette::miette!("{error}")))?;
    if !run.outcome.verdicts.violated().is_empty() {
        let steps = plan.timeline.len();
        note(&report::describe(&Failure {
            run,
            name,
            steps,
            plan: &bundle.plan(),
        }));
    }
    let reports = [ScenarioReport::new(name, vec![run.outcome.clone()])];
    let status = report::overall(&reports);
    if args.json {
        let json = serde_json::json!({ "exit": status as u8, "scenarios": reports });
        print(&format!("{json:#}\n"))?;
    } else {
        print(&report::render(&reports))?;
    }
    note(&format!("bundle        {}", bundle.directory.display()));
    Ok(status)
}

async fn interrupted(interrupt: &Interrupt) {
    while !interrupt.is_set() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until something listens where the webhooks go.
async fn reachable(webhook: &Uri) {
    let Some(host) = webhook
        .authority()
        .map(|authority| authority.as_str().to_owned())
    else {
        return;
    };
    let address = if webhook.port().is_some() {
        host
    } else {
        format!("{host}:80")
    };
    while tokio::net::TcpStream::connect(&address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Shell assignments, quoted so that `set -a; . FILE` gives exactly these values. All of it is throw-away:
/// the lab's own key, tokens and secret, good for nothing outside it.
fn write_environment(
    file: &Path,
    environment: &BTreeMap<&str, String>,
) -> Result<(), CommandFailure> {
    let lines = environment
        .iter()
        .map(|(name, value)| format!("{name}='{}'\n", value.trim_end().replace('\'', r"'\''")));
    fs::write(file, lines.collect::<String>()).map_err(|error| {
        CommandFailure::usage(miette::miette!(
            "failed to write {}: {error}",
            file.display()
        ))
    })
}
