//! What a listening runner does with its orders, and a stand-in for runners that have no process.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    github::{
        handle::Github,
        objects::runner_refusal::RunnerRefusal,
        state::runners::{
            orders::ToRunner,
            record::{Link, Runner},
        },
    },
    history::{Conclusion, CredentialKind, CredentialState, CredentialUse},
    ids::{EventId, JobId, RunnerId},
};

/// Runs a job to its end, or until somebody ends it.
pub(crate) async fn run_job(
    messages: &mut UnboundedReceiver<ToRunner>,
    runs_for: Option<Duration>,
    conclusion: Conclusion,
    because: EventId,
) -> (Conclusion, EventId) {
    let work = async {
        match runs_for {
            Some(runs_for) => tokio::time::sleep(runs_for).await,
            None => std::future::pending().await,
        }
    };
    let orders = async {
        loop {
            match messages.recv().await {
                Some(ToRunner::Cancel(because)) => return (Conclusion::Cancelled, because),
                Some(ToRunner::Finish { because }) => return (conclusion, because),
                Some(ToRunner::Deleted(_) | ToRunner::Run { .. }) => {}
                None => std::future::pending().await,
            }
        }
    };
    match select(pin!(orders), pin!(work)).await {
        Either::Left((ended, _)) => ended,
        Either::Right(_) => (conclusion, because),
    }
}

impl Github {
    /// Connects a runner that has no process in this world: a stand-in listens for it, runs each job it is
    /// given for as long as the job takes, and reports its end. An ephemeral runner leaves after one job,
    /// any other listens on.
    ///
    /// # Errors
    /// GitHub's refusal: there is no such runner, it is connected already, or its just-in-time
    /// configuration has expired.
    pub fn connect_runner(
        &self,
        runner: RunnerId,
        because: Option<EventId>,
    ) -> Result<(), RunnerRefusal> {
        let credential = self.credential_of(runner);
        let mut messages = self.connect(runner, credential, None, because)?;
        let github = self.clone();
        self.env().spawner.spawn(async move {
            while let Some(message) = messages.recv().await {
                let ToRunner::Run {
                    job,
                    runs_for,
                    conclusion,
                    because,
                } = message
                else {
                    continue;
                };
                if github.acquire(runner, job, because).is_err() {
                    continue;
                }
                let (conclusion, because) =
                    run_job(&mut messages, runs_for, conclusion, because).await;
                github.stand_in_finishes(runner, job, conclusion, because);
            }
        });
        Ok(())
    }

    /// How the credential of a runner that is there looks now.
    fn credential_of(&self, runner: RunnerId) -> CredentialUse {
        let now = self.env().clock.elapsed_ms();
        let state = self.state();
        let found = state.runners.get(&runner);
        match found.map(|runner| &runner.jit) {
            Some(Some(jit)) => CredentialUse {
                kind: CredentialKind::JitConfig,
                state: if jit.expires_ms <= now {
                    CredentialState::Expired
                } else {
                    CredentialState::Fresh
                },
            },
            Some(None) | None => CredentialUse {
                kind: CredentialKind::RegistrationToken,
                state: CredentialState::Fresh,
            },
        }
    }

    fn stand_in_finishes(
        &self,
        runner: RunnerId,
        job: JobId,
        conclusion: Conclusion,
        because: EventId,
    ) {
        let is_connected = {
            let state = self.state();
            let found = state.runners.get(&runner);
            found.is_some_and(Runner::is_connected)
        };
        if is_connected {
            // A runner whose job was taken from it in the meantime has nothing to report.
            let _refused = self.finish(runner, job, conclusion, because);
        }
    }

    /// Ends a runner's connection, whoever held it. An idle one is offline at once; of a busy one GitHub
    /// notices it later, and then its job fails. Gives whether it was connected.
    pub fn disconnect_runner(&self, runner: RunnerId, because: Option<EventId>) -> bool {
        let mut state = self.state();
        let Some(found) = state.runners.get_mut(&runner) else {
            return false;
        };
        if !found.is_connected() {
            return false;
        }
        let because = because.unwrap_or(found.online_event);
        if found.job.is_some() {
            self.lose(&mut state, runner, because);
        } else {
            found.link = Link::Offline;
            self.leave_line(&mut state, runner);
            self.age(&mut state, runner, because);
        }
        true
    }
}
