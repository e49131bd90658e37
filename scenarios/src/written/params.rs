//! Parameters: named values with a default, and the values a sweep may give them.
//!
//! They are read in a pass of their own, because every other value may refer to them.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use crate::{
    error::{Flaw, Place},
    keyed::Keyed,
    plan::CountRange,
    words,
    yaml::{Kind, Node, Scope},
};
use vocabulary::{Chance, Length, duration_text};

/// The parameters of a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<Param>);

#[derive(Clone, Debug)]
struct Param {
    name: String,
    place: Place,
    /// The value of the default run.
    value: Node,
    vary: Vary,
}

/// What a sweep may choose from.
#[derive(Clone, Debug)]
enum Vary {
    Nothing,
    List(Vec<Node>),
    Times(Length),
    Counts(CountRange),
    /// Whole percents.
    Percents(CountRange),
}

const KEYS: &[&str] = &["reported", "chosen", "vary"];

impl Params {
    /// Reads the `params` of a document.
    pub(crate) fn read(document: &Node) -> Result<Self, Flaw> {
        let Some(params) = document.get("params").filter(|params| !params.is_null()) else {
            return Ok(Self::default());
        };
        let Kind::Map(entries) = &params.kind else {
            let what = "expected a mapping of parameters\nwrite `params: { boot: { reported: 60s, vary: 20s..3m } }`";
            return Err(Flaw::at(params.place, what));
        };
        entries
            .iter()
            .map(|(name, value)| Param::read(name, value))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Their names, in the order they are declared.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|param| param.name.as_str())
    }

    /// Chooses a value for each: what `set` says, or a draw if `drawn`, or the default.
    pub(crate) fn choose(
        &self,
        drawn: Option<Keyed>,
        set: &BTreeMap<String, String>,
    ) -> Result<Scope, Flaw> {
        let known: Vec<&str> = self.names().collect();
        if let Some(name) = set.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(Flaw::new(&words::unknown("parameter", name, &known)));
        }
        let chosen = self.0.iter().map(|param| {
            let value = match (set.get(&param.name), drawn) {
                (Some(text), _) => param.given(text)?,
                (None, Some(keyed)) => param.drawn(keyed),
                (None, None) => param.value.clone(),
            };
            Ok((param.name.clone(), value))
        });
        chosen.collect()
    }
}

impl Param {
    fn read(key: &Node, value: &Node) -> Result<Self, Flaw> {
        let name = key.text().unwrap_or_default();
        let fine = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !fine || name == "i" {
            let what = format!(
                "`{name}` cannot name a parameter\nuse letters, digits and `_`, a letter first (`$i` is the job's number)"
            );
            return Err(Flaw::at(key.place, &what));
        }
        let (default, vary) = match &value.kind {
            Kind::Map(entries) => Self::declared(value, entries)?,
            Kind::Scalar { .. } | Kind::List(_) => (value.clone(), Vary::Nothing),
        };
        Ok(Self {
            name: name.to_owned(),
            place: key.place,
            value: default,
            vary,
        })
    }

    fn declared(whole: &Node, entries: &[(Node, Node)]) -> Result<(Node, Vary), Flaw> {
        if let Some((key, _)) = entries
            .iter()
            .find(|(key, _)| !key.text().is_some_and(|key| KEYS.contains(&key)))
        {
            return Err(Flaw::at(
                key.place,
                &words::unknown("key", key.text().unwrap_or_default(), KEYS),
            ));
        }
        let default = match (whole.get("reported"), whole.get("chosen")) {
            (Some(default), None) | (None, Some(default)) => default.clone(),
            (Some(_), Some(_)) => {
                let what = "a parameter has both `reported` and `chosen`\nkeep `reported` if the source gives the figure, else `chosen`";
                return Err(Flaw::at(whole.place, what));
            }
            (None, None) => {
                let what = "a parameter needs a default\nadd `reported: …` if the source gives the figure, else `chosen: …`";
                return Err(Flaw::at(whole.place, what));
            }
        };
        let vary = whole.get("vary").map_or(Ok(Vary::Nothing), Vary::read)?;
        if whole.get("chosen").is_some() && !vary.may_give(&default) {
            let what = format!(
                "{} is not among what the parameter may vary over\nchoose one of those, or let `vary` reach it; a figure of the source is `reported`",
                default.described()
            );
            return Err(Flaw::at(default.place, &what));
        }
        Ok((default, vary))
    }

    fn given(&self, text: &str) -> Result<Node, Flaw> {
        let node = Node::parse(text).map_err(|flaw| Flaw {
            place: Some(self.place),
            ..flaw
        })?;
        Ok(node.moved_to(self.place))
    }

    fn drawn(&self, keyed: Keyed) -> Node {
        let entity = format!("param:{}", self.name);
        let between = |range: CountRange| {
            keyed.between(u64::from(range.min), u64::from(range.max), &entity, "vary")
        };
        let text = match &self.vary {
            Vary::Nothing => return self.value.clone(),
            Vary::List(values) => {
                let index = keyed.bits(&entity, "vary") % values.len() as u64;
                return values[usize::try_from(index).expect("an index of a list in memory")]
                    .clone();
            }
            Vary::Times(length) => duration_text(keyed.within(*length, &entity, "vary")),
            Vary::Counts(range) => between(*range).to_string(),
            Vary::Percents(range) => format!("{}%", between(*range)),
        };
        Node {
            kind: Kind::Scalar { text, plain: true },
            place: self.place,
        }
    }
}

impl Vary {
    /// Whether a sweep might give this value. What cannot be read as one is found where it is used.
    fn may_give(&self, value: &Node) -> bool {
        let text = value.text().unwrap_or_default();
        let within = |range: &CountRange, given: CountRange| {
            (range.min..=range.max).contains(&given.min) && given.max <= range.max
        };
        match self {
            Self::Nothing => true,
            Self::List(values) => values.iter().any(|other| same(other, value)),
            Self::Times(range) => Length::parse(text)
                .is_ok_and(|given| range.min <= given.min && given.max <= range.max),
            Self::Counts(range) => CountRange::parse(text).is_ok_and(|given| within(range, given)),
            Self::Percents(range) => Chance::parse(text).is_ok_and(|given| {
                let percents = given.0 * 100.0;
                (f64::from(range.min) - 1e-9..=f64::from(range.max) + 1e-9).contains(&percents)
            }),
        }
    }

    fn read(node: &Node) -> Result<Self, Flaw> {
        let text = match &node.kind {
            Kind::List(values) if !values.is_empty() => return Ok(Self::List(values.clone())),
            Kind::Scalar { text, .. } if text.contains("..") => text,
            Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_) => {
                let what = "`vary` is neither a range nor a list\nwrite `20s..3m`, `2..40`, `1%..20%` or `[1m, 5m, 1h]`";
                return Err(Flaw::at(node.place, what));
            }
        };
        let bare = |part: &str| {
            Chance::parse(part.trim())
                .ok()
                .map(|_| part.trim().trim_end_matches('%').to_owned())
        };
        let range = if text.contains('%') {
            let (from, to) = text.split_once("..").unwrap_or((text, text));
            match (bare(from), bare(to)) {
                (Some(from), Some(to)) => {
                    CountRange::parse(&format!("{from}..{to}")).map(Self::Percents)
                }
                _ => Err(format!(
                    "`{text}` is not a range of shares\nwrite whole percents: `1%..20%`"
                )),
            }
        } else if text
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.' || b == b' ')
        {
            CountRange::parse(text).map(Self::Counts)
        } else {
            Length::parse(text).map(Self::Times)
        };
        range.map_err(|what| Flaw::at(node.place, &what))
    }
}

/// Whether two nodes say the same, wherever they stand.
fn same(one: &Node, other: &Node) -> bool {
    let texts = one.text().is_some() && one.text() == other.text();
    texts || one.clone().moved_to(one.place) == other.clone().moved_to(one.place)
}

impl<'de> Deserialize<'de> for Params {
    /// Accepts whatever is there: the pass before this one has read it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|IgnoredAny| Self::default())
    }
}

impl JsonSchema for Params {
    fn schema_name() -> Cow<'static, str> {
        "Params".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let value = serde_json::json!({ "type": ["string", "number", "boolean", "array"] });
        json_schema!({
            "description": "Named values, used as $name.",
            "type": "object",
            "additionalProperties": { "anyOf": [value, {
                "type": "object",
                "properties": {
                    "reported": { "description": "A figure of the source." },
                    "chosen": { "description": "Our guess where the source gives no figure." },
                    "vary": {
                        "description": "What a sweep draws from: a range, or a list of values.",
                        "type": ["string", "array"],
                    },
                },
                "oneOf": [{ "required": ["reported"] }, { "required": ["chosen"] }],
                "additionalProperties": false,
            }] },
        })
    }
}
