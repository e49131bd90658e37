//! Turns the core's commands into calls, and the answers into inputs.

use std::sync::Arc;

use crate::{
    config::Config,
    core::{Command, Input, JobKey},
    github::{GithubClient, Surveyor},
    hf::HfClient,
    host::Clock,
    labels::Labels,
};

/// Makes calls.
pub(crate) struct Executor {
    pub(crate) config: Arc<Config>,
    pub(crate) labels: Arc<Labels>,
    pub(crate) clock: Clock,
    pub(crate) github: GithubClient,
    pub(crate) hf: HfClient,
    pub(crate) surveyor: tokio::sync::Mutex<Surveyor>,
}

impl Executor {
    /// Makes the call of one command. Writes are not calls.
    pub(crate) async fn execute(&self, command: Command) -> Option<Input> {
        let (github, hf) = (&self.github, &self.hf);
        Some(match command {
            Command::Write(_) => return None,
            Command::AskInstallation { repo, name } => {
                Input::Installation(repo, github.installation_of(&name).await)
            }
            Command::Mint(mint) => Input::Credential(mint.launch.clone(), github.mint(&mint).await),
            Command::CreateHfJob(order) => {
                Input::Created(order.launch.clone(), hf.create(&order).await)
            }
            Command::LookUpTag(launch) => {
                let found = hf.list_tagged(&launch).await;
                Input::TagLookedUp(launch, found)
            }
            Command::ListHfJobs => {
                let asked_at = self.clock.now();
                Input::HfListed(asked_at, hf.list_live().await)
            }
            Command::InspectHfJob(launch, job) => {
                Input::HfInspected(launch, hf.inspect(&job).await)
            }
            Command::CancelHfJob(launch, job) => Input::HfCanceled(launch, hf.cancel(&job).await),
            Command::ListRunners(access) => {
                Input::RunnersListed(access.repo, github.list_runners(&access).await)
            }
            Command::FindRunner(access, launch, name) => {
                Input::RunnerFound(launch, github.find_runner(&access, &name).await)
            }
            Command::DeleteRunner(access, launch, runner) => {
                Input::RunnerDeleted(launch, github.delete_runner(&access, runner).await)
            }
            Command::ReadJob(access, job) => Input::JobRead(
                JobKey {
                    repo: access.repo,
                    job,
                },
                github.job(&access, job).await,
            ),
            Command::CancelRun(access, job, run) => Input::RunCancelled(
                JobKey {
                    repo: access.repo,
                    job,
                },
                github.cancel_run(&access, run).await,
            ),
            Command::Survey { open_runs } => {
                let mut surveyor = self.surveyor.lock().await;
                let allows = |name: &str| self.config.allows(name);
                let now = self.clock.now();
                Input::Surveyed(
                    surveyor
                        .survey(github, &self.labels, allows, now, &open_runs)
                        .await,
                )
            }
            Command::ListDeliveries(since) => {
                Input::DeliveriesListed(github.failed_deliveries(since).await)
            }
            Command::Redeliver(delivery) => {
                if let Err(failure) = github.redeliver(delivery).await {
                    tracing::warn!(delivery, %failure, "redelivery refused");
                }
                return None;
            }
        })
    }
}
