//! A scenario as it is written: the types that a file is decoded into, before anything is drawn or named.
//!
//! [`Scenario`] is the whole file. Each key is one field, so an unknown key is found while decoding.

mod around;
mod expect;
mod fault;
mod one_or_more;
mod params;
mod queue;
mod scalars;
mod timeline;
mod waiver;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    around::{Event, Installation, RenameRepo, RunnerVerb},
    expect::{Expect, Property},
    fault::{Fault, For, Half},
    one_or_more::OneOrMore,
    params::Params,
    queue::Queue,
    scalars::{Names, Placed},
    timeline::{Deliver, Down, Moment, Redeliver, Step, When},
};
use vocabulary::{Length, Verbatim};

use crate::plan::World;

/// How well the cause of a reported bug is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The reporter, a fix or a maintainer states it.
    Stated,
    /// It is our reading of the symptom.
    Inferred,
    /// Nobody knows; the timeline is a plausible one.
    Unknown,
    /// It was read in the source.
    Code,
}

/// A scenario file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What happens, in one line.
    pub(crate) title: Verbatim,
    /// Where it was reported.
    pub(crate) source: Option<Verbatim>,
    /// When it was reported (2026-02-10); `~2026-01` where only about then.
    pub(crate) date: Option<Verbatim>,
    /// How well its cause is known.
    pub(crate) cause: Option<Cause>,
    /// Words to select it by.
    #[serde(default)]
    pub(crate) tags: Vec<Verbatim>,
    /// The properties it exists for.
    #[serde(default)]
    pub(crate) about: Vec<Placed<Verbatim>>,
    /// Fragments whose world, faults and parameters come before its own: incidents/webhooks-delayed-2024-07.
    #[serde(default, rename = "use")]
    #[expect(
        dead_code,
        reason = "merged in a pass of its own; here so that the key is known and in the schema"
    )]
    pub(crate) uses: Names,
    /// In a plan only: keys what is drawn at run time.
    pub(crate) seed: Option<u64>,
    /// Named values, used as `$name`.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read in a pass of its own; here so that the key is known and in the schema"
    )]
    pub(crate) params: Params,
    /// Settings that hold from the start.
    #[serde(default)]
    pub(crate) world: World,
    /// What people and machines do.
    pub(crate) timeline: Placed<Vec<Placed<Step>>>,
    /// How the world is bent.
    #[serde(default)]
    pub(crate) faults: Vec<Placed<Fault>>,
    /// When every fault ends at the latest.
    pub(crate) heal: Option<Length>,
    /// What must hold.
    #[serde(default)]
    pub(crate) expect: Expect,
}
