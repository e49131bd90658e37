//! The small values of the language: text as it is, names, chances, and anything together with its place.

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use crate::{
    error::Place,
    forms::{OneOrMany, one_or_many},
    time::written_as_text,
};

/// Text in which `$` means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename = "$verbatim")]
#[schemars(transparent)]
pub(crate) struct Verbatim(pub(crate) String);

/// Reads text in which `$` means nothing.
pub(crate) fn verbatim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Verbatim::deserialize(deserializer).map(|text| text.0)
}

/// Reads a mapping to texts in which `$` means nothing.
pub(crate) fn verbatim_values<'de, D: Deserializer<'de>>(
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
pub(crate) struct Json(pub(crate) serde_json::Value);

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
pub(crate) struct Value(pub(crate) serde_json::Value);

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

/// A path into a JSON value, as a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(transparent)]
pub(crate) struct JsonPath(pub(crate) String);

impl<'de> Deserialize<'de> for JsonPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        if path.split('.').all(|part| !part.trim().is_empty()) {
            return Ok(Self(path));
        }
        Err(D::Error::custom(format!(
            "`{path}` is not a path into JSON\nwrite keys with dots between them: `busy`, `workflow_job.id`, `runners.*.busy`"
        )))
    }
}

/// A value together with the place it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlaceAndValue<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for PlaceAndValue<T> {
            type Value = Placed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Placed<T>, A::Error> {
                let mut number = || parts.next_element::<usize>().map(Option::unwrap_or_default);
                let (line, column) = (number()?, number()?);
                let place = Place {
                    line,
                    column,
                    offset: number()?,
                    length: number()?,
                };
                let value = parts.next_element()?;
                let value =
                    value.expect("the value follows its place in the one deserializer there is");
                Ok(Placed { value, place })
            }
        }
        deserializer.deserialize_newtype_struct("$placed", PlaceAndValue(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One name or a list of names, each with its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(pub(crate) Vec<Placed<String>>);

/// The names of [`Names`], before those that stand alone have a place.
struct Unplaced(Vec<Placed<String>>);

impl OneOrMany for Unplaced {
    type Item = Placed<String>;

    const FORMS: &'static str = "one word or a list of words";

    fn item<E: Error>(name: &str) -> Result<Placed<String>, E> {
        Ok(Placed {
            value: name.to_owned(),
            place: Place::default(),
        })
    }

    fn of_items<E: Error>(names: Vec<Placed<String>>) -> Result<Self, E> {
        Ok(Self(names))
    }
}

impl<'de> Deserialize<'de> for Unplaced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_many(deserializer)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Placed::<Unplaced>::deserialize(deserializer)?;
        let mut names = whole.value.0;
        for name in &mut names {
            // One word alone stands where the whole value stands.
            if name.place == Place::default() {
                name.place = whole.place;
            }
        }
        Ok(Self(names))
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One word or a list of words.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        })
    }
}

/// A probability or a share, from 0 to 1: `0.05` or `5%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Chance(pub(crate) f64);

impl Chance {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bad =
            || format!("`{text}` is not a chance or a share\nwrite `5%`, or a number from 0 to 1");
        let (number, scale) = match text.strip_suffix('%') {
            Some(percent) => (percent, 100.0),
            None => (text, 1.0),
        };
        let number: f64 = number.trim().parse().map_err(|_| bad())?;
        let chance = number / scale;
        if (0.0..=1.0).contains(&chance) {
            Ok(Self(chance))
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

mod as_text {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    use super::{Chance, written_as_text};

    written_as_text!(
        Chance,
        "Chance",
        Chance::parse,
        ["number", "string"],
        "A probability or a share: 5%, or a number from 0 to 1."
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_lies_between_nothing_and_certainty() {
        assert_eq!(Chance::parse("5%"), Ok(Chance(0.05)));
        assert_eq!(Chance::parse("0.05"), Ok(Chance(0.05)));
        for text in ["120%", "-1%", "1.1", "NaN", "half"] {
            assert!(Chance::parse(text).is_err(), "{text}");
        }
    }
}
