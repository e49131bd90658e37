//! What the driver of a world may look at and force on HF's side.

use std::collections::BTreeMap;

use super::ending::Change;
use crate::{
    hf::{
        handle::HfJobs,
        state::{Command, HfJob},
    },
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
    /// What it costs so far, the minute that runs included.
    pub cost_so_far_micro_usd: u64,
    /// The runner that connected from it.
    pub runner: Option<RunnerId>,
}

/// What some HF jobs cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How many they are.
    pub jobs: u64,
    /// How many of them have not ended, so that their cost may still grow.
    pub live: u64,
    /// The minutes they started.
    pub minutes: u64,
    /// What those cost, in millionths of a US dollar.
    pub micro_usd: u64,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.jobs += other.jobs;
        self.live += other.live;
        self.minutes += other.minutes;
        self.micro_usd += other.micro_usd;
    }
}

/// What all HF jobs of a world cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// All of them.
    pub total: Cost,
    /// By the namespace that pays.
    pub by_namespace: BTreeMap<String, Cost>,
    /// By the repository whose runner the job was created for, or the organisation's name for a runner of
    /// an organisation. A job without a runner counts for none.
    pub by_repo: BTreeMap<String, Cost>,
    /// By hardware flavor.
    pub by_flavor: BTreeMap<String, Cost>,
    /// What is left of the balances that were set, by namespace.
    pub left_micro_usd: BTreeMap<String, u64>,
}

impl HfJobs {
    /// All HF jobs, in order of creation.
    #[must_use]
    pub fn jobs(&self) -> Vec<HfJobView> {
        let state = self.state();
        state.jobs.iter().map(|job| self.view_of(job)).collect()
    }

    /// The HF jobs that have not ended, in order of creation. The others are not looked at.
    #[must_use]
    pub fn live_jobs(&self) -> Vec<HfJobView> {
        let state = self.state();
        state.live().map(|job| self.view_of(job)).collect()
    }

    fn view_of(&self, job: &HfJob) -> HfJobView {
        let stage = job.status.stage;
        let cost = job.meter.micro_usd(self.env().clock.elapsed_ms());
        HfJobView {
            hf_job: job.id.clone(),
            flavor: job.spec.flavor.name.to_owned(),
            stage,
            cost_micro_usd: stage.is_terminal().then_some(cost),
            cost_so_far_micro_usd: cost,
            runner: self.inner.runners.runner_in(&job.id),
        }
    }

    /// What all HF jobs cost so far.
    #[must_use]
    pub fn costs(&self) -> Costs {
        let now_ms = self.env().clock.elapsed_ms();
        let mut costs = Costs {
            left_micro_usd: self.settings().balances.clone(),
            ..Costs::default()
        };
        for job in &self.state().jobs {
            let cost = Cost {
                jobs: 1,
                live: u64::from(!job.status.stage.is_terminal()),
                minutes: job.meter.minutes(now_ms),
                micro_usd: job.meter.micro_usd(now_ms),
            };
            costs.total.add(cost);
            let part = |by: &mut BTreeMap<String, Cost>, key: &str| {
                by.entry(key.to_owned()).or_default().add(cost);
            };
            part(&mut costs.by_namespace, &job.namespace);
            part(&mut costs.by_flavor, job.spec.flavor.name);
            if let Some(repo) = &job.repo {
                part(&mut costs.by_repo, repo);
            }
            if let Some(left) = costs.left_micro_usd.get_mut(&job.namespace) {
                *left = left.saturating_sub(cost.micro_usd);
            }
        }
        costs
    }

    /// Puts an HF job into a stage. A terminal stage kills its container; RUNNING starts it now. A job
    /// that has ended stays as it is. Gives whether the stage changed.
    pub fn force_stage(
        &self,
        hf_job: &HfJobId,
        stage: Stage,
        message: Option<String>,
        because: Option<EventId>,
    ) -> bool {
        let change = Change {
            message,
            ..Change::new(stage, StageCause::Scenario, because)
        };
        if stage.is_terminal() {
            return self.stop(hf_job, change);
        }
        let changed = self.change(hf_job, change).is_some();
        if changed && stage == Stage::Running {
            self.order(hf_job, Command::Start);
        }
        changed
    }
}
