//! What the driver of a world may look at and force on HF's side.

use super::{HfJobs, life::Change, state::Command};
use crate::{
    history::{Stage, StageCause},
    ids::{EventId, HfJobId, RunnerId},
};

/// An HF job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HfJobView {
    /// Its id.
    pub hf_job: HfJobId,
    /// Its flavor.
    pub flavor: String,
    /// Its stage.
    pub stage: Stage,
    /// What it has cost; known once it has ended.
    pub cost_micro_usd: Option<u64>,
    /// The runner that connected from it.
    pub runner: Option<RunnerId>,
}

impl HfJobs {
    /// All HF jobs, in order of creation.
    #[must_use]
    pub fn jobs(&self) -> Vec<HfJobView> {
        self.state()
            .jobs
            .iter()
            .map(|job| HfJobView {
                hf_job: job.id.clone(),
                flavor: job.spec.flavor.name.to_owned(),
                stage: job.stage,
                cost_micro_usd: job.cost_micro_usd,
                runner: self.inner.runners.runner_in(&job.id),
            })
            .collect()
    }

    /// Puts an HF job into a stage. A terminal stage kills its container; RUNNING starts it now. A job
    /// that has ended stays as it is.
    pub fn force_stage(
        &self,
        hf_job: &HfJobId,
        stage: Stage,
        message: Option<String>,
        because: Option<EventId>,
    ) {
        let change = Change {
            stage,
            cause: StageCause::Scenario,
            message,
            because,
        };
        if stage.is_terminal() {
            self.stop(hf_job, change);
        } else if self.change(hf_job, change).is_some() && stage == Stage::Running {
            self.order(hf_job, Command::Start);
        }
    }
}
