//! The HF jobs and runners of a world in their order, so that a rule can be meant for the second one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use vocabulary::Which;

use super::Faults;
use crate::ids::{HfJobId, RunnerId};

/// Every HF job and every runner that there was. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<Mutex<InOrder>>);

#[derive(Default)]
struct InOrder {
    hf_jobs: BTreeMap<HfJobId, u32>,
    runners: BTreeMap<RunnerId, (u32, String)>,
}

impl Known {
    fn in_order(&self) -> MutexGuard<'_, InOrder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this HF job is one of those.
    pub(super) fn is_hf_job(&self, wanted: &[Which], found: Option<&HfJobId>) -> bool {
        let Some(id) = found else { return false };
        let in_order = self.in_order();
        let nth = in_order.hf_jobs.get(id);
        nth.is_some_and(|nth| wanted.iter().any(|which| which.is(*nth, &id.0)))
    }

    /// Whether this runner is one of those.
    pub(super) fn is_runner(&self, wanted: &[Which], found: Option<RunnerId>) -> bool {
        let Some(id) = found else { return false };
        let in_order = self.in_order();
        let runner = in_order.runners.get(&id);
        runner.is_some_and(|(nth, name)| wanted.iter().any(|which| which.is(*nth, name)))
    }
}

impl Faults {
    /// There is one more HF job.
    pub(crate) fn know_hf_job(&self, id: &HfJobId) {
        let mut in_order = self.known.in_order();
        let nth = u32::try_from(in_order.hf_jobs.len() + 1).unwrap_or(u32::MAX);
        in_order.hf_jobs.entry(id.clone()).or_insert(nth);
    }

    /// GitHub has a record of one more runner.
    pub(crate) fn know_runner(&self, id: RunnerId, name: &str) {
        let mut in_order = self.known.in_order();
        let nth = u32::try_from(in_order.runners.len() + 1).unwrap_or(u32::MAX);
        in_order.runners.entry(id).or_insert((nth, name.to_owned()));
    }
}
