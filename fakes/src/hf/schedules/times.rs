//! When a scheduled job runs: one of HF's names, or five to seven fields of cron, in UTC.
//!
//! The pattern is that of HF's OpenAPI description: a field holds numbers, ranges, steps, lists and stars, no
//! names of months or days and none of the further signs that some crons know, and one blank stands between
//! fields. Its numbers are read as `croner` reads them. A time zone is mentioned nowhere.

use std::cmp::Ordering;

use croner::{
    Cron,
    errors::CronError,
    parser::CronParser,
    time::{CivilDateTime, CronDateTime, Resolution, Weekday},
};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

const NAMES: [&str; 6] = [
    "@annually",
    "@yearly",
    "@monthly",
    "@weekly",
    "@daily",
    "@hourly",
];

#[derive(Clone)]
pub(in crate::hf) struct Schedule {
    text: String,
    cron: Cron,
}

impl Schedule {
    pub(in crate::hf) fn parse(text: &str) -> Option<Self> {
        let is_known = if text.starts_with('@') {
            NAMES.contains(&text)
        } else {
            (5..=7).contains(&text.split(' ').count()) && text.split(' ').all(is_field)
        };
        let cron = CronParser::new().parse(text).ok().filter(|_| is_known)?;
        let text = text.to_owned();
        Some(Self { text, cron })
    }

    /// As it was written.
    pub(in crate::hf) fn text(&self) -> &str {
        &self.text
    }

    /// The first time it names after this one.
    pub(in crate::hf) fn after(&self, now: Timestamp) -> Option<Timestamp> {
        let now = Utc::new(TimeZone::UTC.to_datetime(now))?;
        let next = self.cron.find_next_occurrence(&now, false).ok()?;
        TimeZone::UTC.to_timestamp(next.moment).ok()
    }
}

/// `*`, `5`, `1-5`, any of them with a step (`*/20`), or several of them in a list.
fn is_field(field: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    field.split(',').all(|part| {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let is_range = match range.split_once('-') {
            Some((from, to)) => is_number(from) && is_number(to),
            None => range == "*" || is_number(range),
        };
        is_range && step.is_none_or(is_number)
    })
}

/// A moment of the world as `croner` wants it; it knows an older `jiff` only.
#[derive(Clone)]
struct Utc {
    moment: DateTime,
    civil: CivilDateTime,
}

impl Utc {
    fn new(moment: DateTime) -> Option<Self> {
        let part = |number: i8| u32::from(number.unsigned_abs());
        let civil = CivilDateTime::from_ymd_hms_opt(
            i32::from(moment.year()),
            part(moment.month()),
            part(moment.day()),
            part(moment.hour()),
            part(moment.minute()),
            part(moment.second()),
        )?;
        Some(Self { moment, civil })
    }
}

impl CronDateTime for Utc {
    fn to_civil(&self) -> CivilDateTime {
        self.civil
    }

    fn civil_weekday(&self) -> Weekday {
        let days = self.moment.weekday().to_sunday_zero_offset();
        Weekday::from_days_from_sunday(u32::from(days.unsigned_abs()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let small = |number: u32| i8::try_from(number).map_err(|_| CronError::InvalidTime);
        let moment = DateTime::new(
            i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?,
            small(civil.month())?,
            small(civil.day())?,
            small(civil.hour())?,
            small(civil.minute())?,
            small(civil.second())?,
            0,
        );
        let moment = moment.map_err(|_| CronError::InvalidDate)?;
        Ok(Resolution::Single(Self { moment, civil }))
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let later = self.moment.checked_add(SignedDuration::from_secs(seconds));
        Self::new(later.ok()?)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.moment.cmp(&other.moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first three times after Tuesday, 3 November 2026, 10:00.
    fn times(text: &str) -> Vec<String> {
        let schedule = Schedule::parse(text).unwrap();
        let start: Timestamp = "2026-11-03T10:00:00Z".parse().unwrap();
        std::iter::successors(schedule.after(start), |&time| schedule.after(time))
            .take(3)
            .map(|time| time.to_string())
            .collect()
    }

    #[test]
    fn names_and_fields_name_times() {
        let cases = [
            (
                "@hourly",
                "2026-11-03T11:00:00Z 2026-11-03T12:00:00Z 2026-11-03T13:00:00Z",
            ),
            (
                "@daily",
                "2026-11-04T00:00:00Z 2026-11-05T00:00:00Z 2026-11-06T00:00:00Z",
            ),
            (
                "@weekly",
                "2026-11-08T00:00:00Z 2026-11-15T00:00:00Z 2026-11-22T00:00:00Z",
            ),
            (
                "@monthly",
                "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z 2027-02-01T00:00:00Z",
            ),
            (
                "@yearly",
                "2027-01-01T00:00:00Z 2028-01-01T00:00:00Z 2029-01-01T00:00:00Z",
            ),
            (
                "@annually",
                "2027-01-01T00:00:00Z 2028-01-01T00:00:00Z 2029-01-01T00:00:00Z",
            ),
            (
                "*/20 * * * *",
                "2026-11-03T10:20:00Z 2026-11-03T10:40:00Z 2026-11-03T11:00:00Z",
            ),
            (
                "0 9 * * 1",
                "2026-11-09T09:00:00Z 2026-11-16T09:00:00Z 2026-11-23T09:00:00Z",
            ),
            (
                "30 0 0 29 2 *",
                "2028-02-29T00:00:30Z 2032-02-29T00:00:30Z 2036-02-29T00:00:30Z",
            ),
            ("0 0 0 1 1 * 2030", "2030-01-01T00:00:00Z"),
        ];
        for (text, wanted) in cases {
            assert_eq!(times(text).join(" "), wanted, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_schedule() {
        let cases = [
            "",
            "@minutely",
            "@midnight",
            "daily",
            "* * * *",
            "* * * * * * * *",
            "61 * * * *",
            "0 9 * * mo-fri-x",
            "0 9 * * MON",
            "0 9 * jan *",
            "0 9 L * *",
            "0 9 * * 5L",
            "0 9 15W * *",
            "0 9 * * 1#2",
            "0 9 ? * 1",
            "0 9 * * +1",
            "0  9 * * *",
            "0 9 * *  1",
            " 0 9 * * *",
            "0 9 * * * ",
            "0\t9 * * *",
            "0 9 * * 1,",
            "0 9 * * 1-",
            "*/ * * * *",
            "*/x * * * *",
        ];
        for text in cases {
            assert!(Schedule::parse(text).is_none(), "{text}");
        }
    }
}
