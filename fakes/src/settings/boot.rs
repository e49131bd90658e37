//! How an HF job's command comes to run: played by the runner model, or really started on this machine.

use std::{fmt, sync::Arc, time::Duration};

use crate::ids::HfJobId;

/// Who runs the command of an HF job.
#[derive(Clone, Debug, Default)]
pub enum Boot {
    /// Nobody: a model of the runner acts on the job's environment. The only one for virtual time.
    #[default]
    Model,
    /// A process of this machine, in real time. Whoever may create HF jobs may run commands here.
    Process(ProcessBoot),
}

/// How processes are started and ended.
#[derive(Clone, Debug)]
pub struct ProcessBoot {
    /// `PATH` of the process, behind the lab's own stand-ins for `curl`, `wget`, `apt-get` and `sudo`. By default
    /// what Debian's images set.
    pub path: String,
    /// From the SIGTERM that ends a job to the SIGKILL. HF documents none; 30 s, Kubernetes' default.
    pub grace: Duration,
    /// Reads along what processes write.
    pub log: LogSink,
}

impl Default for ProcessBoot {
    fn default() -> Self {
        Self {
            path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            grace: Duration::from_secs(30),
            log: LogSink::default(),
        }
    }
}

type Listener = dyn Fn(&HfJobId, &str) + Send + Sync;

/// Is told each line that a process writes, and the job it belongs to.
#[derive(Clone, Default)]
pub struct LogSink(Option<Arc<Listener>>);

impl LogSink {
    /// A sink that hands every line to `listener`.
    pub fn new(listener: impl Fn(&HfJobId, &str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Hands a line on.
    pub(crate) fn line(&self, job: &HfJobId, line: &str) {
        if let Some(listener) = &self.0 {
            listener(job, line);
        }
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSink")
    }
}

/// How patient the stand-in for actions/runner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandInSettings {
    /// How long one question for a message may wait. The real one waits 50 s.
    pub poll: Duration,
    /// Between tries of a call that failed. The real one draws 1 to 5 s.
    pub retry: Duration,
    /// How long it tries to open a session that somebody else has open. The real one: 4 minutes.
    pub conflict: Duration,
}

impl Default for StandInSettings {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(50),
            retry: Duration::from_secs(2),
            conflict: Duration::from_secs(240),
        }
    }
}
