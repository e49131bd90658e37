//! A world for one trial: both fakes on loopback, HF jobs that are processes, and a dispatcher's clients.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Body;
use dispatcher::{
    Clock, Config,
    core::{
        Access, CredentialKind, HfJobId as Ordered, HfJobOrder, Lane, LaunchId, Mint, RepoId,
        Secret,
    },
    github::GithubClient,
    hf::HfClient,
};
use fakes::{
    Boot, LogSink, NewJob, ProcessBoot, SeenProcess,
    ids::{HfJobId, JobId},
};
use http::{Request, header};
use scenarios::{Choices, Document, plan::Plan};
use tokio::time::Instant;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use super::{BootError, Check, Mode, Trial, Tried, scene::Scene};
use crate::{
    run::{Listen, Serving, serve_with},
    target::environment_of,
    transport::HttpService,
};

/// The one repository, and the label its jobs want.
const REPOSITORY: &str = "octo/app";
pub(super) const LABEL: &str = "hf-jobs-cpu-basic";
/// What a registration token looks like that GitHub never gave out.
const STRANGE_TOKEN: &str = "STRANGETOKENOFTHELABAAAAAAAAA";
/// How often processes and history are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// What the runner says when it has heard of its job, and how long that takes at most.
const TAKEN: &str = ": Running job: ";
const HEARS_WITHIN: Duration = Duration::from_secs(5);
/// No HF job comes near this.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Stands for the secret wherever it would be shown.
const REDACTED: &str = "***";

const WORLD: &str = "title: Boot\nworld: { hf: { cold_start: 0s }, webhooks: { delay: 0s } }\n\
    timeline:\n  - { at: 0s, restart: {} }\n";

/// A world with a script in an HF job.
pub(super) struct Rig {
    serving: Serving,
    hf: HfClient,
    mode: Mode,
    secret: String,
    hf_job: HfJobId,
    log: Arc<Mutex<Vec<String>>>,
    /// Command lines that held the secret.
    pub(super) exposed: BTreeSet<String>,
}

impl Rig {
    /// Queues jobs that run so long each, and orders an HF job for them. With a strange token its runner is refused.
    pub(super) async fn start(
        check: &Check,
        mode: Mode,
        jobs: &[(&str, Duration)],
        with_strange_token: bool,
    ) -> Result<(Self, Vec<JobId>), BootError> {
        let plan = plan()?;
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let written = log.clone();
        let boot = ProcessBoot {
            grace: check.grace,
            log: LogSink::new(move |_, line| {
                let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
                written.push(line.to_owned());
            }),
            ..ProcessBoot::default()
        };
        let any = Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
        let listen = Listen {
            github: any,
            hf: any,
            expose_control: false,
        };
        let serving = serve_with(&plan, listen, Boot::Process(boot)).await?;
        let queued: Result<Vec<JobId>, _> = jobs
            .iter()
            .map(|(name, runs_for)| {
                let job = NewJob {
                    runs_for: *runs_for,
                    ..NewJob::new(name, REPOSITORY, vec![LABEL.to_owned()])
                };
                serving.world().github().queue(job, None)
            })
            .collect();
        let queued = queued.map_err(|error| failed("queue a job", error))?;
        let config = config(&plan, &serving)?;
        let secret = if with_strange_token {
            Secret::new(STRANGE_TOKEN.to_owned())
        } else {
            mint(&config, &serving, mode).await?
        };
        let service = with_script(direct(serving.world().hf_router()), &check.script);
        let labels = Arc::new(config.labels());
        let hf = HfClient::new(Arc::new(config), labels, Clock::system(), service);
        let order = HfJobOrder {
            launch: launch(),
            lane: Lane {
                repo: RepoId(1),
                label: LABEL.to_owned(),
            },
            repo_name: REPOSITORY.to_owned(),
            runner: runner_name(),
            kind: kind(mode),
            secret: secret.clone(),
        };
        let created = hf.create(&order).await;
        let created = created.map_err(|error| failed("order an HF job", error))?;
        let rig = Self {
            serving,
            hf,
            mode,
            secret: secret.expose().to_owned(),
            hf_job: HfJobId(created.0),
            log,
            exposed: BTreeSet::new(),
        };
        Ok((rig, queued))
    }

    /// The world as it is now.
    pub(super) fn scene(&self) -> Scene {
        Scene::read(&self.serving.events_so_far(), &self.hf_job)
    }

    /// Looks until it is so. False if patience ends first.
    pub(super) async fn wait(
        &mut self,
        patience: Duration,
        is_so: impl Fn(&Scene) -> bool,
    ) -> bool {
        let begun = Instant::now();
        loop {
            self.look_at_processes();
            if is_so(&self.scene()) {
                return true;
            }
            if begun.elapsed() >= patience {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Cancels the HF job as a dispatcher would, unless it is over, and waits until its command is.
    pub(super) async fn cancel(&mut self, grace: Duration) -> Result<(), BootError> {
        if self.scene().exit.is_some() {
            return Ok(());
        }
        let job = Ordered(self.hf_job.0.clone());
        let cancelled = self.hf.cancel(&job).await;
        cancelled.map_err(|error| failed("cancel an HF job", error))?;
        let longest = grace + Duration::from_secs(10);
        self.wait(longest, |scene| scene.exit.is_some()).await;
        Ok(())
    }

    /// Gives the runner time to hear of the job that GitHub has given it: until it says so in the log, if its log is shown.
    pub(super) async fn let_it_hear(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < HEARS_WITHIN && !self.log().iter().any(|line| line.contains(TAKEN))
        {
            self.look_at_processes();
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// How many runners GitHub lists.
    pub(super) fn runners_left(&self) -> usize {
        self.serving.world().github().runners().len()
    }

    /// What was written so far, without secrets.
    pub(super) fn log(&self) -> Vec<String> {
        let written = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        written.iter().map(|line| self.redacted(line)).collect()
    }

    /// The first line that holds the secret, without it.
    pub(super) fn leak_in_log(&self) -> Option<String> {
        let written = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let leak = written.iter().find(|line| line.contains(&self.secret))?;
        Some(self.redacted(leak))
    }

    /// Sums the trial up and ends everything in it.
    pub(super) fn end(self, trial: Trial) -> Tried {
        let scene = self.scene();
        let tried = Tried {
            mode: self.mode,
            trial,
            online: scene.online,
            jobs_taken: scene.started.len(),
            stage: scene.stage,
            exit_code: scene.exit,
            runners_left: self.runners_left(),
            log: self.log(),
        };
        self.serving.stop();
        tried
    }

    fn redacted(&self, text: &str) -> String {
        text.replace(&self.secret, REDACTED)
    }

    fn look_at_processes(&mut self) {
        for process in self.serving.world().runners().processes(&self.hf_job) {
            let is_exposed = process
                .arguments
                .iter()
                .any(|word| word.contains(&self.secret));
            if is_exposed && !configures(&process) {
                let line = process.arguments.join(" ");
                self.exposed.insert(self.redacted(&line));
            }
        }
    }
}

/// Whether this is `config.sh`, which takes the token as an argument and ends at once.
fn configures(process: &SeenProcess) -> bool {
    let mut words = process.arguments.iter().map(String::as_str);
    words.any(|word| word.ends_with("config.sh") || word == "configure" || word == "remove")
}

fn failed(what: &'static str, why: impl std::fmt::Debug) -> BootError {
    let why = format!("{why:?}");
    BootError::Lab { what, why }
}

fn plan() -> Result<Plan, BootError> {
    let read = || Document::parse("boot", WORLD)?.plan(&Choices::default());
    read().map_err(|error: scenarios::ScenarioError| failed("read its own world", error))
}

fn launch() -> LaunchId {
    LaunchId("boot".to_owned())
}

fn runner_name() -> String {
    "boot-1".to_owned()
}

const fn kind(mode: Mode) -> CredentialKind {
    match mode {
        Mode::Token => CredentialKind::RegistrationToken,
        Mode::Jit => CredentialKind::Jit,
    }
}

/// The configuration a dispatcher would have in this world. Runners register at github.com, as they really would.
fn config(plan: &Plan, serving: &Serving) -> Result<Config, BootError> {
    let (github, hf) = (serving.github_url.as_deref(), serving.hf_url.as_deref());
    let variables = environment_of(plan, github, hf).into_iter();
    Config::from_vars(variables.map(|(name, value)| (name.to_owned(), value)))
        .map_err(|error| failed("configure its dispatcher", error))
}

async fn mint(config: &Config, serving: &Serving, mode: Mode) -> Result<Secret, BootError> {
    let service = direct(serving.world().github_router());
    let client = GithubClient::new(config, Clock::system(), service);
    let minted = async {
        let installation = client.installation_of(REPOSITORY).await?;
        let access = Access {
            repo: RepoId(1),
            name: REPOSITORY.to_owned(),
            installation,
        };
        let mint = Mint {
            launch: launch(),
            access,
            kind: kind(mode),
            runner: runner_name(),
            label: LABEL.to_owned(),
        };
        client.mint(&mint).await
    };
    let credential = minted.await;
    Ok(credential
        .map_err(|error| failed("mint a credential", error))?
        .secret)
}

/// The router as a service, without a socket in between: this part is not what is tested.
fn direct(router: axum::Router) -> HttpService {
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let router = router.clone();
        async move { Ok(router.oneshot(request).await?) }
    }))
}

/// Puts the script into the HF job that is ordered, and leaves the rest as the dispatcher wrote it.
fn with_script(service: HttpService, script: &str) -> HttpService {
    let script: Arc<str> = Arc::from(script);
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let (service, script) = (service.clone(), script.clone());
        async move {
            let (mut parts, body) = request.into_parts();
            let mut bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await?;
            if let Ok(mut order) = serde_json::from_slice::<serde_json::Value>(&bytes)
                && order.get("command").is_some()
            {
                order["command"] = serde_json::json!(["bash", "-c", &*script]);
                bytes = order.to_string().into();
                parts.headers.remove(header::CONTENT_LENGTH);
            }
            service
                .oneshot(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
    }))
}
