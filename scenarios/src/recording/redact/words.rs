//! Texts that people made up and that still tell something: the names of jobs, workflows, steps and runners, and how an
//! attempt failed. Word by word, what many repositories say stays; any other word gets a pseudonym.

use super::names::{Kind, Names};

/// Words of continuous integration, of this kind of runner, and of failures to deliver, in lower case.
const KNOWN: &str = "
    branch email enterprise host key owner person redacted repo tag team word
    a all and app artifact artifacts bench benchmark benchmarks build builds cache
    check checkout checks ci clean clippy code complete config coverage deploy dev
    doc docs download e2e eval evaluate fast fmt for format full in install
    integration job jobs large lint main matrix model models name nightly of on
    package post pr pre prepare publish push release report run runs set setup
    slow small smoke stage staging suite test tests the train training tune unit
    up update upload with workflow
    a100 a10g a10g-large a10g-small arm64 basic cpu cpu-basic cpu-upgrade cuda default
    gpu group h100 h200 hf hf-jobs hfjobs hosted huggingface l4 l40s latest linux
    macos node pool python runner runners rust self self-hosted t4 tpu ubuntu
    ubuntu-latest windows worker x64 x86_64
    accepted answer answered bad by closed conflict connect connection delivery error
    fail failed failure forbidden found gateway gone handshake host http https
    internal invalid is it limit many no not ok out peer receive refused
    request requests reset resolve response server service ssl timed timeout tls to
    too unauthorized unavailable unreachable verify was within
";
/// At most so many numbers stay in one text: more could be an address or a number to call.
const NUMBERS_MAX: usize = 2;

/// The text with a pseudonym for each word that could tell whose it is.
pub(super) fn redacted(text: &str, names: &mut Names) -> String {
    // Names that are known by now have theirs.
    let text = names.replaced(text);
    let numbers = words(&text).filter(|word| is_number(word)).count();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(is_of_word) {
        out.push_str(&marks(&rest[..start]));
        rest = &rest[start..];
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let whole = &rest[..end];
        let word = whole.trim_end_matches(['.', '-']);
        out.push_str(&one(word, numbers, names));
        out.push_str(&whole[word.len()..]);
        rest = &rest[end..];
    }
    out.push_str(&marks(rest));
    out
}

/// The name of a runner: as it is if it tells nothing but ids and common words, so that it meets the one of a replay.
pub(super) fn runner(text: &str, names: &mut Names) -> String {
    let parts = || text.split(['-', '_', ' ']);
    let tells_nothing = |part: &str| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let drawn = part.len() >= 6 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        part.is_empty() || digits || drawn || is_known(part)
    };
    match parts().all(tells_nothing) {
        true => text.to_owned(),
        false => names.pseudonym(Kind::Runner, text),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_of_word(c))
        .filter(|word| !word.is_empty())
}

/// What holds a word together: also what joins the parts of a host or of an address.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || "._-@'".contains(c)
}

/// What stands between words, as far as it is printable.
fn marks(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                ' '
            }
        })
        .collect()
}

fn one(word: &str, numbers: usize, names: &mut Names) -> String {
    if is_known(word) || Names::is_pseudonym(word) || word.chars().all(|c| "._-@'".contains(c)) {
        return word.to_owned();
    }
    if is_number(word) && numbers <= NUMBERS_MAX {
        return word.to_owned();
    }
    // `build-arm64`, each part by itself.
    if word.contains('-') && !word.contains(['.', '@', '\'']) {
        let parts: Vec<String> = word
            .split('-')
            .map(|part| one(part, numbers, names))
            .collect();
        return parts.join("-");
    }
    let is_host = word.contains('.') && !word.contains('@') && word.contains(char::is_alphabetic);
    let kind = if is_host { Kind::Host } else { Kind::Word };
    names.pseudonym(kind, word)
}

fn is_known(word: &str) -> bool {
    let word = word.to_lowercase();
    KNOWN.split_whitespace().any(|known| known == word)
}

/// A version or a count: `3.11`, `v2`, `443`.
fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    let parts: Vec<&str> = digits.split('.').collect();
    let short = |part: &&str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    parts.len() <= 2 && parts.iter().all(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_stay_and_others_get_pseudonyms() {
        let mut names = Names::default();
        for (text, expected) in [
            ("build", "build"),
            ("Build (ubuntu-latest, 3.11)", "Build (ubuntu-latest, 3.11)"),
            ("deploy zeus / zeus-tests", "deploy word-1 / word-1-tests"),
            (
                "Login to vault.secret-corp.internal",
                "word-2 to host-1.example",
            ),
            ("ssh deploy@10.0.0.7", "word-3 word-4"),
            ("call +49 170 1234567", "word-5 +49 170 word-6"),
            (
                "call 06 12 34 56 78",
                "word-5 word-7 word-8 word-9 word-10 word-11",
            ),
            ("failed to connect to host", "failed to connect to host"),
            (
                "failed to connect to host ci.acme.corp:443",
                "failed to connect to host host-2.example:443",
            ),
            ("Bad Gateway", "Bad Gateway"),
            ("timed out", "timed out"),
            ("Jane's job", "word-12 job"),
            ("a\u{1b}[31m\u{202e}b", "a [word-13 word-14"),
        ] {
            assert_eq!(redacted(text, &mut names), expected, "{text}");
        }
    }

    #[test]
    fn a_runner_that_is_told_by_ids_keeps_its_name() {
        let mut names = Names::default();
        for (text, expected) in [
            (
                "hfjobs-15844201998-44652390112",
                "hfjobs-15844201998-44652390112",
            ),
            ("hfjobs-158-446-e54ded7bb2ba", "hfjobs-158-446-e54ded7bb2ba"),
            ("bobs-macbook.megacorp.local", "runner-1"),
            ("acme-corp-runner-1", "runner-2"),
        ] {
            assert_eq!(runner(text, &mut names), expected, "{text}");
        }
    }
}
