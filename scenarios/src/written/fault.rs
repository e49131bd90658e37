//! A fault as it is written: a place, conditions, and exactly one effect.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};

use super::{
    omit::Omission,
    scalars::{Chance, JsonPath, Names, Placed, Value, Verbatim},
    timeline::Moment,
};
use crate::{
    plan::{AfterEffect, Answer, CancelReason, DropMode, HfMoment, RunnerPoint, Tamper},
    time::{Fixed, Length, Shift},
};

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
    /// A delivery never arrives.
    pub(crate) drop: Option<DropMode>,
    /// It comes later by this much.
    pub(crate) delay: Option<Length>,
    /// A delivery comes again.
    pub(crate) duplicate: Option<After>,
    /// Deliveries overtake each other (`within`), or a listing's order changes between two pages (`list`).
    pub(crate) reorder: Option<Reorder>,
    /// This answer instead of the real one; the call has no effect.
    pub(crate) answer: Option<Answer>,
    /// No effect, and never an answer.
    #[serde(default)]
    pub(crate) no_answer: bool,
    /// No effect, and the connection is reset.
    #[serde(default)]
    pub(crate) reset: bool,
    /// The call takes effect; then its answer is lost (`reset`, `no_answer`) or replaced.
    pub(crate) after_effect: Option<AfterEffect>,
    /// False values by path (`busy: false`, `workflow_job.id: 0`, `runners.*.status: offline`), in a delivery before it
    /// is signed or in the honest answer to a call. One key means every item of a listing that has it.
    pub(crate) pretend: Option<BTreeMap<JsonPath, Value>>,
    /// Items are missing from a listing.
    pub(crate) omit: Option<Omission>,
    /// The call takes effect; its honest answer breaks off half way.
    #[serde(default)]
    pub(crate) truncate: bool,
    /// The call is answered as it would have been so long ago.
    pub(crate) stale: Option<Length>,
    /// The answer is a stream, and nothing more comes after so long; its connection stays open.
    pub(crate) stall: Option<After>,
    /// The answer is a stream, and it ends after so long as if all had been said.
    pub(crate) end_early: Option<After>,
    /// The dispatcher's disk has no room: what it writes fails.
    #[serde(default)]
    pub(crate) full: bool,
    /// The dispatcher's disk fails: nothing can be written or read.
    #[serde(default)]
    pub(crate) broken: bool,
    /// The delivery is changed after it was signed.
    pub(crate) tamper: Option<Tamper>,
    /// Deliveries are held back until the fault ends, and then all come at once. HF jobs get no hardware until then.
    #[serde(default)]
    pub(crate) hold: bool,
    /// HF jobs stay in SCHEDULING for ever, while their logs say that they started.
    pub(crate) stuck: Option<Stuck>,
    /// HF jobs are RUNNING, and their containers never start.
    #[serde(default)]
    pub(crate) limbo: bool,
    /// The platform ends HF jobs that it had accepted.
    pub(crate) fail: Option<Fail>,
    /// The runner's process never exits after its job (`true`), or stops for ever at some moment.
    pub(crate) hang: Option<Hang>,
    /// The runner's process dies, so long after a moment of its life.
    pub(crate) die: Option<LifeMoment>,
    /// The runner's process dies, and its container starts from the beginning.
    pub(crate) restart: Option<LifeMoment>,
    /// Nothing reaches the runner for a while, and none of its calls is answered.
    pub(crate) lose_network: Option<Outage>,
    /// The clock of the runner's container is ahead by this much, or behind if it is negative. GitHub refuses one that
    /// is off by more than five minutes.
    pub(crate) wrong_clock: Option<Shift>,
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

/// Something happens so much later.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    /// How much later.
    pub(crate) after: Length,
}

/// What is ordered otherwise: deliveries (`within`) or a listing (`list`).
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reorder {
    /// Each delivery is late by a time drawn from zero to this.
    pub(crate) within: Option<Length>,
    /// Between two pages of a listing one item comes to the front: it is seen twice, and another never.
    #[serde(default)]
    pub(crate) list: bool,
}

/// An HF job is stuck in SCHEDULING.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stuck {
    /// From one "Job started" in its log to the next.
    pub(crate) every: Fixed,
}

/// The platform ends an HF job.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fail {
    /// How long after its creation, however far it has come by then.
    pub(crate) after: Length,
    /// The stage it is left in: `error`, or `canceled` if a reason for that is given.
    pub(crate) stage: Option<Placed<HfMoment>>,
    /// HF's message.
    pub(crate) message: Option<Verbatim>,
    /// HF's `cancelReason`.
    pub(crate) cancel_reason: Option<CancelReason>,
}

/// A time in the life of a runner's process.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LifeMoment {
    /// The moment; its boot, if missing.
    pub(crate) at: Option<RunnerPoint>,
    /// How long after it; at once, if missing.
    pub(crate) after: Option<Length>,
}

/// A runner's network is down.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outage {
    /// The moment it begins; the runner's boot, if missing.
    pub(crate) at: Option<RunnerPoint>,
    /// How long after it; at once, if missing.
    pub(crate) after: Option<Length>,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub(crate) lasts: Length,
}

/// A runner's process does not exit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hang {
    /// After its job, or not at all.
    AfterJob(bool),
    /// It stops at some moment.
    At(LifeMoment),
}

impl<'de> Deserialize<'de> for Hang {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TruthOrMoment;
        impl<'de> Visitor<'de> for TruthOrMoment {
            type Value = Hang;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, or a moment with `at` and `after`")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Hang, E> {
                let hangs = word.parse();
                hangs
                    .map(Hang::AfterJob)
                    .map_err(|_| E::invalid_type(Unexpected::Str(word), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Hang, A::Error> {
                LifeMoment::deserialize(MapAccessDeserializer::new(map)).map(Hang::At)
            }
        }
        deserializer.deserialize_any(TruthOrMoment)
    }
}

impl JsonSchema for Hang {
    fn schema_name() -> Cow<'static, str> {
        "Hang".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let moment = generator.subschema_for::<LifeMoment>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, moment] })
    }
}
