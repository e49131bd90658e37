//! A process of the model from its start to its exit, its restarts among them.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use tokio::sync::mpsc::unbounded_channel;

use super::{
    container::Container,
    exit_codes::KILLED,
    fate::Fate,
    handle::{Process, Runners},
    life::Life,
    log::Log,
};
use crate::{
    history::What,
    ids::{EventId, HfJobId},
};

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

impl Runners {
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

    pub(super) fn process_gone(&self, hf_job: &HfJobId, because: EventId) {
        if let Some(runner) = self.runner_in(hf_job) {
            self.github.process_gone(runner, hf_job, because);
        }
    }
}
