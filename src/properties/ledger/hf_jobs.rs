//! The life of an HF job.

use fakes::{
    history::{Event, StageCause, What},
    ids::{CallId, EventId, HfJobId, JobId, RunnerId},
};

use super::{Ledger, Moment, moment};
use crate::properties::terms::Terms;

/// How long an HF job that the dispatcher ended must have lived to have had its chance, at least.
const CHANCE_MS: u64 = 5 * 60_000;

/// The life of an HF job.
#[derive(Clone, Debug)]
pub struct HfLife<'a> {
    /// When it was created.
    pub created: Moment,
    /// The call that created it; none if a schedule did.
    pub call: Option<CallId>,
    /// The namespace that pays for it.
    pub namespace: &'a str,
    /// The repository or organisation whose runner it was created for.
    pub repo: Option<&'a str>,
    /// Its flavor.
    pub flavor: &'a str,
    /// The name its runner was given.
    pub runner_name: Option<&'a str>,
    /// The labels its runner was given.
    pub runner_labels: &'a [String],
    /// When its runner came online, and which.
    pub online: Option<(Moment, RunnerId)>,
    /// When its runner came online for the last time.
    pub last_online: Option<Moment>,
    /// The job that started on it.
    pub job: Option<(Moment, JobId)>,
    /// When its runner could not connect.
    pub refused: Option<Moment>,
    /// When its runner's process ended or hung.
    pub exited: Option<Moment>,
    /// When it reached a terminal stage, and why.
    pub ended: Option<(Moment, StageCause)>,
    /// What it cost, in millionths of a US dollar.
    pub cost_micro_usd: u64,
}

impl HfLife<'_> {
    /// Whether it had its chance before the dispatcher ended it: its runner had been refused, or it had lived for five
    /// minutes, or for the longest cold start if that is longer.
    #[must_use]
    pub fn had_a_chance(&self, terms: &Terms, at: Moment) -> bool {
        let refused = self.refused.is_some_and(|refused| refused.event < at.event);
        let chance_ms = CHANCE_MS.max(terms.delays.cold_start_of(self.flavor));
        refused || at.at_ms.saturating_sub(self.created.at_ms) >= chance_ms
    }
}

impl<'a> Ledger<'a> {
    /// Whether a job of a lane that it serves had started on an HF job before this event.
    #[must_use]
    pub fn was_of_use(&self, hf_job: &HfJobId, at: EventId) -> bool {
        let life = self.hf_jobs.get(hf_job).and_then(|life| life.job);
        let job = life.filter(|(started, _)| started.event < at);
        let lane = job.and_then(|(_, job)| self.routed(job));
        let reach = self.lanes.reach(hf_job);
        lane.zip(reach)
            .is_some_and(|((lane, _), reach)| self.lanes.serves(reach, lane))
    }

    pub(super) fn enter_hf_job(&mut self, event: &'a Event) {
        match &event.event {
            What::HfCreated {
                hf_job,
                call,
                namespace,
                repo,
                flavor,
                runner_name,
                runner_labels,
                ..
            } => {
                let life = HfLife {
                    created: moment(event),
                    call: *call,
                    namespace,
                    repo: repo.as_deref(),
                    flavor,
                    runner_name: runner_name.as_deref(),
                    runner_labels,
                    online: None,
                    last_online: None,
                    job: None,
                    refused: None,
                    exited: None,
                    ended: None,
                    cost_micro_usd: 0,
                };
                self.hf_jobs.insert(hf_job, life);
            }
            What::HfStage {
                hf_job,
                stage,
                cause,
                cost_micro_usd,
                ..
            } => {
                let Some(life) = self.hf_jobs.get_mut(hf_job) else {
                    return;
                };
                if stage.is_terminal() && life.ended.is_none() {
                    life.ended = Some((moment(event), *cause));
                }
                life.cost_micro_usd = cost_micro_usd.unwrap_or(life.cost_micro_usd);
            }
            What::RunnerOnline { hf_job, runner, .. } => {
                let known = hf_job.as_ref().and_then(|id| self.hf_jobs.get_mut(id));
                if let Some(life) = known {
                    life.online.get_or_insert((moment(event), *runner));
                    life.last_online = Some(moment(event));
                }
            }
            What::RunnerRefused { hf_job, .. } => {
                if let Some(life) = self.hf_jobs.get_mut(hf_job) {
                    life.refused.get_or_insert(moment(event));
                }
            }
            What::RunnerExited { hf_job, .. } => {
                if let Some(life) = self.hf_jobs.get_mut(hf_job) {
                    life.exited.get_or_insert(moment(event));
                }
            }
            What::JobStarted {
                job,
                runner: Some(runner),
                ..
            } => {
                let hf_job = self.runners.get(runner).and_then(|life| life.hf_job);
                if let Some(life) = hf_job.and_then(|hf_job| self.hf_jobs.get_mut(hf_job)) {
                    life.job = Some((moment(event), *job));
                }
            }
            _ => {}
        }
    }
}
