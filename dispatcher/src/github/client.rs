//! The calls to GitHub that the dispatcher makes.

use std::{collections::BTreeMap, fmt, sync::Mutex};

use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::{
    call::As,
    jwt::Signer,
    tokens::{Lease, Tokens},
    wire::{
        Installation, JitConfig, JobsPage, ReposPage, RunnersPage, RunsPage, Token, WireDelivery,
        WireJob, WireRun,
    },
};
use crate::{
    config::Config,
    core::{
        Access, Credential, CredentialKind, FailedDelivery, Failure, InstallationId, JobId,
        JobReading, Mint, Removed, RunId, Runner, RunnerId, Secret,
    },
    host::Clock,
    http::HttpService,
    in_vain::InVain,
};

/// Calls made at once. GitHub wants no more than a hundred, and better one after the other
/// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>).
const CALLS_AT_ONCE: usize = 8;
/// Pages of the delivery log read at once; the rest is for the next time.
const DELIVERY_PAGES_MAX: usize = 10;

/// GitHub's API.
pub struct GithubClient {
    pub(super) service: HttpService,
    pub(super) clock: Clock,
    pub(super) base: String,
    pub(super) signer: Signer,
    pub(super) tokens: Tokens,
    /// Calls under way: what waits here can still be called off by a limit.
    pub(super) seats: Semaphore,
    pub(super) in_vain: InVain,
    /// Until when each identity is rate limited.
    pub(super) limits: Mutex<BTreeMap<As, Timestamp>>,
}

impl GithubClient {
    /// A client for the App in `config`.
    #[must_use]
    pub fn new(config: &Config, clock: Clock, service: HttpService) -> Self {
        Self {
            service,
            clock,
            base: config.github_api_url.clone(),
            signer: Signer::new(config.app_id.clone(), config.app_key.clone()),
            tokens: Tokens::default(),
            seats: Semaphore::new(CALLS_AT_ONCE),
            in_vain: InVain::default(),
            limits: Mutex::default(),
        }
    }

    /// Which installation GitHub says serves a repository.
    ///
    /// # Errors
    /// See [`Failure`]; a suspended installation counts as refused.
    pub async fn installation_of(&self, name: &str) -> Result<InstallationId, Failure> {
        let path = format!("/repos/{name}/installation");
        let found: Installation = self.call(As::App, Method::GET, &path, &()).await?.json()?;
        match found.suspended_at {
            None => Ok(InstallationId(found.id)),
            Some(_) => Err(Failure::Refused {
                status: 403,
                message: "the installation is suspended".to_owned(),
            }),
        }
    }

    /// Mints a runner credential.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn mint(&self, mint: &Mint) -> Result<Credential, Failure> {
        #[derive(Serialize)]
        struct JitRequest<'a> {
            name: &'a str,
            runner_group_id: u32,
            labels: [&'a str; 1],
        }
        let who = As::Installation(mint.access.installation);
        let asked_at = self.clock.now();
        let runners = format!("/repos/{}/actions/runners", mint.access.name);
        match mint.kind {
            CredentialKind::Jit => {
                let path = format!("{runners}/generate-jitconfig");
                // Group 1 is the default group, and the only one a repository has.
                let body = JitRequest {
                    name: &mint.runner,
                    runner_group_id: 1,
                    labels: [&mint.label],
                };
                let answer = self
                    .call_for(&mint.label, who, Method::POST, &path, &body)
                    .await?;
                let config: JitConfig = answer.json()?;
                let runner_id = Some(RunnerId(config.runner.id));
                Ok(Credential {
                    secret: Secret::new(config.encoded_jit_config),
                    runner_id,
                    valid_until: None,
                })
            }
            CredentialKind::RegistrationToken => {
                let path = format!("{runners}/registration-token");
                let answer = self
                    .call_for(&mint.label, who, Method::POST, &path, &())
                    .await?;
                let token: Token = answer.json()?;
                let valid_until = Some(Lease::new(asked_at, token.expires_at, answer.date()).until);
                Ok(Credential {
                    secret: Secret::new(token.token),
                    runner_id: None,
                    valid_until,
                })
            }
        }
    }

    /// All runners of a repository.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn list_runners(&self, access: &Access) -> Result<Vec<Runner>, Failure> {
        let path = format!("/repos/{}/actions/runners?per_page=100", access.name);
        let found = self
            .pages::<RunnersPage>(As::Installation(access.installation), &path)
            .await?;
        Ok(found.into_iter().map(Runner::from).collect())
    }

    /// The runner of one name.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn find_runner(
        &self,
        access: &Access,
        name: &str,
    ) -> Result<Option<Runner>, Failure> {
        let path = format!(
            "/repos/{}/actions/runners?name={name}&per_page=100",
            access.name
        );
        let found = self
            .pages::<RunnersPage>(As::Installation(access.installation), &path)
            .await?;
        Ok(found
            .into_iter()
            .map(Runner::from)
            .find(|runner| runner.name == name))
    }

    /// Removes a runner record; one that is gone already counts as removed.
    ///
    /// # Errors
    /// See [`Failure`]; 422 means that the runner is busy.
    pub async fn delete_runner(
        &self,
        access: &Access,
        runner: RunnerId,
    ) -> Result<Removed, Failure> {
        let path = format!("/repos/{}/actions/runners/{runner}", access.name);
        match self
            .call(
                As::Installation(access.installation),
                Method::DELETE,
                &path,
                &(),
            )
            .await
        {
            Ok(_) => Ok(Removed::Now),
            Err(Failure::Refused { status: 404, .. }) => Ok(Removed::Before),
            Err(failure) => Err(failure),
        }
    }

    /// One job as GitHub has it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn job(&self, access: &Access, job: JobId) -> Result<JobReading, Failure> {
        let path = format!("/repos/{}/actions/jobs/{job}", access.name);
        let answer = self
            .call(
                As::Installation(access.installation),
                Method::GET,
                &path,
                &(),
            )
            .await?;
        Ok(answer.json::<WireJob>()?.reading())
    }

    /// The jobs of a run's latest attempt as GitHub has them.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn jobs(
        &self,
        access: &Access,
        run: RunId,
    ) -> Result<BTreeMap<JobId, JobReading>, Failure> {
        let found = self.jobs_of(access, run).await?;
        Ok(found
            .into_iter()
            .map(|job| (JobId(job.id), job.reading()))
            .collect())
    }

    /// When a run was over; nothing while it is not.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run_over_at(
        &self,
        access: &Access,
        run: RunId,
    ) -> Result<Option<Timestamp>, Failure> {
        let path = format!("/repos/{}/actions/runs/{run}", access.name);
        let who = As::Installation(access.installation);
        let answer = self.call(who, Method::GET, &path, &()).await?;
        Ok(answer.json::<WireRun>()?.over_at())
    }

    /// Cancels a run; one that is over already counts as cancelled.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn cancel_run(&self, access: &Access, run: RunId) -> Result<(), Failure> {
        let path = format!("/repos/{}/actions/runs/{run}/cancel", access.name);
        match self
            .call(
                As::Installation(access.installation),
                Method::POST,
                &path,
                &(),
            )
            .await
        {
            Ok(_) | Err(Failure::Refused { status: 409, .. }) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Failed `workflow_job` deliveries since a time, as far back as a few pages reach.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn failed_deliveries(
        &self,
        since: Option<Timestamp>,
    ) -> Result<Vec<FailedDelivery>, Failure> {
        let mut path = Some("/app/hook/deliveries?status=failure&per_page=100".to_owned());
        let mut failed = Vec::new();
        for _ in 0..DELIVERY_PAGES_MAX {
            let Some(page) = path.take() else { break };
            let answer = self.call(As::App, Method::GET, &page, &()).await?;
            let page: Vec<WireDelivery> = answer.json()?;
            let newer =
                |delivery: &WireDelivery| since.is_none_or(|since| delivery.delivered_at >= since);
            // Newest first: once one is older than asked for, so is the rest.
            path = answer
                .next_page()
                .filter(|_| page.iter().all(newer))
                .map(|next| self.local(&next));
            let wanted = page
                .into_iter()
                .filter(|d| newer(d) && d.event == "workflow_job" && !d.succeeded());
            failed.extend(wanted.map(|d| FailedDelivery {
                id: d.id,
                guid: d.guid,
                delivered_at: d.delivered_at,
            }));
        }
        Ok(failed)
    }

    /// Has a delivery sent again.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn redeliver(&self, delivery: u64) -> Result<(), Failure> {
        let path = format!("/app/hook/deliveries/{delivery}/attempts");
        self.call(As::App, Method::POST, &path, &()).await.map(drop)
    }

    pub(super) async fn installations(&self) -> Result<Vec<Installation>, Failure> {
        self.pages::<Vec<Installation>>(As::App, "/app/installations?per_page=100")
            .await
    }

    pub(super) async fn repositories(
        &self,
        of: InstallationId,
    ) -> Result<Vec<super::wire::WireRepo>, Failure> {
        self.pages::<ReposPage>(
            As::Installation(of),
            "/installation/repositories?per_page=100",
        )
        .await
    }

    pub(super) async fn runs(
        &self,
        access: &Access,
        status: &str,
    ) -> Result<Vec<WireRun>, Failure> {
        let path = format!(
            "/repos/{}/actions/runs?status={status}&per_page=100",
            access.name
        );
        self.pages::<RunsPage>(As::Installation(access.installation), &path)
            .await
    }

    pub(super) async fn jobs_of(
        &self,
        access: &Access,
        run: RunId,
    ) -> Result<Vec<WireJob>, Failure> {
        let path = format!(
            "/repos/{}/actions/runs/{run}/jobs?filter=latest&per_page=100",
            access.name
        );
        self.pages::<JobsPage>(As::Installation(access.installation), &path)
            .await
    }
}

impl fmt::Debug for GithubClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GithubClient")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}
