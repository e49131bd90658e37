//! [`Omit`]: which items a lie leaves out of a listing, written `all` or `{ share: 20% }`.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
    ser::SerializeMap,
};

use crate::chance::Chance;

/// Which items are missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Omit {
    /// All.
    All,
    /// A share, from 0 to 1, drawn per item: an item is missing from every struck answer or from none.
    Share(f64),
}

impl Serialize for Omit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Share(share) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("share", share)?;
                map.end()
            }
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OmitShare {
    /// The share that is missing, drawn per item: an item is missing from every answer or from none.
    share: Chance,
}

impl<'de> Deserialize<'de> for Omit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrShare;
        impl<'de> Visitor<'de> for WordOrShare {
            type Value = Omit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all`, or a `share`")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Omit, E> {
                match word {
                    "all" => Ok(Omit::All),
                    _ => Err(E::unknown_variant(word, &["all", "{ share: 20% }"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Omit, A::Error> {
                let written = OmitShare::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Omit::Share(written.share.0))
            }
        }
        deserializer.deserialize_any(WordOrShare)
    }
}

impl JsonSchema for Omit {
    fn schema_name() -> Cow<'static, str> {
        "Omit".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let share = generator.subschema_for::<OmitShare>();
        json_schema!({ "anyOf": [{ "enum": ["all"] }, share] })
    }
}
