//! The listener's session with GitHub: opened, refused, lost and opened again.
//!
//! (<https://github.com/actions/runner>, `src/Runner.Listener/MessageListener.cs`)

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    exit_codes::ListenerExit,
    life::{Agent, Life},
};
use crate::{
    calls::{Failure, RunnerCall},
    github::{RunnerRefusal, ToRunner},
    ids::EventId,
};

/// From one try to the next.
const PAUSE: Duration = Duration::from_secs(30);
/// So many tries meet another session before it gives up: it counts four minutes of pauses.
const CONFLICTS_MAX: u32 = 8;
/// So many tries are refused for the clock before it gives up: it counts half an hour of pauses.
const SKEWS_MAX: u32 = 60;
/// What it says of a clock that is off.
pub(super) const CLOCK_REFUSED: &str = "The local machine's clock may be out of sync with the server time by more than five minutes. Please sync your clock with your domain or internet time and try again.";

/// Orders of GitHub, as they come.
pub(super) type Messages = UnboundedReceiver<ToRunner>;
/// The listener's end.
pub(super) type ListenerEnd = (ListenerExit, EventId);

impl Life<'_> {
    /// Opens the session. It tries for ever, but for what trying again does not mend.
    pub(super) async fn session(&self, agent: &Agent) -> Result<Messages, ListenerEnd> {
        let log = &self.start.log;
        let (mut conflicts, mut skews, mut is_told) = (0, 0, false);
        loop {
            if self.clock_is_wrong() {
                skews += 1;
                log.line(CLOCK_REFUSED);
                if skews == SKEWS_MAX {
                    log.line("Stopped retrying OAuth token request exception after 1800 seconds.");
                    let event = self.refused(CLOCK_REFUSED, agent.credential, self.running());
                    return Err((ListenerExit::TERMINATED, event));
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let failure = match self.connect(agent).await {
                Ok(messages) => {
                    log.success("Connected to GitHub");
                    if is_told {
                        self.log_timed("Runner reconnected.");
                    }
                    return Ok(messages);
                }
                Err(failure) => failure,
            };
            let exit = match failure.status {
                Some(409) => {
                    conflicts += 1;
                    log.line("A session for this runner already exists.");
                    (conflicts == CONFLICTS_MAX).then(|| {
                        log.line(
                            "Stop retry on SessionConflictException after retried for 240 seconds.",
                        );
                        ListenerExit::SESSION_CONFLICT
                    })
                }
                _ => self.final_refusal(&failure),
            };
            if let Some(exit) = exit {
                let event = self.refused(&failure.why, agent.credential, failure.event);
                return Err((exit, event));
            }
            if !is_told {
                is_told = true;
                let why = &failure.why;
                self.log_timed(&format!(
                    "Runner connect error: {why}. Retrying until reconnected."
                ));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How the listener ends if GitHub refuses it for good.
    fn final_refusal(&self, failure: &Failure) -> Option<ListenerExit> {
        let log = &self.start.log;
        let version = self.start.container.version();
        match failure.status {
            Some(404) => {
                log.line("Failed to create a session. The runner registration has been deleted from the server, please re-configure.");
                Some(ListenerExit::TERMINATED)
            }
            Some(403) if self.runners.github.must_support(version).is_err() => {
                log.line(&format!("An error occurred: {}", failure.why));
                Some(ListenerExit::VERSION_DEPRECATED)
            }
            Some(401 | 403) => {
                log.line(&format!("Failed to create session. {}", failure.why));
                Some(ListenerExit::TERMINATED)
            }
            _ => None,
        }
    }

    async fn connect(&self, agent: &Agent) -> Result<Messages, Failure> {
        let (github, version) = (&self.runners.github, self.start.container.version());
        let repo = github.repo_of(agent.runner);
        let runner = agent.runner;
        let path = format!(
            "/_apis/distributedtask/pools/1/sessions?agentId={}",
            runner.0
        );
        self.call(
            self.session_call(agent, path, repo.as_deref()),
            |_| -> Result<_, RunnerRefusal> {
                github.must_support(version)?;
                let hf_job = self.start.hf_job;
                let session =
                    github.connect(runner, agent.credential, Some(hf_job), Some(self.running()))?;
                let mut state = self.runners.state();
                state.connected.insert(hf_job.clone(), runner);
                Ok(session)
            },
        )
        .await
    }

    /// Asks for messages again after an outage. A session that is gone for good ends the listener, and
    /// `run.sh` starts it anew.
    pub(super) async fn reconnect(
        &self,
        agent: &Agent,
        outage: EventId,
    ) -> Result<Messages, ListenerEnd> {
        self.log_timed("Runner connect error: A task was canceled.. Retrying until reconnected.");
        self.network().up().await;
        let github = &self.runners.github;
        let repo = github.repo_of(agent.runner);
        let runner = agent.runner;
        let path = format!(
            "/_apis/distributedtask/pools/1/messages?agentId={}",
            runner.0
        );
        let call = self.session_call(agent, path, repo.as_deref());
        let resumed = self.call(call, |_| {
            github.resume(runner, agent.credential, self.start.hf_job, outage)
        });
        match resumed.await {
            Ok(messages) => {
                self.log_timed("Runner reconnected.");
                Ok(messages)
            }
            Err(failure) => Err((ListenerExit::RETRYABLE, failure.event)),
        }
    }

    fn session_call<'b>(
        &'b self,
        agent: &Agent,
        path: String,
        repo: Option<&'b str>,
    ) -> RunnerCall<'b> {
        RunnerCall {
            name: "runner.open-session",
            method: "POST",
            path,
            credential: Some(agent.credential),
            repo,
            job: None,
            hf_job: self.start.hf_job,
            runner: Some(agent.runner),
            because: Some(self.running()),
            status: 200,
        }
    }
}
