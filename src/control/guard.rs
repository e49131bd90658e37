//! Who may talk to the control API: programs on this machine, and no web page.
//!
//! It has no authentication, so a page in somebody's browser must not reach it. A page of a foreign site carries an
//! `Origin`; one that got a name of its own to resolve to 127.0.0.1 (DNS rebinding) carries that name as `Host`.

use std::net::IpAddr;

use http::{HeaderMap, header};

use super::problem::Problem;

/// From where the control API can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// From this machine: `Host` must be a loopback name.
    Loopback,
    /// From everywhere, as the user asked.
    Exposed,
}

/// Refuses a request that a web page may have sent.
pub(super) fn check(headers: &HeaderMap, reach: Reach) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let host = text(header::HOST).unwrap_or_default();
    if reach == Reach::Loopback && !is_loopback(host) {
        return Err(Problem::new(
            403,
            "header Host",
            &format!("the control API is not reached as `{host}`"),
            "use 127.0.0.1 or localhost, or serve with --expose-control",
        ));
    }
    match text(header::ORIGIN) {
        Some(origin) if origin != format!("http://{host}") => Err(Problem::new(
            403,
            "header Origin",
            &format!("a page of `{origin}` may not use the control API"),
            "call it from a program; a page must come from the same host and port",
        )),
        _ => Ok(()),
    }
}

/// Whether `host` (with or without a port) is this machine under a name that nobody else can give out.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_nobody_else_can_give_out_are_loopback() {
        for host in [
            "localhost:4010",
            "127.0.0.1",
            "127.0.0.1:80",
            "[::1]:4010",
            "LocalHost",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "localhost.evil.example",
            "evil.example:4010",
            "10.0.0.1",
            "[::2]",
            "[",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_foreign_page_is_refused_even_where_the_api_is_exposed() {
        let headers = |origin: &str| {
            HeaderMap::from_iter([
                (header::HOST, "lab.example:4010".parse().unwrap()),
                (header::ORIGIN, origin.parse().unwrap()),
            ])
        };
        assert!(check(&headers("http://lab.example:4010"), Reach::Exposed).is_ok());
        assert!(check(&headers("http://evil.example"), Reach::Exposed).is_err());
        assert!(check(&headers("null"), Reach::Exposed).is_err());
        assert!(check(&headers("http://lab.example:4010"), Reach::Loopback).is_err());
    }
}
