//! When recorded deliveries were sent: from what each one tells, settled over the whole file.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use serde_json::Value;

use crate::time::parse_duration;

/// What a delivery tells about its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clue {
    /// It was sent so long after the recording began.
    After(Duration),
    /// It was sent at this time.
    Sent(Timestamp),
    /// It is about something that happened at this time.
    Happened(Timestamp),
    /// Nothing.
    Nothing,
}

/// A longer gap cannot be one recording: GitHub keeps deliveries for a few days.
const GAP_MAX: Duration = Duration::from_secs(7 * 86_400);
/// What stands for a gap that was too long.
const GAP_INSTEAD: Duration = Duration::from_secs(60);
/// What stands between deliveries that tell nothing.
pub(super) const STEP: Duration = Duration::from_secs(1);

pub(super) fn clue_of_offset(text: Option<&str>, millis: Option<u64>) -> Option<Clue> {
    let offset = text.and_then(|text| parse_duration(text).ok());
    offset
        .or(millis.map(Duration::from_millis))
        .map(Clue::After)
}

pub(super) fn clue_of_timestamp(text: Option<&str>) -> Option<Clue> {
    text.and_then(|text| text.parse().ok()).map(Clue::Sent)
}

pub(super) fn clue_of_date(text: Option<&str>) -> Option<Clue> {
    text.and_then(|text| rfc2822::parse(text).ok())
        .map(|date| Clue::Sent(date.timestamp()))
}

/// The time of what a payload tells about.
pub(super) fn clue_of_payload(payload: &Value) -> Clue {
    let action = payload.get("action").and_then(Value::as_str);
    let key = match action {
        Some("in_progress") => "started_at",
        Some("completed") => "completed_at",
        _ => "created_at",
    };
    let time = payload
        .pointer(&format!("/workflow_job/{key}"))
        .and_then(Value::as_str);
    time.and_then(|time| time.parse().ok())
        .map_or(Clue::Nothing, Clue::Happened)
}

/// Offsets, and what was assumed for some of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) offsets: Vec<Duration>,
    /// By index.
    pub(super) notes: Vec<(usize, String)>,
}

/// Settles the offsets of all deliveries of a file, in the order they stand there.
pub(super) fn settle(clues: &[Clue]) -> Settled {
    let mut notes = Vec::new();
    let times = clues.iter().filter_map(time_of);
    let start = times.min();
    let mut offsets: Vec<Duration> = Vec::new();
    let mut assumed = None;
    for (index, clue) in clues.iter().enumerate() {
        let before = offsets.last().copied();
        let offset = match (clue, time_of(clue), start) {
            (Clue::After(offset), ..) => *offset,
            (_, Some(time), Some(start)) => {
                Duration::try_from(time.duration_since(start)).unwrap_or_default()
            }
            _ => {
                assumed.get_or_insert(index);
                before.map_or(Duration::ZERO, |before| before + STEP)
            }
        };
        offsets.push(offset);
    }
    if let Some(index) = assumed {
        notes.push((
            index,
            "no time is recorded; deliveries without one follow 1 s apart".to_owned(),
        ));
    }
    shorten_gaps(&mut offsets, &mut notes);
    Settled { offsets, notes }
}

pub(super) const fn time_of(clue: &Clue) -> Option<Timestamp> {
    match clue {
        Clue::Sent(time) | Clue::Happened(time) => Some(*time),
        Clue::After(_) | Clue::Nothing => None,
    }
}

/// Shortens gaps that no recording has, such as the years between collected examples.
fn shorten_gaps(offsets: &mut [Duration], notes: &mut Vec<(usize, String)>) {
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_by_key(|&index| offsets[index]);
    let mut cut = Duration::ZERO;
    for pair in order.windows(2) {
        let [before, after] = *pair else { continue };
        let gap = offsets[after]
            .saturating_sub(cut)
            .saturating_sub(offsets[before]);
        if gap > GAP_MAX {
            cut += gap - GAP_INSTEAD;
            let days = gap.as_secs() / 86_400;
            notes.push((
                after,
                format!("{days} days after the one before it; shortened to 1 minute"),
            ));
        }
        offsets[after] -= cut;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> Clue {
        Clue::Sent(text.parse().unwrap())
    }

    fn secs(clues: &[Clue]) -> Vec<u64> {
        settle(clues)
            .offsets
            .iter()
            .map(Duration::as_secs)
            .collect()
    }

    #[test]
    fn times_count_from_the_earliest_of_them() {
        let clues = [
            sent("2026-11-03T10:00:05Z"),
            sent("2026-11-03T10:00:00Z"),
            sent("2026-11-03T10:01:00Z"),
        ];
        assert_eq!(secs(&clues), [5, 0, 60]);
    }

    #[test]
    fn deliveries_without_a_time_follow_a_second_apart_and_are_noted_once() {
        let settled = settle(&[Clue::Nothing, Clue::Nothing, Clue::Nothing]);
        assert_eq!(settled.offsets, [0, 1, 2].map(Duration::from_secs));
        assert_eq!(settled.notes.len(), 1);
    }

    #[test]
    fn a_gap_of_years_is_shortened_and_noted() {
        let clues = [
            sent("2021-06-15T00:00:00Z"),
            sent("2023-06-15T00:00:00Z"),
            sent("2023-06-15T00:00:30Z"),
        ];
        assert_eq!(secs(&clues), [0, 60, 90]);
        assert_eq!(settle(&clues).notes.len(), 1);
    }
}
