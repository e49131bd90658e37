//! Values that can be written in more than one form: a word or its parts, one item or a list.
//!
//! A type says what it makes of each form; the reading, and what is said of any other form, stands here once.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// A value that is written as a text, or as a mapping with its parts.
pub trait TextOrParts: Sized {
    /// Its parts.
    type Parts: for<'de> Deserialize<'de>;

    /// The two forms, as an error names them.
    const FORMS: &'static str;

    /// What a text means.
    ///
    /// # Errors
    /// It means nothing.
    fn of_text<E: Error>(text: &str) -> Result<Self, E>;

    /// What the parts come to.
    ///
    /// # Errors
    /// They do not fit together.
    fn of_parts<E: Error>(parts: Self::Parts) -> Result<Self, E>;
}

/// Reads it in either form.
///
/// # Errors
/// It is in neither form, or what is written there is wrong.
pub fn text_or_parts<'de, T: TextOrParts, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Forms<T>(PhantomData<T>);
    impl<'de, T: TextOrParts> Visitor<'de> for Forms<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::FORMS)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::of_text(text)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::of_parts(T::Parts::deserialize(MapAccessDeserializer::new(map))?)
        }
    }
    deserializer.deserialize_any(Forms(PhantomData))
}

/// A value that is written as one item, or as a list of them.
pub trait OneOrMany: Sized {
    /// One of them.
    type Item: for<'de> Deserialize<'de>;

    /// The two forms, as an error names them.
    const FORMS: &'static str;

    /// What a text alone means.
    ///
    /// # Errors
    /// It means nothing.
    fn item<E: Error>(text: &str) -> Result<Self::Item, E>;

    /// What the items come to.
    ///
    /// # Errors
    /// They do not fit together.
    fn of_items<E: Error>(items: Vec<Self::Item>) -> Result<Self, E>;
}

/// Reads it in either form.
///
/// # Errors
/// It is in neither form, or what is written there is wrong.
pub fn one_or_many<'de, T: OneOrMany, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Forms<T>(PhantomData<T>);
    impl<'de, T: OneOrMany> Visitor<'de> for Forms<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::FORMS)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::of_items(vec![T::item(text)?])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = list.next_element()? {
                items.push(item);
            }
            T::of_items(items)
        }
    }
    deserializer.deserialize_any(Forms(PhantomData))
}
