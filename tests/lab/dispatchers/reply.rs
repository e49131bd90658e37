//! What an answer says beside its body: the next page, the time, a rate limit.

use std::time::Duration;

use http::{HeaderMap, header};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use serde_json::Value;

/// What a limit that names no time asks for.
const UNNAMED_LIMIT: Duration = Duration::from_secs(60);

/// An answer that brought what was asked for.
pub(super) struct Reply {
    pub(super) body: Value,
    pub(super) headers: HeaderMap,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Path and query of the next page.
    pub(super) fn next(&self) -> Option<String> {
        let links = self.header("link")?;
        let next = links
            .split(',')
            .find(|link| link.contains("rel=\"next\""))?;
        let address = next.split_once('<')?.1.split_once('>')?.0;
        let (_, rest) = address.split_once("://")?;
        Some(rest[rest.find('/')?..].to_owned())
    }

    /// The server's own time.
    pub(super) fn date(&self) -> Option<Timestamp> {
        date(&self.headers)
    }
}

/// The same of any answer.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    DateTimeParser::new().parse_timestamp(text).ok()
}

/// Whether a refusal says that the runner has a job.
pub(super) fn is_busy(reply: &Reply) -> bool {
    let message = reply.body["message"].as_str().unwrap_or_default();
    message.contains("currently running a job")
}

/// How long a rate limit asks to wait, if the answer is one.
pub(super) fn limit(reply: &Reply, status: u16) -> Option<Duration> {
    let number = |name| reply.header(name)?.trim().parse::<u64>().ok();
    let after = number("retry-after").map(Duration::from_secs);
    let is_used_up = number("x-ratelimit-remaining") == Some(0);
    let message = reply.body["message"].as_str().unwrap_or_default();
    let is_limit = status == 429
        || after.is_some()
        || is_used_up
        || message.to_lowercase().contains("rate limit");
    let reset = || {
        let reset = Timestamp::from_second(number("x-ratelimit-reset")?.try_into().ok()?).ok()?;
        Duration::try_from(reset.duration_since(reply.date()?)).ok()
    };
    is_limit.then(|| {
        let wait = after.or_else(|| is_used_up.then(reset).flatten());
        wait.unwrap_or(UNNAMED_LIMIT) + Duration::from_secs(1)
    })
}
