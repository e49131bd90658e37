//! The faults of a plan: where ([`Fault::to`]), when, how often, and with which [`Effect`] the world is bent.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
    ser::SerializeMap,
};
use vocabulary::{EffectKind, Omit, RunnerPoint, Tamper};

use super::when::{HfMoment, Trigger};
use crate::{
    time::{Fixed, Length, Shift},
    written::{verbatim, verbatim_values},
};

/// One way in which the world is bent.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The places it strikes, counted together: `webhook`, `store`, `runner`, `hf.schedule`, or calls by name (`hf.*`
    /// for all of HF, `runner.*` for the runner's own).
    pub to: Vec<String>,
    /// When it begins; from the start, if missing.
    pub from: Option<Trigger>,
    /// When it ends; never, if missing.
    pub until: Option<Trigger>,
    /// How often it strikes at most.
    pub times: Option<u32>,
    /// With which probability (0 to 1) it strikes what matches.
    pub chance: Option<f64>,
    /// True if it is fine that it never strikes. Otherwise that is news.
    pub may_miss: bool,
    /// What it strikes only.
    pub only: Only,
    /// What it does.
    pub effect: Effect,
    /// The line of the file it was read from; not part of the plan itself.
    pub line: usize,
}

/// What a fault strikes only; a missing part narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Only {
    /// These jobs. An empty list strikes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<Vec<String>>,
    /// Deliveries with this action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What concerns this repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// HF jobs of this flavor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flavor: Option<String>,
}

impl Only {
    fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A delivery never arrives.
    Drop(DropMode),
    /// It comes later by this much, drawn per delivery, call or HF job.
    Delay(Length),
    /// A delivery comes again, so much later.
    Duplicate {
        /// How much later.
        after: Length,
    },
    /// Each delivery is late by a time drawn from zero to this.
    Reorder {
        /// The longest time.
        within: Length,
    },
    /// A call has no effect and gets this answer; for a delivery, what GitHub gets instead of the dispatcher's answer.
    Answer(Answer),
    /// A call has no effect and is never answered.
    NoAnswer,
    /// A call has no effect and its connection is reset.
    Reset,
    /// A call has its effect; then the answer is lost or replaced.
    AfterEffect(AfterEffect),
    /// Other values, by path: in a delivery before it is signed, in a call's honest answer.
    Pretend(BTreeMap<String, serde_json::Value>),
    /// Items are missing from the answer to a call that lists.
    Omit(Omit),
    /// The order of a listing changes between two pages: one item comes twice, another never.
    SlipPages,
    /// A call has its effect; its honest answer breaks off half way.
    Truncate,
    /// A call is answered as it would have been so long ago, drawn per call.
    Stale(Length),
    /// A stream falls silent, and its connection stays open.
    Stall {
        /// So long after it began.
        after: Length,
    },
    /// A stream ends as if all had been said.
    EndEarly {
        /// So long after it began.
        after: Length,
    },
    /// The dispatcher's disk has no room: writing fails.
    Full,
    /// The dispatcher's disk fails: writing and reading do.
    Broken,
    /// A delivery is changed after it was signed.
    Tamper(Tamper),
    /// A delivery is held back until the fault ends; an HF job gets no hardware until then.
    Hold,
    /// An HF job stays in SCHEDULING for ever, while its log says that it started.
    Stuck {
        /// From one such line to the next.
        every: Fixed,
    },
    /// An HF job is RUNNING, and its container never starts.
    Limbo,
    /// The platform ends an HF job that it had accepted.
    Fail(Failing),
    /// The runner's process never exits after its job.
    Hang,
    /// The runner's process stops for ever, whatever it was at.
    Freeze(Moment),
    /// The runner's process dies.
    Die(Moment),
    /// The runner's process dies, and its container starts from the beginning.
    Restart(Moment),
    /// Nothing reaches the runner, and none of its calls is answered.
    LoseNetwork {
        /// From when on.
        from: Moment,
        /// How long.
        lasts: Length,
    },
    /// The clock of the runner's container is ahead by this much, or behind.
    WrongClock(Shift),
}

impl Effect {
    /// Its row in the table of effects.
    #[must_use]
    pub const fn kind(&self) -> EffectKind {
        match self {
            Self::Drop(_) => EffectKind::Drop,
            Self::Delay(_) => EffectKind::Delay,
            Self::Duplicate { .. } => EffectKind::Duplicate,
            Self::Reorder { .. } => EffectKind::ReorderWithin,
            Self::SlipPages => EffectKind::ReorderList,
            Self::Answer(_) => EffectKind::Answer,
            Self::NoAnswer => EffectKind::NoAnswer,
            Self::Reset => EffectKind::Reset,
            Self::AfterEffect(_) => EffectKind::AfterEffect,
            Self::Pretend(_) => EffectKind::Pretend,
            Self::Omit(_) => EffectKind::Omit,
            Self::Truncate => EffectKind::Truncate,
            Self::Stale(_) => EffectKind::Stale,
            Self::Stall { .. } => EffectKind::Stall,
            Self::EndEarly { .. } => EffectKind::EndEarly,
            Self::Full => EffectKind::Full,
            Self::Broken => EffectKind::Broken,
            Self::Tamper(_) => EffectKind::Tamper,
            Self::Hold => EffectKind::Hold,
            Self::Stuck { .. } => EffectKind::Stuck,
            Self::Limbo => EffectKind::Limbo,
            Self::Fail(_) => EffectKind::Fail,
            Self::Hang => EffectKind::Hang,
            Self::Freeze(_) => EffectKind::Freeze,
            Self::Die(_) => EffectKind::Die,
            Self::Restart(_) => EffectKind::Restart,
            Self::LoseNetwork { .. } => EffectKind::LoseNetwork,
            Self::WrongClock(_) => EffectKind::WrongClock,
        }
    }

    /// The word of the language for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        self.kind().key()
    }
}

/// A time in the life of a runner's process: so long after a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The moment.
    pub at: RunnerPoint,
    /// How long after it.
    pub after: Length,
}

/// [`Moment`] and what else belongs to it, as it is written: defaults are left out where something remains.
#[derive(Serialize)]
struct WrittenMoment<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<RunnerPoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Length>,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    lasts: Option<&'a Length>,
}

impl<'a> WrittenMoment<'a> {
    fn new(Moment { at, after }: Moment, lasts: Option<&'a Length>) -> Self {
        let at = Some(at).filter(|at| *at != RunnerPoint::default());
        let is_alone = at.is_none() && lasts.is_none();
        let after = Some(after).filter(|after| *after != Length::default() || is_alone);
        Self { at, after, lasts }
    }
}

/// How the platform ends an HF job that it had accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failing {
    /// How long after its creation, however far it has come by then.
    pub after: Length,
    /// The stage it is left in.
    pub stage: HfMoment,
    /// HF's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// HF's `cancelReason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<CancelReason>,
}

/// A reason for which HF cancels a job of its own accord, in HF's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancelReason {
    /// The balance is used up.
    NoCredits,
    /// The account has no subscription that allows it.
    NoSubscription,
    /// The resource group may spend no more.
    ResourceGroupLimit,
}

impl CancelReason {
    /// As HF writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCredits => "NO_CREDITS",
            Self::NoSubscription => "NO_SUBSCRIPTION",
            Self::ResourceGroupLimit => "RESOURCE_GROUP_LIMIT",
        }
    }

    /// What HF says with it, where that is known
    /// (<https://huggingface.co/docs/hub/security-resource-groups>).
    pub(crate) const fn message(self) -> Option<&'static str> {
        match self {
            Self::ResourceGroupLimit => Some("Resource group spend limit reached"),
            Self::NoCredits | Self::NoSubscription => None,
        }
    }
}

/// How a delivery gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DropMode {
    /// GitHub's delivery log shows a failure.
    Logged,
    /// It was never sent, and the log does not know it.
    Unlogged,
}

/// An answer that a fault gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status code.
    #[serde(deserialize_with = "status_code")]
    pub status: u16,
    /// Headers.
    #[serde(
        default,
        deserialize_with = "verbatim_values",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(
        default,
        deserialize_with = "verbatim",
        skip_serializing_if = "String::is_empty"
    )]
    pub body: String,
}

fn status_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        code @ 200..600 => Ok(code),
        code => Err(D::Error::custom(format!(
            "`{code}` is not the status of an answer\nuse one from 200 to 599"
        ))),
    }
}

/// What becomes of the answer to a call that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterEffect {
    /// The connection is reset.
    Reset,
    /// It never comes.
    NoAnswer,
    /// Another one comes.
    Answer(Answer),
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("to", &self.to)?;
        if let Some(from) = &self.from {
            map.serialize_entry("from", from)?;
        }
        if let Some(until) = &self.until {
            map.serialize_entry("until", until)?;
        }
        if let Some(times) = self.times {
            map.serialize_entry("times", &times)?;
        }
        if let Some(chance) = self.chance {
            map.serialize_entry("chance", &chance)?;
        }
        if self.may_miss {
            map.serialize_entry("may_miss", &true)?;
        }
        if !self.only.is_all() {
            map.serialize_entry("for", &self.only)?;
        }
        let within = |key, length: &Length| BTreeMap::from([(key, *length)]);
        match &self.effect {
            Effect::Drop(mode) => map.serialize_entry("drop", mode)?,
            Effect::Delay(length) => map.serialize_entry("delay", length)?,
            Effect::Duplicate { after } => {
                map.serialize_entry("duplicate", &within("after", after))?;
            }
            Effect::Reorder { within: length } => {
                map.serialize_entry("reorder", &within("within", length))?;
            }
            Effect::Answer(answer) => map.serialize_entry("answer", answer)?,
            Effect::NoAnswer => map.serialize_entry("no_answer", &true)?,
            Effect::Reset => map.serialize_entry("reset", &true)?,
            Effect::AfterEffect(after) => map.serialize_entry("after_effect", after)?,
            Effect::Pretend(values) => map.serialize_entry("pretend", values)?,
            Effect::Omit(omit) => map.serialize_entry("omit", omit)?,
            Effect::SlipPages => {
                map.serialize_entry("reorder", &BTreeMap::from([("list", true)]))?;
            }
            Effect::Truncate => map.serialize_entry("truncate", &true)?,
            Effect::Stale(by) => map.serialize_entry("stale", by)?,
            Effect::Stall { after } => map.serialize_entry("stall", &within("after", after))?,
            Effect::EndEarly { after } => {
                map.serialize_entry("end_early", &within("after", after))?;
            }
            Effect::Full => map.serialize_entry("full", &true)?,
            Effect::Broken => map.serialize_entry("broken", &true)?,
            Effect::Tamper(tamper) => map.serialize_entry("tamper", tamper)?,
            Effect::Hold => map.serialize_entry("hold", &true)?,
            Effect::Stuck { every } => {
                map.serialize_entry("stuck", &BTreeMap::from([("every", *every)]))?;
            }
            Effect::Limbo => map.serialize_entry("limbo", &true)?,
            Effect::Fail(failing) => map.serialize_entry("fail", failing)?,
            Effect::Hang => map.serialize_entry("hang", &true)?,
            Effect::Freeze(at) => map.serialize_entry("hang", &WrittenMoment::new(*at, None))?,
            Effect::Die(at) => map.serialize_entry("die", &WrittenMoment::new(*at, None))?,
            Effect::Restart(at) => {
                map.serialize_entry("restart", &WrittenMoment::new(*at, None))?;
            }
            Effect::LoseNetwork { from, lasts } => {
                map.serialize_entry("lose_network", &WrittenMoment::new(*from, Some(lasts)))?;
            }
            Effect::WrongClock(ahead) => map.serialize_entry("wrong_clock", ahead)?,
        }
        map.end()
    }
}

impl Serialize for AfterEffect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Reset => serializer.serialize_str("reset"),
            Self::NoAnswer => serializer.serialize_str("no_answer"),
            Self::Answer(answer) => answer.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AfterEffect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrAnswer;
        impl<'de> Visitor<'de> for WordOrAnswer {
            type Value = AfterEffect;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`reset`, `no_answer`, or an answer with a `status`")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<AfterEffect, E> {
                match word {
                    "reset" => Ok(AfterEffect::Reset),
                    "no_answer" => Ok(AfterEffect::NoAnswer),
                    _ => Err(E::unknown_variant(
                        word,
                        &["reset", "no_answer", "{ status: … }"],
                    )),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AfterEffect, A::Error> {
                Answer::deserialize(MapAccessDeserializer::new(map)).map(AfterEffect::Answer)
            }
        }
        deserializer.deserialize_any(WordOrAnswer)
    }
}

impl JsonSchema for AfterEffect {
    fn schema_name() -> Cow<'static, str> {
        "AfterEffect".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let answer = generator.subschema_for::<Answer>();
        json_schema!({ "anyOf": [{ "enum": ["reset", "no_answer"] }, answer] })
    }
}
