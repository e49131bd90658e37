//! [`Answer`] and [`AfterEffect`]: what a caller gets in the place of the honest answer.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{
    forms::{TextOrParts, text_or_parts},
    text::{verbatim, verbatim_values},
};

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

impl Answer {
    /// One without headers.
    #[must_use]
    pub fn of(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            body: body.to_owned(),
        }
    }
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

impl Serialize for AfterEffect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Reset => serializer.serialize_str("reset"),
            Self::NoAnswer => serializer.serialize_str("no_answer"),
            Self::Answer(answer) => answer.serialize(serializer),
        }
    }
}

impl TextOrParts for AfterEffect {
    type Parts = Answer;

    const FORMS: &'static str = "`reset`, `no_answer`, or an answer with a `status`";

    fn of_text<E: Error>(word: &str) -> Result<Self, E> {
        match word {
            "reset" => Ok(Self::Reset),
            "no_answer" => Ok(Self::NoAnswer),
            _ => Err(E::unknown_variant(
                word,
                &["reset", "no_answer", "{ status: … }"],
            )),
        }
    }

    fn of_parts<E: Error>(answer: Answer) -> Result<Self, E> {
        Ok(Self::Answer(answer))
    }
}

impl<'de> Deserialize<'de> for AfterEffect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_parts(deserializer)
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
