//! What can be seen of a trial at a moment.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Conclusion, Event, Stage, What},
    ids::{HfJobId, JobId},
};

/// A reading of the history.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    /// The labels of the runner that was made last.
    pub(super) labels: Option<Vec<String>>,
    pub(super) online: bool,
    pub(super) started: BTreeSet<JobId>,
    pub(super) ended: BTreeMap<JobId, Conclusion>,
    pub(super) stage: Option<Stage>,
    /// Whether the command is over, and its exit code.
    pub(super) exit: Option<i32>,
}

impl Scene {
    /// Reads the history as far as it concerns this HF job and its runner.
    pub(super) fn read(events: &[Event], hf_job: &HfJobId) -> Self {
        let mut scene = Self::default();
        for Event { event, .. } in events {
            match event {
                What::RunnerCreated { labels, .. } => scene.labels = Some(labels.clone()),
                What::RunnerOnline { .. } => scene.online = true,
                What::JobStarted { job, .. } => {
                    scene.started.insert(*job);
                }
                What::JobCompleted {
                    job, conclusion, ..
                } => {
                    scene.ended.insert(*job, *conclusion);
                }
                What::HfStage {
                    hf_job: of, stage, ..
                } if of == hf_job => scene.stage = Some(*stage),
                What::RunnerExited { hf_job: of, code } if of == hf_job => scene.exit = *code,
                _ => {}
            }
        }
        scene
    }

    /// Whether the runner there is lacks a label.
    pub(super) fn lacks(&self, label: &str) -> bool {
        let has = |labels: &Vec<String>| labels.iter().any(|own| own.eq_ignore_ascii_case(label));
        self.labels.as_ref().is_some_and(|labels| !has(labels))
    }
}
