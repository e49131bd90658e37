//! What a run may come to before it is ended: counts, so that the same run ends at the same event everywhere.

use std::{fmt, num::NonZeroU64};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run may come to before it is ended, undecided. What is missing has a default that grows with the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Events of the history (250,000, and 500 for each step of the plan).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Amount>,
    /// Calls of the dispatcher in any minute (20,000, and 100 for each step).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<Amount>,
    /// The same, of one name (10,000, and 50 for each step).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_of_one: Option<Amount>,
    /// Bytes that the lab has to keep: 512 for each event, and all requests, webhooks and logs (256M, and 100k for each
    /// step).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Amount>,
}

impl Budget {
    /// True if it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This budget, and for what it leaves open the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            events: self.events.or(other.events),
            calls: self.calls.or(other.calls),
            calls_of_one: self.calls_of_one.or(other.calls_of_one),
            bytes: self.bytes.or(other.bytes),
        }
    }

    /// A budget as one writes it on a command line: `events=200000,calls=20k,bytes=256M`.
    ///
    /// # Errors
    /// What is wrong with it, and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        const HOW: &str =
            "write it as `events=200000,calls=20k,calls_of_one=5k,bytes=256M`, or some of these";
        let mut budget = Self::default();
        for part in text.split(',') {
            let (name, amount) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not NAME=COUNT\n{HOW}"))?;
            let place = match name.trim() {
                "events" => &mut budget.events,
                "calls" => &mut budget.calls,
                "calls_of_one" => &mut budget.calls_of_one,
                "bytes" => &mut budget.bytes,
                other => {
                    return Err(format!(
                        "there is no budget of `{other}`: events, calls, calls_of_one, bytes\n{HOW}"
                    ));
                }
            };
            if place.replace(Amount::parse(amount.trim())?).is_some() {
                return Err(format!("`{}` is said twice\nsay it once", name.trim()));
            }
        }
        Ok(budget)
    }
}

/// A count, not zero: `200000`, or with a unit of thousands `20k`, `256M`, `1G`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub NonZeroU64);

impl Amount {
    /// As many.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "`{text}` is not a count\nwrite a whole number above 0, with k, M or G for thousands: `200000`, `20k`, `256M`"
            )
        };
        let (digits, unit) = match text.chars().last() {
            Some('k' | 'K') => (&text[..text.len() - 1], 1_000),
            Some('M') => (&text[..text.len() - 1], 1_000_000),
            Some('G') => (&text[..text.len() - 1], 1_000_000_000),
            _ => (text, 1),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_number
            .then(|| digits.parse::<u64>().ok())
            .flatten()
            .and_then(|number| number.checked_mul(unit))
            .and_then(NonZeroU64::new);
        number.map(Self).ok_or_else(bad)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

mod as_text {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    use super::Amount;
    use vocabulary::written_as_text;

    written_as_text!(
        Amount,
        "Amount",
        Amount::parse,
        ["integer", "string"],
        "A count above 0, with k, M or G for thousands (20k)."
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_read_as_one_would_write_it() {
        let budget = Budget::parse("events=200000,calls=20k, bytes=256M").unwrap();
        let counts = [
            budget.events,
            budget.calls,
            budget.calls_of_one,
            budget.bytes,
        ];
        assert_eq!(
            counts.map(|count| count.map(Amount::get)),
            [Some(200_000), Some(20_000), None, Some(256_000_000)]
        );
    }

    #[test]
    fn a_budget_that_is_none_says_how_to_write_it() {
        for (wrong, why) in [
            ("events", "`events` is not NAME=COUNT"),
            ("wall=3m", "there is no budget of `wall`"),
            ("calls=0", "`0` is not a count"),
            ("calls=-1", "`-1` is not a count"),
            ("bytes=1.5G", "`1.5G` is not a count"),
            ("bytes=99999999999999G", "is not a count"),
            ("calls=", "`` is not a count"),
            ("calls=1,calls=2", "`calls` is said twice"),
        ] {
            let error = Budget::parse(wrong).unwrap_err();
            assert!(error.contains(why) && error.contains('\n'), "{error}");
        }
    }
}
