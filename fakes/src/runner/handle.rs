//! `Runners`: the runner processes of one world, and who the runners in them are.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc::UnboundedSender;

use super::{
    container::{Container, Startup},
    control::Control,
};
use crate::{
    calls::Calls,
    github::{Credential, Github},
    ids::{HfJobId, RunnerId},
};

/// Who a runner is; nothing of it if a container starts none.
#[derive(Default)]
pub(crate) struct Identity {
    pub(crate) name: Option<String>,
    pub(crate) labels: Vec<String>,
    /// Its repository; the organisation, if it is a runner of one.
    pub(crate) repo: Option<String>,
}

/// A process of the model.
pub(super) struct Process {
    pub(super) control: UnboundedSender<Control>,
    /// It has said its last word: it exited or hangs.
    pub(super) ended: bool,
}

/// A process of this machine.
pub(super) struct RealProcess {
    pub(super) control: UnboundedSender<Control>,
    /// The folder that is its own.
    pub(super) home: PathBuf,
}

/// The processes of a world, by the HF job they run in.
#[derive(Default)]
pub(super) struct State {
    pub(super) processes: BTreeMap<HfJobId, Process>,
    /// Which runner has a session from where.
    pub(super) connected: BTreeMap<HfJobId, RunnerId>,
    pub(super) real: BTreeMap<HfJobId, RealProcess>,
}

/// The runner processes of one world. Clones share them.
#[derive(Clone)]
pub struct Runners {
    pub(super) github: Github,
    pub(super) calls: Calls,
    /// Whether containers run as root.
    pub(super) as_root: bool,
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
    pub(crate) fn new(github: Github, calls: Calls, as_root: bool) -> Self {
        Self {
            github,
            calls,
            as_root,
            state: Arc::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Whether a container has anything to do with a runner.
    pub(crate) fn is_in(container: &Container) -> bool {
        !matches!(container.startup(), Startup::Unknown)
    }

    /// Who the runner will be that a container in this HF job starts.
    pub(crate) fn identity(&self, container: &Container, hf_job: &HfJobId) -> Identity {
        match container.credential(&hf_job.0) {
            None => Identity::default(),
            Some(Credential::Registration {
                name, labels, repo, ..
            }) => Identity {
                name: Some(name),
                labels,
                repo: Some(repo),
            },
            Some(Credential::Jit(config)) => Identity {
                labels: self.github.labels_of(config.runner),
                repo: self.github.repo_of(config.runner),
                name: Some(config.name),
            },
        }
    }
}
