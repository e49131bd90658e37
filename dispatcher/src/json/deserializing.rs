//! Values out of a text, as their types ask for them.

use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{GaveUp, REPEATED, reader::Reader};

impl<'a> Reader<'a> {
    fn list<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        self.within(b']', |reader| {
            visitor.visit_seq(Inside {
                reader,
                is_first: true,
            })
        })
    }

    fn object<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        self.within(b'}', |reader| {
            visitor.visit_map(Inside {
                reader,
                is_first: true,
            })
        })
    }
}

/// A reader for values that can only be of one kind: with any other it gives up.
macro_rules! only {
    ($($method:ident $begin:pat => $read:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
            match self.next() {
                Some($begin) => self.$read(visitor),
                _ => Err(GaveUp),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = GaveUp;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        match self.next().ok_or(GaveUp)? {
            b'"' => self.text(visitor),
            b'{' => self.object(visitor),
            b'[' => self.list(visitor),
            b'-' | b'0'..=b'9' => self.number(visitor),
            b't' => {
                self.word(b"true")?;
                visitor.visit_bool(true)
            }
            b'f' => {
                self.word(b"false")?;
                visitor.visit_bool(false)
            }
            b'n' => {
                self.word(b"null")?;
                visitor.visit_unit()
            }
            _ => Err(GaveUp),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        if self.next() == Some(b'n') {
            self.word(b"null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, GaveUp> {
        if name == REPEATED && self.next() == Some(b'{') {
            return visitor.visit_borrowed_bytes(self.step_over()?);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        self.step_over()?;
        visitor.visit_unit()
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, GaveUp> {
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, GaveUp> {
        Err(GaveUp)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, GaveUp> {
        Err(GaveUp)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, GaveUp> {
        Err(GaveUp)
    }

    only! {
        deserialize_str b'"' => text;
        deserialize_string b'"' => text;
        deserialize_identifier b'"' => text;
        deserialize_char b'"' => text;
        deserialize_seq b'[' => list;
        deserialize_map b'{' => object;
        deserialize_i8 b'-' | b'0'..=b'9' => number;
        deserialize_i16 b'-' | b'0'..=b'9' => number;
        deserialize_i32 b'-' | b'0'..=b'9' => number;
        deserialize_i64 b'-' | b'0'..=b'9' => number;
        deserialize_u8 b'-' | b'0'..=b'9' => number;
        deserialize_u16 b'-' | b'0'..=b'9' => number;
        deserialize_u32 b'-' | b'0'..=b'9' => number;
        deserialize_u64 b'-' | b'0'..=b'9' => number;
        deserialize_f32 b'-' | b'0'..=b'9' => number;
        deserialize_f64 b'-' | b'0'..=b'9' => number;
        deserialize_bool b't' | b'f' => deserialize_any;
        deserialize_unit b'n' => deserialize_any;
    }

    forward_to_deserialize_any! { i128 u128 unit_struct tuple tuple_struct }
}

/// The inside of a list or of an object.
struct Inside<'r, 'a> {
    reader: &'r mut Reader<'a>,
    is_first: bool,
}

impl Inside<'_, '_> {
    /// Goes on to what comes next, unless this is the end.
    fn goes_on(&mut self, ends: u8) -> Result<bool, GaveUp> {
        if self.reader.next() == Some(ends) {
            return Ok(false);
        }
        if !std::mem::take(&mut self.is_first) {
            self.reader.expect(b',')?;
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Inside<'_, 'de> {
    type Error = GaveUp;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, GaveUp> {
        if !self.goes_on(b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Inside<'_, 'de> {
    type Error = GaveUp;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, GaveUp> {
        if !self.goes_on(b'}')? {
            return Ok(None);
        }
        seed.deserialize(Key(self.reader)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, GaveUp> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// The name of a field.
struct Key<'r, 'a>(&'r mut Reader<'a>);

impl<'de> Deserializer<'de> for Key<'_, 'de> {
    type Error = GaveUp;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        self.0.text(visitor)
    }

    /// Held against the names of fields, which needs no proof that it is text.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        let quoted = self.0.quoted()?;
        if quoted.escapes {
            return visitor.visit_string(quoted.decoded()?);
        }
        visitor.visit_borrowed_bytes(quoted.inside)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        self.0.step_over_string()?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, GaveUp> {
        visitor.visit_newtype_struct(self)
    }

    /// A number as a name, for instance, is none of ours.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, GaveUp> {
        Err(GaveUp)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct
    }
}
