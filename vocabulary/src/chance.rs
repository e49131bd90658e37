//! [`Chance`]: a probability or a share.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::written_as_text;

/// A probability or a share, from 0 to 1: `0.05` or `5%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance(pub f64);

impl Chance {
    /// Reads `5%` or `0.05`. The error is a sentence, a line break, and how to mend it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad =
            || format!("`{text}` is not a chance or a share\nwrite `5%`, or a number from 0 to 1");
        let (number, scale) = match text.strip_suffix('%') {
            Some(percent) => (percent, 100.0),
            None => (text, 1.0),
        };
        let number: f64 = number.trim().parse().map_err(|_| bad())?;
        let chance = number / scale;
        if (0.0..=1.0).contains(&chance) {
            Ok(Self(chance))
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

written_as_text!(
    Chance,
    "Chance",
    Chance::parse,
    ["number", "string"],
    "A probability or a share: 5%, or a number from 0 to 1."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_lies_between_nothing_and_certainty() {
        assert_eq!(Chance::parse("5%"), Ok(Chance(0.05)));
        assert_eq!(Chance::parse("0.05"), Ok(Chance(0.05)));
        for text in ["120%", "-1%", "1.1", "NaN", "half"] {
            assert!(Chance::parse(text).is_err(), "{text}");
        }
    }
}
