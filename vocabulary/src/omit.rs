//! [`Omit`]: which items a lie leaves out of a listing, written `all` or `{ share: 20% }`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error, ser::SerializeMap};

use crate::{
    chance::Chance,
    forms::{TextOrParts, text_or_parts},
};

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

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OmitShare {
    /// The share that is missing, drawn per item: an item is missing from every answer or from none.
    share: Chance,
}

impl TextOrParts for Omit {
    type Parts = OmitShare;

    const FORMS: &'static str = "`all`, or a `share`";

    fn of_text<E: Error>(word: &str) -> Result<Self, E> {
        match word {
            "all" => Ok(Self::All),
            _ => Err(E::unknown_variant(word, &["all", "{ share: 20% }"])),
        }
    }

    fn of_parts<E: Error>(written: OmitShare) -> Result<Self, E> {
        Ok(Self::Share(written.share.0))
    }
}

impl<'de> Deserialize<'de> for Omit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_parts(deserializer)
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
