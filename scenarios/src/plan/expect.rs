//! What must hold: bounds of properties, counts, budgets, and properties waived for a while.

use std::{collections::BTreeMap, fmt, num::NonZeroU32};

use serde::Serialize;

use super::{budget::Budget, waiver::Waiver};
use vocabulary::{Fixed, written_as_text};

/// What must hold besides the properties' own rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expect {
    /// How long a job that could start may wait for a runner, counted from when it could start or from the end of the
    /// last fault, whichever is later (30 minutes).
    pub served_within: Fixed,
    /// How many times `served_within` a job may wait while a fault without an end lets some tries through (2).
    pub patience: NonZeroU32,
    /// How soon a user is told of a job that a fault without an end keeps from being served, counted from the first
    /// time the fault struck it (1 hour).
    pub told_within: Fixed,
    /// How long an HF job or a registration may live without work or reason, counted like `served_within` (20 minutes).
    pub reclaimed_within: Fixed,
    /// How many requests a minute a place may get that has failed for five minutes (30).
    pub requests_per_minute: NonZeroU32,
    /// How many calls a job that is served may cost, besides a thousand an hour (100).
    pub calls_per_job: NonZeroU32,
    /// When the run ends at the latest, counted from its start (6 hours after the last time the scenario names).
    pub bound: Fixed,
    /// How long nothing may be owed and no news come before the run ends (2 minutes in virtual time, 70 seconds in
    /// real time).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle: Option<Fixed>,
    /// How many HF jobs are created in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hf_jobs: Option<CountRange>,
    /// How many deliveries were answered with each status code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, u32>,
    /// What all HF jobs may cost together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<MicroUsd>,
    /// How long all HF jobs together may be RUNNING without a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Fixed>,
    /// What the run may come to before it is ended.
    #[serde(skip_serializing_if = "Budget::is_empty")]
    pub budget: Budget,
    /// Properties not judged, each with the reason, a link and an end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waive: Vec<Waiver>,
}

/// A number, or numbers from one to another: `3`, `10..11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountRange {
    /// The smallest.
    pub min: u32,
    /// The largest.
    pub max: u32,
}

impl CountRange {
    /// Whether `count` lies in it.
    #[must_use]
    pub const fn contains(&self, count: u32) -> bool {
        self.min <= count && count <= self.max
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (min, max) = text.split_once("..").unwrap_or((text, text));
        let number = |part: &str| {
            part.trim().parse::<u32>().map_err(|_| {
                format!("`{text}` is not a number or a range of numbers\nwrite `3` or `10..11`")
            })
        };
        let (min, max) = (number(min)?, number(max)?);
        if min > max {
            return Err(format!(
                "the range `{text}` runs backwards\nwrite the smaller number first: `{max}..{min}`"
            ));
        }
        Ok(Self { min, max })
    }
}

impl fmt::Display for CountRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            return write!(f, "{}", self.min);
        }
        write!(f, "{}..{}", self.min, self.max)
    }
}

/// Money, in millionths of a US dollar; written in dollars, such as `0.05`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bad =
            || format!("`{text}` is not an amount of US dollars\nwrite a number such as `0.05`");
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 6 || whole.len() > 9 {
            return Err(bad());
        }
        let whole: u64 = whole.parse().map_err(|_| bad())?;
        let fraction: u64 = format!("{fraction:0<6}").parse().map_err(|_| bad())?;
        Ok(Self(whole * 1_000_000 + fraction))
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

mod as_text {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    use super::{CountRange, MicroUsd, written_as_text};

    written_as_text!(
        CountRange,
        "CountRange",
        CountRange::parse,
        ["integer", "string"],
        "A number, or a range of numbers (10..11)."
    );
    written_as_text!(
        MicroUsd,
        "Usd",
        MicroUsd::parse,
        ["number", "string"],
        "An amount of US dollars, such as 0.05."
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_back_to_the_millionth() {
        for text in ["0.000167", "12.500000", "0.050000"] {
            assert_eq!(MicroUsd::parse(text).unwrap().to_string(), text);
        }
        assert!(MicroUsd::parse("-1").is_err() && MicroUsd::parse("1.").is_err());
    }

    #[test]
    fn a_count_range_must_not_run_backwards() {
        assert_eq!(
            CountRange::parse("10..11"),
            Ok(CountRange { min: 10, max: 11 })
        );
        assert!(CountRange::parse("11..10").is_err());
    }
}
