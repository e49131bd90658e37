//! The process inside an HF job: it registers with GitHub or unpacks its JIT configuration, listens, runs
//! one job and exits; one that is not ephemeral listens on.
//!
//! Its environment decides how: `ACTIONS_RUNNER_INPUT_JITCONFIG` is what `run.sh --jitconfig` takes;
//! `RUNNER_TOKEN` with `RUNNER_NAME`, `RUNNER_LABELS` and `GH_REPO` is what a boot script gives `config.sh`,
//! and `RUNNER_GROUP`, `RUNNER_EPHEMERAL=false` and `RUNNER_DEFAULT_LABELS=true` where it wants them.

mod archive;
mod container;
mod life;
mod process;
mod process_tree;

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::{
    calls::Calls,
    github::{Credential, Github},
    history::What,
    ids::{EventId, HfJobId, RunnerId},
};

pub(crate) use archive::archive;
pub(crate) use container::Container;
use life::Life;
pub(crate) use process::Launch;
pub use process_tree::SeenProcess;

/// Exit code of a process that was killed.
const KILLED: i32 = 137;
/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    /// Its `runner.exited`.
    pub(crate) event: EventId,
}

enum Control {
    Die,
    Hang,
}

struct Process {
    control: UnboundedSender<Control>,
    /// It has said its last word: it exited or hangs.
    ended: bool,
}

/// A process of this machine.
struct RealProcess {
    control: UnboundedSender<Control>,
    /// The folder that is its own.
    home: PathBuf,
}

#[derive(Default)]
struct State {
    processes: BTreeMap<HfJobId, Process>,
    connected: BTreeMap<HfJobId, RunnerId>,
    real: BTreeMap<HfJobId, RealProcess>,
}

/// The runner processes of one world. Clones share them.
#[derive(Clone)]
pub struct Runners {
    github: Github,
    calls: Calls,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Runners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runners")
            .field("processes", &self.state().processes.len())
            .finish_non_exhaustive()
    }
}

impl Runners {
    pub(crate) fn new(github: Github, calls: Calls) -> Self {
        Self {
            github,
            calls,
            state: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the process in this HF job, as the out-of-memory killer would.
    pub fn die(&self, hf_job: &HfJobId) {
        self.control(hf_job, Control::Die);
    }

    /// Makes the process in this HF job hang instead of exiting.
    pub fn hang(&self, hf_job: &HfJobId) {
        self.control(hf_job, Control::Hang);
    }

    fn control(&self, hf_job: &HfJobId, control: Control) {
        let state = self.state();
        let modelled = state.processes.get(hf_job).map(|process| &process.control);
        let real = || state.real.get(hf_job).map(|process| &process.control);
        if let Some(process) = modelled.or_else(real) {
            // A process that has ended is beyond control.
            let _ended = process.send(control);
        }
    }

    /// The runner that connected from this HF job.
    pub(crate) fn runner_in(&self, hf_job: &HfJobId) -> Option<RunnerId> {
        let (modelled, is_real) = {
            let state = self.state();
            let modelled = state.connected.get(hf_job).copied();
            (modelled, state.real.contains_key(hf_job))
        };
        let from_session = || is_real.then(|| self.github.session_from(hf_job)).flatten();
        modelled.or_else(from_session)
    }

    /// Whether a container has what a runner needs.
    pub(crate) fn is_in(container: &Container) -> bool {
        container.credential().is_some()
    }

    /// The name and labels of the runner a container will start.
    pub(crate) fn identity(&self, container: &Container) -> (Option<String>, Vec<String>) {
        match container.credential() {
            None => (None, Vec::new()),
            Some(Credential::Registration { name, labels, .. }) => (Some(name), labels),
            Some(Credential::Jit(config)) => (
                Some(config.name.clone()),
                self.github.labels_of(config.runner),
            ),
        }
    }

    /// The repository of the runner a container will start; the organisation, if it is a runner of one.
    pub(crate) fn repo_of(&self, container: &Container) -> Option<String> {
        match container.credential()? {
            Credential::Registration { repo, .. } => Some(repo),
            Credential::Jit(config) => self.github.repo_of(config.runner),
        }
    }

    /// Runs the process to its end. Dropping the future kills it; say so with `killed`.
    pub(crate) async fn run(
        &self,
        container: &Container,
        hf_job: &HfJobId,
        entity: &str,
        boot: Duration,
        running: EventId,
    ) -> Exit {
        let (control, orders) = unbounded_channel();
        self.state().processes.insert(
            hf_job.clone(),
            Process {
                control,
                ended: false,
            },
        );
        let mut life = Life::new(self, container, hf_job, entity, boot, running);
        let strike = life.faults();
        let death = life.death(orders, strike);
        let course = life.course();
        let (code, because) = match select(pin!(death), pin!(course)).await {
            Either::Left((because, _)) => (KILLED, because),
            Either::Right((ending, _)) => ending,
        };
        let exited = What::RunnerExited {
            hf_job: hf_job.clone(),
            code: Some(code),
        };
        let event = self.calls.history.record(because, exited);
        self.state().processes.remove(hf_job);
        self.process_gone(hf_job, event);
        Exit { code, event }
    }

    /// The platform killed the container.
    pub(crate) fn killed(&self, hf_job: &HfJobId, because: EventId) {
        let Some(process) = self.state().processes.remove(hf_job) else {
            return;
        };
        if !process.ended {
            let exited = What::RunnerExited {
                hf_job: hf_job.clone(),
                code: Some(KILLED),
            };
            self.calls.history.record(Some(because), exited);
        }
        self.process_gone(hf_job, because);
    }

    fn process_gone(&self, hf_job: &HfJobId, because: EventId) {
        if let Some(runner) = self.runner_in(hf_job) {
            self.github.process_gone(runner, hf_job, because);
        }
    }
}
