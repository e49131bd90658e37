//! How long a new HF job takes until its runner connects: in parts, and per flavor.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};

use vocabulary::{Length, TextOrParts, text_or_parts};

use super::spread::Spread;
use crate::words;

/// The cold start of each flavor; `default` stands for the flavors not named and is always there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColdStarts(pub BTreeMap<String, ColdStart>);

impl ColdStarts {
    const DEFAULT: &'static str = "default";

    /// The cold start of a flavor.
    #[must_use]
    pub fn of(&self, flavor: &str) -> ColdStart {
        let known = self.0.get(flavor).or_else(|| self.0.get(Self::DEFAULT));
        known.copied().unwrap_or_default()
    }

    fn with_default(mut starts: BTreeMap<String, ColdStart>) -> Self {
        starts.entry(Self::DEFAULT.to_owned()).or_default();
        Self(starts)
    }
}

impl Default for ColdStarts {
    fn default() -> Self {
        Self::with_default(BTreeMap::new())
    }
}

/// The three parts of a cold start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ColdStart {
    /// From the create call to the hardware.
    pub schedule: Spread,
    /// From the hardware to RUNNING: the image is pulled.
    #[serde(default = "none", skip_serializing_if = "Spread::is_none")]
    pub pull: Spread,
    /// From RUNNING to the runner's connection.
    pub boot: Spread,
}

impl ColdStart {
    /// A total, split as 70 % scheduling and 30 % boot.
    #[must_use]
    pub fn of_total(total: Length) -> Self {
        Self {
            schedule: total.part(7, 10).into(),
            pull: Spread::NONE,
            boot: total.part(3, 10).into(),
        }
    }
}

impl Default for ColdStart {
    fn default() -> Self {
        Self::of_total(Length::millis(30_000, 90_000))
    }
}

/// Its parts, as they are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColdStartParts {
    schedule: Spread,
    #[serde(default = "none")]
    pull: Spread,
    boot: Spread,
}

const fn none() -> Spread {
    Spread::NONE
}

impl TextOrParts for ColdStart {
    type Parts = ColdStartParts;

    const FORMS: &'static str = "a time, or a mapping with `schedule` and `boot`";

    fn of_text<E: Error>(text: &str) -> Result<Self, E> {
        Length::parse(text).map(Self::of_total).map_err(E::custom)
    }

    fn of_parts<E: Error>(parts: ColdStartParts) -> Result<Self, E> {
        Ok(Self {
            schedule: parts.schedule,
            pull: parts.pull,
            boot: parts.boot,
        })
    }
}

impl<'de> Deserialize<'de> for ColdStart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_parts(deserializer)
    }
}

/// A key of `cold_start`: a flavor, or a part of the cold start of all flavors.
enum StartKey {
    Of(String),
    Schedule,
    Pull,
    Boot,
}

impl<'de> Deserialize<'de> for StartKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        let known = words::flavors_and_default();
        match key.as_str() {
            "schedule" => Ok(Self::Schedule),
            "pull" => Ok(Self::Pull),
            "boot" => Ok(Self::Boot),
            flavor if known.contains(&flavor) => Ok(Self::Of(key)),
            _ => Err(D::Error::custom(words::unknown("flavor", &key, &known))),
        }
    }
}

/// The parts of the cold start of all flavors, as far as they were written.
#[derive(Default)]
struct Parts {
    schedule: Option<Spread>,
    pull: Option<Spread>,
    boot: Option<Spread>,
}

impl Parts {
    /// What they make, if there are any; they stand `alone`, or below a flavor.
    fn of_all<E: Error>(self, alone: bool) -> Result<Option<ColdStart>, E> {
        const HOW: &str = "write `cold_start: { schedule: 40s..60s, boot: 20s..30s }`, or `{ default: { schedule: …, boot: … }, t4-small: … }`";
        match (self.schedule, self.pull, self.boot) {
            (None, None, None) => Ok(None),
            _ if !alone => Err(E::custom(format!(
                "parts of a cold start stand beside flavors\n{HOW}"
            ))),
            (Some(schedule), pull, Some(boot)) => Ok(Some(ColdStart {
                schedule,
                pull: pull.unwrap_or(Spread::NONE),
                boot,
            })),
            _ => Err(E::custom(format!(
                "a cold start needs the parts `schedule` and `boot`\n{HOW}"
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for ColdStarts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TotalOrFlavors;
        impl<'de> Visitor<'de> for TotalOrFlavors {
            type Value = ColdStarts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time, or a mapping from flavors to times")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ColdStarts, E> {
                let total = Length::parse(text).map_err(E::custom)?;
                let start = ColdStart::of_total(total);
                Ok(ColdStarts(BTreeMap::from([(
                    ColdStarts::DEFAULT.to_owned(),
                    start,
                )])))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ColdStarts, A::Error> {
                let mut starts = BTreeMap::new();
                let mut parts = Parts::default();
                while let Some(key) = map.next_key::<StartKey>()? {
                    match key {
                        StartKey::Of(flavor) => {
                            starts.insert(flavor, map.next_value()?);
                        }
                        StartKey::Schedule => parts.schedule = Some(map.next_value()?),
                        StartKey::Pull => parts.pull = Some(map.next_value()?),
                        StartKey::Boot => parts.boot = Some(map.next_value()?),
                    }
                }
                if let Some(start) = parts.of_all::<A::Error>(starts.is_empty())? {
                    starts.insert(ColdStarts::DEFAULT.to_owned(), start);
                }
                Ok(ColdStarts::with_default(starts))
            }
        }
        deserializer.deserialize_any(TotalOrFlavors)
    }
}

impl JsonSchema for ColdStarts {
    fn schema_name() -> Cow<'static, str> {
        "ColdStarts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let total = generator.subschema_for::<Length>();
        let parts = generator.subschema_for::<ColdStart>();
        json_schema!({
            "description": "How long a new HF job takes until its runner connects: a time, or per flavor.",
            "anyOf": [total, parts, {
                "type": "object",
                "propertyNames": { "enum": words::flavors_and_default() },
                "additionalProperties": { "anyOf": [total, parts] },
            }],
        })
    }
}
