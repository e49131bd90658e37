//! A request's JSON body, read into a type; what does not fit is told in GitHub's words.
//!
//! GitHub checks bodies against JSON schemas, and its refusals name the schema's place, what was sent and what
//! was expected: `For 'properties/labels', "x" is not an array.` or `"name" wasn't supplied.`

use std::fmt::{self, Display, Write as _};

use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, Expected, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::Value;

use crate::json_text::read_json;

/// Longer values are not repeated in full.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// Why a body is refused.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::github) enum Unfit {
    /// It is no JSON.
    NoJson,
    /// It is JSON, but no object.
    NoObject,
    /// A field is wrong or missing.
    Field(String),
}

/// Reads a body: bad JSON comes first, then what is no object, then wrong fields.
pub(in crate::github) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unfit> {
    let value: Value = read_json(body).map_err(|_| Unfit::NoJson)?;
    if !value.is_object() {
        return Err(Unfit::NoObject);
    }
    T::deserialize(At(&value)).map_err(|wrong| Unfit::Field(wrong.to_string()))
}

/// A field that does not fit.
#[derive(Debug)]
struct Wrong {
    /// The way there in the schema, the last step first.
    way: Vec<String>,
    why: Why,
    /// What was sent, as Ruby would show it.
    sent: Option<String>,
}

#[derive(Debug)]
enum Why {
    Missing(&'static str),
    NoType(String),
    NoMember(&'static [&'static str]),
    Other,
}

impl Wrong {
    const fn new(why: Why) -> Self {
        Self {
            way: Vec::new(),
            why,
            sent: None,
        }
    }

    /// The same, one step further away.
    fn within(mut self, step: String) -> Self {
        self.way.push(step);
        self
    }

    /// Keeps what was sent, where the fault is; never a secret.
    fn at(mut self, sent: &Value) -> Self {
        if self.way.is_empty() && self.sent.is_none() {
            self.sent = Some(shown(sent));
        }
        self
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.way.is_empty() {
            let steps: Vec<&str> = self.way.iter().rev().map(String::as_str).collect();
            write!(f, "For '{}', ", steps.join("/"))?;
        }
        let is_secret = self.way.iter().any(|step| step == "properties/secret");
        let sent = self.sent.as_deref().filter(|_| !is_secret);
        let sent = sent.unwrap_or("[FILTERED]");
        match &self.why {
            Why::Missing(field) => write!(f, "\"{field}\" wasn't supplied."),
            Why::NoType(kind) => write!(f, "{sent} is not {kind}."),
            Why::NoMember(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|member| format!("\"{member}\""))
                    .collect();
                write!(f, "{sent} is not a member of [{}].", members.join(", "))
            }
            Why::Other => write!(f, "{sent} is not valid."),
        }
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    /// The words of whoever refuses a value are not GitHub's.
    fn custom<T: Display>(_words: T) -> Self {
        Self::new(Why::Other)
    }

    fn invalid_type(_sent: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::new(Why::NoType(kind_of(&wanted.to_string())))
    }

    fn invalid_value(sent: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::invalid_type(sent, wanted)
    }

    fn invalid_length(_length: usize, wanted: &dyn Expected) -> Self {
        Self::new(Why::NoType(kind_of(&wanted.to_string())))
    }

    fn unknown_variant(_sent: &str, members: &'static [&'static str]) -> Self {
        Self::new(Why::NoMember(members))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Why::Missing(field))
    }
}

/// The type of a JSON schema behind what a reader of Rust types expects.
fn kind_of(wanted: &str) -> String {
    let has = |part: &str| wanted.contains(part);
    let kind = if has("struct") || has("map") {
        "an object"
    } else if has("sequence") || has("array") || has("tuple") {
        "an array"
    } else if has("bool") {
        "a boolean"
    } else if has("string") || has("str") || has("variant") {
        "a string"
    } else if has("f64") || has("f32") {
        "a number"
    } else if has("u8") || has("16") || has("32") || has("64") || has("size") || has("integer") {
        "an integer"
    } else {
        "valid"
    };
    kind.to_owned()
}

/// A value as a refusal repeats it.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nil".to_owned(),
        // What is inside may be a secret.
        Value::Array(items) if !items.is_empty() => "[...]".to_owned(),
        Value::Object(fields) if !fields.is_empty() => "{...}".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN_CHARACTERS_MAX {
        return text;
    }
    let mut cut: String = text.chars().take(SHOWN_CHARACTERS_MAX).collect();
    let _always = cut.write_str("...");
    cut
}

/// A value, where it stands.
#[derive(Clone, Copy)]
struct At<'a>(&'a Value);

impl<'de> Deserializer<'de> for At<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let read = match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => {
                if let Some(number) = number.as_u64() {
                    visitor.visit_u64(number)
                } else if let Some(number) = number.as_i64() {
                    visitor.visit_i64(number)
                } else {
                    visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            Value::Object(fields) => visitor.visit_map(Fields {
                fields: fields.iter(),
                next: None,
            }),
        };
        read.map_err(|wrong| wrong.at(self.0))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    /// Of variants without content: GitHub knows no others.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let read = match self.0 {
            Value::String(text) => {
                let text: StrDeserializer<'_, Wrong> = text.as_str().into_deserializer();
                visitor.visit_enum(text)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Err(Wrong::new(Why::NoType("a string".to_owned()))),
        };
        read.map_err(|wrong| wrong.at(self.0))
    }

    /// Out of an object only, though a list of its values would do elsewhere.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        if self.0.is_object() {
            return self.deserialize_any(visitor);
        }
        Err(Wrong::new(Why::NoType("an object".to_owned())).at(self.0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Wrong> {
        let Some(item) = self.0.next() else {
            return Ok(None);
        };
        let read = seed.deserialize(At(item));
        read.map(Some)
            .map_err(|wrong| wrong.at(item).within("items".to_owned()))
    }
}

struct Fields<'a> {
    fields: serde_json::map::Iter<'a>,
    next: Option<(&'a String, &'a Value)>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Wrong> {
        self.next = self.fields.next();
        let Some((name, _)) = self.next else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Wrong> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let Some((name, value)) = self.next.take() else {
            return Err(Wrong::new(Why::Other));
        };
        let read = seed.deserialize(At(value));
        read.map_err(|wrong| wrong.at(value).within(format!("properties/{name}")))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Level {
        Read,
        Write,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        url: String,
        secret: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    struct Body {
        name: String,
        group: u64,
        labels: Vec<String>,
        level: Option<Level>,
        inner: Option<Inner>,
        #[serde(default)]
        flag: bool,
        since: Option<jiff::Timestamp>,
    }

    fn refusal(body: &str) -> Unfit {
        read::<Body>(body.as_bytes()).unwrap_err()
    }

    fn field(change: &str) -> String {
        let body = format!("{{\"name\": \"n\", \"group\": 1, \"labels\": [], {change}}}");
        match refusal(&body) {
            Unfit::Field(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_that_fits_is_read() {
        let text = r#"{"name": "n", "group": 1, "labels": ["a"], "level": "write", "flag": true,
            "inner": {"url": "u", "more": [1, {}]}, "since": "2026-11-03T10:00:00Z", "unknown": {"a": null}}"#;
        let body: Body = read(text.as_bytes()).unwrap();
        assert_eq!((&*body.name, body.group, &*body.labels[0]), ("n", 1, "a"));
        assert!(matches!(body.level, Some(Level::Write)) && body.flag && body.since.is_some());
        let inner = body.inner.unwrap();
        assert_eq!((&*inner.url, inner.secret), ("u", None));
        let none: Body =
            read(br#"{"name": "n", "group": 1, "labels": [], "level": null}"#).unwrap();
        assert!(none.level.is_none());
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place_and_value() {
        for body in ["", "{", "{} x", "{'a': 1}"] {
            assert_eq!(refusal(body), Unfit::NoJson, "{body}");
        }
        for body in ["[]", "1", "null", "\"{}\""] {
            assert_eq!(refusal(body), Unfit::NoObject, "{body}");
        }
        let missing = "\"group\" wasn't supplied.".to_owned();
        assert_eq!(refusal(r#"{"name": "n"}"#), Unfit::Field(missing));
        let cases = [
            (
                r#""name": null"#,
                "For 'properties/name', nil is not a string.",
            ),
            (
                r#""group": "1""#,
                "For 'properties/group', \"1\" is not an integer.",
            ),
            (
                r#""group": -1"#,
                "For 'properties/group', -1 is not an integer.",
            ),
            (
                r#""group": 1.5"#,
                "For 'properties/group', 1.5 is not an integer.",
            ),
            (
                r#""labels": "a""#,
                "For 'properties/labels', \"a\" is not an array.",
            ),
            (
                r#""labels": ["a", 2]"#,
                "For 'properties/labels/items', 2 is not a string.",
            ),
            (
                r#""flag": "yes""#,
                "For 'properties/flag', \"yes\" is not a boolean.",
            ),
            (
                r#""level": "admin""#,
                "For 'properties/level', \"admin\" is not a member of [\"read\", \"write\"].",
            ),
            (
                r#""level": 3"#,
                "For 'properties/level', 3 is not a string.",
            ),
            (
                r#""inner": []"#,
                "For 'properties/inner', [] is not an object.",
            ),
            (
                r#""inner": ["u", "hunter2"]"#,
                "For 'properties/inner', [...] is not an object.",
            ),
            (
                r#""inner": {}"#,
                "For 'properties/inner', \"url\" wasn't supplied.",
            ),
            (
                r#""inner": {"url": "u", "secret": ["hunter2"]}"#,
                "For 'properties/inner/properties/secret', [FILTERED] is not a string.",
            ),
            (
                r#""since": "soon""#,
                "For 'properties/since', \"soon\" is not valid.",
            ),
        ];
        for (change, wanted) in cases {
            assert_eq!(field(change), wanted);
        }
    }

    #[test]
    fn a_long_value_is_cut() {
        let long = format!("\"group\": \"{}\"", "x".repeat(500));
        assert!(field(&long).len() < 120);
    }
}
