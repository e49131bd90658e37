//! The halves of serde's protocol that walk lists, mappings, words and places.

use std::slice;

use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
    value::{StringDeserializer, U64Deserializer},
};

use super::{decode::Target, node::Node};
use crate::error::Flaw;

/// Walks a list.
pub(super) struct Items<'de> {
    list: Target<'de>,
    items: slice::Iter<'de, Node>,
}

impl<'de> Items<'de> {
    pub(super) fn new(list: Target<'de>, items: &'de [Node]) -> Self {
        Self {
            list,
            items: items.iter(),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Flaw;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Flaw> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let item = self.list.sibling(item);
        seed.deserialize(item)
            .map(Some)
            .map_err(|flaw| flaw.or_at(item.place))
    }
}

/// Walks a mapping.
pub(super) struct Entries<'de> {
    map: Target<'de>,
    entries: slice::Iter<'de, (Node, Node)>,
    value: Option<&'de Node>,
}

impl<'de> Entries<'de> {
    pub(super) fn new(map: Target<'de>, entries: &'de [(Node, Node)]) -> Self {
        Self {
            map,
            entries: entries.iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Flaw;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Flaw> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let key = self.map.key(key);
        seed.deserialize(key)
            .map(Some)
            .map_err(|flaw| flaw.or_at(key.place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Flaw> {
        let value = self
            .value
            .take()
            .expect("serde asks for a value only after its key");
        let value = self.map.sibling(value);
        seed.deserialize(value)
            .map_err(|flaw| flaw.or_at(value.place))
    }
}

/// Hands out the four numbers of a place, then the value that stands there.
pub(super) struct PlaceAndValue<'de> {
    value: Target<'de>,
    part: usize,
}

impl<'de> PlaceAndValue<'de> {
    pub(super) fn new(value: Target<'de>) -> Self {
        Self { value, part: 0 }
    }
}

impl<'de> SeqAccess<'de> for PlaceAndValue<'de> {
    type Error = Flaw;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Flaw> {
        let place = self.value.place;
        let number = match self.part {
            0 => place.line,
            1 => place.column,
            2 => place.offset,
            3 => place.length,
            _ => return seed.deserialize(self.value).map(Some),
        };
        self.part += 1;
        let number: U64Deserializer<Flaw> = (number as u64).into_deserializer();
        seed.deserialize(number).map(Some)
    }
}

/// A word out of a list of words.
pub(super) struct Word(pub(super) String);

impl<'de> EnumAccess<'de> for Word {
    type Error = Flaw;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Flaw> {
        let word: StringDeserializer<Flaw> = self.0.clone().into_deserializer();
        Ok((seed.deserialize(word)?, self))
    }
}

impl<'de> VariantAccess<'de> for Word {
    type Error = Flaw;

    fn unit_variant(self) -> Result<(), Flaw> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Flaw> {
        Err(self.only_words())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Flaw> {
        Err(self.only_words())
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Flaw> {
        Err(self.only_words())
    }
}

impl Word {
    fn only_words(&self) -> Flaw {
        Flaw::new(&format!("the word `{}` must stand alone here", self.0))
    }
}
