//! A time that is drawn: fixed, from a range, or with a tail that its quantiles state.

use std::{borrow::Cow, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use vocabulary::{Fixed, Length, TextOrParts, text_or_parts};

/// How a time is distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Fixed, or even over a range.
    Even(Length),
    /// As its quantiles say.
    Quantiles(Quantiles),
}

/// A distribution by its quantiles; between two of them it is even.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// The shortest.
    #[serde(default)]
    pub min: Fixed,
    /// The median.
    pub p50: Fixed,
    /// Nine of ten are no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<Fixed>,
    /// 19 of 20 are no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<Fixed>,
    /// 99 of a hundred are no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Fixed>,
    /// The longest.
    pub max: Fixed,
}

impl Quantiles {
    /// What is wrong with it, if its quantiles do not rise.
    fn flaw(&self) -> Option<String> {
        let stated = [
            ("min", Some(self.min)),
            ("p50", Some(self.p50)),
            ("p90", self.p90),
            ("p95", self.p95),
            ("p99", self.p99),
            ("max", Some(self.max)),
        ];
        let stated: Vec<_> = stated
            .into_iter()
            .filter_map(|(name, time)| Some((name, time?)))
            .collect();
        stated.windows(2).find_map(|pair| {
            let [(low, less), (high, more)] = pair else {
                return None;
            };
            (less > more).then(|| {
                format!("`{low}` ({less}) is longer than `{high}` ({more})\nquantiles rise from `min` to `max`")
            })
        })
    }
}

impl Spread {
    /// No time at all.
    pub(crate) const NONE: Self = Self::Even(Length::fixed(Duration::ZERO));

    /// The longest it can be.
    #[must_use]
    pub const fn max(&self) -> Duration {
        match self {
            Self::Even(length) => length.max,
            Self::Quantiles(quantiles) => quantiles.max.0,
        }
    }

    /// Whether it is no time at all.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

impl From<Length> for Spread {
    fn from(length: Length) -> Self {
        Self::Even(length)
    }
}

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Even(length) => length.serialize(serializer),
            Self::Quantiles(quantiles) => quantiles.serialize(serializer),
        }
    }
}

impl TextOrParts for Spread {
    type Parts = Quantiles;

    const FORMS: &'static str = "a time, or quantiles such as `{ p50: 20s, p95: 3m, max: 10m }`";

    fn of_text<E: Error>(text: &str) -> Result<Self, E> {
        Length::parse(text).map(Self::Even).map_err(E::custom)
    }

    fn of_parts<E: Error>(quantiles: Quantiles) -> Result<Self, E> {
        match quantiles.flaw() {
            Some(flaw) => Err(E::custom(flaw)),
            None => Ok(Self::Quantiles(quantiles)),
        }
    }
}

impl<'de> Deserialize<'de> for Spread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_parts(deserializer)
    }
}

impl JsonSchema for Spread {
    fn schema_name() -> Cow<'static, str> {
        "Spread".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let time = generator.subschema_for::<Length>();
        let quantiles = generator.subschema_for::<Quantiles>();
        json_schema!({ "anyOf": [time, quantiles] })
    }
}
