//! The listener: it takes orders, acquires jobs, works, and reports.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use tokio::time::Instant;

use super::{
    exit_codes::ListenerExit,
    life::{Agent, Life},
    session::{ListenerEnd, Messages},
};
use crate::{
    calls::{Failure, RunnerCall},
    env::Length,
    faults::RunnerPoint,
    github::{ToRunner, run_job},
    history::Conclusion,
    ids::{EventId, JobId, RunnerId},
};

/// How long a listening runner takes to notice that its registration is gone.
const NOTICES_REMOVAL_WITHIN: Duration = Duration::from_secs(1);

/// How often it asks for a job that GitHub neither gives nor refuses, and the pause between (actions/runner,
/// `src/Runner.Common/RunnerService.cs`).
const ACQUIRE_TRIES: u32 = 5;
const ACQUIRE_BACKOFF: Length = Length {
    min: Duration::from_secs(5),
    max: Duration::from_secs(15),
};

/// What it is to do.
struct Work {
    job: JobId,
    runs_for: Option<Duration>,
    conclusion: Conclusion,
    because: EventId,
}

impl Life<'_> {
    /// One listener, from its session to its end.
    pub(super) async fn listener(&self, agent: &Agent) -> ListenerEnd {
        let messages = match self.session(agent).await {
            Ok(messages) => messages,
            Err(end) => return end,
        };
        let version = self.start.container.version();
        let log = &self.start.log;
        log.line(&format!("Current runner version: '{version}'"));
        self.log_timed("Listening for Jobs");
        self.reach(RunnerPoint::Listening).await;
        self.listen(agent, messages).await
    }

    /// Takes orders: one job, or one after the other if the runner stays.
    async fn listen(&self, agent: &Agent, mut messages: Messages) -> ListenerEnd {
        let mut has_lost_a_job = false;
        loop {
            let Some(message) = messages.recv().await else {
                let outage = match self.network().outage() {
                    Some(outage) => outage,
                    None if !has_lost_a_job => return (ListenerExit::OK, self.running()),
                    // Its registration is gone without a word, and it listens on.
                    None if self.runners.github.repo_of(agent.runner).is_none() => {
                        return std::future::pending().await;
                    }
                    None => self.running(),
                };
                messages = match self.reconnect(agent, outage).await {
                    Ok(messages) => messages,
                    Err(end) => return end,
                };
                continue;
            };
            match message {
                ToRunner::Deleted(because) => {
                    let span = Length {
                        min: Duration::ZERO,
                        max: NOTICES_REMOVAL_WITHIN,
                    };
                    tokio::time::sleep(self.drawn(span, "runner.notices-removal")).await;
                    self.start.log.line("The runner registration has been deleted from the server, please re-configure. Runner registrations are automatically deleted for runners that have not connected to the service recently.");
                    return (ListenerExit::OK, because);
                }
                ToRunner::Run {
                    job,
                    runs_for,
                    conclusion,
                    because,
                } => {
                    let work = Work {
                        job,
                        runs_for,
                        conclusion,
                        because,
                    };
                    match self.acquire(agent, &mut messages, &work).await {
                        Ok(true) => {}
                        Ok(false) => {
                            has_lost_a_job = true;
                            continue;
                        }
                        Err(end) => return end,
                    }
                    let finished = self.work(agent, &mut messages, work).await;
                    // The process of an ephemeral runner ends either way; what GitHub did not hear it will
                    // notice by itself.
                    match finished {
                        Ok(_) if agent.stays => {}
                        Ok(event) => return (ListenerExit::OK, event),
                        Err(failure) => return (ListenerExit::OK, failure.event),
                    }
                }
                // Nothing to cancel or finish for a runner without a job.
                ToRunner::Cancel(_) | ToRunner::Finish { .. } => {}
            }
        }
    }

    /// Asks for the job it was assigned. A refusal that means that the job is somebody else's, or nobody's, is not
    /// asked about again: the runner says nothing and listens on (actions/runner, `src/Runner.Listener/Runner.cs`).
    /// After an outage it asks for its messages first: GitHub may have given the job to another one.
    async fn acquire(
        &self,
        agent: &Agent,
        messages: &mut Messages,
        work: &Work,
    ) -> Result<bool, ListenerEnd> {
        let github = &self.runners.github;
        let (repo, name) = (github.repo_of(agent.runner), github.name_of(work.job));
        for attempt in 1..=ACQUIRE_TRIES {
            if let Some(outage) = self.network().outage() {
                *messages = self.reconnect(agent, outage).await?;
                return Ok(false);
            }
            let call = RunnerCall {
                name: "runner.acquire-job",
                method: "POST",
                path: format!("/_apis/distributedtask/jobs/{}/acquirejob", work.job.0),
                credential: None,
                repo: repo.as_deref(),
                job: Some((work.job, &name)),
                hf_job: self.start.hf_job,
                runner: Some(agent.runner),
                because: Some(work.because),
                status: 200,
            };
            let acquired = self.call(call, |context| {
                github.acquire(agent.runner, work.job, context.received)
            });
            let Err(failure) = acquired.await else {
                return Ok(true);
            };
            match failure.status {
                Some(404) => {
                    github.job_was_not_found(agent.runner, work.job, failure.event);
                    break;
                }
                Some(409 | 422) => break,
                _ if attempt == ACQUIRE_TRIES => break,
                _ => {}
            }
            let purpose = format!("runner.acquire.backoff{attempt}");
            tokio::time::sleep(self.drawn(ACQUIRE_BACKOFF, &purpose)).await;
        }
        Ok(false)
    }

    /// Runs a job and reports its end. It works on while nobody can reach it, and reports when it can.
    async fn work(
        &self,
        agent: &Agent,
        messages: &mut Messages,
        work: Work,
    ) -> Result<EventId, Failure> {
        let name = self.runners.github.name_of(work.job);
        self.log_timed(&format!("Running job: {name}"));
        // One that stays has been through all this before.
        self.progress().begin_again_at(RunnerPoint::Listening);
        let repo = self.runners.github.repo_of(agent.runner);
        self.faults_of_job(work.job, &name, repo.as_deref());
        self.reach(RunnerPoint::InJob).await;
        let deadline = work.runs_for.map(|runs_for| Instant::now() + runs_for);
        let (conclusion, because) = loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let ended = {
                let job = pin!(run_job(messages, left, work.conclusion, work.because));
                match select(job, pin!(self.network().back())).await {
                    Either::Left((ended, _)) => Some(ended),
                    Either::Right(_) => None,
                }
            };
            if let Some(ended) = ended {
                break ended;
            }
            let is_known = self.come_back(agent, messages, work.because).await;
            if !is_known && deadline.is_none() {
                // Only GitHub could end the job.
                break (Conclusion::Failure, work.because);
            }
        };
        let result = match conclusion {
            Conclusion::Success => "Succeeded",
            Conclusion::Cancelled => "Canceled",
            _ => "Failed",
        };
        self.log_timed(&format!("Job {name} completed with result: {result}"));
        if let Some(outage) = self.network().outage() {
            self.network().up().await;
            let _gone_or_not = self.come_back(agent, messages, outage).await;
        }
        let finished = self
            .finish(agent.runner, work.job, conclusion, because)
            .await;
        if finished.is_ok() {
            self.reach(RunnerPoint::AfterJob).await;
        }
        finished
    }

    /// The network is back in the middle of a job. Where GitHub has given the runner up, nobody gives it orders. Gives
    /// whether GitHub knows it.
    async fn come_back(&self, agent: &Agent, messages: &mut Messages, because: EventId) -> bool {
        let again = self.reconnect(agent, because).await;
        again.map(|again| *messages = again).is_ok()
    }

    async fn finish(
        &self,
        runner: RunnerId,
        job: JobId,
        conclusion: Conclusion,
        because: EventId,
    ) -> Result<EventId, Failure> {
        let github = &self.runners.github;
        let repo = github.repo_of(runner);
        let name = github.name_of(job);
        let call = RunnerCall {
            name: "runner.finish-job",
            method: "POST",
            path: format!("/_apis/distributedtask/jobs/{}/finish", job.0),
            credential: None,
            repo: repo.as_deref(),
            job: Some((job, &name)),
            hf_job: self.start.hf_job,
            runner: Some(runner),
            because: Some(because),
            status: 200,
        };
        self.call(call, |context| {
            github.finish(runner, job, conclusion, context.received)
        })
        .await
    }
}
