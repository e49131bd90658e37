//! [`Costs`]: what the HF jobs of a run cost, in parts, read from the history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::properties::Ledger;

/// What HF jobs cost, in millionths of a US dollar. A job that never ended has cost nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// By the namespace that pays.
    pub by_namespace: BTreeMap<String, u64>,
    /// By the repository whose runner the job was created for, or the organisation's name.
    pub by_repo: BTreeMap<String, u64>,
    /// By hardware flavor.
    pub by_flavor: BTreeMap<String, u64>,
}

impl Costs {
    /// The costs of one run.
    pub(crate) fn read(ledger: &Ledger<'_>) -> Self {
        let mut costs = Self::default();
        for life in ledger.hf_jobs.values() {
            let add = |to: &mut BTreeMap<String, u64>, key: &str| {
                *to.entry(key.to_owned()).or_default() += life.cost_micro_usd;
            };
            add(&mut costs.by_namespace, life.namespace);
            add(&mut costs.by_flavor, life.flavor);
            if let Some(repo) = life.repo {
                add(&mut costs.by_repo, repo);
            }
        }
        costs
    }

    /// Adds those of another run.
    pub(crate) fn add(&mut self, other: &Self) {
        let parts = [
            (&mut self.by_namespace, &other.by_namespace),
            (&mut self.by_repo, &other.by_repo),
            (&mut self.by_flavor, &other.by_flavor),
        ];
        for (whole, part) in parts {
            for (key, cost) in part {
                *whole.entry(key.clone()).or_default() += cost;
            }
        }
    }
}
