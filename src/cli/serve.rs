//! `dispatchlab serve`: the fakes on loopback, in real time; with a scenario, played and judged.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use fakes::{Boot, ProcessBoot};
use futures_util::future::{Either, select};
use http::Uri;
use scenarios::plan::Plan;

use super::{
    CommandFailure, Ended,
    args::{ServeArgs, ServeBoot},
    interrupt::Interrupt,
    note, out, print, source,
};
use crate::{
    exit::ExitStatus,
    report::{self, Bundle, Failure, ScenarioReport},
    run::{
        Listen, Outcome, Run, ServeError, Serving, serve_with as put_on_addresses, spent_in_words,
    },
    target::{self, LAB_APP_ID, LAB_HF_TOKEN, LAB_NAMESPACE, Url},
};

/// A world in which nothing happens by itself: what `serve` without a scenario shows. Nothing is judged of it, so only
/// what has to be kept is bounded.
const EMPTY_WORLD: &str = "
title: Nothing happens by itself
params: { cold_start: 30s..90s }
world: { hf: { cold_start: $cold_start } }
expect: { budget: { events: 2M, bytes: 1G, calls: 1000G, calls_of_one: 1000G } }
timeline:
  - { at: 0s, redeliver: { failed: true } }
";

/// Where the fakes listen unless told otherwise.
const DEFAULT_GITHUB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4010);
const DEFAULT_HF: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4011);
/// Where a dispatcher that plays a scenario is expected.
const DEFAULT_WEBHOOK: &str = "http://127.0.0.1:7860/webhook";

pub(super) fn serve(args: &ServeArgs) -> Ended {
    let (name, plan) = plan(args)?;
    if args.out.is_some() || args.file.is_some() {
        out::folder(args.out.as_deref(), true)?;
    }
    let default = args.file.as_ref().map(|_| DEFAULT_WEBHOOK);
    let webhook = args.webhook.as_deref().or(default).map(Url::parse);
    let webhook = webhook.transpose().map_err(|error| {
        CommandFailure::usage(miette::miette!(
            help = "write it as http://HOST:PORT/webhook",
            "--webhook: {error}"
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
    let source = match &args.file {
        Some(file) => source::one(file)?,
        None => source::parse("serve".to_owned(), "serve".to_owned(), EMPTY_WORLD)?,
    };
    let sources = std::slice::from_ref(&source);
    source::drawn_anew(sources, args.seed, None, &args.parameters)?;
    let set = source::settings(&args.parameters, sources)?;
    let mut plan = source.plan(args.seed.unwrap_or(1), false, &set)?;
    plan.expect.budget = args.budget.unwrap_or_default().or(plan.expect.budget);
    Ok((source.name, plan))
}

/// What to serve: what the user named, or both at their usual places.
fn listen(args: &ServeArgs) -> Listen {
    let (github, hf) = match (args.github, args.hf) {
        (None, None) => (Some(DEFAULT_GITHUB), Some(DEFAULT_HF)),
        named => named,
    };
    Listen {
        github,
        hf,
        expose_control: args.expose_control,
    }
}

/// Says on stderr what a person has to know of the control API at these addresses.
fn warn_of_strangers(listen: Listen) {
    let addresses = [listen.github, listen.hf].into_iter().flatten();
    for address in addresses.filter(|address| !address.ip().is_loopback()) {
        note(&if listen.expose_control {
            format!(
                "warning: {address} is not loopback: whoever reaches it drives this world, without authentication"
            )
        } else {
            format!(
                "warning: {address} is not loopback, so the control API (no authentication) is off there; --expose-control serves it"
            )
        });
    }
}

/// Who runs HF jobs. Processes are not started for strangers unless the user says so.
fn boot(args: &ServeArgs, listen: Listen) -> Result<Boot, CommandFailure> {
    if args.boot == ServeBoot::Model {
        return Ok(Boot::Model);
    }
    let addresses = [listen.github, listen.hf].into_iter().flatten();
    let open = addresses
        .into_iter()
        .find(|address| !address.ip().is_loopback());
    match open {
        Some(address) if !args.boot_for_strangers => Err(CommandFailure::usage(miette::miette!(
            help = "listen on 127.0.0.1, or say --boot-for-strangers if that is what you want",
            "--boot process executes the commands of whoever reaches {address}, which is not loopback"
        ))),
        _ => {
            note("HF jobs are processes of this machine: their commands are executed here, as you");
            Ok(Boot::Process(ProcessBoot::default()))
        }
    }
}

/// Says where everything is. What is said here is ready.
fn announce(
    args: &ServeArgs,
    serving: &Serving,
    webhook: Option<&Url>,
) -> Result<(), CommandFailure> {
    let webhook = webhook.map(|url| url.webhook().to_string());
    let shown = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string());
    let hf_environment = serving
        .hf_url
        .as_ref()
        .map(|url| format!("HF_ENDPOINT={url} HF_TOKEN={LAB_HF_TOKEN}"));
    let (env_file, socket) = (shown(&args.env_file), shown(&args.github_socket));
    let lines = [
        ("fake GitHub  ", &serving.github_url),
        ("             ", &socket),
        ("fake HF Jobs ", &serving.hf_url),
        ("             ", &hf_environment),
        ("control API  ", &serving.control_url),
        ("environment  ", &env_file),
    ];
    for (what, place) in lines {
        if let Some(place) = place {
            note(&format!("{what} {place}"));
        }
    }
    if args.json {
        let line = serde_json::json!({
            "github": serving.github_url,
            "github_socket": socket,
            "hf": serving.hf_url,
            "hf_namespace": serving.hf_url.as_ref().map(|_| LAB_NAMESPACE),
            "hf_token": serving.hf_url.as_ref().map(|_| LAB_HF_TOKEN),
            "control": serving.control_url,
            "webhook": webhook,
            "app_id": LAB_APP_ID,
            "env_file": env_file,
        });
        print(&format!("{line}\n"))?;
    }
    Ok(())
}

async fn serve_on_this_runtime(
    args: &ServeArgs,
    name: &str,
    plan: &Plan,
    webhook: Option<Url>,
) -> Ended {
    let failed = |error: ServeError| CommandFailure::usage(miette::miette!("{error}"));
    let listen = listen(args);
    warn_of_strangers(listen);
    let boot = boot(args, listen)?;
    let mut serving = put_on_addresses(plan, listen, boot).await.map_err(failed)?;
    if let Some(socket) = &args.github_socket {
        serving.github_on_socket(socket).map_err(failed)?;
    }
    if let Some(file) = &args.env_file {
        let (github, hf) = (serving.github_url.as_deref(), serving.hf_url.as_deref());
        write_environment(file, &target::environment_of(plan, github, hf))?;
    }
    let interrupt = Interrupt::listen();
    announce(args, &serving, webhook.as_ref())?;
    let Some(webhook) = webhook else {
        return serve_until_interrupted(args, name, &serving, &interrupt).await;
    };
    if args.file.is_none() {
        serving.control().deliver_to(&webhook);
        return serve_until_interrupted(args, name, &serving, &interrupt).await;
    }
    note(&format!(
        "waiting for the dispatcher at {}",
        webhook.webhook()
    ));
    let played = std::pin::pin!(async {
        reachable(webhook.webhook()).await;
        note(&format!("playing {name}"));
        serving.play(plan, webhook.clone()).await
    });
    let stopped = std::pin::pin!(interrupted(&interrupt));
    match select(played, stopped).await {
        Either::Left((run, _)) => conclude(args, name, plan, &run.map_err(failed)?),
        Either::Right(_) => {
            let run = serving.interrupted(plan, &webhook);
            note(&format!("interrupted after {} events", run.events.len()));
            conclude(args, name, plan, &run)
        }
    }
}

/// Without a scenario: whatever happens comes from outside, until the user ends it.
async fn serve_until_interrupted(
    args: &ServeArgs,
    name: &str,
    serving: &Serving,
    interrupt: &Interrupt,
) -> Ended {
    note("Ctrl-C stops it.");
    let stopped = std::pin::pin!(interrupted(interrupt));
    let exhausted = std::pin::pin!(serving.world().history().exhausted());
    let status = match select(exhausted, stopped).await {
        Either::Left((spent, _)) => {
            note(&format!("ended: {}", spent_in_words(&spent)));
            ExitStatus::Undecided
        }
        Either::Right(_) => ExitStatus::Interrupted,
    };
    if args.out.is_none() {
        return Ok(status);
    }
    keep_history(args, name, serving)?;
    Ok(status)
}

/// Writes what was seen so far.
fn keep_history(args: &ServeArgs, name: &str, serving: &Serving) -> Result<(), CommandFailure> {
    serving.world().faults().count();
    let events = serving.events_so_far();
    let folder = out::named(args.out.as_deref()).join(name);
    let path = folder.join("history.jsonl");
    let text = fakes::history::to_json_lines(&events)
        .map_err(|error| CommandFailure::internal(miette::miette!("{error}")))?;
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(&folder)?;
        fs::write(&path, text)
    };
    write().map_err(|error| {
        CommandFailure::internal(miette::miette!(
            "failed to write {}: {error}",
            path.display()
        ))
    })
}

/// Writes the bundle, and says what the run came to. A bundle that cannot be written is said last.
fn conclude(args: &ServeArgs, name: &str, plan: &Plan, run: &Run) -> Ended {
    let bundle = Bundle::write(&out::named(args.out.as_deref()), name, plan, run);
    let file = bundle.as_ref().ok().map(Bundle::plan);
    if run.outcome.status() != ExitStatus::Held {
        note(&report::describe(&Failure {
            run,
            name,
            steps: plan.timeline.len(),
            plan: file.as_deref(),
        }));
    }
    note(&how_it_ended(&run.outcome));
    let report = ScenarioReport::new(name, vec![run.outcome.clone()]);
    let reports = [report.as_of(super::today(args.today))];
    let status = match (run.outcome.interrupted, &bundle) {
        (true, _) => ExitStatus::Interrupted,
        (false, Err(_)) => ExitStatus::Internal,
        (false, Ok(_)) => report::overall(&reports),
    };
    for report in &reports {
        report::notes(report).iter().for_each(|text| note(text));
    }
    if args.json {
        let json = serde_json::json!({ "exit": status as u8, "scenarios": reports });
        print(&format!("{json:#}\n"))?;
    } else {
        print(&report::render(&reports))?;
    }
    match bundle {
        Ok(bundle) => {
            note(&format!("bundle        {}", bundle.directory.display()));
            Ok(status)
        }
        Err(error) => Err(CommandFailure {
            report: out::failed(&error),
            status,
        }),
    }
}

fn how_it_ended(outcome: &Outcome) -> String {
    let seconds = |ms: u64| ms as f64 / 1e3;
    let how = match (&outcome.budget.spent, outcome.interrupted, outcome.settled) {
        (Some(spent), _, _) => return format!("ended: {spent}"),
        (None, true, _) => return "judged as far as it came".to_owned(),
        (None, false, true) => "ended",
        (None, false, false) => return "reached its bound, and had not come to rest".to_owned(),
    };
    format!(
        "{how} after {} s without news (expect.settle: {} s)",
        seconds(outcome.quiet_ms),
        seconds(outcome.settle_ms)
    )
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
    environment: &BTreeMap<String, String>,
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
