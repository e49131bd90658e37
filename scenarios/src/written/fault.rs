//! A fault as it is written: a place, conditions, and exactly one effect. The keys of the effects are those of the vocabulary's
//! table.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use vocabulary::Chance;

use super::{
    scalars::{Names, Placed},
    timeline::Moment,
};

vocabulary::with_effects! {
    /// One way in which the world is bent: `to`, conditions, and exactly one effect.
    #[derive(Clone, Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Fault {
        /// The place it strikes, or places, counted together: `webhook`, `store`, `runner`, `hf.schedule`, or calls by name.
        pub(crate) to: Names,
        /// When it begins.
        pub(crate) from: Option<Placed<Moment>>,
        /// When it ends.
        pub(crate) until: Option<Placed<Moment>>,
        /// How often it strikes at most.
        pub(crate) times: Option<Placed<u32>>,
        /// With which probability it strikes what matches.
        pub(crate) chance: Option<Chance>,
        /// It is fine that it never strikes; otherwise that is news. Faults of fragments may.
        #[serde(default)]
        pub(crate) may_miss: bool,
        /// What it strikes only.
        #[serde(rename = "for")]
        pub(crate) only: Option<Placed<For>>,
    }
}

/// What a fault strikes only.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct For {
    /// These jobs or groups.
    pub(crate) job: Option<Names>,
    /// Deliveries with this action.
    pub(crate) action: Option<Placed<String>>,
    /// What concerns this repository.
    pub(crate) repo: Option<Placed<String>>,
    /// HF jobs of this flavor.
    pub(crate) flavor: Option<Placed<String>>,
    /// These HF jobs, and the runners inside them: the first that is created is 1. A world that runs knows ids too.
    #[schemars(with = "Option<Ones>")]
    pub(crate) hf_job: Option<Names>,
    /// These runners, by name, or by their place in the order in which GitHub had a record of them, from 1.
    #[schemars(with = "Option<Ones>")]
    pub(crate) runner: Option<Names>,
    /// The first or second half of the jobs, in the order they are queued.
    pub(crate) half: Option<Half>,
    /// A share of the jobs, drawn.
    pub(crate) share: Option<Chance>,
}

/// A half of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Half {
    First,
    Second,
}

/// What the schema says of [`For::hf_job`] and [`For::runner`].
struct Ones;

impl JsonSchema for Ones {
    fn schema_name() -> Cow<'static, str> {
        "Ones".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = || json_schema!({ "type": ["integer", "string"] });
        json_schema!({
            "description": "A number that counts from 1, an id or a name; or a list of them.",
            "anyOf": [one(), { "type": "array", "items": one() }],
        })
    }
}
