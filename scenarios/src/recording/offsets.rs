//! When recorded deliveries were sent: from what each one tells, settled over all of them.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use serde_json::Value;

use super::life::Moment;
use vocabulary::{duration_text, parse_duration};

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

/// What is known of one delivery before the times of all are settled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) clue: Clue,
    /// When it happened that it is about, whatever the clue.
    pub(super) happened: Option<Timestamp>,
    pub(super) moment: Option<Moment>,
    /// Which of several files it stands in.
    pub(super) file: usize,
}

/// A longer gap cannot be one recording: GitHub keeps deliveries for a few days.
const GAP_MAX: Duration = Duration::from_secs(7 * 86_400);
/// What stands for a gap that was too long.
const GAP_INSTEAD: Duration = Duration::from_secs(60);
/// What stands between deliveries that tell nothing.
const STEP: Duration = Duration::from_secs(1);

pub(super) fn clue_of_offset(text: Option<&str>, millis: Option<u64>) -> Option<Clue> {
    let offset = text.and_then(|text| parse_duration(text).ok());
    offset
        .or(millis.map(Duration::from_millis))
        .map(Clue::After)
}

/// A time as text (RFC 3339) or as a number of seconds or milliseconds since 1970.
pub(super) fn clue_of_time(value: &Value) -> Option<Clue> {
    let time = match value {
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => since_1970(number),
            Err(_) => time_of_text(text),
        },
        Value::Number(number) => {
            let whole = number.as_i64();
            whole.map_or_else(
                || {
                    let seconds = number.as_f64().filter(|number| number.is_finite())?;
                    // Fractions of a second are kept to the millisecond.
                    since_1970((seconds * 1_000.0) as i64)
                },
                since_1970,
            )
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    time.map(Clue::Sent)
}

/// RFC 3339, or nearly: without a zone, or with its name, UTC is meant.
fn time_of_text(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| time_without_zone(text))
}

fn time_without_zone(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = ["UTC", "GMT", "Z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .unwrap_or(text);
    let time: jiff::civil::DateTime = text.trim().parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(time).ok()
}

/// What to say of a recorded time that cannot be taken as it stands.
pub(super) fn oddity_of_time(key: &str, value: &Value) -> Option<String> {
    let shown = || value.to_string().chars().take(60).collect::<String>();
    if matches!(value, Value::Null) {
        return None;
    }
    if clue_of_time(value).is_none() {
        return Some(format!(
            "`{key}` is {}, which is no time that can be read; not used",
            shown()
        ));
    }
    let text = value.as_str()?;
    let exact = text.parse::<i64>().is_ok() || text.parse::<Timestamp>().is_ok();
    let named = ["UTC", "GMT", "Z"]
        .iter()
        .any(|zone| text.trim().ends_with(zone));
    (!exact && !named).then(|| format!("`{key}` is {} without a zone; taken for UTC", shown()))
}

/// Seconds, milliseconds or microseconds: whatever lies in this century.
fn since_1970(number: i64) -> Option<Timestamp> {
    const CENTURY: i64 = 4_102_444_800;
    match number.unsigned_abs() {
        0 => None,
        n if n < CENTURY.unsigned_abs() => Timestamp::from_second(number).ok(),
        n if n < CENTURY.unsigned_abs() * 1_000 => Timestamp::from_millisecond(number).ok(),
        _ => Timestamp::from_microsecond(number).ok(),
    }
}

pub(super) fn clue_of_date(text: Option<&str>) -> Option<Clue> {
    text.and_then(|text| rfc2822::parse(text).ok())
        .map(|date| Clue::Sent(date.timestamp()))
}

/// When it happened what a payload tells about: the first of the fields that this action is dated by. A payload of 2021 has
/// no `created_at`, and tells in `started_at` when a job was queued.
pub(super) fn happened(event: &str, payload: &Value) -> Option<Timestamp> {
    let about = payload.get(event)?;
    let action = payload.get("action").and_then(Value::as_str);
    let keys: &[&str] = match (event, action) {
        ("workflow_job", Some("in_progress")) => &["started_at"],
        (_, Some("completed")) => &["completed_at", "updated_at"],
        ("workflow_job", _) => &["created_at", "started_at"],
        (_, Some("in_progress")) => &["run_started_at", "started_at", "updated_at"],
        (_, Some("created" | "requested" | "opened")) => &["created_at", "started_at"],
        _ => &["updated_at", "created_at", "started_at"],
    };
    let time = |key: &str| about.get(key)?.as_str()?.parse::<Timestamp>().ok();
    let told = keys.iter().find_map(|key| time(key))?;
    // Nothing happens to a job before there is one: a re-run shows the times of the attempt before. And a job that had to
    // wait is queued later than it was created.
    let later = match (event, action) {
        ("workflow_job", Some("queued")) => &["created_at", "started_at"][..],
        _ => &["created_at"],
    };
    later.iter().filter_map(|key| time(key)).chain([told]).max()
}

/// Offsets, and what was assumed for some of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) offsets: Vec<Duration>,
    /// By index.
    pub(super) notes: Vec<(usize, String)>,
}

/// Settles the offsets of all deliveries, in the order they stand in their files.
pub(super) fn settle(timings: &[Timing]) -> Settled {
    let timings = anchored(timings);
    let times = timings.iter().filter_map(|timing| time_of(&timing.clue));
    let start = times.min();
    let mut offsets: Vec<Option<Duration>> = timings
        .iter()
        .map(|timing| match (timing.clue, time_of(&timing.clue), start) {
            (Clue::After(offset), None, None) => Some(offset),
            (_, Some(time), Some(start)) => {
                Some(Duration::try_from(time.duration_since(start)).unwrap_or_default())
            }
            _ => None,
        })
        .collect();
    let mut notes = Vec::new();
    follow_in_files(&timings, &mut offsets, &mut notes);
    place_the_timeless(&timings, &mut offsets, &mut notes);
    let mut offsets: Vec<_> = offsets.into_iter().map(Option::unwrap_or_default).collect();
    shorten_gaps(&mut offsets, &mut notes);
    Settled { offsets, notes }
}

const fn time_of(clue: &Clue) -> Option<Timestamp> {
    match clue {
        Clue::Sent(time) | Clue::Happened(time) => Some(*time),
        Clue::After(_) | Clue::Nothing => None,
    }
}

/// Puts recordings that count from their own start beside files that tell the time, as far as their payloads tell when that
/// start was: nothing is sent before it happens.
fn anchored(timings: &[Timing]) -> Vec<Timing> {
    let mut anchored = timings.to_vec();
    let several = timings.iter().any(|timing| timing.file != timings[0].file);
    if !several {
        return anchored;
    }
    for file in files(timings) {
        let start = timings.iter().filter(|timing| timing.file == file);
        let start = start.filter_map(|timing| match timing.clue {
            Clue::After(offset) => {
                let offset = SignedDuration::try_from(offset).ok()?;
                timing.happened?.checked_sub(offset).ok()
            }
            Clue::Sent(_) | Clue::Happened(_) | Clue::Nothing => None,
        });
        let Some(start) = start.max() else { continue };
        for timing in anchored.iter_mut().filter(|timing| timing.file == file) {
            if let Clue::After(offset) = timing.clue {
                timing.clue = Clue::Sent(start + offset);
            }
        }
    }
    anchored
}

fn files(timings: &[Timing]) -> Vec<usize> {
    let mut files: Vec<usize> = timings.iter().map(|timing| timing.file).collect();
    files.dedup();
    files
}

/// A file that counts from a start nobody knows follows the files before it.
fn follow_in_files(
    timings: &[Timing],
    offsets: &mut [Option<Duration>],
    notes: &mut Vec<(usize, String)>,
) {
    for file in files(timings) {
        let unknown = |index: &usize| {
            timings[*index].file == file
                && matches!(timings[*index].clue, Clue::After(_))
                && (offsets[*index].is_none() || timings[0].file != file)
        };
        let members: Vec<usize> = (0..timings.len()).filter(unknown).collect();
        let Some(first) = members.first() else {
            continue;
        };
        let others = (0..timings.len()).filter(|index| timings[*index].file < file);
        let end = others.filter_map(|index| offsets[index]).max();
        let start = end.map_or(Duration::ZERO, |end| end + STEP);
        for index in &members {
            if let Clue::After(offset) = timings[*index].clue {
                offsets[*index] = Some(start + offset);
            }
        }
        if !start.is_zero() {
            let start = duration_text(start);
            let text = format!(
                "its offsets count from a start that nothing tells; it follows the files before it, from {start} on"
            );
            notes.push((*first, text));
        }
    }
}

/// Gives deliveries without a time one: between the events of their job that have one, else after the delivery before.
fn place_the_timeless(
    timings: &[Timing],
    offsets: &mut [Option<Duration>],
    notes: &mut Vec<(usize, String)>,
) {
    let timeless: Vec<usize> = (0..timings.len())
        .filter(|index| offsets[*index].is_none())
        .collect();
    let Some(first) = timeless.first() else {
        return;
    };
    let what = match timeless.len() == timings.len() {
        true => "no time is recorded; deliveries without one follow 1 s apart".to_owned(),
        false => format!(
            "no time is recorded for {} of {} deliveries; each follows the event of its job or the delivery before it by 1 s",
            timeless.len(),
            timings.len()
        ),
    };
    notes.push((*first, what));
    // Of one job, the earlier moments of its life come first.
    let job = |index: usize| timings[index].moment.map(|moment| moment.job);
    let mut first_of: BTreeMap<u64, usize> = BTreeMap::new();
    for &index in &timeless {
        if let Some(job) = job(index) {
            first_of.entry(job).or_insert(index);
        }
    }
    let mut order = timeless.clone();
    order.sort_by_key(|&index| {
        let first = job(index).and_then(|job| first_of.get(&job).copied());
        let rank = timings[index].moment.map(|moment| moment.rank);
        (first.unwrap_or(index), rank, index)
    });
    let mut mates: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for index in 0..timings.len() {
        if let Some(job) = job(index) {
            mates.entry(job).or_default().push(index);
        }
    }
    let mut latest = offsets.iter().flatten().max().copied();
    let mut last: Option<usize> = None;
    for index in order {
        let mates = job(index).and_then(|job| mates.get(&job));
        let beside = beside_its_job(index, mates.map_or(&[], Vec::as_slice), timings, offsets);
        let after_the_one_before = || {
            let before = match last {
                Some(last) => offsets[last],
                None => offsets[..index].iter().rev().find_map(|offset| *offset),
            };
            let in_new_file = index > 0 && timings[index].file != timings[index - 1].file;
            let before = match in_new_file {
                true => latest,
                false => before,
            };
            before.map_or(Duration::ZERO, |before| before + STEP)
        };
        offsets[index] = Some(beside.unwrap_or_else(after_the_one_before));
        latest = latest.max(offsets[index]);
        last = Some(index);
    }
}

/// A time after the earlier events of the same job, and not after its later ones.
fn beside_its_job(
    index: usize,
    of_its_job: &[usize],
    timings: &[Timing],
    offsets: &[Option<Duration>],
) -> Option<Duration> {
    let own = timings[index].moment?;
    let mates = || {
        let mates = of_its_job.iter();
        mates.filter_map(|&mate| Some((timings[mate].moment?, offsets[mate]?)))
    };
    let earlier = mates().filter(|(moment, _)| moment.rank <= own.rank);
    let later = mates().filter(|(moment, _)| moment.rank > own.rank);
    let (earlier, later) = (
        earlier.map(|(_, offset)| offset + STEP).max(),
        later.map(|(_, offset)| offset).min(),
    );
    match (earlier, later) {
        (Some(after), Some(before)) => Some(after.min(before)),
        (one, other) => one.or(other),
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

    fn settled(clues: &[Clue]) -> Settled {
        let timings = clues.iter().map(|clue| Timing {
            clue: *clue,
            happened: None,
            moment: None,
            file: 0,
        });
        settle(&timings.collect::<Vec<_>>())
    }

    fn secs(clues: &[Clue]) -> Vec<u64> {
        settled(clues)
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
        let settled = settled(&[Clue::Nothing, Clue::Nothing, Clue::Nothing]);
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
        assert_eq!(settled(&clues).notes.len(), 1);
    }

    #[test]
    fn one_delivery_without_a_time_leaves_the_times_of_the_others() {
        let clues = [
            sent("2026-11-03T10:00:00Z"),
            Clue::Nothing,
            sent("2026-11-03T10:01:00Z"),
        ];
        assert_eq!(secs(&clues), [0, 1, 60]);
    }

    #[test]
    fn without_a_time_a_delivery_stands_between_the_events_of_its_job() {
        let of = |rank, clue, file| Timing {
            clue,
            happened: None,
            moment: Some(Moment { job: 7, rank }),
            file,
        };
        let timings = [
            of(3, Clue::Nothing, 0),
            of(2, sent("2026-11-03T10:01:00Z"), 1),
            of(1, sent("2026-11-03T10:00:00Z"), 2),
        ];
        assert_eq!(
            settle(&timings).offsets,
            [61, 60, 0].map(Duration::from_secs)
        );
        let none = [3, 2, 1].map(|rank| of(rank, Clue::Nothing, usize::from(rank)));
        assert_eq!(
            settle(&none).offsets,
            [2, 1, 0].map(Duration::from_secs),
            "nothing but the order of a job's life is known"
        );
    }

    #[test]
    fn a_recording_that_counts_from_its_start_is_put_where_its_payloads_happened() {
        let file = |clue, happened: &str, file| Timing {
            clue,
            happened: happened.parse().ok(),
            moment: None,
            file,
        };
        let timings = [
            file(Clue::After(Duration::ZERO), "2026-11-03T10:05:00Z", 0),
            file(
                Clue::After(Duration::from_secs(9)),
                "2026-11-03T10:05:08Z",
                0,
            ),
            file(sent("2026-11-03T10:00:00Z"), "", 1),
        ];
        assert_eq!(
            settle(&timings).offsets,
            [300, 309, 0].map(Duration::from_secs)
        );
        let unknown = [
            file(sent("2026-11-03T10:00:00Z"), "", 0),
            file(Clue::After(Duration::ZERO), "", 1),
            file(Clue::After(Duration::from_secs(9)), "", 1),
        ];
        let settled = settle(&unknown);
        assert_eq!(settled.offsets, [0, 1, 10].map(Duration::from_secs));
        assert_eq!(settled.notes.len(), 1, "and that is noted");
    }

    #[test]
    fn times_are_read_as_text_and_as_seconds_or_milliseconds() {
        let expected = sent("2026-06-03T00:57:16Z");
        for text in [
            "\"2026-06-03T00:57:16Z\"",
            "1780448236",
            "1780448236000",
            "\"1780448236000\"",
            "1780448236.0",
        ] {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(clue_of_time(&value), Some(expected), "{text}");
        }
        assert_eq!(clue_of_time(&Value::from("soon")), None);
    }
}
