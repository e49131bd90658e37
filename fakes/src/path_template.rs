//! Paths with parameters, written as the OpenAPI descriptions write them: `/repos/{owner}/{repo}/actions/runners/{runner_id}`.

use crate::percent;

/// The parameters a path was found to have, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(&'static str, String)>);

impl Params {
    /// The parameter's text; empty if the template has none of this name.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    /// The parameter as a number. A template only matches where its numbers are numbers.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }
}

/// The parameters of `path`, if it is one of `template`'s. A parameter that is named as a number
/// (`…_id`, `…_number`) matches nothing else; escaped characters are taken for what they stand for.
pub(crate) fn matches(template: &'static str, path: &str) -> Option<Params> {
    if !could_match(template, path) {
        return None;
    }
    let (mut wanted, mut given) = (template, path);
    let mut params = Vec::with_capacity(PARAMS);
    loop {
        let (name, wanted_rest) = first_segment(wanted);
        let (value, given_rest) = first_segment(given);
        match name_in(name) {
            None if name == value => {}
            Some(name) if suits(name, value) => params.push((name, percent::decoded(value))),
            _ => return None,
        }
        match (wanted_rest, given_rest) {
            (None, None) => return Some(Params(params)),
            (Some(wanted_rest), Some(given_rest)) => (wanted, given) = (wanted_rest, given_rest),
            _ => return None,
        }
    }
}

/// Room for the parameters that most paths have.
const PARAMS: usize = 4;

/// What stands before the first slash, and what behind it.
fn first_segment(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b'/') {
        Some(end) => (&text[..end], Some(&text[end + 1..])),
        None => (text, None),
    }
}

/// False if a part of the path that is no parameter is another than the template's. It looks from the end, where paths of
/// the same length differ most.
fn could_match(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.as_bytes(), path.as_bytes());
    while let Some((last, before)) = wanted.split_last() {
        if *last == b'}' {
            wanted = before_last(wanted, b'/');
            given = before_last(given, b'/');
            continue;
        }
        match given.split_last() {
            Some((byte, rest)) if byte == last => (wanted, given) = (before, rest),
            _ => return false,
        }
    }
    given.is_empty()
}

/// All up to and with the last of these bytes.
fn before_last(text: &[u8], byte: u8) -> &[u8] {
    let place = text.iter().rposition(|found| *found == byte);
    &text[..place.map_or(0, |place| place + 1)]
}

/// How many slashes a path has.
pub(crate) const fn depth(path: &str) -> usize {
    let (bytes, mut index, mut slashes) = (path.as_bytes(), 0, 0);
    while index < bytes.len() {
        if bytes[index] == b'/' {
            slashes += 1;
        }
        index += 1;
    }
    slashes
}

fn name_in(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn suits(name: &str, given: &str) -> bool {
    if name.ends_with("_id") || name.ends_with("_number") {
        given.parse::<u64>().is_ok()
    } else {
        !given.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNER: &str = "/repos/{owner}/{repo}/actions/runners/{runner_id}";

    #[test]
    fn parameters_are_taken_from_their_places() {
        let params = matches(RUNNER, "/repos/octo/app/actions/runners/7").unwrap();
        assert_eq!((params.text("owner"), params.text("repo")), ("octo", "app"));
        assert_eq!(params.number("runner_id"), Some(7));
        assert_eq!(params.text("org"), "");
    }

    #[test]
    fn a_slash_at_the_end_or_a_missing_part_makes_another_path() {
        assert_eq!(matches("/app", "/app/"), None);
        assert_eq!(matches(RUNNER, "/repos/octo/app/actions/runners"), None);
        assert_eq!(matches(RUNNER, "/repos//app/actions/runners/7"), None);
    }

    #[test]
    fn an_id_that_is_no_number_does_not_match() {
        assert_eq!(
            matches(RUNNER, "/repos/o/r/actions/runners/downloads"),
            None
        );
    }

    #[test]
    fn escaped_characters_are_taken_for_what_they_stand_for() {
        let params = matches("/labels/{name}", "/labels/a%2Fb+c%zz%4").unwrap();
        assert_eq!(params.text("name"), "a/b+c%zz%4");
    }
}
