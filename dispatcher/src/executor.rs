//! Turns the core's commands into calls, and the answers into inputs.

use std::sync::Arc;

use crate::{
    config::Config,
    core::{Command, Input, JobKey},
    github::{GithubClient, Surveyor},
    hf::HfClient,
    host::Clock,
    labels::Labels,
    metrics::Metrics,
};

/// Makes calls.
pub(crate) struct Executor {
    pub(crate) config: Arc<Config>,
    pub(crate) labels: Arc<Labels>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) github: GithubClient,
    pub(crate) hf: HfClient,
    pub(crate) surveyor: tokio::sync::Mutex<Surveyor>,
}

impl Executor {
    /// Makes the call of one command. Writes are not calls.
    pub(crate) async fn execute(&self, command: Command) -> Option<Input> {
        let (github, hf, metrics) = (&self.github, &self.hf, &self.metrics);
        Some(match command {
            Command::Write(_) => return None,
            Command::AskInstallation { repo, name } => Input::Installation(
                repo,
                metrics.called("find-installation", github.installation_of(&name).await),
            ),
            Command::Mint(mint) => Input::Credential(
                mint.launch.clone(),
                metrics.called("mint-credential", github.mint(&mint).await),
            ),
            Command::CreateHfJob(order) => {
                let sent = metrics.creates(&order.lane);
                let answer = metrics.called("create-hf-job", hf.create(&order).await);
                metrics.created(sent);
                Input::Created(order.launch.clone(), answer)
            }
            Command::LookUpTag(launch) => {
                let found = metrics.called("look-up-hf-job", hf.list_tagged(&launch).await);
                Input::TagLookedUp(launch, found)
            }
            Command::ListHfJobs => {
                let asked_at = self.clock.now();
                Input::HfListed(
                    asked_at,
                    metrics.called("list-hf-jobs", hf.list_live().await),
                )
            }
            Command::InspectHfJob(launch, job) => Input::HfInspected(
                launch,
                metrics.called("inspect-hf-job", hf.inspect(&job).await),
            ),
            Command::CancelHfJob(launch, job) => Input::HfCanceled(
                launch,
                metrics.called("cancel-hf-job", hf.cancel(&job).await),
            ),
            Command::ListRunners(access) => Input::RunnersListed(
                access.repo,
                metrics.called("list-runners", github.list_runners(&access).await),
            ),
            Command::FindRunner(access, launch, name) => Input::RunnerFound(
                launch,
                metrics.called("find-runner", github.find_runner(&access, &name).await),
            ),
            Command::DeleteRunner(access, launch, runner) => Input::RunnerDeleted(
                launch,
                metrics.called("delete-runner", github.delete_runner(&access, runner).await),
            ),
            Command::ReadJob(access, job) => Input::JobRead(
                JobKey {
                    repo: access.repo,
                    job,
                },
                metrics.called("get-job", github.job(&access, job).await),
            ),
            Command::ReadJobs(access, run, jobs) => {
                let found = metrics.called("list-run-jobs", github.jobs(&access, run).await);
                Input::JobsRead(access.repo, jobs, found)
            }
            Command::ReadRun(access, run) => {
                let over = metrics.called("get-run", github.run_over_at(&access, run).await);
                Input::RunRead(access.repo, run, over)
            }
            Command::CancelRun(access, job, run) => Input::RunCancelled(
                JobKey {
                    repo: access.repo,
                    job,
                },
                metrics.called("cancel-run", github.cancel_run(&access, run).await),
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
            Command::ListDeliveries(since) => Input::DeliveriesListed(
                metrics.called("list-deliveries", github.failed_deliveries(since).await),
            ),
            Command::Redeliver(delivery) => {
                let answer = github.redeliver(delivery).await;
                if let Err(failure) = metrics.called("redeliver", answer) {
                    tracing::warn!(delivery, %failure, "redelivery refused");
                }
                return None;
            }
        })
    }
}
