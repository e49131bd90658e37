//! The process inside an HF job: it registers with GitHub or unpacks its JIT configuration, listens, runs
//! one job and exits; one that is not ephemeral listens on.
//!
//! It is a model of `actions/runner` (<https://github.com/actions/runner>), not a process. Command, environment and
//! secrets decide how it starts: `run.sh --jitconfig`, `config.sh --url … --token …`, alone or in a shell's script,
//! and `ACTIONS_RUNNER_INPUT_…` for each of their arguments. Of a boot script that an image brings along only the
//! environment can be seen: `RUNNER_TOKEN` with `RUNNER_NAME`, `RUNNER_LABELS` and `GH_REPO` is what it gives
//! `config.sh`, with `RUNNER_GROUP`, `RUNNER_EPHEMERAL=false`, `RUNNER_REPLACE=false` and
//! `RUNNER_DEFAULT_LABELS=true` where it wants them.
//!
//! The parts: `container` reads what it was given, `life` is its course, `configuring` registers, `session`
//! connects, `listening` works, `exit_codes` says what is left of all that, and `fate` is what befalls it.

mod archive;
mod arguments;
mod configuring;
mod container;
mod exit_codes;
mod fate;
mod life;
mod listening;
mod log;
mod process;
mod process_tree;
mod registration;
mod script;
mod session;
mod shell_words;

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
use container::Startup;
use exit_codes::KILLED;
use fate::Fate;
use life::Life;
pub(crate) use log::Log;
pub(crate) use process::Launch;
pub use process_tree::SeenProcess;

/// Who a runner is; nothing of it if a container starts none.
#[derive(Default)]
pub(crate) struct Identity {
    pub(crate) name: Option<String>,
    pub(crate) labels: Vec<String>,
    /// Its repository; the organisation, if it is a runner of one.
    pub(crate) repo: Option<String>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    /// Its `runner.exited`.
    pub(crate) event: EventId,
}

/// A process to start.
pub(crate) struct Start<'a> {
    pub(crate) container: &'a Container,
    pub(crate) hf_job: &'a HfJobId,
    /// The key of its draws.
    pub(crate) entity: &'a str,
    /// From now to its first move.
    pub(crate) boot: Duration,
    /// Why it runs.
    pub(crate) running: EventId,
    pub(crate) log: Log,
}

enum Control {
    Die,
    Hang,
    /// Its container starts again, now and so many times more when it ends.
    Restart(u32),
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
    /// Whether containers run as root.
    as_root: bool,
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the process in this HF job, as the out-of-memory killer would. Gives whether one ran there, as the
    /// following do.
    pub fn die(&self, hf_job: &HfJobId) -> bool {
        self.control(hf_job, Control::Die)
    }

    /// Makes the process in this HF job hang instead of exiting.
    pub fn hang(&self, hf_job: &HfJobId) -> bool {
        self.control(hf_job, Control::Hang)
    }

    /// Kills the process in this HF job and starts its container again, with what it was started with; and again, when
    /// it ends, until that has been done so many `times`. A process of this machine is not started again: HF's
    /// platform alone could do that.
    pub fn restart(&self, hf_job: &HfJobId, times: u32) -> bool {
        let more = times.checked_sub(1);
        more.is_some_and(|more| self.control(hf_job, Control::Restart(more)))
    }

    fn control(&self, hf_job: &HfJobId, control: Control) -> bool {
        let state = self.state();
        // A process that has ended is beyond control, and one of this machine can only be killed.
        let modelled = state.processes.get(hf_job);
        let modelled = modelled.filter(|process| !process.ended);
        let modelled = modelled.map(|process| &process.control);
        let real = || state.real.get(hf_job).map(|process| &process.control);
        let process = modelled.or_else(|| real().filter(|_| matches!(control, Control::Die)));
        process.is_some_and(|process| process.send(control).is_ok())
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

    /// Runs the process to its end. Dropping the future kills it; say so with `killed`.
    pub(crate) async fn run(&self, start: Start<'_>) -> Exit {
        let hf_job = start.hf_job;
        let (control, mut orders) = unbounded_channel();
        self.state().processes.insert(
            hf_job.clone(),
            Process {
                control,
                ended: false,
            },
        );
        let mut life = Life::new(self, &start);
        let mut strikes = life.faults();
        let mut restarts_left: u32 = 0;
        let (code, because) = loop {
            let end = {
                let fate = pin!(life.fate(&mut orders, &strikes));
                let course = pin!(life.course());
                match select(fate, course).await {
                    Either::Left((fate, _)) => Err(fate),
                    Either::Right((ending, _)) => Ok(ending),
                }
            };
            // The container starts again: now, or because its process ended and it is to be started again.
            let because = match end {
                Ok((code, because)) => match life.hang_because(because) {
                    None if restarts_left == 0 => break (code, because),
                    None => {
                        restarts_left -= 1;
                        because
                    }
                    Some(because) => self.stand_still(hf_job, because).await,
                },
                Err(Fate::Dies(because)) if restarts_left == 0 => break (KILLED, because),
                Err(Fate::Dies(because)) => {
                    restarts_left -= 1;
                    because
                }
                Err(Fate::Freezes(because)) => {
                    self.process_gone(hf_job, because);
                    self.stand_still(hf_job, because).await
                }
                Err(Fate::Restarts(because, more)) => {
                    restarts_left = restarts_left.max(more);
                    because
                }
            };
            self.process_gone(hf_job, because);
            strikes.clear();
            life = life.again(because);
        };
        let exited = What::RunnerExited {
            hf_job: hf_job.clone(),
            code: Some(code),
        };
        let event = self.calls.history.record(Some(because), exited);
        self.state().processes.remove(hf_job);
        self.process_gone(hf_job, event);
        Exit { code, event }
    }

    /// The process is there and does nothing any more: this never ends.
    async fn stand_still(&self, hf_job: &HfJobId, because: EventId) -> EventId {
        let exited = What::RunnerExited {
            hf_job: hf_job.clone(),
            code: None,
        };
        self.calls.history.record(Some(because), exited);
        if let Some(process) = self.state().processes.get_mut(hf_job) {
            process.ended = true;
        }
        std::future::pending().await
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
