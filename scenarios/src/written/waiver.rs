//! A waiver as it is written: all of its four keys, or none of it.

use std::{borrow::Cow, fmt};

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use vocabulary::{PROPERTIES, verbatim};

use super::{expect::Property, scalars::Placed};
use crate::words;

/// A property that is not judged.
#[derive(Clone, Debug)]
pub(crate) struct Waiver {
    pub(crate) property: Placed<Property>,
    pub(crate) reason: String,
    pub(crate) link: String,
    pub(crate) expires: Date,
}

/// A key of a waiver.
#[derive(Clone, Copy)]
enum Key {
    Property,
    Reason,
    Link,
    Expires,
}

const KEYS: &[&str] = &["property", "reason", "link", "expires"];

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        match key.as_str() {
            "property" => Ok(Self::Property),
            "reason" => Ok(Self::Reason),
            "link" => Ok(Self::Link),
            "expires" => Ok(Self::Expires),
            name if PROPERTIES.contains(&name) => Err(D::Error::custom(format!(
                "a waiver has a reason, a link and an end, and `{name}: …` has no room for them\nwrite `waive: {{ property: {name}, reason: …, link: …, expires: 2026-12-31 }}`, or a list of such"
            ))),
            _ => Err(D::Error::custom(words::unknown("key", &key, KEYS))),
        }
    }
}

impl<'de> Deserialize<'de> for Waiver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Waiver;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`{ property: …, reason: …, link: …, expires: 2026-12-31 }`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Waiver, A::Error> {
                let (mut property, mut reason, mut link, mut expires) = (None, None, None, None);
                while let Some(key) = map.next_key()? {
                    match key {
                        Key::Property => property = Some(map.next_value()?),
                        Key::Reason => reason = Some(map.next_value::<Said>()?.0),
                        Key::Link => link = Some(map.next_value::<Said>()?.0),
                        Key::Expires => expires = Some(map.next_value::<Day>()?.0),
                    }
                }
                Ok(Waiver {
                    property: property.ok_or_else(|| Error::missing_field("property"))?,
                    reason: reason.ok_or_else(|| Error::missing_field("reason"))?,
                    link: link.ok_or_else(|| Error::missing_field("link"))?,
                    expires: expires.ok_or_else(|| {
                        A::Error::custom(
                            "the key `expires` is missing here\nadd the last day on which the waiver is good: `expires: 2026-12-31`",
                        )
                    })?,
                })
            }
        }
        deserializer.deserialize_any(Entries)
    }
}

/// A text that says something.
struct Said(String);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = verbatim(deserializer)?;
        if text.trim().is_empty() {
            let what = "nothing is said here\nwrite a sentence for the reason, and an address or a ticket for the link";
            return Err(D::Error::custom(what));
        }
        Ok(Self(text))
    }
}

/// A day, `2026-12-31` and nothing shorter.
struct Day(Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = text.parse::<Date>().ok();
        let day = day.filter(|day| day.to_string() == text);
        day.map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is not a day\nwrite the year, the month and the day: `2026-12-31`"
            ))
        })
    }
}

impl JsonSchema for Waiver {
    fn schema_name() -> Cow<'static, str> {
        "Waiver".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A property that is not judged.",
            "type": "object",
            "properties": {
                "property": { "enum": PROPERTIES },
                "reason": { "type": "string", "description": "Why it is not judged." },
                "link": { "type": "string", "description": "Where that is written down." },
                "expires": {
                    "type": "string",
                    "description": "The last day on which the waiver is good: 2026-12-31.",
                    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                },
            },
            "required": KEYS,
            "additionalProperties": false,
        })
    }
}
