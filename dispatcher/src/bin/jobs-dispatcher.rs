//! The dispatcher as a service: reads its environment, listens for webhooks, stops cleanly on SIGTERM or Ctrl-C.
//!
//! Exit codes: 0 stopped as asked; 2 bad configuration or arguments; 70 internal error.

use std::{hash::BuildHasher, path::PathBuf, process::ExitCode, sync::Arc};

use axum::body::Body;
use clap::{Parser, ValueEnum};
use dispatcher::{
    BoxError, Clock, Config, Dispatcher, Host, HttpService, MemoryStore, Spawner, SqliteStore,
    StartError, Store, config::ENVIRONMENT,
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{ServiceExt, util::BoxCloneSyncService};
use tracing_subscriber::EnvFilter;

/// Each webhook and each call is hundreds of small pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BAD_CONFIGURATION: u8 = 2;
const INTERNAL: u8 = 70;

const EXAMPLES: &str = "\
Examples:
  jobs-dispatcher                                  listen on 127.0.0.1:7860, journal in ./jobs-dispatcher.db
  jobs-dispatcher --listen 0.0.0.0:8080 --log-format json
  PORT=8080 DATABASE=/var/lib/jobs-dispatcher.db jobs-dispatcher

Exit codes: 0 stopped as asked, 2 bad configuration, 70 internal error.";

/// Starts Hugging Face Jobs for GitHub jobs whose runs-on is hf-jobs-FLAVOR.
#[derive(Debug, Parser)]
#[command(version, after_help = format!("Configuration, by environment variables.\n{ENVIRONMENT}\n\n{EXAMPLES}"))]
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
    #[error("internal error: {0}")]
    Internal(String),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ended) => {
            eprintln!("jobs-dispatcher: {ended}");
            ExitCode::from(match ended {
                Ended::Configuration(_) => BAD_CONFIGURATION,
                Ended::Internal(_) => INTERNAL,
            })
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Ended> {
    start_log(arguments)?;
    let config = Config::from_vars(std::env::vars())
        .map_err(|errors| Ended::Configuration(errors.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|error| Ended::Internal(error.to_string()))?
        .block_on(serve(arguments, config))
}

async fn serve(arguments: &Arguments, config: Config) -> Result<(), Ended> {
    let store = open_store(arguments)?;
    let address = arguments
        .listen
        .clone()
        .unwrap_or_else(|| format!("{}:{}", arguments.host, arguments.port));
    let listener = tokio::net::TcpListener::bind(&address).await;
    let listener = listener
        .map_err(|error| Ended::Configuration(format!("failed to listen on {address}: {error}")))?;
    let dispatcher = Dispatcher::start(config, host(), store, client(), client())
        .await
        .map_err(|error| match error {
            StartError::NoSecret => Ended::Configuration(chain(&error)),
            StartError::Store(_) | StartError::Journal(_) => Ended::Internal(chain(&error)),
        })?;
    tracing::info!(%address, "listening");
    let served = axum::serve(listener, dispatcher.router())
        .with_graceful_shutdown(asked_to_stop())
        .await;
    served.map_err(|error| Ended::Internal(error.to_string()))?;
    // Calls under way are cut off: the journal knows of each, and the next start looks up what came of it.
    tracing::info!("stopped");
    Ok(())
}

fn open_store(arguments: &Arguments) -> Result<Arc<dyn Store>, Ended> {
    if arguments.database.as_os_str() == "memory" {
        return Ok(Arc::new(MemoryStore::default()));
    }
    let store = SqliteStore::open(&arguments.database).map_err(|error| {
        Ended::Configuration(format!("{}: {error}", arguments.database.display()))
    })?;
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
    let filter = EnvFilter::try_new(arguments.log_level.to_lowercase())
        .map_err(|error| Ended::Configuration(format!("LOG_LEVEL: {error}")))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            let (interrupt, terminate) =
                (std::pin::pin!(interrupt), std::pin::pin!(terminate.recv()));
            futures_util::future::select(interrupt, terminate).await;
            return;
        }
    }
    // Without a handler there is nothing to wait for but the end.
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
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
