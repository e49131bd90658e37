//! From a [`Node`] to any type, through serde.
//!
//! Parameters are put in on the way: a value that is `$name` becomes the parameter's value, and `$name` inside a text
//! becomes its text. Four names of newtypes are known: `$verbatim` (no parameters), `$json` (any JSON value, no
//! parameters), `$value` (any JSON value) and `$placed` (the value together with its place).

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Expected, Unexpected, Visitor},
};

use super::{
    access::{Entries, Items, PlaceAndValue, Word},
    node::{Kind, Node},
};
use crate::{
    error::{Flaw, Place},
    words,
};

/// The parameters in scope, each with its value.
pub(crate) type Scope = BTreeMap<String, Node>;

/// Decodes a node.
pub(crate) fn decode<'de, T: Deserialize<'de>>(
    node: &'de Node,
    scope: &'de Scope,
) -> Result<T, Flaw> {
    T::deserialize(Target::new(node, scope))
}

/// Decodes a node in which `$` means nothing.
pub(crate) fn decode_verbatim<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, Flaw> {
    T::deserialize(Target {
        node,
        place: node.place,
        scope: None,
        json: false,
    })
}

/// A node about to be decoded.
#[derive(Clone, Copy)]
pub(crate) struct Target<'de> {
    pub(super) node: &'de Node,
    /// Where it is used; differs from the node's own place for a parameter's value.
    pub(super) place: Place,
    scope: Option<&'de Scope>,
    json: bool,
}

impl<'de> Target<'de> {
    fn new(node: &'de Node, scope: &'de Scope) -> Self {
        Self {
            node,
            place: node.place,
            scope: Some(scope),
            json: false,
        }
    }

    /// Another node read the same way.
    pub(super) fn sibling(&self, node: &'de Node) -> Self {
        Self {
            node,
            place: node.place,
            ..*self
        }
    }

    /// A key: parameters have no business there.
    pub(super) fn key(&self, node: &'de Node) -> Self {
        Self {
            node,
            place: node.place,
            scope: None,
            json: false,
        }
    }

    /// The value of the parameter, if this is the name of one.
    fn resolved(self) -> Result<Self, Flaw> {
        let (Some(scope), Kind::Scalar { text, .. }) = (self.scope, &self.node.kind) else {
            return Ok(self);
        };
        let Some((name, "")) = text.strip_prefix('$').and_then(split_name) else {
            return Ok(self);
        };
        if name == JOB_NUMBER {
            return Ok(self);
        }
        // Without a scope from here on, so that a parameter cannot contain itself.
        let node = self.lookup(scope, name)?;
        Ok(Self {
            node,
            scope: None,
            ..self
        })
    }

    fn lookup(&self, scope: &'de Scope, name: &str) -> Result<&'de Node, Flaw> {
        scope.get(name).ok_or_else(|| {
            let known: Vec<&str> = scope.keys().map(String::as_str).collect();
            let what = if known.is_empty() {
                format!("unknown parameter `${name}`\ndeclare it: `params: {{ {name}: {{ chosen: … }} }}`")
            } else {
                words::unknown("parameter", name, &known)
            };
            Flaw::at(self.place, &what)
        })
    }

    /// The text of a scalar, with the parameters put in.
    fn text(self) -> Result<Cow<'de, str>, Flaw> {
        let Some(text) = self.node.text().filter(|_| !self.node.is_null()) else {
            return Err(self.expected("text"));
        };
        let Some(scope) = self.scope.filter(|_| text.contains('$')) else {
            return Ok(text.into());
        };
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            whole.push_str(before);
            match split_name(after) {
                Some((name, tail)) if name != JOB_NUMBER => {
                    let value = self.lookup(scope, name)?;
                    let part = value.text().ok_or_else(|| {
                        let what =
                            format!("the parameter `${name}` is {}, not text", value.described());
                        Flaw::at(self.place, &what)
                    })?;
                    whole.push_str(part);
                    rest = tail;
                }
                _ => {
                    whole.push('$');
                    rest = after;
                }
            }
        }
        whole.push_str(rest);
        Ok(whole.into())
    }

    fn expected(&self, what: &str) -> Flaw {
        Flaw::at(
            self.place,
            &format!("expected {what}, found {}", self.node.described()),
        )
    }

    fn entries(self, fields: Option<&[&str]>) -> Result<Entries<'de>, Flaw> {
        match &self.node.kind {
            Kind::Map(entries) => Ok(Entries::new(self, entries)),
            // `world:` with nothing below it is an empty mapping.
            Kind::Scalar { .. } if self.node.is_null() => Ok(Entries::new(self, &[])),
            Kind::Scalar { .. } | Kind::List(_) => {
                let mut flaw = self.expected("a mapping");
                flaw.help = fields.map(|fields| match fields {
                    [] => "it takes no keys: write `{}`, or nothing".to_owned(),
                    fields => format!("known keys: {}", fields.join(", ")),
                });
                Err(flaw)
            }
        }
    }

    fn number<T: std::str::FromStr>(self, what: &str, help: &str) -> Result<T, Flaw> {
        let target = self.resolved()?;
        let text = target.node.text().unwrap_or_default();
        text.trim().parse().map_err(|_| Flaw {
            help: Some(help.to_owned()),
            ..target.expected(what)
        })
    }

    /// A scalar by the rules of JSON: null, a truth value, a number, or text.
    fn visit_json<V: Visitor<'de>>(self, text: &str, visitor: V) -> Result<V::Value, Flaw> {
        let plain = matches!(self.node.kind, Kind::Scalar { plain: true, .. });
        if !plain {
            return visitor.visit_str(text);
        }
        if self.node.is_null() {
            return visitor.visit_unit();
        }
        if let Ok(truth) = text.parse::<bool>() {
            return visitor.visit_bool(truth);
        }
        // Only what JSON calls a number: `1_000`, `0x1f`, `+1`, `.5` and `inf` are text.
        match serde_json::from_str::<serde_json::Number>(text) {
            Ok(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::MAX)),
            },
            Err(_) => visitor.visit_str(text),
        }
    }
}

/// What `$i` stands for is known only once jobs are named.
const JOB_NUMBER: &str = "i";

/// Splits `boot and more` into a parameter's name and the rest.
fn split_name(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    Some(text.split_at(end))
}

/// Numbers: the text of the scalar must be one.
macro_rules! numbers {
    ($($method:ident => $visit:ident: $type:ty, $what:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
            let number = self.number::<$type>($what, "write digits only, such as `3`")?;
            visitor.$visit(number).map_err(|flaw: Flaw| flaw.or_at(self.place))
        })*
    };
}

impl<'de> Deserializer<'de> for Target<'de> {
    type Error = Flaw;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        let target = self.resolved()?;
        let result = match &target.node.kind {
            Kind::Scalar { text, .. } if target.json => target.visit_json(text, visitor),
            Kind::Scalar { .. } if target.node.is_null() => visitor.visit_unit(),
            Kind::Scalar { .. } => visitor.visit_str(&target.text()?),
            Kind::List(items) => visitor.visit_seq(Items::new(target, items)),
            Kind::Map(entries) => visitor.visit_map(Entries::new(target, entries)),
        };
        result.map_err(|flaw: Flaw| flaw.or_at(target.place))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        visitor.visit_bool(self.number(
            "`true` or `false`",
            "`yes`, `no`, `on` and `off` are words of older YAML",
        )?)
    }

    numbers! {
        deserialize_u8 => visit_u64: u64, "a whole number";
        deserialize_u16 => visit_u64: u64, "a whole number";
        deserialize_u32 => visit_u64: u64, "a whole number";
        deserialize_u64 => visit_u64: u64, "a whole number";
        deserialize_i8 => visit_i64: i64, "a whole number";
        deserialize_i16 => visit_i64: i64, "a whole number";
        deserialize_i32 => visit_i64: i64, "a whole number";
        deserialize_i64 => visit_i64: i64, "a whole number";
        deserialize_f32 => visit_f64: f64, "a number";
        deserialize_f64 => visit_f64: f64, "a number";
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        let target = self.resolved()?;
        visitor
            .visit_str(&target.text()?)
            .map_err(|flaw: Flaw| flaw.or_at(target.place))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        if self.node.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Flaw> {
        let result = match name {
            "$placed" => visitor.visit_seq(PlaceAndValue::new(self)),
            "$json" => visitor.visit_newtype_struct(Self {
                scope: None,
                json: true,
                ..self
            }),
            "$value" => visitor.visit_newtype_struct(Self { json: true, ..self }),
            "$verbatim" => visitor.visit_newtype_struct(Self {
                scope: None,
                ..self
            }),
            _ => visitor.visit_newtype_struct(self),
        };
        result.map_err(|flaw: Flaw| flaw.or_at(self.place))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        let target = self.resolved()?;
        let items = match &target.node.kind {
            Kind::List(items) => items.as_slice(),
            Kind::Scalar { .. } if target.node.is_null() => &[],
            Kind::Scalar { .. } | Kind::Map(_) => {
                let mut flaw = target.expected("a list");
                flaw.help = Some("write `[one, two]`, or one `- ` line for each".to_owned());
                return Err(flaw);
            }
        };
        visitor
            .visit_seq(Items::new(target, items))
            .map_err(|flaw: Flaw| flaw.or_at(target.place))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        let target = self.resolved()?;
        visitor
            .visit_map(target.entries(None)?)
            .map_err(|flaw: Flaw| flaw.or_at(target.place))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Flaw> {
        let target = self.resolved()?;
        let entries = target.entries(Some(fields))?;
        visitor
            .visit_map(entries)
            .map_err(|flaw: Flaw| flaw.or_at(target.place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Flaw> {
        let target = self.resolved()?;
        let word = target.text().map_err(|mut flaw| {
            flaw.help = Some(format!("one of: {}", variants.join(", ")));
            flaw
        })?;
        if !variants.contains(&&*word) {
            let mut what = String::new();
            // `AssignmentPolicy` reads as "assignment policy".
            for c in name.chars() {
                if c.is_uppercase() && !what.is_empty() {
                    what.push(' ');
                }
                what.extend(c.to_lowercase());
            }
            return Err(Flaw::at(
                target.place,
                &words::unknown(&what, &word, variants),
            ));
        }
        visitor
            .visit_enum(Word(word.into_owned()))
            .map_err(|flaw: Flaw| flaw.or_at(target.place))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Flaw {}

impl Error for Flaw {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(&text.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unit => "nothing".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Map => "a mapping".to_owned(),
            Unexpected::Str(text) => format!("`{text}`"),
            other => other.to_string(),
        };
        Self::new(&format!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unsigned(number) => format!("`{number}`"),
            Unexpected::Signed(number) => format!("`{number}`"),
            other => other.to_string(),
        };
        let help = match expected.to_string().contains("nonzero") {
            true => "the smallest number here is 1",
            false => "write a smaller number",
        };
        Self::new(&format!("{found} is out of range\n{help}"))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(&words::unknown("word", word, known))
    }

    fn unknown_field(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(&words::unknown("key", word, known))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(&format!(
            "the key `{field}` is missing here\nadd `{field}: …`"
        ))
    }
}
