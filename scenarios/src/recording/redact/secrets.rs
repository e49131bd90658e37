//! Tokens, passwords and addresses within text.

/// How tokens begin, and how much must follow.
const PREFIXES: &[(&str, usize)] = &[
    ("ghp_", 16),
    ("gho_", 16),
    ("ghu_", 16),
    ("ghs_", 16),
    ("ghr_", 16),
    ("github_pat_", 16),
    ("v1.", 30),
    ("hf_", 16),
    ("api_org_", 16),
    ("AKIA", 16),
    ("ASIA", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("glpat-", 16),
    ("npm_", 20),
    ("sk-live-", 6),
    ("sk-test-", 6),
    ("sk-", 16),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("AIza", 20),
    ("ya29.", 16),
    ("xoxs-", 10),
    ("xapp-", 10),
    ("SG.", 20),
    ("pypi-", 16),
    ("dckr_pat_", 10),
    ("shpat_", 16),
    ("lin_api_", 16),
    ("AGE-SECRET-KEY-", 20),
    ("dop_v1_", 20),
    ("sha1=", 40),
    ("sha256=", 64),
];

/// Words that a secret stands behind.
const BEHIND: &[&str] = &[
    "bearer ",
    "token=",
    "access_token=",
    "secret=",
    "password=",
    "signature=",
    "sig=",
    "api_key=",
    "apikey=",
    "client_secret=",
    "passwd=",
    "pwd=",
    "token: ",
    "secret: ",
    "password: ",
    "api_key: ",
    "hooks.slack.com/services/",
    "discord.com/api/webhooks/",
];

/// The text with `gone` in place of every token, and how many there were.
pub(super) fn without_tokens(text: &str, gone: &str) -> (String, usize) {
    if text.contains("-----BEGIN") {
        return (gone.to_owned(), 1);
    }
    let (mut out, mut at, mut found) = (String::with_capacity(text.len()), 0, 0);
    let mut within_word = false;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match within_word {
            true => None,
            false => token(rest),
        };
        if let Some((kept, length)) = length {
            out.push_str(&rest[..kept]);
            out.push_str(gone);
            at += length;
            found += 1;
            within_word = true;
            continue;
        }
        if let Some(length) = login(rest) {
            out.push_str("://");
            at += length;
            found += 1;
            within_word = false;
            continue;
        }
        out.push(next);
        at += next.len_utf8();
        within_word = next.is_alphanumeric() || next == '_';
    }
    (out, found)
}

/// A token at the start of a text: how much before it stays, and where it ends.
fn token(text: &str) -> Option<(usize, usize)> {
    let word = |from: usize| {
        let rest = text[from..].bytes();
        from + rest
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.~+/=".contains(byte))
            .count()
    };
    for (prefix, follows) in PREFIXES {
        if text.starts_with(prefix) {
            let end = word(prefix.len());
            if end - prefix.len() >= *follows {
                return Some((0, end));
            }
        }
    }
    // Three parts in base64, as a JWT has.
    if text.starts_with("eyJ") {
        let end = word(0);
        if end > 30 && text[..end].matches('.').count() == 2 {
            return Some((0, end));
        }
    }
    for behind in BEHIND {
        let stands = text
            .get(..behind.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(behind));
        if stands {
            let end = word(behind.len());
            if end - behind.len() >= 6 {
                return Some((behind.len(), end));
            }
        }
    }
    None
}

/// `://user:password@` at the start of a text.
fn login(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("://")?;
    let end = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
    let at = rest[..end].rfind('@')?;
    rest[..at].contains(':').then_some(3 + at + 1)
}

/// The text with what `new` gives for each address of electronic mail.
pub(super) fn with_emails(text: &str, mut new: impl FnMut(&str) -> String) -> String {
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (at, _) in text.match_indices('@') {
        if at < done {
            continue;
        }
        let is_local = |c: char| c.is_alphanumeric() || "._%+-[]".contains(c);
        let before = text[done..at].chars().rev().take_while(|c| is_local(*c));
        let start = at - before.map(char::len_utf8).sum::<usize>();
        let is_domain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        let after = text[at + 1..].chars().take_while(|c| is_domain(*c)).count();
        let domain = text[at + 1..at + 1 + after].trim_end_matches(['.', '-']);
        let end = at + 1 + domain.len();
        let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
        let is_top = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
        // `git@github.com:…` is no mail.
        let is_git = &text[start..at] == "git" && text[end..].starts_with([':', '/']);
        if start == at || !is_top || is_git {
            continue;
        }
        out.push_str(&text[done..start]);
        out.push_str(&new(&text[start..end]));
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_and_words_that_look_a_little_like_them_stay() {
        for (text, expected) in [
            ("ghs_abcdefghijklmnopqrstuvwxyz012345", "x"),
            ("use hf_abcdefghijklmnopqrst now", "use x now"),
            ("Authorization: Bearer abcdefgh", "Authorization: Bearer x"),
            (
                "https://h/p?a=1&token=abcdefgh&b=2",
                "https://h/p?a=1&token=x&b=2",
            ),
            ("https://me:secret@host/p", "https://host/p"),
            (
                "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl",
                "x",
            ),
            ("-----BEGIN RSA PRIVATE KEY-----\nabc", "x"),
        ] {
            assert_eq!(
                without_tokens(text, "x"),
                (expected.to_owned(), 1),
                "{text}"
            );
        }
        for text in [
            "hf_jobs",
            "hf-jobs-cpu-basic",
            "token ring",
            "graphs_of_many_things_to_see",
            "v1.2.3",
            "https://host:80/p@q",
        ] {
            assert_eq!(without_tokens(text, "x"), (text.to_owned(), 0), "{text}");
        }
    }

    #[test]
    fn addresses_are_found_within_text() {
        let mail = |text| with_emails(text, |email| format!("<{}>", email.len()));
        assert_eq!(mail("a.b+c@acme.co.uk"), "<16>");
        assert_eq!(
            mail("Co-authored-by: Mona <mona@acme.com>."),
            "Co-authored-by: Mona <<13>>."
        );
        assert_eq!(
            mail("git@github.com:acme/tool.git"),
            "git@github.com:acme/tool.git"
        );
        assert_eq!(
            mail("actions/checkout@v4 @octocat a@b"),
            "actions/checkout@v4 @octocat a@b"
        );
    }
}
