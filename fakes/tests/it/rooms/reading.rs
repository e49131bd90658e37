//! What a source file says of others: the files it imports, the methods of the handle it has and calls.

use std::collections::{BTreeMap, BTreeSet};

use super::Fake;

/// What there is to know of a file.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The files it imports from, or names by their path.
    pub(super) imports: BTreeSet<String>,
    /// What it names through the front of the fake, `crate::github::Job`.
    pub(super) through_the_front: Vec<String>,
    /// The methods of the handle that it defines.
    pub(super) methods: BTreeSet<String>,
    /// The methods of the handle that it calls.
    pub(super) calls: BTreeSet<String>,
    /// Whether anything but modules and re-exports stands in it.
    pub(super) does_more_than_declare: bool,
}

/// Reads the file at `path` of these.
pub(super) fn read(fake: Fake, path: &str, text: &str, all: &BTreeMap<String, String>) -> Source {
    let words = without_tests(words(text));
    let mut source = Source::default();
    for named in paths(&words) {
        let Some(place) = place_of(fake, path, &named, all) else {
            continue;
        };
        match file_of(&place, all) {
            Some(file) if file == path => {}
            Some(file) => {
                source.imports.insert(file);
            }
            // The fake itself is named where somebody says how far something is visible.
            None if place.is_empty() => {}
            None => source.through_the_front.push(named.join("::")),
        }
    }
    (source.methods, source.calls) = methods(fake, &words);
    source.does_more_than_declare = words.iter().any(|word| {
        [
            "fn", "struct", "enum", "impl", "const", "static", "trait", "type",
        ]
        .contains(&word.as_str())
    });
    source
}

/// Names, `::` and single signs; comments, texts and characters are left out.
fn words(text: &str) -> Vec<String> {
    let signs: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while at < signs.len() {
        let rest = &signs[at..];
        let (length, word) = match rest {
            ['/', '/', ..] => (until(rest, "\n"), None),
            ['/', '*', ..] => (until(rest, "*/"), None),
            ['r', '#', '"', ..] => (until(rest, "\"#"), None),
            ['"', ..] => (quoted(rest), None),
            ['\'', '\\', ..] => (2 + until(&rest[2..], "'"), None),
            ['\'', _, '\'', ..] => (3, None),
            [':', ':', ..] => (2, Some("::".to_owned())),
            [sign, ..] if sign.is_alphanumeric() || *sign == '_' => {
                let name = rest
                    .iter()
                    .take_while(|sign| sign.is_alphanumeric() || **sign == '_');
                let name: String = name.collect();
                (name.chars().count(), Some(name))
            }
            [sign, ..] => (1, (!sign.is_whitespace()).then(|| sign.to_string())),
            [] => break,
        };
        words.extend(word);
        at += length.max(1);
    }
    words
}

/// The length up to and with this end.
fn until(signs: &[char], end: &str) -> usize {
    let end: Vec<char> = end.chars().collect();
    let found = signs
        .windows(end.len())
        .skip(1)
        .position(|window| window == end);
    found.map_or(signs.len(), |place| place + 1 + end.len())
}

fn quoted(signs: &[char]) -> usize {
    let mut at = 1;
    while at < signs.len() && signs[at] != '"' {
        at += if signs[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Tests may import what they like.
fn without_tests(words: Vec<String>) -> Vec<String> {
    let opening = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let mut kept = words;
    let opens = |window: &[String]| window.iter().zip(opening).all(|(word, sign)| word == sign);
    while let Some(begins) = kept.windows(opening.len()).position(opens) {
        let mut depth = 0_usize;
        let closes = kept[begins..].iter().position(|word| {
            match word.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => return false,
            }
            depth == 0
        });
        let ends = closes.map_or(kept.len(), |closes| begins + closes + 1);
        kept.drain(begins..ends);
    }
    kept
}

/// Every path that begins with `crate`, `super` or `self`, or is imported from a module of the file's own.
fn paths(words: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| words[before].as_str());
        let leads = words.get(at + 1).is_some_and(|next| next == "::") && before != Some("::");
        let is_anchored = ["crate", "super", "self"].contains(&word.as_str());
        if leads && (is_anchored || before == Some("use")) {
            branches(&words[at..], &mut Vec::new(), &mut found);
        }
    }
    found
}

/// All paths of a tree such as `crate::{ids::JobId, github::{…}}`. Gives how many words it takes.
fn branches(words: &[String], stem: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let depth = stem.len();
    let mut at = 0;
    loop {
        match words.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while words.get(at).is_some_and(|word| word != "}") {
                    at += if words[at] == "," {
                        1
                    } else {
                        branches(&words[at..], stem, found)
                    };
                }
                at += 1;
                break;
            }
            Some(word) => {
                if word != "self" || stem.is_empty() {
                    stem.push(word.to_owned());
                }
                at += 1;
            }
            None => break,
        }
        if words.get(at).is_some_and(|word| word == "::") {
            at += 1;
        } else {
            found.push(stem.clone());
            // `as` and another name.
            at += if words.get(at).is_some_and(|word| word == "as") {
                2
            } else {
                0
            };
            break;
        }
    }
    stem.truncate(depth);
    at.max(1)
}

/// Where a path leads to below `crate::github`, or what fake it is; none if it leads elsewhere.
fn place_of(
    fake: Fake,
    file: &str,
    named: &[String],
    all: &BTreeMap<String, String>,
) -> Option<Vec<String>> {
    let module = file
        .trim_end_matches(".rs")
        .trim_end_matches("/mod")
        .trim_end_matches("mod");
    let mut place: Vec<String> = module
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let mut rest = named;
    match named.first()?.as_str() {
        "crate" => {
            if named.get(1)? != fake.name {
                return None;
            }
            return Some(named[2..].to_vec());
        }
        "super" | "self" => {
            while let Some((first, others)) = rest.split_first() {
                match first.as_str() {
                    "super" => {
                        place.pop()?;
                    }
                    "self" => {}
                    _ => break,
                }
                rest = others;
            }
        }
        child => {
            place.push(child.to_owned());
            file_of(&place, all)?;
            place.pop();
        }
    }
    place.extend(rest.iter().cloned());
    Some(place)
}

/// The file that holds what stands at this place.
fn file_of(place: &[String], all: &BTreeMap<String, String>) -> Option<String> {
    let names = (1..=place.len())
        .rev()
        .map(|length| place[..length].join("/"));
    let files = names.flat_map(|name| [format!("{name}.rs"), format!("{name}/mod.rs")]);
    files.into_iter().find(|file| all.contains_key(file))
}

/// The methods of the handle that are defined here, and those that are called: `self.assign(` within its own blocks,
/// `github.assign(` anywhere.
fn methods(fake: Fake, words: &[String]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut defined, mut called) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0_usize;
    let mut is_handles = false;
    for (at, word) in words.iter().enumerate() {
        let word_at = |place: usize| words.get(place).map_or("", String::as_str);
        match word.as_str() {
            "impl" if depth == 0 => {
                is_handles = word_at(at + 1) == fake.handle && word_at(at + 2) == "{";
            }
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "fn" if depth == 1 && is_handles => {
                defined.insert(word_at(at + 1).to_owned());
            }
            "." if word_at(at + 2) == "(" => {
                let receiver = at.checked_sub(1).map_or("", word_at);
                let is_direct = at.checked_sub(2).map_or("", word_at) != ".";
                if is_direct && (receiver == fake.name || receiver == "self" && is_handles) {
                    called.insert(word_at(at + 1).to_owned());
                }
            }
            _ => {}
        }
    }
    (defined, called)
}
