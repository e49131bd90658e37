//! [`JsonPath`]: places in a JSON value.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// Places in a JSON value: keys and positions with dots between them, `*` for every element or member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct JsonPath(String);

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A member of an object, or the element of a list with this number, from 0.
    Named(&'a str),
    /// All of them.
    Every,
}

impl JsonPath {
    /// The path that is written like this: `workflow_job.id`, `runners.*.busy`, `labels.0`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.0.split('.').map(|part| match part {
            "*" => Segment::Every,
            name => Segment::Named(name),
        })
    }

    /// Whether it is one key and nothing else.
    #[must_use]
    pub fn is_one_key(&self) -> bool {
        let mut segments = self.segments();
        matches!(
            (segments.next(), segments.next()),
            (Some(Segment::Named(_)), None)
        )
    }
}

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
