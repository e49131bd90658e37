//! What a plan's recorded payloads tell before any of them is sent: which jobs they drive, what there was before the
//! recording began, and which ids are taken.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Deliver, DeliverRaw, Plan, Verb};
use crate::recording::{body_json, told};

/// Ids that recorded payloads name. A world that plays them has none of these for anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedIds {
    /// Repositories by their full names, the first id told of each.
    pub repos: BTreeMap<String, RecordedRepo>,
    /// Runs.
    pub runs: BTreeSet<u64>,
    /// Jobs.
    pub jobs: BTreeSet<u64>,
    /// Runners.
    pub runners: BTreeSet<u64>,
}

/// A repository as payloads tell of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordedRepo {
    /// Its id.
    pub id: Option<u64>,
    /// The App's installation that received the payloads.
    pub installation: Option<u64>,
    /// Whether it is private.
    pub private: bool,
}

impl Plan {
    /// The recorded jobs of this plan by id, each with the actions that will be sent of it. A fake GitHub is told
    /// beforehand, because a job whose start is recorded must not be started by the fake's own rules.
    #[must_use]
    pub fn recorded_actions(&self) -> BTreeMap<u64, BTreeSet<String>> {
        let mut jobs: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for told in self.learnt().filter_map(|raw| told(&raw.body)) {
            jobs.entry(told.job()).or_default().insert(told.action);
        }
        jobs
    }

    /// What the payloads that will be taken for true name. A fake GitHub is told beforehand, so that it gives none of
    /// these ids to anything of its own, and each repository has the ids it had.
    #[must_use]
    pub fn recorded_ids(&self) -> RecordedIds {
        let mut ids = RecordedIds::default();
        for payload in self.learnt().filter_map(|raw| body_json(&raw.body)) {
            ids.add(&payload);
        }
        ids
    }

    fn learnt(&self) -> impl Iterator<Item = &DeliverRaw> {
        self.timeline.iter().filter_map(|step| match &step.verb {
            Verb::Deliver(Deliver::Raw(raw)) if raw.learn => Some(raw),
            _ => None,
        })
    }
}

impl RecordedIds {
    fn add(&mut self, payload: &Value) {
        let number = |path: &str| payload.pointer(path)?.as_u64().filter(|id| *id != 0);
        self.jobs.extend(number("/workflow_job/id"));
        self.runs.extend(number("/workflow_job/run_id"));
        self.runs.extend(number("/workflow_run/id"));
        self.runners.extend(number("/workflow_job/runner_id"));
        // Only of a job's event does the world learn.
        let name = payload.pointer("/repository/full_name");
        let name = name.and_then(Value::as_str);
        let (Some(name), Some(_)) = (name, number("/workflow_job/id")) else {
            return;
        };
        let known = self.repos.keys().find(|it| it.eq_ignore_ascii_case(name));
        let name = known.cloned().unwrap_or_else(|| name.to_owned());
        let repo = self.repos.entry(name).or_default();
        repo.id = repo.id.or_else(|| number("/repository/id"));
        repo.installation = repo.installation.or_else(|| number("/installation/id"));
        repo.private |= payload.pointer("/repository/private") == Some(&Value::Bool(true));
    }
}
