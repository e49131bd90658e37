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
use clap::Parser;
use dispatcher::{
    BoxError, Clock, Config, Dispatcher, Host, HttpService, MemoryStore, Postgres, Replica,
    Spawner, SqliteStore, StartError, Store,
    config::{
        ConfigFile, Database, ENVIRONMENT, Entry, LogFormat, ProgramSettings, Reading, Sources,
        deadlines, default_deadlines,
    },
    server::Server,
    with_causes,
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
  jobs-dispatcher --config jobs-dispatcher.toml --explain-config
  PORT=8080 DATABASE=/var/lib/jobs-dispatcher.db jobs-dispatcher
  DATABASE=postgres://user:password@host/name jobs-dispatcher     one of several replicas (docs/replicas.md)
";

/// Starts Hugging Face Jobs for GitHub jobs whose runs-on is hf-jobs-FLAVOR.
#[derive(Debug, Parser)]
#[command(version, after_help = help())]
struct Arguments {
    /// A TOML file with the configuration; what the environment sets goes first
    #[arg(long, value_name = "FILE", env = "CONFIG_FILE")]
    config: Option<PathBuf>,
    /// Only check the configuration: 0 if it is good, 64 if not
    #[arg(long)]
    check_config: bool,
    /// Print every value and where it came from, then check as --check-config does
    #[arg(long)]
    explain_config: bool,
    /// Address to listen on, host:port (LISTEN)
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Host to listen on (HOST)
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on (PORT)
    #[arg(long)]
    port: Option<String>,
    /// Where the journal is: a file (SQLite), a URL postgres://USER:PASSWORD@HOST/NAME that replicas may share, or "memory" (DATABASE)
    #[arg(long)]
    database: Option<String>,
    /// How to write the log: text or json (LOG_FORMAT)
    #[arg(long)]
    log_format: Option<String>,
    /// What to log: error, warn, info, debug, or a filter such as dispatcher=debug (LOG_LEVEL)
    #[arg(long)]
    log_level: Option<String>,
}

fn help() -> String {
    let deadlines = default_deadlines();
    format!(
        "Configuration, by environment variables.\n{ENVIRONMENT}\n\n\
         How long what takes at most, with the defaults (--explain-config tells with yours):\n{deadlines}\n{EXAMPLES}\n\n{EXIT_CODES}"
    )
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
    let reading = Config::from_sources(&sources(arguments)?);
    if arguments.explain_config {
        // Whoever asked and closed the pipe has read enough.
        let _unread = explain(&reading);
    }
    let config = reading
        .config
        .map_err(|errors| Ended::Configuration(errors.to_string()))?;
    if arguments.check_config || arguments.explain_config {
        if matches!(config.program.database, Database::Postgres(_)) {
            // Its URL is read there; it connects to nothing.
            Journal::open(&config.program)?;
        }
        return Ok(());
    }
    start_log(&config.program)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Ended::Internal(error.to_string()))?;
    let served = runtime.block_on(serve(config));
    // Calls under way are cut off: the journal knows of each, and the next start looks up what came of it. A name that is still
    // being looked up is not waited for.
    runtime.shutdown_background();
    served
}

/// Arguments, then the environment, then the file.
fn sources(arguments: &Arguments) -> Result<Sources, Ended> {
    let given = [
        ("LISTEN", &arguments.listen),
        ("HOST", &arguments.host),
        ("PORT", &arguments.port),
        ("DATABASE", &arguments.database),
        ("LOG_FORMAT", &arguments.log_format),
        ("LOG_LEVEL", &arguments.log_level),
    ];
    let given = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)));
    // A variable that is no text is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let sources = Sources::arguments(given).before(Sources::environment(environment));
    let Some(path) = &arguments.config else {
        return Ok(sources);
    };
    let file = ConfigFile::open(path).map_err(|error| Ended::Configuration(error.to_string()))?;
    Ok(sources.before(file.sources()))
}

fn explain(reading: &Reading) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for Entry {
        name,
        shown,
        origin,
    } in &reading.entries
    {
        writeln!(out, "{name:<28} {shown:<44} {origin}")?;
    }
    if let Ok(config) = &reading.config {
        let deadlines = deadlines(&config.settings, config.job_timeout);
        write!(out, "\nHow long what takes at most:\n{deadlines}")?;
    }
    Ok(())
}

async fn serve(config: Config) -> Result<(), Ended> {
    let mut signals = signals().map_err(|error| Ended::Internal(error.to_string()))?;
    let address = config.program.listen.clone();
    let database = config.program.database.to_string();
    let journal = Journal::open(&config.program)?;
    let refused = |error| Ended::Address(format!("failed to listen on {address}: {error}"));
    let server = Server::bind(&address).await.map_err(refused)?;
    let bound = server.local_addr().map_err(refused)?;
    let host = host();
    let served = Served::start(config, &host, journal)
        .await
        .map_err(|error| match error {
            StartError::NoSecret => Ended::Configuration(with_causes(&error)),
            StartError::Store(_) | StartError::Journal(_) => Ended::Journal(format!(
                "the journal {database}: {}\n  put a copy back, or set DATABASE to one that does not exist yet",
                with_causes(&error)
            )),
        })?;
    tracing::info!(address = %bound, connections_max = server.connections_max(), "listening");
    let router = served.router();
    let stop = async {
        signals.next().await;
        tracing::info!("stopping");
        served.stops();
        host.spawner.spawn(async move {
            signals.next().await;
            std::process::exit(TWICE_ASKED);
        });
    };
    server.serve(router, &host.spawner, stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// The journal that was asked for.
enum Journal {
    Own(Arc<dyn Store>),
    Shared(Box<Postgres>),
}

impl Journal {
    fn open(settings: &ProgramSettings) -> Result<Self, Ended> {
        match &settings.database {
            Database::Memory => Ok(Self::Own(Arc::new(MemoryStore::default()))),
            Database::File(path) => {
                let store = SqliteStore::open(path);
                let store = store.map_err(|error| Ended::Journal(error.to_string()))?;
                Ok(Self::Own(Arc::new(store)))
            }
            Database::Postgres(url) => {
                let roots = settings.database_ca.as_deref();
                let postgres = Postgres::new(url.expose(), roots, spawner());
                let postgres = postgres.map_err(|error| {
                    Ended::Configuration(format!("DATABASE or DATABASE_CA: {error}"))
                })?;
                Ok(Self::Shared(Box::new(postgres)))
            }
        }
    }
}

/// What answers requests.
enum Served {
    Alone(Dispatcher),
    Replica(Replica),
}

impl Served {
    async fn start(config: Config, host: &Host, journal: Journal) -> Result<Self, StartError> {
        let (host, github, hf) = (host.clone(), client(), client());
        Ok(match journal {
            Journal::Own(store) => {
                Self::Alone(Dispatcher::start(config, host, store, github, hf).await?)
            }
            Journal::Shared(postgres) => {
                Self::Replica(Replica::start(config, host, *postgres, github, hf).await?)
            }
        })
    }

    fn router(&self) -> axum::Router {
        match self {
            Self::Alone(dispatcher) => dispatcher.router(),
            Self::Replica(replica) => replica.router(),
        }
    }

    fn stops(&self) {
        match self {
            Self::Alone(dispatcher) => dispatcher.stops(),
            Self::Replica(replica) => replica.stops(),
        }
    }
}

fn spawner() -> Spawner {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the machine that tasks run on"
    )]
    Spawner::new(|task| drop(tokio::spawn(task)))
}

fn host() -> Host {
    // Keyed by two random numbers of this process.
    let keys = std::hash::RandomState::new();
    Host {
        clock: Clock::system(),
        spawner: spawner(),
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

fn start_log(settings: &ProgramSettings) -> Result<(), Ended> {
    let filter = EnvFilter::try_new(&settings.log_level)
        .map_err(|error| Ended::Configuration(format!("LOG_LEVEL: {error}")))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
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
