//! [`Moment`]: a time in the life of a runner's process, and what is written with one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected},
};

use crate::{
    forms::{TextOrParts, text_or_parts},
    runner_point::RunnerPoint,
    schema::schema_is_that_of,
    time::Length,
};

/// A time in the life of a runner's process: so long after a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "LifeMoment")]
pub struct Moment {
    /// The moment.
    pub at: RunnerPoint,
    /// How long after it.
    pub after: Length,
}

/// A time in the life of a runner's process.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LifeMoment {
    /// The moment; its boot, if missing.
    at: Option<RunnerPoint>,
    /// How long after it; at once, if missing.
    after: Option<Length>,
}

schema_is_that_of!(LifeMoment, Moment);

impl TryFrom<LifeMoment> for Moment {
    type Error = &'static str;

    fn try_from(LifeMoment { at, after }: LifeMoment) -> Result<Self, &'static str> {
        if at.is_none() && after.is_none() {
            return Err(
                "this does not say when\nwrite `{ at: listening }`, `{ after: 10s }`, or both",
            );
        }
        Ok(Self {
            at: at.unwrap_or_default(),
            after: after.unwrap_or_default(),
        })
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::new(self.at, self.after, None).serialize(serializer)
    }
}

/// A moment and what else belongs to it, as it is written: defaults are left out where something remains.
#[derive(Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<RunnerPoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Length>,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    lasts: Option<Length>,
}

impl Written {
    fn new(at: RunnerPoint, after: Length, lasts: Option<Length>) -> Self {
        let at = Some(at).filter(|at| *at != RunnerPoint::default());
        let is_alone = at.is_none() && lasts.is_none();
        let after = Some(after).filter(|after| *after != Length::default() || is_alone);
        Self { at, after, lasts }
    }
}

/// A runner's network is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenOutage")]
pub struct Outage {
    /// The moment it begins.
    pub at: RunnerPoint,
    /// How long after it.
    pub after: Length,
    /// How long it lasts.
    pub lasts: Length,
}

/// A runner's network is down.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Outage")]
struct WrittenOutage {
    /// The moment it begins; the runner's boot, if missing.
    at: Option<RunnerPoint>,
    /// How long after it; at once, if missing.
    after: Option<Length>,
    /// How long it lasts.
    #[serde(rename = "for")]
    lasts: Length,
}

schema_is_that_of!(WrittenOutage, Outage);

impl From<WrittenOutage> for Outage {
    fn from(written: WrittenOutage) -> Self {
        Self {
            at: written.at.unwrap_or_default(),
            after: written.after.unwrap_or_default(),
            lasts: written.lasts,
        }
    }
}

impl Outage {
    /// When it begins.
    #[must_use]
    pub const fn from(&self) -> Moment {
        Moment {
            at: self.at,
            after: self.after,
        }
    }
}

impl Serialize for Outage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::new(self.at, self.after, Some(self.lasts)).serialize(serializer)
    }
}

/// A runner's process does not exit, as it is written.
#[derive(Clone, Copy, Debug)]
pub enum Hang {
    /// After its job, or not at all.
    AfterJob(bool),
    /// It stops at some moment.
    At(Moment),
}

impl TextOrParts for Hang {
    type Parts = Moment;

    const FORMS: &'static str = "`true`, or a moment with `at` and `after`";

    fn of_text<E: Error>(word: &str) -> Result<Self, E> {
        let hangs = word.parse();
        hangs
            .map(Self::AfterJob)
            .map_err(|_| E::invalid_type(Unexpected::Str(word), &Self::FORMS))
    }

    fn of_parts<E: Error>(moment: Moment) -> Result<Self, E> {
        Ok(Self::At(moment))
    }
}

impl<'de> Deserialize<'de> for Hang {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_parts(deserializer)
    }
}

impl JsonSchema for Hang {
    fn schema_name() -> Cow<'static, str> {
        "Hang".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let moment = generator.subschema_for::<Moment>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, moment] })
    }
}
