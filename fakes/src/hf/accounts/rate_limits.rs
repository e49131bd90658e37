//! How many calls each token has made in its current window.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::HeaderName;

use crate::{
    calls::Headers,
    json_text::{push_all, push_number},
};

/// Whose calls are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::hf) enum Payer {
    /// Everybody without a good token.
    Anonymous,
    Token(String),
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::hf) enum Bucket {
    /// Every call.
    Api,
    /// `whoami-v2` alone.
    Whoami,
}

impl Bucket {
    const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Whoami => "whoami",
        }
    }
}

/// What is left of a window after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hf) struct Quota {
    bucket: Bucket,
    limit: u32,
    left: u32,
    ends_ms: u64,
    window_s: u64,
    /// The call was one too many.
    pub(in crate::hf) is_exceeded: bool,
}

impl Quota {
    /// The seconds until the window ends, as a whole number that is not too small.
    pub(in crate::hf) fn seconds_left(&self, now_ms: u64) -> u64 {
        self.ends_ms.saturating_sub(now_ms).div_ceil(1_000)
    }

    /// Writes `RateLimit` and `RateLimit-Policy` in the form of
    /// <https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-09.html>.
    pub(in crate::hf) fn headers(&self, now_ms: u64, headers: &mut Headers) {
        let (name, seconds) = (self.bucket.name(), self.seconds_left(now_ms));
        headers.set(RATELIMIT, |text| {
            push_all(text, &["\"", name, "\";r="]);
            push_number(text, self.left.into());
            text.push_str(";t=");
            push_number(text, seconds);
        });
        headers.set(RATELIMIT_POLICY, |text| {
            push_all(text, &["\"fixed window\";\"", name, "\";q="]);
            push_number(text, self.limit.into());
            text.push_str(";w=");
            push_number(text, self.window_s);
        });
    }
}

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

#[derive(Clone, Copy, Default)]
struct Window {
    ends_ms: u64,
    used: u32,
}

/// All windows.
#[derive(Default)]
pub(in crate::hf) struct RateLimits(Mutex<BTreeMap<(Payer, Bucket), Window>>);

impl RateLimits {
    /// Counts a call. A window begins with the first call in it.
    pub(in crate::hf) fn charge(
        &self,
        payer: Payer,
        bucket: Bucket,
        limit: u32,
        length: Duration,
        now_ms: u64,
    ) -> Quota {
        // A count that is off by one call is still a count.
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry((payer, bucket)).or_default();
        if window.ends_ms <= now_ms {
            let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
            *window = Window {
                ends_ms: now_ms.saturating_add(length_ms),
                used: 0,
            };
        }
        window.used = window.used.saturating_add(1);
        Quota {
            bucket,
            limit,
            left: limit.saturating_sub(window.used),
            ends_ms: window.ends_ms,
            window_s: length.as_secs(),
            is_exceeded: window.used > limit,
        }
    }
}
