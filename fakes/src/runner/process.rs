//! An HF job's command as a process of this machine: started, listened to, and ended as a container would be.
//!
//! It lives in a fresh folder that is its home and working directory, with the environment of the job and no word of
//! the server's own. `curl` and `wget` in front of its `PATH` lead what it asks of github.com and api.github.com to the
//! fake GitHub. In real time only: a paused clock does not wait for processes.
//!
//! Ending it is what a container runtime does: SIGTERM to the first process alone, SIGKILL to all after a grace; and
//! once the first process is gone, so are all others.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    pin::pin,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use futures_util::future::{Either, join, select};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, ChildStderr, ChildStdout, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use super::{
    control::Control,
    exit_codes::KILLED,
    handle::{RealProcess, Runners},
    process_tree::{self, SeenProcess},
    running::Exit,
};
use crate::{
    history::What,
    ids::{EventId, HfJobId},
    settings::ProcessBoot,
};

/// Exit code of a shell that does not find a command; also of one that cannot be started at all.
const NOT_FOUND: i32 = 127;
/// What a process wrote is read on for so long after everybody who could write is gone.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

/// Programs in front of the process's `PATH`, and their scripts.
const IN_FRONT: [(&str, &str); 5] = [
    ("curl", include_str!("box/lead.sh")),
    ("wget", include_str!("box/lead.sh")),
    ("apt-get", include_str!("box/apt.sh")),
    ("apt", include_str!("box/apt.sh")),
    ("sudo", include_str!("box/sudo.sh")),
];

/// Is told each line the process writes.
pub(crate) type Lines = Arc<dyn Fn(&str) + Send + Sync>;

/// What to start.
pub(crate) struct Launch {
    /// The program and its arguments.
    pub(crate) words: Vec<String>,
    /// Everything of its environment but what the box adds.
    pub(crate) environment: BTreeMap<String, String>,
    /// Why it runs.
    pub(crate) running: EventId,
    pub(crate) lines: Lines,
}

impl Runners {
    /// Runs a command to its end, in a process of its own. Dropping the future ends it in order: whoever does that need
    /// not wait for it, nor say so with [`Runners::killed`].
    pub(crate) async fn run_process(
        &self,
        boot: &ProcessBoot,
        hf_job: &HfJobId,
        launch: Launch,
    ) -> Exit {
        let running = launch.running;
        let lines = launch.lines.clone();
        match Process::start(self, boot, hf_job, launch) {
            Ok(process) => {
                let mut guard = Guard(Some(process));
                let code = match &mut guard.0 {
                    Some(process) => process.run().await,
                    None => KILLED,
                };
                match guard.0.take() {
                    Some(process) => process.exited(code),
                    None => Exit {
                        code,
                        event: running,
                    },
                }
            }
            Err(error) => {
                lines(&format!("the command could not be started: {error}"));
                self.record_exit(hf_job, NOT_FOUND, running)
            }
        }
    }

    /// The processes of an HF job that really runs, as everybody on the machine sees them.
    #[must_use]
    pub fn processes(&self, hf_job: &HfJobId) -> Vec<SeenProcess> {
        let home = self
            .state()
            .real
            .get(hf_job)
            .map(|process| process.home.clone());
        home.map_or_else(Vec::new, |home| process_tree::processes_at(&home))
    }

    fn record_exit(&self, hf_job: &HfJobId, code: i32, because: EventId) -> Exit {
        let exited = What::RunnerExited {
            hf_job: hf_job.clone(),
            code: Some(code),
        };
        let event = self.calls.history.record(Some(because), exited);
        self.github.runners_gone(hf_job, event);
        Exit { code, event }
    }
}

/// A process with all that came of it.
struct Process {
    runners: Runners,
    hf_job: HfJobId,
    running: EventId,
    grace: Duration,
    child: Child,
    stdout: Pipe<ChildStdout>,
    stderr: Pipe<ChildStderr>,
    /// The first process, which leads the session all others belong to.
    leader: u32,
    home: PathBuf,
    lines: Lines,
    orders: UnboundedReceiver<Control>,
    /// Removed at the end.
    _folder: TempDir,
}

/// Ends a process in order when the future that runs it is dropped.
struct Guard(Option<Process>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(process) = self.0.take() {
            let spawner = process.runners.calls.env.spawner.clone();
            spawner.spawn(process.end());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Also reached when the whole world goes: nothing of it is left behind.
        process_tree::kill(self.leader, &self.home);
        self.runners.state().real.remove(&self.hf_job);
    }
}

impl Process {
    fn start(
        runners: &Runners,
        boot: &ProcessBoot,
        hf_job: &HfJobId,
        launch: Launch,
    ) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("dispatchlab-job-")
            .tempdir()?;
        let home = furnish(folder.path(), &runners.github.web_url())?;
        let given = launch.environment.get("PATH").unwrap_or(&boot.path);
        let path = format!("{}:{given}", folder.path().join("bin").display());
        // A session of its own, so that everything the process starts can be found and ended.
        let mut child = Command::new("setsid")
            .args(launch.words)
            .env_clear()
            .envs(launch.environment)
            .env("PATH", path)
            .env("HOME", &home)
            .env("TMPDIR", folder.path().join("tmp"))
            .current_dir(&home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let leader = child
            .id()
            .ok_or_else(|| io::Error::other("it ended at once"))?;
        let (control, orders) = unbounded_channel();
        let real = RealProcess {
            control,
            home: home.clone(),
        };
        runners.state().real.insert(hf_job.clone(), real);
        Ok(Self {
            runners: runners.clone(),
            hf_job: hf_job.clone(),
            running: launch.running,
            grace: boot.grace,
            stdout: Pipe::new(child.stdout.take()),
            stderr: Pipe::new(child.stderr.take()),
            child,
            leader,
            home,
            lines: launch.lines,
            orders,
            _folder: folder,
        })
    }

    /// The exit code, once the first process and then all others are gone and what they wrote is read.
    async fn run(&mut self) -> i32 {
        let Self {
            child,
            stdout,
            stderr,
            leader,
            home,
            lines,
            orders,
            ..
        } = self;
        let output = join(stdout.read(lines), stderr.read(lines));
        let ended = async {
            let code = match select(pin!(child.wait()), pin!(killed(orders))).await {
                Either::Left((status, _)) => status.map_or(KILLED, exit_code),
                Either::Right(_) => KILLED,
            };
            process_tree::kill(*leader, home);
            code
        };
        match select(pin!(output), pin!(ended)).await {
            Either::Left((_, ended)) => ended.await,
            Either::Right((code, output)) => {
                // A program that got away with the other end of the pipe must not keep the job.
                let _cut = tokio::time::timeout(LAST_WORDS_WITHIN, output).await;
                code
            }
        }
    }

    /// SIGTERM to the first process, and to all SIGKILL when the grace is over.
    async fn end(mut self) {
        process_tree::terminate(self.leader);
        let grace = self.grace;
        let code = tokio::time::timeout(grace, self.run())
            .await
            .unwrap_or(KILLED);
        self.exited(code);
    }

    /// Says that it is over.
    fn exited(self, code: i32) -> Exit {
        let (runners, hf_job, running) = (self.runners.clone(), self.hf_job.clone(), self.running);
        // GitHub hears nothing more of it from here on.
        drop(self);
        runners.record_exit(&hf_job, code, running)
    }
}

/// Waits for the order to die. Nothing else is asked of a process.
async fn killed(orders: &mut UnboundedReceiver<Control>) {
    while let Some(order) = orders.recv().await {
        match order {
            Control::Die => return,
            Control::Hang | Control::Restart(_) => {}
        }
    }
    std::future::pending::<()>().await;
}

/// As a shell counts: the exit code, or 128 and the signal.
fn exit_code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// One of the two things a process writes to.
struct Pipe<R> {
    from: Option<BufReader<R>>,
    /// What is there of a line that is not over yet.
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(from: Option<R>) -> Self {
        Self {
            from: from.map(BufReader::new),
            line: Vec::new(),
        }
    }

    /// Hands on what is written, line by line, until nobody can write any more. Can be dropped and begun again.
    async fn read(&mut self, lines: &Lines) {
        let Some(from) = &mut self.from else { return };
        while let Ok(1..) = from.read_until(b'\n', &mut self.line).await {
            let text = String::from_utf8_lossy(&self.line);
            lines(text.trim_end_matches(['\n', '\r']));
            self.line.clear();
        }
    }
}

/// The folders of a process and the programs in front of its `PATH`. Gives its home.
fn furnish(folder: &Path, github_url: &str) -> io::Result<PathBuf> {
    let (bin, home) = (folder.join("bin"), folder.join("home"));
    for folder in [&bin, &home, &folder.join("tmp")] {
        fs::create_dir(folder)?;
    }
    fs::write(folder.join("github-url"), github_url)?;
    for (name, script) in IN_FRONT {
        let program = bin.join(name);
        fs::write(&program, script)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    Ok(home)
}
