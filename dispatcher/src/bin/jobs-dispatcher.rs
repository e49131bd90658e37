//! The dispatcher as a service: reads its environment, listens for webhooks, stops cleanly on SIGTERM or Ctrl-C.
//!
//! Exit codes: see [`EXIT_CODES`].

use std::{
    hash::BuildHasher,
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use axum::body::Body;
use clap::{Parser, ValueEnum};
use dispatcher::{
    BoxError, Clock, Config, Dispatcher, Host, HttpService, MemoryStore, Spawner, SqliteStore,
    StartError, Store, config::ENVIRONMENT, server::Server,
};
use futures_util::{StreamExt, stream::BoxStream};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{ServiceExt, util::BoxCloneSyncService};
use tracing_subscriber::EnvFilter;

/// Each webhook and each call is hundreds of small pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BAD_CONFIGURATION: u8 = 64;
const BAD_JOURNAL: u8 = 65;
const NO_ADDRESS: u8 = 69;
const INTERNAL: u8 = 70;
const TWICE_ASKED: i32 = 130;

const EXIT_CODES: &str = "\
Exit codes: 0 stopped as asked, 64 bad configuration or arguments, 65 the journal cannot be used, 69 the address cannot
be listened on, 70 internal error, 130 ended at once by a second signal.";

const EXAMPLES: &str = "\
Examples:
  jobs-dispatcher                                  listen on 127.0.0.1:7860, journal in ./jobs-dispatcher.db
  jobs-dispatcher --listen 0.0.0.0:8080 --log-format json
  PORT=8080 DATABASE=/var/lib/jobs-dispatcher.db jobs-dispatcher
";

/// Starts Hugging Face Jobs for GitHub jobs whose runs-on is hf-jobs-FLAVOR.
#[derive(Debug, Parser)]
#[command(version, after_help = format!("Configuration, by environment variables.\n{ENVIRONMENT}\n\n{EXAMPLES}\n{EXIT_CODES}"))]
struct Arguments {
    /// Address to listen on; overrides HOST and PORT
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Host to listen on
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on
    #[arg(long, env = "PORT", default_value_t = 7860)]
    port: u16,
    /// File of the journal, or "memory"
    #[arg(long, env = "DATABASE", default_value = "jobs-dispatcher.db")]
    database: PathBuf,
    /// How to write the log
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// What to log: error, warn, info, debug, or a filter such as dispatcher=debug
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    log_level: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// What ends the process, and with which code.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Configuration(String),
    #[error("{0}")]
    Journal(String),
    #[error("{0}")]
    Address(String),
    #[error("internal error: {0}")]
    Internal(String),
}

impl Ended {
    fn code(&self) -> u8 {
        match self {
            Self::Configuration(_) => BAD_CONFIGURATION,
            Self::Journal(_) => BAD_JOURNAL,
            Self::Address(_) => NO_ADDRESS,
            Self::Internal(_) => INTERNAL,
        }
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => {
            // Whoever asked for help and closed the pipe has read enough.
            let _unread = told.print();
            return if told.use_stderr() {
                ExitCode::from(BAD_CONFIGURATION)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ended) => {
            // A log that nobody reads any more is no reason to end in another way.
            let _unread = writeln!(std::io::stderr(), "jobs-dispatcher: {ended}");
            ExitCode::from(ended.code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Ended> {
    start_log(arguments)?;
    let config = Config::from_vars(std::env::vars())
        .map_err(|errors| Ended::Configuration(errors.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Ended::Internal(error.to_string()))?;
    let served = runtime.block_on(serve(arguments, config));
    // Calls under way are cut off: the journal knows of each, and the next start looks up what came of it. A name that is still
    // being looked up is not waited for.
    runtime.shutdown_background();
    served
}

async fn serve(arguments: &Arguments, config: Config) -> Result<(), Ended> {
    let mut signals = signals().map_err(|error| Ended::Internal(error.to_string()))?;
    let address = arguments
        .listen
        .clone()
        .unwrap_or_else(|| format!("{}:{}", arguments.host, arguments.port));
    let store = open_store(arguments)?;
    let refused = |error| Ended::Address(format!("failed to listen on {address}: {error}"));
    let server = Server::bind(&address).await.map_err(refused)?;
    let bound = server.local_addr().map_err(refused)?;
    let host = host();
    let dispatcher = Dispatcher::start(config, host.clone(), store, client(), client())
        .await
        .map_err(|error| match error {
            StartError::NoSecret => Ended::Configuration(chain(&error)),
            StartError::Store(_) | StartError::Journal(_) => Ended::Journal(format!(
                "the journal {}: {}",
                arguments.database.display(),
                chain(&error)
            )),
        })?;
    tracing::info!(address = %bound, connections_max = server.connections_max(), "listening");
    let router = dispatcher.router();
    let stop = async {
        signals.next().await;
        tracing::info!("stopping");
        dispatcher.stops();
        host.spawner.spawn(async move {
            signals.next().await;
            std::process::exit(TWICE_ASKED);
        });
    };
    server.serve(router, &host.spawner, stop).await;
    tracing::info!("stopped");
    Ok(())
}

fn open_store(arguments: &Arguments) -> Result<Arc<dyn Store>, Ended> {
    if arguments.database.as_os_str() == "memory" {
        return Ok(Arc::new(MemoryStore::default()));
    }
    let store = SqliteStore::open(&arguments.database)
        .map_err(|error| Ended::Journal(error.to_string()))?;
    Ok(Arc::new(store))
}

fn host() -> Host {
    // Keyed by two random numbers of this process.
    let keys = std::hash::RandomState::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the machine that tasks run on"
    )]
    let spawner = Spawner::new(|task| drop(tokio::spawn(task)));
    Host {
        clock: Clock::system(),
        spawner,
        draw: Arc::new(move |key| keys.hash_one(key)),
    }
}

/// HTTP over TLS or plain, with connections kept.
fn client() -> HttpService {
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector);
    BoxCloneSyncService::new(
        client
            .map_response(|response| response.map(Body::new))
            .map_err(|error| Box::new(error) as BoxError),
    )
}

fn start_log(arguments: &Arguments) -> Result<(), Ended> {
    let level = level(&arguments.log_level);
    let filter = EnvFilter::try_new(&level)
        .map_err(|error| Ended::Configuration(format!("LOG_LEVEL is {level:?}: {error}")))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Python's names of levels mean what ours do.
fn level(text: &str) -> String {
    match text.to_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "critical" | "fatal" => "error".to_owned(),
        "notset" => "trace".to_owned(),
        other => other.to_owned(),
    }
}

/// One item each time the process is asked to stop. From now on it does not stop by itself.
fn signals() -> std::io::Result<BoxStream<'static, ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let asked = [SignalKind::terminate(), SignalKind::interrupt()].map(|kind| {
            let signals = signal(kind)?;
            Ok::<_, std::io::Error>(futures_util::stream::unfold(
                signals,
                async |mut signals| signals.recv().await.map(|()| ((), signals)),
            ))
        });
        let [terminate, interrupt] = asked;
        Ok(futures_util::stream::select(terminate?.boxed(), interrupt?.boxed()).boxed())
    }
    #[cfg(not(unix))]
    {
        let asked = futures_util::stream::unfold((), async |()| {
            tokio::signal::ctrl_c().await.ok().map(|()| ((), ()))
        });
        Ok(asked.boxed())
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
