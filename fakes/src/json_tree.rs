//! JSON as a tree that borrows its texts where they stand as they are meant: most of a request's do.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// The fields of an object, in the order of their names, each once.
pub(crate) type Members<'a> = [(Cow<'a, str>, Json<'a>)];

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Flag(bool),
    /// A number without a fraction or an exponent, as far as it fits.
    Whole(i64),
    /// Any other.
    Other(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    pub(crate) fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Null
            | Self::Whole(_)
            | Self::Other(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Object(_) => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null
            | Self::Flag(_)
            | Self::Whole(_)
            | Self::Other(_)
            | Self::List(_)
            | Self::Object(_) => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Null
            | Self::Flag(_)
            | Self::Whole(_)
            | Self::Other(_)
            | Self::Text(_)
            | Self::Object(_) => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Members<'a>> {
        match self {
            Self::Object(members) => Some(members),
            Self::Null
            | Self::Flag(_)
            | Self::Whole(_)
            | Self::Other(_)
            | Self::Text(_)
            | Self::List(_) => None,
        }
    }
}

/// The field of this name.
pub(crate) fn member<'m, 'a>(members: &'m Members<'a>, name: &str) -> Option<&'m Json<'a>> {
    let found = members.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value)
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Json<'de>, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Whole(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(number).map_or(Json::Other(number as f64), Json::Whole))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Json::Other(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Json<'de>, S::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Json<'de>, M::Error> {
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        let mut is_sorted = true;
        while let Some(Name(name)) = object.next_key()? {
            is_sorted = is_sorted && members.last().is_none_or(|(last, _)| *last < name);
            members.push((name, object.next_value()?));
        }
        if !is_sorted {
            // Of fields with one name the last counts: it is the first once they stand the other way round.
            members.reverse();
            members.sort_by(|(name, _), (other, _)| name.cmp(other));
            members.dedup_by(|(name, _), (before, _)| name == before);
        }
        Ok(Json::Object(members))
    }
}

/// The name of a field.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfField;

        impl<'de> Visitor<'de> for OfField {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(OfField)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The same as serde_json's own tree says it.
    fn held_against(json: &Json<'_>, value: &Value) {
        match (json, value) {
            (Json::Null, Value::Null) => {}
            (Json::Flag(flag), Value::Bool(other)) => assert_eq!(flag, other),
            (Json::Whole(whole), Value::Number(number)) => {
                assert_eq!(Some(*whole), number.as_i64());
            }
            (Json::Other(other), Value::Number(number)) => {
                assert_eq!((None, Some(*other)), (number.as_i64(), number.as_f64()));
            }
            (Json::Text(text), Value::String(other)) => assert_eq!(text, other),
            (Json::List(items), Value::Array(others)) => {
                assert_eq!(items.len(), others.len());
                for (item, other) in items.iter().zip(others) {
                    held_against(item, other);
                }
            }
            (Json::Object(members), Value::Object(others)) => {
                assert!(members.iter().map(|(name, _)| name).eq(others.keys()));
                for (name, other) in others {
                    held_against(member(members, name).unwrap(), other);
                }
            }
            (json, value) => panic!("{json:?} is not {value}"),
        }
    }

    #[test]
    fn a_tree_says_what_serde_jsons_own_says() {
        for text in [
            "null",
            "[true, false, 0, -0, 7, -7, 1.0, 1e3, -1.5, 9223372036854775807, 9223372036854775808]",
            "[18446744073709551615, 18446744073709551616, -9223372036854775808, -9223372036854775809]",
            r#"{"b": 1, "a": {"z": [], "y": {}, "z": 2}, "c": "plain", "b": "the \n last", "\u0061": 3}"#,
            r#"{"": "", "a\"b": ["\ud83d\ude80 x", "ünïcödé"]}"#,
        ] {
            let json: Json<'_> = serde_json::from_str(text).unwrap();
            held_against(&json, &serde_json::from_str(text).unwrap());
        }
    }

    #[test]
    fn what_is_no_json_is_refused_at_the_same_place() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{1:2}",
            "\"\\x\"",
            "1e999",
            "[1] 2",
            "nul",
        ] {
            let wrong = serde_json::from_str::<Json<'_>>(text).unwrap_err();
            let other = serde_json::from_str::<Value>(text).unwrap_err();
            assert_eq!(
                (wrong.line(), wrong.column()),
                (other.line(), other.column()),
                "{text}"
            );
        }
    }
}
