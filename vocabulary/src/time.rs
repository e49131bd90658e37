//! Lengths of time as the language writes them: `400ms`, `90s`, `1h30m`, `2d`, and ranges `60s..90s`.
//!
//! [`Length`] may be a range and is drawn, [`Fixed`] is one value, [`Skew`] may be negative, and [`Shift`] is a range of those.
//! All are whole milliseconds.

use std::{borrow::Cow, fmt, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The units, largest first, with their milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// No time in a scenario is longer than ten years; that keeps every sum of times far from overflow.
const MOST_MS: u64 = 3_660 * 86_400_000;

/// A time that is fixed (`min == max`) or drawn evenly between two bounds, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length {
    /// The shortest it can be.
    pub min: Duration,
    /// The longest it can be.
    pub max: Duration,
}

impl Length {
    /// Always `length`.
    #[must_use]
    pub const fn fixed(length: Duration) -> Self {
        Self {
            min: length,
            max: length,
        }
    }

    /// Drawn from `min` to `max` milliseconds.
    #[must_use]
    pub const fn millis(min: u64, max: u64) -> Self {
        Self {
            min: Duration::from_millis(min),
            max: Duration::from_millis(max),
        }
    }

    /// The shortest it can be, in milliseconds.
    #[must_use]
    pub fn min_ms(&self) -> u64 {
        millis(self.min)
    }

    /// The longest it can be, in milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> u64 {
        millis(self.max)
    }

    /// The part of it that `numerator` out of `denominator` is.
    #[must_use]
    pub fn part(&self, numerator: u64, denominator: u64) -> Self {
        Self::millis(
            self.min_ms() * numerator / denominator,
            self.max_ms() * numerator / denominator,
        )
    }

    /// Reads `90s` or `60s..90s`. The error is a sentence, a line break, and how to mend it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((from, to)) = text.split_once("..") else {
            return parse_duration(text).map(Self::fixed);
        };
        let (min, max) = (parse_duration(from)?, parse_duration(to)?);
        if min > max {
            return Err(format!(
                "the range `{text}` runs backwards\nwrite the shorter time first: `{}..{}`",
                to.trim(),
                from.trim()
            ));
        }
        Ok(Self { min, max })
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            return f.write_str(&duration_text(self.min));
        }
        write!(
            f,
            "{}..{}",
            duration_text(self.min),
            duration_text(self.max)
        )
    }
}

/// One length of time, never a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed(pub Duration);

impl Fixed {
    /// So many seconds.
    #[must_use]
    pub const fn secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration_text(self.0))
    }
}

/// How far a clock is ahead of the world's (behind, if negative), in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skew(pub i64);

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(
            f,
            "{sign}{}",
            duration_text(Duration::from_millis(self.0.unsigned_abs()))
        )
    }
}

/// How far a clock is ahead (behind, if negative): one time, or drawn evenly between two, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shift {
    /// The furthest behind, or the least ahead.
    pub min: Skew,
    /// The furthest ahead, or the least behind.
    pub max: Skew,
}

impl Shift {
    /// Always so many milliseconds.
    #[must_use]
    pub const fn fixed(ms: i64) -> Self {
        Self {
            min: Skew(ms),
            max: Skew(ms),
        }
    }

    /// Reads `10m`, `-10m` or `-10m..5m`.
    fn parse(text: &str) -> Result<Self, String> {
        let Some((from, to)) = text.split_once("..") else {
            return parse_skew(text).map(|skew| Self {
                min: skew,
                max: skew,
            });
        };
        let (min, max) = (parse_skew(from)?, parse_skew(to)?);
        if min > max {
            return Err(format!(
                "the range `{text}` runs backwards\nwrite the earlier time first: `{}..{}`",
                to.trim(),
                from.trim()
            ));
        }
        Ok(Self { min, max })
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            return self.min.fmt(f);
        }
        write!(f, "{}..{}", self.min, self.max)
    }
}

/// Writes a time the way the language reads it, largest unit first.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    let mut rest = millis(duration);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, size) in UNITS {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    text
}

/// Reads one time. The error is a sentence, a line break, and how to mend it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(format!(
            "the time `{text}` is negative\na time here counts forward; leave out the minus"
        ));
    }
    if !text.is_empty() && text.parse::<f64>().is_ok() {
        return Err(format!(
            "the time `{text}` has no unit\nwrite `{text}s` for seconds, or use ms, m, h or d"
        ));
    }
    let mut rest = text;
    let mut total = 0_u64;
    let mut smallest = u64::MAX;
    while !rest.is_empty() {
        let (part, size, after) = leading_part(rest).ok_or_else(|| not_a_time(text))?;
        // Units go down, so that `5m1h` and `1h1h` are seen as slips.
        if size >= smallest {
            return Err(not_a_time(text));
        }
        smallest = size;
        total = total.saturating_add(part);
        rest = after;
    }
    if text.is_empty() {
        return Err(not_a_time(text));
    }
    if total > MOST_MS {
        return Err(format!(
            "the time `{text}` is too long\nthe longest time is 3660d"
        ));
    }
    Ok(Duration::from_millis(total))
}

/// Reads a clock skew, which may be negative.
fn parse_skew(text: &str) -> Result<Skew, String> {
    let text = text.trim();
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let size = i64::try_from(millis(parse_duration(size)?)).unwrap_or(i64::MAX);
    Ok(Skew(sign * size))
}

/// Takes `1.5h` off the front: its milliseconds, the size of its unit, and what follows.
fn leading_part(text: &str) -> Option<(u64, u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(digits);
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, after) = rest.split_at(letters);
    let (_, size) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().ok()?;
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let fraction: u64 = fraction.parse().ok()?;
    let part = u128::from(size) * u128::from(fraction) / u128::from(scale);
    Some((
        whole
            .checked_mul(size)?
            .checked_add(u64::try_from(part).ok()?)?,
        size,
        after,
    ))
}

fn not_a_time(text: &str) -> String {
    format!(
        "`{text}` is not a time\nwrite a number and a unit, such as `400ms`, `90s`, `1h30m` or `2d`"
    )
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Implements the serde and schema sides of a type that is written as text. Serde's and schemars' traits are taken from where
/// it is called.
#[macro_export]
macro_rules! written_as_text {
    ($type:ty, $name:literal, $parse:expr, $kinds:expr, $about:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $parse(&text).map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": $kinds, "description": $about })
            }
        }
    };
}

/// One time; a range is refused with the reason.
fn parse_fixed(text: &str) -> Result<Fixed, String> {
    if text.contains("..") {
        return Err(format!(
            "the range `{text}` cannot stand here, where one time holds for the whole run\n\
             write one time, or a parameter: `params: {{ x: {{ chosen: 5m, vary: {text} }} }}` and `$x`"
        ));
    }
    parse_duration(text).map(Fixed)
}

written_as_text!(
    Length,
    "Length",
    Length::parse,
    "string",
    "A time with its unit (400ms, 90s, 1h30m, 2d), a range of times (60s..90s, drawn), or a $parameter."
);
written_as_text!(
    Fixed,
    "Fixed",
    parse_fixed,
    "string",
    "A time with its unit (400ms, 90s, 1h30m, 2d), or a $parameter."
);
written_as_text!(
    Skew,
    "Skew",
    parse_skew,
    "string",
    "How far the clock is ahead, with a unit; negative if it is behind."
);

written_as_text!(
    Shift,
    "Shift",
    Shift::parse,
    "string",
    "How far the clock is ahead, with a unit (10m, or 5m..10m, drawn); negative if it is behind (-10m, -10m..-5m)."
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(text: &str) -> u64 {
        millis(parse_duration(text).unwrap())
    }

    #[test]
    fn reads_every_unit_and_their_sums() {
        assert_eq!(ms("400ms"), 400);
        assert_eq!(ms("90s"), 90_000);
        assert_eq!(ms("1h30m"), 5_400_000);
        assert_eq!(ms("2d"), 172_800_000);
        assert_eq!(ms("1.5s"), 1_500);
        assert_eq!(ms("0s"), 0);
    }

    #[test]
    fn refuses_what_could_be_read_two_ways() {
        for text in [
            "", "90", "1.5", "-5s", "5m1h", "1h1h", "s", "5 s", "5sec", "1.s", "99999d", "..", "∞s",
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains('\n'), "{text}: {error}");
        }
        assert!(Length::parse("90s..60s").is_err());
        assert!(parse_fixed("60s..90s").is_err());
    }

    #[test]
    fn a_skew_may_be_negative() {
        assert_eq!(parse_skew("-61s"), Ok(Skew(-61_000)));
        assert_eq!(parse_skew("+7s"), Ok(Skew(7_000)));
        assert_eq!(Skew(-61_000).to_string(), "-1m1s");
        for text in ["10m", "-10m", "5m..10m", "-10m..-5m", "-10m..5m"] {
            assert_eq!(Shift::parse(text).unwrap().to_string(), text);
        }
        assert!(Shift::parse("-5m..-10m").is_err());
    }

    proptest! {
        #[test]
        fn text_of_a_length_reads_back(min in 0..MOST_MS, wider in 0..MOST_MS) {
            let length = Length::millis(min, (min + wider).min(MOST_MS));
            prop_assert_eq!(Length::parse(&length.to_string()), Ok(length));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,20}") {
            let _ = Length::parse(&text);
            let _ = parse_skew(&text);
            let _ = Shift::parse(&text);
        }
    }
}
