//! Text and values in which `$` means nothing, or stands for a parameter. The reader of scenario files knows them by the names
//! of their newtypes.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// Text in which `$` means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename = "$verbatim")]
#[schemars(transparent)]
pub struct Verbatim(pub String);

/// Reads text in which `$` means nothing.
///
/// # Errors
/// It is no text.
pub fn verbatim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Verbatim::deserialize(deserializer).map(|text| text.0)
}

/// Reads a mapping to texts in which `$` means nothing.
///
/// # Errors
/// It is no mapping to texts.
pub fn verbatim_values<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let values = BTreeMap::<String, Verbatim>::deserialize(deserializer)?;
    Ok(values
        .into_iter()
        .map(|(name, value)| (name, value.0))
        .collect())
}

/// Any JSON value, in which `$` means nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename = "$json")]
pub struct Json(pub serde_json::Value);

impl JsonSchema for Json {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// Any JSON value; `$name` alone stands for a parameter.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename = "$value")]
pub struct Value(pub serde_json::Value);

impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::from(true)
    }
}
