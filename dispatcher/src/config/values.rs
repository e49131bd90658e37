//! How single values are written, and what is wrong with those that are not.

use std::time::Duration;

use http::Uri;

/// GitHub ends a job on a runner of one's own after five days; nothing here is longer than a month.
const TIME_MAX: Duration = Duration::from_secs(30 * 86_400);

pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// `300`, `90s`, `15m`, `1h`, `1.5h`, `2d`; a second at least and thirty days at most.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    let duration = Duration::try_from_secs_f64(number * seconds).ok()?;
    let good = duration >= Duration::from_secs(1) && duration <= TIME_MAX;
    good.then(|| Duration::from_secs(duration.as_secs()))
}

/// The address of a service, without a slash at its end.
pub(super) fn url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().is_some_and(|host| !host.is_empty());
    let plain = !text.contains(['@', '?', '#']);
    (known && host && plain).then(|| text.trim_end_matches('/').to_owned())
}

/// GitHub itself, given its API: what GitHub Enterprise calls them.
pub(super) fn server_of(api: &str) -> Option<String> {
    if let Some(server) = api.strip_suffix("/api/v3") {
        return Some(server.to_owned());
    }
    let (scheme, host) = api.split_once("://")?;
    let host = host.strip_prefix("api.")?;
    Some(format!("{scheme}://{host}"))
}

/// A name that becomes part of paths: of a user, an organisation, a repository.
pub(super) fn name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !text.is_empty()
        && text.len() <= 100
        && text != "."
        && text != ".."
        && text.chars().all(allowed)
}

/// `owner/name`.
pub(super) fn repository(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(owner, repository)| name(owner) && name(repository))
}

/// An image as a registry's client takes it, as far as that can be said without asking.
pub(super) fn image(text: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@');
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    begins && text.len() <= 500 && text.chars().all(allowed)
}

/// Of an image, as a label may have it behind its colon.
pub(super) fn image_key(text: &str) -> bool {
    text.len() <= 64 && name(text)
}

/// `2.336.0`.
pub(super) fn version(text: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty() && part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split('.').count() == 3 && text.split('.').all(number)
}

/// Of what is logged: a level, or pairs of a target and one.
pub(super) fn log_filter(text: &str) -> Option<String> {
    // Python's names of levels mean what ours do.
    let level = |word: &str| {
        Some(match word.to_lowercase().as_str() {
            "off" => "off",
            "critical" | "fatal" | "error" => "error",
            "warning" | "warn" => "warn",
            "info" => "info",
            "debug" => "debug",
            "notset" | "trace" => "trace",
            _ => return None,
        })
    };
    let directive = |part: &str| match part.split_once('=') {
        None => level(part).map(str::to_owned),
        Some((target, word)) => {
            let named = target
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
            let found = level(word).filter(|_| named && !target.is_empty());
            found.map(|level| format!("{target}={level}"))
        }
    };
    let parts: Option<Vec<String>> = list(text).iter().map(|part| directive(part)).collect();
    parts
        .filter(|parts| !parts.is_empty())
        .map(|parts| parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_with_and_without_a_unit() {
        assert_eq!(duration("300"), Some(Duration::from_secs(300)));
        assert_eq!(duration("1.5h"), Some(Duration::from_secs(5400)));
        for bad in ["", "0", "-1", "1w", "h", "nan", "1e300d", "31d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn urls_are_of_services_and_hide_no_password() {
        assert_eq!(
            url("https://ghe.example/api/v3/").as_deref(),
            Some("https://ghe.example/api/v3")
        );
        assert!(url("http://127.0.0.1:8080").is_some());
        for bad in [
            "",
            "github.com",
            "ftp://x",
            "https://",
            "https://u:p@x",
            "https://x?y",
            "https://x y",
            "//x",
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }

    #[test]
    fn finds_the_server_of_an_api() {
        let server = |api| server_of(api);
        assert_eq!(
            server("https://api.github.com").as_deref(),
            Some("https://github.com")
        );
        assert_eq!(
            server("https://ghe.example/api/v3").as_deref(),
            Some("https://ghe.example")
        );
        assert_eq!(
            server("https://api.x.ghe.com").as_deref(),
            Some("https://x.ghe.com")
        );
        assert_eq!(server("http://127.0.0.1:80"), None);
    }

    #[test]
    fn names_cannot_leave_their_path() {
        assert!(repository("octo/app.rs_x-1") && name("alice"));
        for bad in [
            "octo", "a/b/c", "../x", "a/..", "a/b?c", "a /b", "/b", "a/", "a/b\n",
        ] {
            assert!(!repository(bad), "{bad}");
        }
        assert!(image("ghcr.io/o/i:1@sha256:00") && !image("a b") && !image("-x") && !image("$X"));
        assert!(
            version("2.336.0") && !version("v2.336.0") && !version("2.336") && !version("latest")
        );
    }

    #[test]
    fn levels_have_pythons_names_too() {
        assert_eq!(log_filter("WARNING").as_deref(), Some("warn"));
        assert_eq!(
            log_filter("info,dispatcher=DEBUG").as_deref(),
            Some("info,dispatcher=debug")
        );
        for bad in ["", "loud", "dispatcher=loud", "=info", "a b=info"] {
            assert_eq!(log_filter(bad), None, "{bad}");
        }
    }
}
