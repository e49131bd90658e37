//! One runner process, from its boot to its end.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Container, Control, Runners};
use crate::{
    calls::{Failure, RunnerCall},
    env::Span,
    faults::{Effect, Strike, Subject},
    github::{Credential, ToRunner, run_job},
    history::{Conclusion, CredentialUse, What},
    ids::{EventId, HfJobId, JobId, RunnerId},
};

/// How long a listening runner takes to notice that its registration is gone.
const NOTICES_REMOVAL_WITHIN: Duration = Duration::from_secs(1);

/// One process, while it runs.
pub(super) struct Life<'a> {
    runners: &'a Runners,
    container: &'a Container,
    hf_job: &'a HfJobId,
    entity: &'a str,
    boot: Duration,
    running: EventId,
    hangs: AtomicBool,
    /// Why it hangs, if a fault made it.
    hang_because: Option<EventId>,
}

/// An exit code and its cause.
pub(super) type Ending = (i32, Option<EventId>);

impl<'a> Life<'a> {
    pub(super) fn new(
        runners: &'a Runners,
        container: &'a Container,
        hf_job: &'a HfJobId,
        entity: &'a str,
        boot: Duration,
        running: EventId,
    ) -> Self {
        let hangs = AtomicBool::new(false);
        Self {
            runners,
            container,
            hf_job,
            entity,
            boot,
            running,
            hangs,
            hang_because: None,
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            place: "runner",
            entity: self.entity,
            ..Subject::default()
        }
    }

    /// What the faults have in store for this process. A hang is applied at once, a death when it comes.
    pub(super) fn faults(&mut self) -> Option<Strike> {
        let faults = &self.runners.calls.faults;
        let repo = match self.container.credential() {
            Some(Credential::Registration { repo, .. }) => Some(repo),
            Some(Credential::Jit(config)) => self.runners.github.repo_of(config.runner),
            None => None,
        };
        let subject = Subject {
            repo: repo.as_deref(),
            ..self.subject()
        };
        let strike = faults
            .strike(&subject, Effect::suits_runners)
            .into_iter()
            .next()?;
        if strike.effect == Effect::Hang {
            let applied = faults.applied(&strike, &self.subject(), Some(self.running));
            self.hangs.store(true, Ordering::Relaxed);
            self.hang_because = Some(applied);
            return None;
        }
        Some(strike)
    }

    /// Waits for whatever kills the process.
    pub(super) async fn death(
        &self,
        mut orders: UnboundedReceiver<Control>,
        strike: Option<Strike>,
    ) -> Option<EventId> {
        let by_order = async {
            while let Some(order) = orders.recv().await {
                match order {
                    Control::Die => return,
                    Control::Hang => self.hangs.store(true, Ordering::Relaxed),
                }
            }
            std::future::pending::<()>().await;
        };
        let by_fault = async {
            match &strike {
                Some(Strike {
                    effect: Effect::Die { after },
                    ..
                }) => {
                    let purpose = strike
                        .as_ref()
                        .map(|strike| strike.purpose("die"))
                        .unwrap_or_default();
                    let after = self.runners.calls.env.within(*after, self.entity, &purpose);
                    tokio::time::sleep(self.boot + after).await;
                }
                _ => std::future::pending().await,
            }
        };
        match select(pin!(by_order), pin!(by_fault)).await {
            Either::Left(_) => Some(self.running),
            Either::Right(_) => {
                let faults = &self.runners.calls.faults;
                strike
                    .as_ref()
                    .map(|strike| faults.applied(strike, &self.subject(), Some(self.running)))
            }
        }
    }

    /// The process from its boot to its end; a hanging one has none.
    pub(super) async fn course(&self) -> Ending {
        let ending = self.work().await;
        if self.hangs.load(Ordering::Relaxed) {
            let exited = What::RunnerExited {
                hf_job: self.hf_job.clone(),
                code: None,
            };
            self.runners
                .calls
                .history
                .record(self.hang_because.or(ending.1), exited);
            if let Some(process) = self.runners.state().processes.get_mut(self.hf_job) {
                process.ended = true;
            }
            std::future::pending::<()>().await;
        }
        ending
    }

    async fn work(&self) -> Ending {
        tokio::time::sleep(self.boot).await;
        let on_failure = i32::from(!self.container.hides_failures());
        let Some(credential) = self.container.credential() else {
            return (on_failure, Some(self.running));
        };
        match self.go_online(&credential).await {
            Err((failure, seen)) => {
                let refused = What::RunnerRefused {
                    hf_job: self.hf_job.clone(),
                    why: failure.why,
                    credential: seen,
                };
                let event = self
                    .runners
                    .calls
                    .history
                    .record(Some(failure.event), refused);
                (on_failure, Some(event))
            }
            Ok((runner, messages)) => {
                let stays = !credential.is_ephemeral();
                self.listen(runner, messages, stays).await
            }
        }
    }

    async fn go_online(
        &self,
        credential: &Credential,
    ) -> Result<(RunnerId, UnboundedReceiver<ToRunner>), (Failure, CredentialUse)> {
        let github = &self.runners.github;
        let seen = github.look_at(credential);
        let refused = |failure| (failure, seen);
        let (runner, repo) = match credential {
            Credential::Jit(config) => (config.runner, github.repo_of(config.runner)),
            Credential::Registration { repo, .. } => {
                let call = RunnerCall {
                    name: "github.register-runner",
                    method: "POST",
                    path: "/actions/runner-registration".to_owned(),
                    credential: Some(seen),
                    repo: Some(repo),
                    job: None,
                    because: Some(self.running),
                    status: 201,
                };
                let registered = self.runners.calls.by_runner(call, |context| {
                    github.register(credential, context.received)
                });
                (registered.await.map_err(refused)?, Some(repo.clone()))
            }
        };
        let call = RunnerCall {
            name: "github.acquire-job",
            method: "POST",
            path: format!(
                "/_apis/distributedtask/pools/1/sessions?agentId={}",
                runner.0
            ),
            credential: Some(seen),
            repo: repo.as_deref(),
            job: None,
            because: Some(self.running),
            status: 200,
        };
        let connected = self.runners.calls.by_runner(call, |_| {
            let session = github.connect(runner, seen, Some(self.hf_job), Some(self.running));
            if session.is_ok() {
                self.runners
                    .state()
                    .connected
                    .insert(self.hf_job.clone(), runner);
            }
            session
        });
        Ok((runner, connected.await.map_err(refused)?))
    }

    /// Takes orders: one job, or one after the other if it `stays`.
    async fn listen(
        &self,
        runner: RunnerId,
        mut messages: UnboundedReceiver<ToRunner>,
        stays: bool,
    ) -> Ending {
        while let Some(message) = messages.recv().await {
            match message {
                ToRunner::Deleted(because) => {
                    let span = Span {
                        min: Duration::ZERO,
                        max: NOTICES_REMOVAL_WITHIN,
                    };
                    let env = &self.runners.calls.env;
                    tokio::time::sleep(env.within(span, self.entity, "runner.notices-removal"))
                        .await;
                    return (0, Some(because));
                }
                ToRunner::Run {
                    job,
                    runs_for,
                    conclusion,
                    because,
                } => {
                    let (conclusion, because) =
                        run_job(&mut messages, runs_for, conclusion, because).await;
                    let finished = self.finish(runner, job, conclusion, because).await;
                    // The process of an ephemeral runner ends either way; what GitHub did not hear it will
                    // notice by itself.
                    match finished {
                        Ok(_) if stays => {}
                        Ok(event) => return (0, Some(event)),
                        Err(failure) => return (0, Some(failure.event)),
                    }
                }
                // Nothing to cancel or finish for a runner without a job.
                ToRunner::Cancel(_) | ToRunner::Finish { .. } => {}
            }
        }
        (0, Some(self.running))
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
            name: "github.finish-job",
            method: "POST",
            path: format!("/_apis/distributedtask/jobs/{}/finish", job.0),
            credential: None,
            repo: repo.as_deref(),
            job: Some((job, &name)),
            because: Some(because),
            status: 200,
        };
        self.runners
            .calls
            .by_runner(call, |context| {
                github.finish(runner, job, conclusion, context.received)
            })
            .await
    }
}
