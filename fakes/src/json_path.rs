//! JSON text opened one level at a time: changing what stands at a [`JsonPath`] of it.
//!
//! What is not changed keeps its bytes and its order, so that a bent answer differs from the honest one
//! in the lie alone.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use vocabulary::{JsonPath, Segment};

use crate::json_text::push_string;

/// The JSON with `value` at every place this path leads to, or nothing if that changes nothing. Places that are not there are
/// not made.
pub(crate) fn set_at(path: &JsonPath, json: &str, value: &str) -> Option<String> {
    let segments: Vec<Segment<'_>> = path.segments().collect();
    set(json, &segments, value)
}

fn set(json: &str, path: &[Segment<'_>], value: &str) -> Option<String> {
    let Some((first, rest)) = path.split_first() else {
        return (json != value).then(|| value.to_owned());
    };
    let mut opened = Opened::read(json)?;
    let mut changed = false;
    for part in opened.parts(*first) {
        if let Some(new) = set(part, rest, value) {
            *part = Cow::Owned(new);
            changed = true;
        }
    }
    changed.then(|| opened.to_text())
}

/// An object or a list, its parts still text.
#[derive(Clone, Debug)]
pub(crate) enum Opened<'a> {
    Object(Vec<(String, Cow<'a, str>)>),
    List(Vec<Cow<'a, str>>),
}

impl<'a> Opened<'a> {
    /// Opens an object or a list; anything else, and what is no JSON, has nothing to open.
    pub(crate) fn read(json: &'a str) -> Option<Self> {
        match json.trim_start().as_bytes().first() {
            Some(b'{') => serde_json::from_str::<Members<'a>>(json)
                .ok()
                .map(|members| Self::Object(members.0)),
            Some(b'[') => serde_json::from_str::<Vec<&'a RawValue>>(json)
                .ok()
                .map(|items| {
                    Self::List(
                        items
                            .into_iter()
                            .map(|item| Cow::Borrowed(item.get()))
                            .collect(),
                    )
                }),
            _ => None,
        }
    }

    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    push_string(&mut out, name);
                    out.push(':');
                    out.push_str(value);
                }
                out.push('}');
            }
            Self::List(items) => {
                out.push('[');
                out.push_str(&items.join(","));
                out.push(']');
            }
        }
        out
    }

    /// The parts a segment leads to.
    fn parts(&mut self, segment: Segment<'_>) -> Vec<&mut Cow<'a, str>> {
        match (self, segment) {
            (Self::Object(members), Segment::Every) => {
                members.iter_mut().map(|(_, value)| value).collect()
            }
            (Self::Object(members), Segment::Named(wanted)) => members
                .iter_mut()
                .filter(|(name, _)| name.as_str() == wanted)
                .map(|(_, value)| value)
                .collect(),
            (Self::List(items), Segment::Every) => items.iter_mut().collect(),
            (Self::List(items), Segment::Named(number)) => number
                .parse()
                .ok()
                .and_then(|number: usize| items.get_mut(number))
                .into_iter()
                .collect(),
        }
    }
}

/// The members of an object in their order, which a map would lose.
struct Members<'a>(Vec<(String, Cow<'a, str>)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((name, Cow::Borrowed(value.get())));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(json: &str, path: &str, value: &str) -> Option<String> {
        set_at(&JsonPath::new(path), json, value)
    }

    #[test]
    fn a_path_changes_its_place_and_no_other_byte() {
        let json = r#"{"z":1.50,"a":{"id":9007199254740993,"b":[true, null]}}"#;
        assert_eq!(
            changed(json, "a.id", "0").unwrap(),
            r#"{"z":1.50,"a":{"id":0,"b":[true, null]}}"#
        );
        assert_eq!(
            changed(json, "a.b.1", "7").unwrap(),
            r#"{"z":1.50,"a":{"id":9007199254740993,"b":[true,7]}}"#
        );
    }

    #[test]
    fn a_star_means_every_element() {
        let json = r#"{"runners":[{"busy":true},{"id":2},{"busy":true}]}"#;
        assert_eq!(
            changed(json, "runners.*.busy", "false").unwrap(),
            r#"{"runners":[{"busy":false},{"id":2},{"busy":false}]}"#
        );
    }

    #[test]
    fn what_is_not_there_is_not_made_and_what_is_so_already_is_no_lie() {
        for (path, value) in [("b", "1"), ("a.b", "1"), ("a", "[]"), ("a.0", "1")] {
            assert_eq!(changed(r#"{"a":[]}"#, path, value), None, "{path}");
        }
        assert_eq!(changed("not json", "a", "1"), None);
    }
}
