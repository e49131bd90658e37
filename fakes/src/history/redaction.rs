//! What a history may show of somebody's text: no more than 1 kB, and nothing in it that is a secret of the
//! world or looks like one.

use std::{collections::BTreeSet, fmt};

/// Of a text at most so many bytes are shown.
pub(super) const SHOWN_BYTES_MAX: usize = 1024;
/// Of a text at most so many bytes are looked at; secrets take the more room, so what is shown lies within.
const READ_BYTES_MAX: usize = 16 * SHOWN_BYTES_MAX;
/// Stands in the place of a secret.
const HIDDEN: &str = "[redacted]";

/// How tokens of GitHub and HF, JWTs and just-in-time configurations begin, and how many characters follow at least.
const PREFIXES: [(&str, usize); 9] = [
    ("ghs_", 8),
    ("ghp_", 8),
    ("gho_", 8),
    ("ghu_", 8),
    ("ghr_", 8),
    ("github_pat_", 8),
    // Field names begin so as well (`hf_jobs_created`), but with a second underscore among so many characters.
    ("hf_", 16),
    // Base64 of an object's beginning: which of the two depends on its first key.
    ("eyJ", 16),
    ("eyI", 16),
];

/// The secrets of a world.
#[derive(Default)]
pub(super) struct Secrets {
    /// Those that are one word.
    words: BTreeSet<String>,
    /// A bit for each length that one of those words has, the last for all that are longer.
    lengths: u64,
    /// All others.
    phrases: BTreeSet<String>,
}

/// The bit of a word's length: most words that are shown are as long as no secret is.
fn length_bit(word: &str) -> u64 {
    1 << word.len().min(63)
}

/// Whoever prints a world prints no secret.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("known", &(self.words.len() + self.phrases.len()))
            .finish_non_exhaustive()
    }
}

impl Secrets {
    pub(super) fn keep(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let set = if secret.bytes().all(is_of_word) {
            self.lengths |= length_bit(secret);
            &mut self.words
        } else {
            &mut self.phrases
        };
        set.insert(secret.to_owned());
    }

    /// The beginning of a text as it may be shown; nothing of an empty one.
    pub(super) fn shown(&self, text: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        let mut text = cut(text, READ_BYTES_MAX).to_owned();
        for phrase in &self.phrases {
            if text.contains(phrase) {
                text = text.replace(phrase, HIDDEN);
            }
        }
        let without = self.without_words(&without_keys(&text));
        Some(cut(&without, SHOWN_BYTES_MAX).to_owned())
    }

    fn without_words(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len().min(2 * SHOWN_BYTES_MAX));
        let mut rest = text;
        while !rest.is_empty() && shown.len() <= SHOWN_BYTES_MAX {
            // Whatever is of words is of one byte, so both ends lie between characters.
            let end = rest.bytes().position(|byte| !is_of_word(byte));
            let end = end.unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            shown.push_str(if self.is_secret(word) { HIDDEN } else { word });
            let next = behind.bytes().position(is_of_word);
            let next = next.unwrap_or(behind.len());
            shown.push_str(&behind[..next]);
            rest = &behind[next..];
        }
        shown
    }

    fn is_secret(&self, word: &str) -> bool {
        let is_known =
            |part: &str| self.lengths & length_bit(part) != 0 && self.words.contains(part);
        is_known(word) || word.split(is_joint).any(is_known) || looks_secret(word)
    }
}

/// Whether a byte can be part of a token, or join two of them.
const fn is_of_word(byte: u8) -> bool {
    OF_WORDS[byte as usize]
}

const OF_WORDS: [bool; 256] = {
    let (mut of_words, mut byte) = ([false; 256], 0_u8);
    while byte < 128 {
        of_words[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || is_joint(byte as char);
        byte += 1;
    }
    of_words
};

const fn is_joint(c: char) -> bool {
    matches!(c, '.' | '+' | '/' | '=' | '~')
}

/// No secret is shorter: the shortest beginning with what must follow it.
const SECRET_BYTES_MIN: usize = 12;

fn looks_secret(word: &str) -> bool {
    if word.len() < SECRET_BYTES_MIN {
        return false;
    }
    // Each beginning ends with one of these.
    let ends = |byte: &u8| matches!(byte, b'_' | b'J' | b'I');
    let bytes = word.as_bytes();
    let mut places = (0..bytes.len()).filter(|place| ends(&bytes[*place]));
    places.any(|place| {
        let (before, behind) = bytes.split_at(place + 1);
        PREFIXES.iter().any(|(prefix, follow)| {
            let length = || {
                behind
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric())
            };
            before.ends_with(prefix.as_bytes()) && length().count() >= *follow
        })
    })
}

/// The text without the keys and certificates in it; one that has no end is one to the end.
fn without_keys(text: &str) -> String {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    // Most texts have none, which a single byte shows soonest.
    if !text.bytes().any(|byte| byte == b'-') {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, key)) = rest.split_once(BEGIN) {
        shown.push_str(before);
        shown.push_str(HIDDEN);
        let behind = key.split_once(END).map_or("", |(_, behind)| behind);
        rest = behind.split_once("-----").map_or("", |(_, behind)| behind);
    }
    shown.push_str(rest);
    shown
}

/// So many bytes of a text at most, without half a character at the end.
fn cut(text: &str, bytes_max: usize) -> &str {
    let fits = |end: &usize| text.is_char_boundary(*end);
    let end = (0..=bytes_max.min(text.len())).rev().find(fits);
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut secrets = Secrets::default();
        for secret in ["hf_lab", "A1B2C3", "open sesame", "tail.of=it"] {
            secrets.keep(secret);
        }
        secrets.shown(text).unwrap()
    }

    #[test]
    fn what_is_known_as_a_secret_is_not_shown_wherever_it_stands() {
        for text in [
            "hf_lab",
            r#"{"token":"A1B2C3"}"#,
            "token=A1B2C3&x=1",
            "say open sesame!",
            "https://x:hf_lab@huggingface.co/",
            "so tail.of=it",
        ] {
            let shown = shown(text);
            assert!(shown.contains(HIDDEN), "{shown}");
            for secret in ["hf_lab", "A1B2C3", "open sesame", "tail.of=it"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }

    #[test]
    fn what_looks_like_a_token_a_jwt_or_a_key_is_not_shown() {
        let jwt = format!("eyJ{}.eyJ{}.sig", "a".repeat(20), "b".repeat(20));
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----";
        for secret in [
            "ghs_0123456789abcdef",
            "ghp_0123456789abcdef",
            "github_pat_0123456789_abcdef",
            "hf_ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            &jwt,
            pem,
            "-----BEGIN PRIVATE KEY-----\nMIIE that breaks off",
        ] {
            let shown = shown(&format!(r#"{{"error":"\n{secret}"}}"#));
            assert!(shown.contains(HIDDEN), "{shown}");
            for part in secret.split(['\n', '.']) {
                assert!(part.len() < 4 || !shown.contains(part), "{shown}");
            }
        }
    }

    #[test]
    fn what_a_secret_begins_with_ends_as_it_is_looked_for_and_nothing_shorter_is_one() {
        for (prefix, follow) in PREFIXES {
            assert!(prefix.ends_with(['_', 'J', 'I']), "{prefix}");
            assert!(prefix.len() + follow >= SECRET_BYTES_MIN, "{prefix}");
            let shortest = format!("{prefix}{}", "x".repeat(follow));
            assert!(looks_secret(&shortest) && !looks_secret(&shortest[..shortest.len() - 1]));
        }
    }

    #[test]
    fn everything_else_is_shown_as_it_is() {
        let text = r#"{"hf_jobs_created":3,"runner":"hf-jobs-cpu-basic-12","at":"2026-01-01T00:00:00Z","ok":true}"#;
        assert_eq!(shown(text), text);
        assert_eq!(Secrets::default().shown(""), None);
    }

    #[test]
    fn at_most_a_kilobyte_is_shown_and_no_half_character() {
        let shown = shown(&"é!".repeat(2000));
        assert!(shown.len() <= SHOWN_BYTES_MAX && shown.len() > SHOWN_BYTES_MAX - 3);
        assert!("é!".repeat(2000).starts_with(&shown));
    }
}
