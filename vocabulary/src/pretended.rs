//! [`Pretended`]: the false values of a lie.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{json_path::JsonPath, text::Value};

/// False values, by path.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Pretended(pub BTreeMap<JsonPath, serde_json::Value>);

impl<const N: usize> From<[(&str, serde_json::Value); N]> for Pretended {
    fn from(values: [(&str, serde_json::Value); N]) -> Self {
        let values = values.into_iter();
        Self(
            values
                .map(|(path, value)| (JsonPath::new(path), value))
                .collect(),
        )
    }
}

impl<'de> Deserialize<'de> for Pretended {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = BTreeMap::<JsonPath, Value>::deserialize(deserializer)?;
        if values.is_empty() {
            return Err(D::Error::custom(
                "`pretend` says nothing\nwrite what is to be false: `pretend: { busy: false }`",
            ));
        }
        let values = values.into_iter().map(|(path, value)| (path, value.0));
        Ok(Self(values.collect()))
    }
}

impl JsonSchema for Pretended {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pretended".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<JsonPath, Value>::json_schema(generator)
    }
}
