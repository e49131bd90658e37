//! What others wrote (names of jobs, files, headers) must not steer the terminal it is shown on: whatever a terminal obeys
//! or hides is written as an escape, in the form that JSON has for it.

use std::borrow::Cow;

/// A text of this program, in which lines end and colours are set.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| steers(c) && !"\n\t".contains(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match colour(rest) {
            Some(length) => {
                out.push_str(&rest[..length]);
                length
            }
            None => {
                push(&mut out, c, "\n\t");
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Cow::Owned(out)
}

/// What stands within a line: it does not end it, nor set a colour.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut out, c, ""));
    Cow::Owned(out)
}

fn push(out: &mut String, c: char, kept: &str) {
    match steers(c) && !kept.contains(c) {
        true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        false => out.push(c),
    }
}

/// Control characters, and those that turn the direction of a text round or cannot be seen.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        )
}

/// How long the setting of a colour is that stands at the beginning.
fn colour(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    rest[end..].starts_with('m').then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        let evil = "a\u{1b}]0;title\u{7}b\u{202e}c\u{9b}2Jd\r\u{1b}[2Je";
        let shown = r"a\u001b]0;title\u0007b\u202ec\u009b2Jd\u000d\u001b[2Je";
        assert_eq!(text(evil), shown);
        assert_eq!(line(evil), shown);
        assert_eq!(line("one\ntwo\u{1b}[31m"), r"one\u000atwo\u001b[31m");
        let colours = "\u{1b}[31;1mred\u{1b}[0m\n\tümlaut ×";
        assert!(matches!(text(colours), Cow::Borrowed(_)) || text(colours) == colours);
    }

    #[test]
    fn json_stays_json() {
        let json = serde_json::json!({ "name": "a\u{202e}b\u{1b}\u{7f}" }).to_string();
        let printed: serde_json::Value = serde_json::from_str(&text(&json)).unwrap();
        assert_eq!(printed["name"], "a\u{202e}b\u{1b}\u{7f}");
    }
}
