//! The small values of the language: names, and anything together with its place.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use vocabulary::{OneOrMany, one_or_many};

use crate::error::Place;

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
