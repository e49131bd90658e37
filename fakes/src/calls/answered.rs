//! What the history says of an answer: its status, and whether and when it says to try again.

use axum::response::Response;
use http::{
    HeaderMap,
    header::{self, AsHeaderName},
};
use jiff::{Timestamp, fmt::rfc2822};

use super::{Reply, open_call::OpenCall};
use crate::{history::What, ids::EventId};

/// Of a refusal so much is looked at for what it says of limits.
const LOOKED_AT_BYTES_MAX: usize = 4096;
/// How GitHub words a limit that no header tells of.
const WORDS_OF_LIMITS: [&str; 2] = ["secondary rate limit", "rate limit exceeded"];

impl Reply {
    /// The words of a refusal that may be about a limit.
    pub(super) fn refusal_text(&self) -> String {
        if !matches!(self.status, 403 | 429) {
            return String::new();
        }
        let end = self.body.len().min(LOOKED_AT_BYTES_MAX);
        String::from_utf8_lossy(&self.body[..end]).to_lowercase()
    }
}

impl OpenCall {
    /// The answer has left.
    pub(super) fn answered(
        &mut self,
        response: &Response,
        refusal: &str,
        now: Timestamp,
    ) -> EventId {
        let status = response.status().as_u16();
        let headers = response.headers();
        let limited = is_limit(status, headers, refusal);
        let retry_after_s =
            retry_after(headers).or_else(|| limited.then(|| limit_ends_in(headers, now)).flatten());
        self.closed(status, retry_after_s, limited)
    }

    /// The same for an answer that is not seen as one of HTTP.
    pub(super) fn answered_with(
        &mut self,
        status: u16,
        headers: &[(String, String)],
        refusal: &str,
        now: Timestamp,
    ) -> EventId {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = http::HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(value)) {
                map.insert(name, value);
            }
        }
        let limited = is_limit(status, &map, refusal);
        let retry_after_s =
            retry_after(&map).or_else(|| limited.then(|| limit_ends_in(&map, now)).flatten());
        self.closed(status, retry_after_s, limited)
    }

    fn closed(&mut self, status: u16, retry_after_s: Option<u64>, limited: bool) -> EventId {
        self.open = false;
        let (call, name) = (self.call, self.name.to_owned());
        self.history.record(
            Some(self.because),
            What::CallAnswered {
                call,
                name,
                status,
                retry_after_s,
                limited,
            },
        )
    }
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_limit(status: u16, headers: &HeaderMap, refusal: &str) -> bool {
    let used_up = || text(headers, "x-ratelimit-remaining") == Some("0");
    let in_words = || WORDS_OF_LIMITS.iter().any(|words| refusal.contains(words));
    match status {
        429 => true,
        403 => headers.contains_key(header::RETRY_AFTER) || used_up() || in_words(),
        _ => false,
    }
}

/// `Retry-After` in seconds.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    text(headers, header::RETRY_AFTER)?.trim().parse().ok()
}

/// The seconds until the limit that the headers tell of is over: GitHub's by its own clock, or HF's.
fn limit_ends_in(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    if text(headers, "x-ratelimit-remaining") == Some("0") {
        let reset: i64 = text(headers, "x-ratelimit-reset")?.parse().ok()?;
        let date = text(headers, "date").and_then(|date| rfc2822::parse(date).ok());
        let now = date.map_or(now, |date| date.timestamp());
        return u64::try_from(reset.saturating_sub(now.as_second())).ok();
    }
    let quota = text(headers, "ratelimit")?;
    let part = quota
        .split(';')
        .find_map(|part| part.trim().strip_prefix("t="));
    part?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_403_is_a_limit_only_if_it_says_so() {
        let (none, wait) = (headers(&[]), headers(&[("retry-after", "60")]));
        let used_up = headers(&[("x-ratelimit-remaining", "0")]);
        assert!(is_limit(429, &none, ""));
        assert!(!is_limit(
            403,
            &none,
            "resource not accessible by integration"
        ));
        assert!(is_limit(403, &wait, ""));
        assert!(is_limit(403, &used_up, ""));
        assert!(is_limit(
            403,
            &none,
            "you have exceeded a secondary rate limit."
        ));
        assert!(!is_limit(200, &used_up, ""));
        assert!(!is_limit(503, &wait, ""));
    }

    #[test]
    fn a_limit_ends_when_its_own_clock_says_so() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let reset = ("x-ratelimit-reset", "1000090");
        let github = headers(&[reset, ("x-ratelimit-remaining", "0")]);
        assert_eq!(limit_ends_in(&github, now), Some(90));
        let ahead = headers(&[
            reset,
            ("x-ratelimit-remaining", "0"),
            ("date", "Mon, 12 Jan 1970 13:47:10 GMT"),
        ]);
        assert_eq!(limit_ends_in(&ahead, now), Some(60));
        let hub = headers(&[("ratelimit", "\"api\";r=0;t=55")]);
        assert_eq!(limit_ends_in(&hub, now), Some(55));
        assert_eq!(limit_ends_in(&headers(&[]), now), None);
    }
}
