//! Jobs whose labels looked meant for us and fit no runner: kept for whoever looks at the state.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

/// A job that looks meant for us and cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Told {
    pub(crate) repository: String,
    pub(crate) job: Option<u64>,
    pub(crate) labels: String,
    pub(crate) advice: String,
}

/// The last jobs whose labels looked meant for us and fit no runner, newest last.
#[derive(Debug, Default)]
pub(crate) struct Misrouted(Mutex<VecDeque<Told>>);

impl Misrouted {
    const KEPT: usize = 50;

    pub(crate) fn add(&self, told: &Told) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // GitHub tells of one job several times.
        all.retain(|other| other != told);
        if all.len() == Self::KEPT {
            all.pop_front();
        }
        all.push_back(told.clone());
    }

    pub(super) fn list(&self) -> Vec<Told> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().cloned().collect()
    }
}
