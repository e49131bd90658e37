//! The JSON values of a file, with their places, as far as the file can be read.

use serde_json::value::RawValue;

use super::{Refusal, layout::KNOWN};
use crate::error::Place;

/// The values of a file: the items of a list, the lines of a JSON Lines file, or the one value there is.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    pub(super) values: Vec<&'a RawValue>,
    pub(super) refused: Vec<Refusal>,
}

/// Finds the values of a text. What stands before a place that cannot be read is kept.
pub(super) fn values<'a>(lines: &Lines<'a>) -> Values<'a> {
    let text = lines.text;
    let mut found = Values::default();
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    loop {
        at += leading_space(&text[at..]);
        if at == text.len() {
            return found;
        }
        let next = if text[at..].starts_with('[') {
            list(text, at, &mut found.values)
        } else {
            value(text, at).map(|(value, end)| {
                found.values.push(value);
                end
            })
        };
        match next {
            Ok(end) => at = end,
            Err((offset, reason)) => {
                let kept = !found.values.is_empty();
                found.refused.push(refusal(lines, offset, &reason, kept));
                // In JSON Lines the next line is a fresh start; within a list there is none.
                let line = text[at..].match_indices("\n{").next();
                match line.filter(|_| !text[at..].starts_with('[')) {
                    Some((start, _)) => at += start + 1,
                    None => return found,
                }
            }
        }
    }
}

type Broken = (usize, String);

/// The items of the list that begins at `at`; returns where it ends.
fn list<'a>(text: &'a str, at: usize, items: &mut Vec<&'a RawValue>) -> Result<usize, Broken> {
    let mut at = at + 1;
    at += leading_space(&text[at..]);
    if text[at..].starts_with(']') {
        return Ok(at + 1);
    }
    loop {
        let (item, end) = value(text, at)?;
        items.push(item);
        at = end + leading_space(&text[end..]);
        match text[at..].bytes().next() {
            Some(b',') => at += 1,
            Some(b']') => return Ok(at + 1),
            Some(_) => return Err((at, "a comma or the end of the list is missing".to_owned())),
            None => return Err((at, "the list does not end".to_owned())),
        }
    }
}

/// The value that begins at `at` or after spaces, and where it ends.
fn value(text: &str, at: usize) -> Result<(&RawValue, usize), Broken> {
    let mut stream = serde_json::Deserializer::from_str(&text[at..]).into_iter::<&RawValue>();
    match stream.next() {
        Some(Ok(value)) => Ok((value, at + stream.byte_offset())),
        Some(Err(error)) => {
            let offset = match error.is_eof() {
                true => text.len(),
                false => at + offset_of(&text[at..], error.line(), error.column()),
            };
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            Err((offset, what.to_owned()))
        }
        None => Err((text.len(), "a value is missing".to_owned())),
    }
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

fn refusal(lines: &Lines<'_>, offset: usize, reason: &str, kept: bool) -> Refusal {
    Refusal {
        place: lines.place_at(offset, 0),
        reason: format!("this is not JSON: {reason}"),
        hint: match kept {
            true => "what stands before it was kept; mend or remove the rest".to_owned(),
            false => KNOWN.to_owned(),
        },
        listed: None,
    }
}

/// The byte offset of serde_json's line and column (in bytes, from 1).
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut offset = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A text with the beginnings of its lines, so that places are found without counting from the start.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
    /// How many characters stand before each multiple of [`STRIDE`] bytes: a line may be as long as the file.
    chars: Vec<usize>,
}

/// Between two of the counts that are kept.
const STRIDE: usize = 4096;

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(after_breaks).collect(),
            chars: counts(text),
        }
    }

    /// The place of some bytes.
    pub(super) fn place_at(&self, offset: usize, length: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        Place {
            line,
            column: self.chars_before(offset) - self.chars_before(start) + 1,
            offset,
            length,
        }
    }

    fn chars_before(&self, offset: usize) -> usize {
        let stride = offset / STRIDE;
        let known = self.chars.get(stride).copied().unwrap_or_default();
        known + starting(&self.text.as_bytes()[stride * STRIDE..offset])
    }

    /// The place of a part of this very text.
    pub(super) fn place_of(&self, part: &str) -> Place {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.place_at(offset.min(self.text.len()), part.len())
    }
}

fn counts(text: &str) -> Vec<usize> {
    let strides = text.as_bytes().chunks(STRIDE).map(starting);
    let sums = strides.scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    });
    std::iter::once(0).chain(sums).collect()
}

/// How many characters begin in some bytes.
fn starting(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_however_long_a_line_is() {
        let text = format!("[\n\"{}\", 7]", "\u{fc}\u{20ac}a".repeat(5_000));
        let lines = Lines::of(&text);
        let seven = text.find('7').unwrap();
        let place = lines.place_at(seven, 1);
        assert_eq!((place.line, place.column), (2, 15_000 + 5));
        assert_eq!(lines.place_at(text.len(), 0).column, 15_000 + 7);
    }

    fn read(text: &str) -> (Vec<&str>, Vec<String>) {
        let found = values(&Lines::of(text));
        let refused = found
            .refused
            .iter()
            .map(|refusal| refusal.place.to_string())
            .collect();
        (
            found.values.iter().map(|value| value.get()).collect(),
            refused,
        )
    }

    #[test]
    fn finds_the_values_of_lists_lines_and_lone_objects() {
        assert_eq!(
            read(r#"[{"a":1}, {"b": 2}]"#).0,
            [r#"{"a":1}"#, r#"{"b": 2}"#]
        );
        assert_eq!(
            read("{\"a\":1}\n{\"b\":2}\n").0,
            [r#"{"a":1}"#, r#"{"b":2}"#]
        );
        assert_eq!(read(" { } ").0, ["{ }"]);
        assert_eq!(read("\u{feff}[]"), (vec![], vec![]));
    }

    #[test]
    fn keeps_what_stands_before_the_place_where_a_file_breaks_off() {
        assert_eq!(
            read("[{\"a\":1},\n {\"b\":"),
            (vec!["{\"a\":1}"], vec!["2:7".to_owned()])
        );
        assert_eq!(
            read("[{\"a\":1}"),
            (vec!["{\"a\":1}"], vec!["1:9".to_owned()])
        );
    }

    #[test]
    fn a_broken_line_does_not_hide_the_lines_after_it() {
        let (kept, refused) = read("{\"a\":1}\n{\"b\":}\n{\"c\":3}\n");
        assert_eq!(kept, ["{\"a\":1}", "{\"c\":3}"]);
        assert_eq!(refused, ["2:6"]);
    }
}
