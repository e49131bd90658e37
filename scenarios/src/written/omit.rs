//! Which items a lie leaves out of a listing: `all`, or `{ share: 20% }`.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use vocabulary::Omit;

use super::Chance;

/// [`Omit`], as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Omission(pub(crate) Omit);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OmitShare {
    /// The share that is missing, drawn per item: an item is missing from every answer or from none.
    share: Chance,
}

impl<'de> Deserialize<'de> for Omission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrShare;
        impl<'de> Visitor<'de> for WordOrShare {
            type Value = Omission;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all`, or a `share`")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Omission, E> {
                match word {
                    "all" => Ok(Omission(Omit::All)),
                    _ => Err(E::unknown_variant(word, &["all", "{ share: 20% }"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Omission, A::Error> {
                let written = OmitShare::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Omission(Omit::Share(written.share.0)))
            }
        }
        deserializer.deserialize_any(WordOrShare)
    }
}

impl JsonSchema for Omission {
    fn schema_name() -> Cow<'static, str> {
        "Omit".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let share = generator.subschema_for::<OmitShare>();
        json_schema!({ "anyOf": [{ "enum": ["all"] }, share] })
    }
}
