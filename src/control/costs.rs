//! What the HF jobs cost, so far and in parts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::new(
    Method::Get,
    "/_lab/costs",
    "costs",
    "What the HF jobs cost so far, by who pays, for which repository, and for which hardware.",
    Media::Json(schema_of::<Costs>),
    costs,
)];

/// What all HF jobs cost so far.
#[derive(Serialize, JsonSchema)]
struct Costs {
    /// All of them.
    total: Cost,
    /// By the namespace that pays.
    by_namespace: BTreeMap<String, Cost>,
    /// By the repository whose runner the job was created for, or the organisation. A job without a runner counts for none.
    by_repo: BTreeMap<String, Cost>,
    /// By hardware flavor.
    by_flavor: BTreeMap<String, Cost>,
    /// What is left of the balances that were set, by namespace, in millionths of a US dollar.
    left_micro_usd: BTreeMap<String, u64>,
}

/// What some HF jobs cost so far.
#[derive(Serialize, JsonSchema)]
struct Cost {
    /// How many they are.
    jobs: u64,
    /// How many of them have not ended.
    live: u64,
    /// The minutes they started.
    minutes: u64,
    /// What those cost, in millionths of a US dollar.
    micro_usd: u64,
}

impl From<fakes::Cost> for Cost {
    fn from(cost: fakes::Cost) -> Self {
        Self {
            jobs: cost.jobs,
            live: cost.live,
            minutes: cost.minutes,
            micro_usd: cost.micro_usd,
        }
    }
}

fn costs(control: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    let costs = control.world().hf().costs();
    let part = |by: BTreeMap<String, fakes::Cost>| {
        by.into_iter()
            .map(|(key, cost)| (key, cost.into()))
            .collect()
    };
    Reply::json(&Costs {
        total: costs.total.into(),
        by_namespace: part(costs.by_namespace),
        by_repo: part(costs.by_repo),
        by_flavor: part(costs.by_flavor),
        left_micro_usd: costs.left_micro_usd,
    })
}
