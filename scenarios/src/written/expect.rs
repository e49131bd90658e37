//! What must hold, as it is written.

use std::{collections::BTreeMap, num::NonZeroU32};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use vocabulary::{Fixed, PROPERTIES};

use super::{one_or_more::OneOrMore, scalars::Placed, waiver::Waiver};
use crate::{
    plan::{Budget, CountRange, MicroUsd},
    words,
};

/// What must hold besides the properties' own rules.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Expect {
    /// How long a job that could start may wait for a runner (30m).
    pub(crate) served_within: Option<Placed<Fixed>>,
    /// How many times `served_within` a job may wait while a fault without an end lets some tries through (2).
    pub(crate) patience: Option<NonZeroU32>,
    /// How soon a user is told of a job that a fault without an end keeps from being served (1h).
    pub(crate) told_within: Option<Placed<Fixed>>,
    /// How long an HF job or a registration may live without work or reason (20m).
    pub(crate) reclaimed_within: Option<Placed<Fixed>>,
    /// How many requests a minute a place may get that has failed for five minutes (30).
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// How many calls a job that is served may cost, besides a thousand an hour (100).
    pub(crate) calls_per_job: Option<NonZeroU32>,
    /// When the run ends at the latest (6h after the last time the scenario names).
    pub(crate) bound: Option<Placed<Fixed>>,
    /// How long nothing may be owed and no news come before the run ends (2m in virtual time, 70s in real time).
    pub(crate) settle: Option<Fixed>,
    /// How many HF jobs are created in all: 10, or 10..11.
    pub(crate) hf_jobs: Option<CountRange>,
    /// How many deliveries were answered with each status code.
    pub(crate) answers: BTreeMap<Status, u32>,
    /// What all HF jobs may cost together.
    pub(crate) cost_usd: Option<MicroUsd>,
    /// How long all HF jobs together may be RUNNING without a job.
    pub(crate) idle: Option<Fixed>,
    /// What the run may come to before it is ended, undecided.
    pub(crate) budget: Budget,
    /// Properties not judged, each with the reason, a link and an end.
    pub(crate) waive: OneOrMore<Waiver>,
}

/// An HTTP status code, as a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(transparent)]
pub(crate) struct Status(pub(crate) String);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        match code.parse::<u16>() {
            Ok(100..600) => Ok(Self(code)),
            _ => Err(D::Error::custom(format!(
                "`{code}` is not an HTTP status code\nwrite it as a key: `answers: {{ \"401\": 3 }}`"
            ))),
        }
    }
}

/// The name of a property.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(transparent)]
pub(crate) struct Property(pub(crate) String);

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if PROPERTIES.contains(&name.as_str()) {
            return Ok(Self(name));
        }
        Err(D::Error::custom(words::unknown(
            "property", &name, PROPERTIES,
        )))
    }
}
